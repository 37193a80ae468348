"""A note beside the log that says where its server listens, for `syncengine healthcheck`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncengine.runner.private_file import write_privately


@contextmanager
def noted(log_path: Path, url: str) -> Iterator[None]:
    """
    While inside, `served_at` finds this URL.

    A note that cannot be written is left out: a full disk is no reason to be silent about it.
    """
    path = _beside(log_path)
    mine = json.dumps({"url": url, "pid": os.getpid()})
    with suppress(OSError):
        write_privately(path, mine)
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


def _beside(log_path: Path) -> Path:
    return log_path.with_name(f"{log_path.name}.server.json")
