"""Projects: fields, names, changes, deletion, branches."""

from pathlib import Path

import pytest

NOWHERE = "00000000-0000-0000-0000-000000000009"
SCRIPTS = {"setup_script": "s", "dev_script": "d", "cleanup_script": "c", "copy_files": "f"}
NO_SCRIPTS = dict.fromkeys(SCRIPTS)
DUPLICATE = "A project with this git repository path already exists"


async def create(wire, path, *, existing, name="P", **more):
    body = {"name": name, "git_repo_path": path, "use_existing_repo": existing, **more}
    return await wire.call("POST", "/api/projects", body)


async def test_created_project_has_exactly_the_known_fields_in_their_order(wire):
    """A new project shows nine fields, the script fields null."""
    made = await wire.project("Demo")
    assert list(made) == ["id", "name", "git_repo_path", *SCRIPTS, "created_at", "updated_at"]
    assert made | {"id": 0, "created_at": 0, "updated_at": 0} == {
        "id": 0,
        "name": "Demo",
        "git_repo_path": wire.path("repo-Demo"),
        **NO_SCRIPTS,
        "created_at": 0,
        "updated_at": 0,
    }


async def test_script_fields_are_kept_and_unknown_fields_ignored_on_create(wire):
    """Optional fields are stored; an id or a time of our own has no effect."""
    made = await wire.project("A", **SCRIPTS, id=NOWHERE, created_at="2000-01-01T00:00:00Z", metadata={"a": 1})
    assert {name: made[name] for name in SCRIPTS} == SCRIPTS
    assert made["id"] != NOWHERE
    assert not made["created_at"].startswith("2000")


async def test_projects_are_listed_newest_first(wire):
    """The list is ordered by creation time, descending."""
    made = [await wire.project("0")]
    while made[-1]["created_at"] == made[0]["created_at"]:
        made.append(await wire.project(str(len(made))))
    listed = (await wire.call("GET", "/api/projects")).data
    assert sorted(listed, key=lambda p: p["id"]) == sorted(made, key=lambda p: p["id"])
    assert [p["created_at"] for p in listed] == sorted((p["created_at"] for p in made), reverse=True)
    assert listed[0] == made[-1]


async def test_empty_server_lists_no_projects(wire):
    """The list of a fresh server is empty, not an error."""
    assert (await wire.call("GET", "/api/projects")).data == []


async def test_project_is_shown_by_id(wire, project):
    """A single project looks as in the list."""
    assert (await wire.call("GET", f"/api/projects/{project['id']}")).data == project


@pytest.mark.parametrize("name", ["", "  blank  ", "x" * 10_000, "é e\u0301 \u200f😀", "line\nbreak"])
async def test_any_name_is_taken_as_it_is(wire, name):
    """Names are neither trimmed nor normalised nor limited, and may be empty."""
    made = await create(wire, wire.path("a"), existing=False, name=name)
    assert made.data["name"] == name


async def test_names_need_not_be_unique(wire):
    """Two projects may have one name."""
    made = [(await create(wire, wire.path(p), existing=False, name="Same")).data for p in "ab"]
    assert made[0]["id"] != made[1]["id"]


async def test_change_of_the_name_clears_the_script_fields(wire):
    """A PUT sets to null each script field that it does not name."""
    made = await wire.project("A", **SCRIPTS)
    changed = (await wire.call("PUT", f"/api/projects/{made['id']}", {"name": "B"})).data
    assert changed == made | NO_SCRIPTS | {"name": "B"}
    assert (await wire.call("GET", f"/api/projects/{made['id']}")).data == changed


async def test_change_that_sends_all_fields_keeps_them(wire):
    """The way to rename without a loss."""
    made = await wire.project("A", **SCRIPTS)
    changed = (await wire.call("PUT", f"/api/projects/{made['id']}", {**SCRIPTS, "name": "B"})).data
    assert changed == made | {"name": "B"}


@pytest.mark.parametrize("body", [{}, {"name": None, "git_repo_path": None}])
async def test_name_and_path_are_kept_when_omitted_or_null(wire, project, body):
    """Null means keep for these two."""
    assert (await wire.call("PUT", f"/api/projects/{project['id']}", body)).data == project


async def test_empty_texts_are_set_on_change(wire, project):
    """Empty is a value."""
    body = {"name": "", "git_repo_path": "", "setup_script": ""}
    assert (await wire.call("PUT", f"/api/projects/{project['id']}", body)).data == project | body


async def test_change_of_the_path_is_checked_for_duplicates_only(wire, project):
    """A path that does not exist is taken, one of another project is not; its own may be sent again."""
    other = await wire.project("Other")
    url = f"/api/projects/{project['id']}"
    assert (await wire.call("PUT", url, {"git_repo_path": "/does/not/exist"})).data["git_repo_path"] == "/does/not/exist"
    assert (await wire.call("PUT", url, {"git_repo_path": "/does/not/exist"})).data["git_repo_path"] == "/does/not/exist"
    assert (await wire.call("PUT", url, {"git_repo_path": other["git_repo_path"]})).refusal == DUPLICATE


async def test_change_leaves_updated_at(wire, project):
    """Even after a changed field both times are those of the creation."""
    later = project
    while later["created_at"] == project["created_at"]:
        later = await wire.project(f"clock-{later['id']}")
    changed = (await wire.call("PUT", f"/api/projects/{project['id']}", {"name": "B"})).data
    assert changed["created_at"] == changed["updated_at"] == project["updated_at"]


async def test_deletion_takes_the_tasks_and_leaves_the_folder(wire, project, task):
    """The second deletion finds nothing."""
    url = f"/api/projects/{project['id']}"
    assert (await wire.call("DELETE", url)).data is None
    assert (await wire.call("DELETE", url)).bare_status == 404
    assert (await wire.call("GET", url)).bare_status == 404
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).bare_status == 404
    assert await wire.tasks(project) == []
    assert (Path(project["git_repo_path"]) / ".git").is_dir()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_unknown_project_is_404_without_a_body(wire, method):
    """Also when the body of the request is broken."""
    raw = b"{" if method == "PUT" else None
    assert (await wire.call(method, f"/api/projects/{NOWHERE}", raw=raw)).bare_status == 404


async def test_branches_of_a_new_repository(wire, project):
    """One branch, main, is current."""
    branches = (await wire.call("GET", f"/api/projects/{project['id']}/branches")).data
    assert [(b["name"], b["is_current"], b["is_remote"]) for b in branches] == [("main", True, False)]
    assert list(branches[0]) == ["name", "is_current", "is_remote", "last_commit_date"]


async def test_branches_of_a_repository_that_is_gone(wire, project):
    """The failure is a 500 in the envelope."""
    await wire.call("PUT", f"/api/projects/{project['id']}", {"git_repo_path": "/does/not/exist"})
    assert (await wire.call("GET", f"/api/projects/{project['id']}/branches")).failure == (
        "GitServiceError: failed to resolve path '/does/not/exist': No such file or directory; "
        "class=Os (2); code=NotFound (-3)"
    )
