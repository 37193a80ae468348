"""What creating a project does to the disk: which paths are taken, and the repository made or completed there."""

import hashlib
import os
import re
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MAIN = "ref: refs/heads/main\n"
_MASTER = "ref: refs/heads/master"
_HEAD = re.compile(r"ref: \S|[0-9a-f]{40}\s")
_NOT_FOUND = "could not find repository at '{0}'; class=Repository (6); code=NotFound (-3)"
_CONFIG = "[core]\n\tbare = false\n\trepositoryformatversion = 0\n\tfilemode = true\n\tlogallrefupdates = true\n"


def prepare_folder(path: str, *, use_existing_repo: bool, base: Path) -> str | None:
    """
    Makes the folder of a new project ready; returns the server's complaint if it cannot be.

    A relative path counts from `base`, and ``~`` is a name like any other, as for the real server.
    """
    where = str(base / path) if path else ""
    return _take_existing(where) if use_existing_repo else _make(where)


def branches(path: str, *, base: Path) -> list[dict[str, Any]]:
    """
    The local branches of a repository as the API shows them; the dates are those of the files.

    Raises:
        OSError: the repository is not there.
    """
    git = (base / path).resolve(strict=True) / ".git"
    current = (git / "HEAD").read_text().strip().removeprefix("ref: refs/heads/")
    heads = git / "refs" / "heads"
    return [
        _branch(file, name=str(file.relative_to(heads)), current=current) for file in heads.rglob("*") if file.is_file()
    ]


def _branch(file: Path, *, name: str, current: str) -> dict[str, Any]:
    changed = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
    return {
        "name": name,
        "is_current": name == current,
        "is_remote": False,
        "last_commit_date": changed.isoformat().replace("+00:00", "Z"),
    }


def _exists(path: str) -> bool:
    """False also for what cannot be asked for: too long a name, no permission, a NUL; `Path.exists` raises there."""
    return os.path.exists(path)  # noqa: PTH110


def _take_existing(where: str) -> str | None:
    if not where or not _exists(where):
        return "The specified path does not exist"
    if not Path(where).is_dir():
        return "The specified path is not a directory"
    git = Path(where, ".git")
    if not _exists(str(git)):
        return "The specified directory is not a git repository"
    complaint = _broken(git, where)
    if complaint:
        return f"Failed to ensure main branch exists: {complaint}"
    if git.is_dir() and _is_empty(git):
        _commit_nothing(git)
    return None


def _make(where: str) -> str | None:
    if not where:
        return (
            "Failed to initialize git repository: cannot pick working directory for non-bare repository "
            "that isn't a '.git' directory; class=Repository (6)"
        )
    try:
        if not _exists(where):
            Path(where).mkdir(parents=True)
    except OSError as error:
        return f"Failed to create directory: {error.strerror} (os error {error.errno})"
    except ValueError:
        return "Failed to create directory: file name contained an unexpected NUL byte"
    if Path(where).is_file():
        return (
            f"Failed to initialize git repository: failed to make directory '{where}': directory exists; "
            "class=Filesystem (30); code=Exists (-4)"
        )
    try:
        if not _exists(f"{where}/.git"):
            _initialise(Path(where, ".git"))
    except OSError as error:
        return f"Failed to initialize git repository: failed to make directory '{where}/.git': {error.strerror}"
    return None


def _broken(git: Path, where: str) -> str | None:
    if git.is_file():
        pointer = git.read_text(errors="replace").strip()
        target = pointer.removeprefix("gitdir: ")
        if target == pointer:
            return f"the `.git` file at '{git}' is malformed; class=Repository (6)"
        if not _exists(str(Path(where, target))):
            return f"failed to resolve path '{target}': No such file or directory; class=Os (2); code=NotFound (-3)"
        return None
    if not ((git / "HEAD").is_file() and (git / "objects").is_dir() and (git / "refs").is_dir()):
        return _NOT_FOUND.format(where)
    if not _HEAD.match((git / "HEAD").read_text(errors="replace")):
        return "corrupted loose reference file: HEAD; class=Reference (4)"
    return None


def _is_empty(git: Path) -> bool:
    """Only a repository that still stands on ``master`` counts as empty; one on another unborn branch is left alone."""
    has_refs = (git / "packed-refs").exists() or any(f.is_file() for f in (git / "refs").rglob("*"))
    return (git / "HEAD").read_text().strip() == _MASTER and not has_refs


def _initialise(git: Path) -> None:
    (git / "objects").mkdir(parents=True)
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "config").write_text(_CONFIG)
    _commit_nothing(git)


def _commit_nothing(git: Path) -> None:
    """Puts the branch ``main`` with one commit without files in place, as the server does."""
    author = f"Vibe Kanban <noreply@vibekanban.com> {int(time.time())} +0000"
    tree = _store(git, b"tree", b"")
    commit = _store(git, b"commit", f"tree {tree}\nauthor {author}\ncommitter {author}\n\nInitial commit".encode())
    (git / "refs" / "heads").mkdir(parents=True, exist_ok=True)
    (git / "refs" / "heads" / "main").write_text(f"{commit}\n")
    (git / "HEAD").write_text(MAIN)


def _store(git: Path, kind: bytes, content: bytes) -> str:
    whole = kind + b" " + str(len(content)).encode() + b"\0" + content
    name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    file = git / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        file.write_bytes(zlib.compress(whole))
    return name
