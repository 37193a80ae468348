"""The operations of an update on one document."""

from collections.abc import Callable
from typing import Any

from connectors.huly.sandbox.model import Document
from connectors.huly.sandbox.server_errors import ServerError


def is_operator_update(operations: Document) -> bool:
    """Whether every key is an operator; otherwise the update takes the plain path, which drops operators."""
    return bool(operations) and all(key.startswith("$") for key in operations)


def change(document: Document, operations: Document) -> None:
    """Changes the document as the operations say.

    Mixed with plain keys, operators are dropped without a word (recorded on a real server).

    Raises:
        ServerError: an operator is unknown; there is no `$set`.
    """
    if not is_operator_update(operations):
        document.update({key: value for key, value in operations.items() if not key.startswith("$")})
        return
    for name in operations:
        if name not in _OPERATORS:
            raise ServerError(f"unknown operator: {name}")
    for name, fields in operations.items():
        for key, value in fields.items():
            _OPERATORS[name](document, key, value)


def touched_fields(operations: Document) -> list[str]:
    """The fields that an update names."""
    if not is_operator_update(operations):
        return [key for key in operations if not key.startswith("$")]
    return [key for fields in operations.values() if isinstance(fields, dict) for key in fields]


def told_fields(operations: Document) -> list[str]:
    """The fields that the activity feed tells about: those that an update names, but not those it counts up."""
    return touched_fields({name: value for name, value in operations.items() if name != "$inc"})


def _increase(document: Document, key: str, value: Any) -> None:
    document[key] = (document.get(key) or 0) + value


def _push(document: Document, key: str, value: Any) -> None:
    items = list(document.get(key) or [])
    if isinstance(value, dict) and "$each" in value:
        position = value.get("$position", len(items))
        items[position:position] = value["$each"]
    else:
        items.append(value)
    document[key] = items


def _pull(document: Document, key: str, value: Any) -> None:
    document[key] = [item for item in document.get(key) or [] if not _is_pulled(item, value)]


def _is_pulled(item: Any, value: Any) -> bool:
    if isinstance(value, dict) and "$in" in value:
        return item in value["$in"]
    if isinstance(value, dict) and isinstance(item, dict):
        return all(item.get(name) == wanted for name, wanted in value.items())
    return bool(item == value)


def _unset(document: Document, key: str, _value: Any) -> None:
    document.pop(key, None)


def _rename(document: Document, key: str, value: Any) -> None:
    if key in document:
        document[str(value)] = document.pop(key)


_OPERATORS: dict[str, Callable[[Document, str, Any], None]] = {
    "$inc": _increase,
    "$push": _push,
    "$pull": _pull,
    "$unset": _unset,
    "$rename": _rename,
}
