"""Which transactions the server takes at all; everything else is a `BadRequest` (observed 5)."""

from typing import Any

from connectors.huly.sandbox.model import Document
from connectors.huly.sandbox.server_errors import PlatformError

APPLY_IF = "core:class:TxApplyIf"
CREATE = "core:class:TxCreateDoc"
UPDATE = "core:class:TxUpdateDoc"
REMOVE = "core:class:TxRemoveDoc"
SET_MIXIN = "core:class:TxMixin"

_CHANGES = frozenset({CREATE, UPDATE, REMOVE, SET_MIXIN})
_TEXTS = ("_id", "_class", "space", "objectSpace", "modifiedBy")
_OPTIONAL_TEXTS = ("createdBy", "attachedTo", "attachedToClass", "collection")


def check_tx(tx: Any) -> None:
    """Refuses what is no transaction.

    An optional key with `null` is a violation, and so is an array or a transaction group inside another one.

    Raises:
        PlatformError: `BadRequest`.
    """
    _require(isinstance(tx, dict))
    _check_common(tx)
    if tx["_class"] == APPLY_IF:
        _require(isinstance(tx.get("txes"), list))
        for inner in tx["txes"]:
            _require(isinstance(inner, dict))
            _check_common(inner)
            _check_change(inner)
    else:
        _check_change(tx)


def _check_common(tx: Document) -> None:
    _require(all(isinstance(tx.get(key), str) for key in _TEXTS))
    _require(_is_number(tx.get("modifiedOn")))
    _require(all(isinstance(tx[key], str) for key in _OPTIONAL_TEXTS if key in tx))
    _require("createdOn" not in tx or _is_number(tx["createdOn"]))
    _require("meta" not in tx or isinstance(tx["meta"], dict))


def _check_change(tx: Document) -> None:
    _require(tx["_class"] in _CHANGES)
    _require(isinstance(tx.get("objectId"), str) and isinstance(tx.get("objectClass"), str))
    if tx["_class"] == CREATE:
        _require(isinstance(tx.get("attributes"), dict))
    if tx["_class"] == UPDATE:
        _require(isinstance(tx.get("operations"), dict))
        _require("retrieve" not in tx or isinstance(tx["retrieve"], bool))
    if tx["_class"] == SET_MIXIN:
        _require(isinstance(tx.get("mixin"), str) and isinstance(tx.get("attributes"), dict))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require(fine: bool) -> None:  # noqa: FBT001  # reads as a sentence
    if not fine:
        raise PlatformError("BadRequest")
