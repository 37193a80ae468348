"""
The file: read whole, and replaced whole under a lock.

A write happened or did not, nothing between: the new text is made durable beside the old one and put in its place in one
step. So every error here means "certainly not done".
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from syncengine.errors import EndpointGone, RecordInvalid, RemoteBusy

PATIENCE_S = 5.0
"""Seconds to wait for another program that is writing."""

Rows = dict[str, dict[str, Any]]
"""Lists or tasks by their ids."""


def read_lists(path: Path) -> Rows:
    """
    All lists, with their tasks in them.

    Raises:
        EndpointGone: the file is not there.
        RemoteBusy: it cannot be read now, perhaps because somebody is in the middle of editing it.
    """
    lists: Rows = _read(path)["lists"]
    return lists


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
        tasks = [task for each in document["lists"].values() for task in each.setdefault("tasks", {}).values()]
    except FileNotFoundError as error:
        raise EndpointGone(
            f'there is no file {path}; make one that holds {{"lists": {{}}}}, or correct the settings'
        ) from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise RemoteBusy(f"{path} cannot be read ({type(error).__name__}: {error}); correct it") from error
    if not all(isinstance(task, dict) for task in tasks):
        raise RemoteBusy(f"{path} holds a task that is no JSON object; correct it")
    return dict(document)


@contextmanager
def changed_lists(path: Path) -> Iterator[Rows]:
    """
    All lists, for changing; what they are at the end is in the file when this is left without an error.

    Raises:
        RemoteBusy: another program is writing, or the disk refuses.
        RecordInvalid: a value cannot be written to a text file.
    """
    try:
        with FileLock(f"{path}.lock", timeout=PATIENCE_S):
            document = _read(path)
            yield document["lists"]
            text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
            beside = path.with_name(f".{path.name}.new")
            with beside.open("wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
    except Timeout as error:
        raise RemoteBusy(f"another program is writing {path}; nothing was changed") from error
    except OSError as error:
        raise RemoteBusy(
            f"{path} cannot be written ({error}); nothing was changed, check the disk and the access"
        ) from error
    except UnicodeEncodeError as error:
        raise RecordInvalid(f"a character cannot be written to a text file: {error}") from error
