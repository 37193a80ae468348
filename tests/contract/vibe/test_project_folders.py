"""Folders of projects: which paths are taken, what is made on the disk, and what a refusal says."""

import subprocess
from pathlib import Path

import pytest

DUPLICATE = "A project with this git repository path already exists"


def bare_repository(folder, head="ref: refs/heads/master\n"):
    """The least that counts as a repository without commits."""
    for name in ("objects", "refs/heads"):
        (Path(folder) / ".git" / name).mkdir(parents=True)
    (Path(folder) / ".git" / "HEAD").write_text(head)


async def create(wire, path, *, existing, name="P", **more):
    body = {"name": name, "git_repo_path": path, "use_existing_repo": existing, **more}
    return await wire.call("POST", "/api/projects", body)


async def test_new_repository_gets_main_and_an_initial_commit(wire):
    """Without an existing repository the folder, its parents and a first commit on main are made."""
    path = Path(wire.path("deep/er/new"))
    assert (await create(wire, str(path), existing=False)).data["git_repo_path"] == str(path)
    assert (path / ".git" / "HEAD").read_text().strip() == "ref: refs/heads/main"
    log = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", path, "log", "--all", "--format=%an <%ae> %s"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout == "Vibe Kanban <noreply@vibekanban.com> Initial commit\n"


async def test_plain_folder_is_initialised_in_place(wire):
    """An existing folder without a repository gets one when no existing one is asked for."""
    path = Path(wire.path("plain"))
    path.mkdir(parents=True)
    (path / "file").write_text("kept")
    assert (await create(wire, str(path), existing=False)).data
    assert (path / ".git" / "HEAD").exists()
    assert (path / "file").read_text() == "kept"


async def test_repository_that_is_there_is_left_alone_when_a_new_one_is_asked_for(wire):
    """Even a broken .git is taken as it is."""
    git = Path(wire.path("half")) / ".git"
    git.mkdir(parents=True)
    assert (await create(wire, str(git.parent), existing=False)).data
    assert list(git.iterdir()) == []


async def test_existing_repository_on_unborn_master_gets_main(wire):
    """A repository that is empty and stands on master gets main with a first commit."""
    path = Path(wire.path("empty"))
    bare_repository(path)
    assert (await create(wire, str(path), existing=True)).data
    assert (path / ".git" / "HEAD").read_text().strip() == "ref: refs/heads/main"
    assert (path / ".git" / "refs" / "heads" / "main").exists()


async def test_existing_repository_on_another_unborn_branch_is_left_alone(wire):
    """Only an unborn master counts as empty."""
    path = Path(wire.path("trunk"))
    bare_repository(path, "ref: refs/heads/trunk\n")
    assert (await create(wire, str(path), existing=True)).data
    assert (path / ".git" / "HEAD").read_text() == "ref: refs/heads/trunk\n"
    assert not (path / ".git" / "refs" / "heads" / "main").exists()


async def test_missing_path_is_refused_when_it_must_exist(wire):
    """The refusal comes with status 200."""
    answer = await create(wire, wire.path("none"), existing=True)
    assert answer.refusal == "The specified path does not exist"
    assert not Path(wire.path("none")).exists()


async def test_file_in_place_of_a_folder_is_refused(wire):
    """Neither as an existing repository nor as a place for a new one."""
    file = Path(wire.path("file"))
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert (await create(wire, str(file), existing=True)).refusal == "The specified path is not a directory"
    assert (await create(wire, str(file), existing=False)).refusal == (
        f"Failed to initialize git repository: failed to make directory '{file}': directory exists; "
        "class=Filesystem (30); code=Exists (-4)"
    )
    below = await create(wire, f"{file}/below", existing=False)
    assert below.refusal == "Failed to create directory: Not a directory (os error 20)"


async def test_folder_without_repository_is_refused_when_one_must_exist(wire):
    """A folder without .git is not taken."""
    Path(wire.path("plain")).mkdir(parents=True)
    answer = await create(wire, wire.path("plain"), existing=True)
    assert answer.refusal == "The specified directory is not a git repository"


async def test_broken_repositories_are_refused_when_one_must_exist(wire):
    """A .git that is no repository is told apart from none."""
    for name in ("hollow", "headless", "malformed", "elsewhere"):
        Path(wire.path(name)).mkdir(parents=True)
    Path(wire.path("hollow"), ".git").mkdir()
    bare_repository(wire.path("headless"), "junk")
    Path(wire.path("malformed"), ".git").write_text("x")
    Path(wire.path("elsewhere"), ".git").write_text("gitdir: /nowhere\n")
    said = {
        name: (await create(wire, wire.path(name), existing=True)).refusal
        for name in ("hollow", "headless", "malformed", "elsewhere")
    }
    beginning = "Failed to ensure main branch exists: "
    assert said == {
        "hollow": f"{beginning}could not find repository at '{wire.path('hollow')}'; "
        "class=Repository (6); code=NotFound (-3)",
        "headless": f"{beginning}corrupted loose reference file: HEAD; class=Reference (4)",
        "malformed": f"{beginning}the `.git` file at '{wire.path('malformed')}/.git' is malformed; class=Repository (6)",
        "elsewhere": f"{beginning}failed to resolve path '/nowhere': No such file or directory; "
        "class=Os (2); code=NotFound (-3)",
    }


async def test_empty_path_is_refused(wire):
    """No path is no path, with either choice."""
    assert (await create(wire, "", existing=True)).refusal == "The specified path does not exist"
    assert (await create(wire, "", existing=False)).refusal == (
        "Failed to initialize git repository: cannot pick working directory for non-bare repository "
        "that isn't a '.git' directory; class=Repository (6)"
    )


async def test_paths_that_the_disk_does_not_take_are_refused(wire):
    """Too long a name and a NUL in it."""
    Path(wire.path("")).mkdir(parents=True)
    too_long = await create(wire, wire.path("l" * 300), existing=False)
    assert too_long.refusal == "Failed to create directory: File name too long (os error 36)"
    nul = await create(wire, wire.path("a\0b"), existing=False)
    assert nul.refusal == "Failed to create directory: file name contained an unexpected NUL byte"
    assert (await create(wire, wire.path("a\0b"), existing=True)).refusal == "The specified path does not exist"


@pytest.mark.parametrize("path", ["~/r", "relative/r"])
async def test_tilde_and_relative_paths_count_from_the_working_folder(wire, path):
    """The tilde is a name like any other."""
    assert (await create(wire, path, existing=False)).data["git_repo_path"] == path
    assert (wire.root / path / ".git").is_dir()


@pytest.mark.parametrize("existing", [True, False])
async def test_path_of_another_project_is_refused(wire, project, existing):
    """Paths are unique."""
    assert (await create(wire, project["git_repo_path"], existing=existing)).refusal == DUPLICATE


async def test_uniqueness_is_by_the_exact_text_of_the_path(wire, project):
    """A slash at the end makes another project of the same folder."""
    assert (await create(wire, project["git_repo_path"] + "/", existing=True)).data["id"] != project["id"]


async def test_failed_create_after_the_folder_was_made_leaves_the_folder(wire, project):
    """A path taken by a project that was never on this disk is refused before anything is made."""
    future = wire.path("future")
    await wire.call("PUT", f"/api/projects/{project['id']}", {"git_repo_path": future})
    assert (await create(wire, future, existing=False)).refusal == DUPLICATE
    assert not Path(future).exists()
