"""UUIDs as Vibe Kanban reads them: the spellings it takes, and what it says about any other text."""

import re
import uuid

_TAKEN = re.compile(
    r"[0-9a-f]{32}"
    r"|(?P<wrap>\{|urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?P<end>\})?",
    re.IGNORECASE,
)
_ODD_CHARACTER = re.compile(r"[^0-9a-fA-F-]")
_GROUPS = (8, 4, 4, 4, 12)
_LENGTH = 36


class BadUuidError(ValueError):
    """The text is no UUID; the message is the server's."""


def read_uuid(text: str) -> str:
    """
    The UUID in lower case with dashes.

    Upper case, no dashes, braces and the prefix ``urn:uuid:`` are taken.

    Raises:
        BadUuidError: with the words the server uses.
    """
    taken = _TAKEN.fullmatch(text)
    if taken is None or (taken["wrap"] == "{") != (taken["end"] is not None):
        raise BadUuidError(_complaint(text))
    return str(uuid.UUID(text.strip("{}")))


def _complaint(text: str) -> str:
    inner, taken_off = text, 0
    if len(text) > 1 and text[0] == "{" and text[-1] == "}":
        inner, taken_off = text[1:-1], 1
    elif text.startswith("urn:uuid:"):
        inner, taken_off = text[9:], 9
    if taken_off and len(inner) == _LENGTH:
        return _complaint(inner)  # of the right length, it is complained about as if it stood alone
    if odd := _ODD_CHARACTER.search(inner):
        place = len(inner[: odd.start()].encode()) + taken_off + 1
        return (
            "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], "
            f"found `{odd[0]}` at {place}"
        )
    groups = inner.split("-")
    if len(groups) == 1 and not taken_off:
        return f"invalid length: expected length 32 for simple format, found {len(text)}"
    return _complaint_about(groups, wrapping=len(text) - len(inner))


def _complaint_about(groups: list[str], *, wrapping: int) -> str:
    if len(groups) != len(_GROUPS):
        return f"invalid group count: expected {len(_GROUPS)}, found {len(groups)}"
    lengths = [len(group) for group in groups]
    number = next(n for n, wanted in enumerate(_GROUPS) if lengths[n] != wanted)
    lengths[-1] += wrapping  # the server counts the braces to the last group
    return f"invalid group length in group {number}: expected {_GROUPS[number]}, found {lengths[number]}"
