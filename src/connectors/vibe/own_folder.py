"""A folder for one object: the one it was given, or a temporary one that lives no longer than the object."""

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path


def own_folder(owner: object, given: Path | None, *, prefix: str) -> tuple[Path, Callable[[], object]]:
    """
    The folder, and a function that removes it again if it is a temporary one.

    A temporary folder is also removed when `owner` is forgotten or the program ends.
    """
    if given is not None:
        return given.resolve(), lambda: None
    made = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    return made, weakref.finalize(owner, shutil.rmtree, made, ignore_errors=True)
