"""The sync key as the last line of a text, for remotes that have no other place for it."""

import re

from syncengine.connector import SyncKey

_MARKER = re.compile(r"(?:\A|\n\n)\[sync:([0-9a-f]{32})\]\Z")


def with_marker(text: str, key: SyncKey) -> str:
    """The text with the key at its end; `split_marker` undoes it for every text."""
    line = f"[sync:{key}]"
    return f"{text}\n\n{line}" if text else line


def split_marker(text: str) -> tuple[str, SyncKey | None]:
    """The text without the marker at its very end, and the key in it; a marker elsewhere is text."""
    found = _MARKER.search(text)
    return (text[: found.start()], SyncKey(found.group(1))) if found else (text, None)
