"""
The sync key as one line at the end of a description, the only place Vibe Kanban has for it.

    Text of the task.

    Sync-Key: 0f3b...

The line is read only where it is the last one; anywhere else, quoted or changed it is text like any other. People and
agents may remove it: then the task is known by its id alone.

Laws: `read_marker(with_marker(text, key))` gives text and key again, for every text, every key and no key. The second
marker a text may hold (copied there by a person) is text. `Sync-Key: none` exists for one case: a text that itself ends
in such a line, to be stored where there is no key.
"""

import re

from attrs import frozen

from syncengine.connector import SyncKey

_PREFIX = "Sync-Key: "
_NO_KEY = "none"
_LINE = re.compile(rf"{_PREFIX}(?P<key>[0-9a-f]{{32}}|{_NO_KEY})")
_KEY = re.compile(r"[0-9a-f]{32}")
_GAP = "\n\n"

# What stands between the text and the line, our own spelling first; the others come from editors.
_GAPS = (_GAP, "\r\n\r\n", "\r\n", "\n")


@frozen
class MarkedText:
    """A stored description, taken apart."""

    text: str
    key: SyncKey | None


def read_marker(stored: str) -> MarkedText:
    """Text and key of a stored description; white space after the marker is not part of either."""
    body = stored.rstrip()
    start = body.rfind("\n") + 1
    line = _LINE.fullmatch(body, start)
    if line is None:
        return MarkedText(stored, None)
    before = body[:start]
    gap = next((gap for gap in _GAPS if before.endswith(gap)), "")
    key = None if line["key"] == _NO_KEY else SyncKey(line["key"])
    return MarkedText(before.removesuffix(gap), key)


def with_marker(text: str, key: SyncKey | None) -> str:
    """
    The description to store, so that `read_marker` finds this text and this key.

    Raises:
        ValueError: the key is not 32 lower-case hexadecimal digits and would not be found again.
    """
    if key is None:
        return f"{text}{_GAP}{_PREFIX}{_NO_KEY}" if _ends_in_marker(text) else text
    if not _KEY.fullmatch(key):
        raise ValueError(f"a sync key has 32 lower-case hexadecimal digits, not {key!r}")
    return f"{text}{_GAP}{_PREFIX}{key}" if text else f"{_PREFIX}{key}"


def _ends_in_marker(text: str) -> bool:
    body = text.rstrip()
    return _LINE.fullmatch(body, body.rfind("\n") + 1) is not None
