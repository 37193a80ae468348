"""
Plain data as JSON bytes and back, without losing anything Python can hold.

Nothing in the data is ever taken for a tag, so remote text may look like anything. Three things do not fit into strict
JSON and its fast parser: lone surrogates, integers above 64 bits, and floats that are not finite. Data that holds one
is written by the slow encoder and marked with a leading space, which JSON allows and the fast encoder never writes.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

import orjson

_SLOW = b" "


class _NotFinite(float):
    """An infinity or "not a number"; its own class because the fast encoder would write it as null."""


def plain_float(value: float) -> float:
    """The same number, marked for the slow encoder when it is not finite."""
    return value if isfinite(value) else _NotFinite(value)


def dumps(data: Mapping[str, Any]) -> bytes:
    """
    The data as JSON bytes.

    Raises:
        TypeError: it holds something that is not plain data.
    """
    try:
        return orjson.dumps(data)
    except TypeError:
        # Escaped as \udXXX, two lone halves side by side would come back as one character.
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return _SLOW + text.encode("utf-8", "surrogatepass")


def loads(data: bytes) -> Any:
    """
    The data these bytes hold; what `dumps` was given, with lists in place of tuples.

    Raises:
        ValueError: the bytes are not what `dumps` writes.
    """
    if data.startswith(_SLOW):
        return json.loads(data.decode("utf-8", "surrogatepass"))
    return orjson.loads(data)
