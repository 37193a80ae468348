"""Small files for the eyes of this user only."""

import os
from pathlib import Path


def write_privately(path: Path, text: str) -> None:
    """
    Put this text into the file, whole or not at all, readable by nobody else.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(text)
    draft.replace(path)
