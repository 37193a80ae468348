"""
Texts of any kind in columns of PostgreSQL, which take neither the character NUL nor lone surrogates.

Such a character is kept as a sign that no text of people holds (a noncharacter of Unicode) and its number; that sign
itself, too. So different texts stay different, and every text comes back as it was.
"""

import re
from typing import Any

from psycopg import Connection
from psycopg.adapt import Buffer
from psycopg.types.string import StrDumperUnknown, TextLoader

_SIGN = "\ufdd0"
_TO_KEEP = re.compile("[\x00\ud800-\udfff\ufdd0]")
_KEPT = re.compile(f"{_SIGN}([0-9a-f]{{4}})")


def kept(text: str) -> str:
    """The text as it can be stored."""
    return _TO_KEEP.sub(lambda found: f"{_SIGN}{ord(found[0]):04x}", text)


def as_it_was(text: str) -> str:
    """The text that `kept` was given."""
    return _KEPT.sub(lambda found: chr(int(found[1], 16)), text) if _SIGN in text else text


class _Dumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(kept(obj))


class _Loader(TextLoader):
    def load(self, data: Buffer) -> bytes | str:
        text = super().load(data)
        return as_it_was(text) if isinstance(text, str) else text


def take_any_text(connection: Connection[Any]) -> None:
    """From now on this connection stores and reads all texts."""
    connection.adapters.register_dumper(str, _Dumper)
    connection.adapters.register_loader("text", _Loader)
