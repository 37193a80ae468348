"""Fresh ids and ranks in the forms the real server uses."""

import itertools
import secrets
import uuid

_PROCESS = secrets.token_hex(5)
_FIRST = "0|hzzzzz:"
_STEP = 8
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_COUNTER = itertools.count(secrets.randbelow(0x10000))


def new_id(now_ms: int) -> str:
    """An id of a document or transaction: 24 hexadecimal digits that begin with the time in seconds."""
    return f"{now_ms // 1000 & 0xFFFFFFFF:08x}{_PROCESS}{next(_COUNTER) & 0xFFFFFF:06x}"


def new_uuid() -> str:
    """An id of an account, a person or a workspace."""
    return str(uuid.uuid4())


def new_social_id() -> str:
    """An id of a login identity: a number written as text."""
    return str(secrets.randbelow(9 * 10**18) + 10**17)


def rank_after(last: str | None) -> str:
    """The place behind the last issue of a project, as the server fills it in (observed 23); the first for none."""
    if not last:
        return _FIRST
    whole, _, fraction = last.partition("|")[2].partition(":")
    number = int(whole, 36) + (1 if fraction else 0) + _STEP
    return f"0|{_base36(number)}:"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(6, "0")
