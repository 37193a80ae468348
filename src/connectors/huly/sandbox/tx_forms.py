"""The forms of a transaction on its way: stamped, merged, as a document, as an answer."""

import copy
import time
from typing import Any

from connectors.huly.sandbox.model import Document
from connectors.huly.sandbox.updates import is_operator_update


def stamped(txes: list[Document], now_ms: int) -> list[Document]:
    """Copies that carry the server's clock, one value for all (observed 9, 10)."""
    return [{**copy.deepcopy(tx), "modifiedOn": now_ms, "createdOn": now_ms} for tx in txes]


def group_answer(objects: list[Document], started: float) -> Any:
    """What a group that was applied answers: `serverTime` is a duration in milliseconds."""
    success: Document = {"success": True, "serverTime": int((time.monotonic() - started) * 1000)}
    return [success, *objects] if objects else success


def place_of(document: Document) -> Document:
    """Where a document is attached; without these fields a write moves no counter."""
    return {key: document[key] for key in ("attachedTo", "attachedToClass", "collection") if key in document}


def document_of(tx: Document, *, in_space: bool) -> Document:
    """The document that a transaction creates; spaces have columns of their own."""
    document = copy.deepcopy(tx["attributes"])
    if in_space:
        document = {"private": False, "members": [], "archived": False, **document}
    document |= {"_id": tx["objectId"], "_class": tx["objectClass"], "space": tx["objectSpace"]}
    document |= {key: tx[key] for key in ("attachedTo", "attachedToClass", "collection") if key in tx}
    author = tx.get("createdBy", tx["modifiedBy"])
    document |= {"modifiedBy": tx["modifiedBy"], "createdBy": author}
    return {**document, "modifiedOn": tx["modifiedOn"], "createdOn": tx["createdOn"]}


def merged(updates: list[Document]) -> list[Document]:
    """Plain updates of one document become one update that answers like the first of them.

    (Recorded: `retrieve` in the second of two returns no object, and the activity feed tells the second one twice.)
    """
    firsts: dict[tuple[str, str], Document] = {}
    result: list[Document] = []
    for tx in updates:
        key = (tx["objectClass"], tx["objectId"])
        if is_operator_update(tx["operations"]) or key not in firsts:
            result.append(tx)
            if not is_operator_update(tx["operations"]):
                firsts[key] = tx
            continue
        first = firsts[key]
        first["operations"].update(tx["operations"])
        first.setdefault("$merged", []).append(tx)
    return result
