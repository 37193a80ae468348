"""A note beside the log that says where its server listens, for `syncengine healthcheck`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def noted(log_path: Path, url: str) -> Iterator[None]:
    """
    While inside, `served_at` finds this URL.

    A note that cannot be written is left out: a full disk is no reason to be silent about it.
    """
    path = _beside(log_path)
    mine = json.dumps({"url": url, "pid": os.getpid()})
    with suppress(OSError):
        _write(path, mine)
    try:
        yield
    finally:
        # Not that of the next one, who may have started already.
        with suppress(OSError):
            if path.read_text("utf-8") == mine:
                path.unlink()


def served_at(log_path: Path) -> str | None:
    """The URL in the note beside this log; None when there is no note. A killed process leaves its note behind."""
    try:
        url = json.loads(_beside(log_path).read_text("utf-8"))["url"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return url if isinstance(url, str) else None


def _write(path: Path, text: str) -> None:
    # Whole or not at all, and for the eyes of this user only.
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(text)
    draft.replace(path)


def _beside(log_path: Path) -> Path:
    return log_path.with_name(f"{log_path.name}.server.json")
