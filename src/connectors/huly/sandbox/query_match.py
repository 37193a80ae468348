"""Whether a document fits a query: the operators as the SQL storage of the real server understands them."""

import re
from collections.abc import Callable
from typing import Any

from connectors.huly.sandbox.model import Document

# Everything else lives in a JSON column, where ranges compare as text ("10" < "9").
_NUMBER_COLUMNS = frozenset({"modifiedOn", "createdOn"})


def fits(document: Document, query: Document) -> bool:
    """Whether the document fits every key of the query; an operator nobody knows fits nothing (observed 32)."""
    return all(_fits_key(key, _value_at(document, key), wanted) for key, wanted in query.items())


def _value_at(document: Document, key: str) -> Any:
    if key in document or "." not in key:
        return document.get(key)
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _fits_key(key: str, value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and any(name.startswith("$") for name in wanted):
        return all(_operator(name)(key, value, operand) for name, operand in wanted.items())
    return _equal(value, wanted)


def _equal(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return value is None
    if isinstance(value, list) and not isinstance(wanted, list):
        return wanted in value
    return (type(value) is type(wanted) and bool(value == wanted)) or _equal_numbers(value, wanted)


def _equal_numbers(value: Any, wanted: Any) -> bool:
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in (value, wanted))
    return numbers and bool(value == wanted)


def _comparison(test: Callable[[Any, Any], bool]) -> Callable[[str, Any, Any], bool]:
    def compare(key: str, value: Any, operand: Any) -> bool:
        if value is None or operand is None:
            return False
        if key in _NUMBER_COLUMNS:
            return test(value, operand)
        return test(_as_text(value), _as_text(operand))

    return compare


def _as_text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _like(_key: str, value: Any, pattern: Any) -> bool:
    parts = (re.escape(part) for part in str(pattern).split("%"))
    return isinstance(value, str) and re.fullmatch(".*".join(parts), value, re.IGNORECASE | re.DOTALL) is not None


def _similar_to(_key: str, value: Any, pattern: Any) -> bool:
    """SQL's SIMILAR TO: the whole value, `%` and `_` are the wild cards, a dot is a dot."""
    expression = str(pattern).replace(".", r"\.").replace("%", ".*").replace("_", ".")
    try:
        return isinstance(value, str) and re.fullmatch(expression, value, re.DOTALL) is not None
    except re.error:
        return False


def _in(_key: str, value: Any, operand: Any) -> bool:
    return any(_equal(value, wanted) for wanted in operand or [])


def _all(_key: str, value: Any, operand: Any) -> bool:
    return isinstance(value, list) and all(wanted in value for wanted in operand)


def _unknown(_key: str, _value: Any, _operand: Any) -> bool:
    return False


_OPERATORS: dict[str, Callable[[str, Any, Any], bool]] = {
    "$in": _in,
    "$nin": lambda key, value, operand: not _in(key, value, operand),  # codespell:ignore
    "$ne": lambda _key, value, operand: not _equal(value, operand),
    "$gt": _comparison(lambda value, operand: value > operand),
    "$gte": _comparison(lambda value, operand: value >= operand),
    "$lt": _comparison(lambda value, operand: value < operand),
    "$lte": _comparison(lambda value, operand: value <= operand),
    "$exists": lambda _key, value, operand: (value is not None) == bool(operand),
    "$like": _like,
    "$regex": _similar_to,
    "$size": lambda _key, value, operand: isinstance(value, list) and len(value) == operand,
    "$all": _all,
}


def _operator(name: str) -> Callable[[str, Any, Any], bool]:
    return _OPERATORS.get(name, _unknown)
