"""The activity feed: entries that a real server adds a little after a write, rewriting the document's time stamp.

An entry sets `modifiedOn` and `modifiedBy` back to those of the write it tells about. Where two writes follow each
other closely the time stamp therefore moves backwards for good (recorded: two accounts, 2 ms apart).
"""

from collections.abc import Callable

from connectors.huly.sandbox.model import (
    COMPONENT,
    DOC_UPDATE_MESSAGE,
    ISSUE,
    MILESTONE,
    PERSON,
    PROJECT,
    TAG_REFERENCE,
    TIME_REPORT,
    Document,
)
from connectors.huly.sandbox.store import WorkspaceStore

_TOLD_ABOUT = frozenset({ISSUE, PROJECT, COMPONENT, MILESTONE, PERSON})
_TOLD_TO_PARENT = frozenset({ISSUE, TAG_REFERENCE, TIME_REPORT})
# The description has its own entry, written by the collaborator.
_NOT_TOLD = frozenset(
    {"description", "sequence", "rank", "parents", "childInfo", "isDone", "remainingTime", "docUpdateMessages"}
)


def entries_of_change(class_id: str, fields: list[str]) -> list[Document]:
    """One entry for each changed field that people care about."""
    if class_id not in _TOLD_ABOUT:
        return []
    return [{"action": "update", "attributeUpdates": {"attrKey": name}} for name in fields if name not in _NOT_TOLD]


def entries_of_creation(class_id: str) -> list[Document]:
    """The entry of the new document itself."""
    return [{"action": "create"}] if class_id in _TOLD_ABOUT else []


def entries_for_parent(class_id: str, action: str) -> list[Document]:
    """The entry that a parent gets for what was attached to it or taken away; comments give none (observed 11)."""
    return [{"action": action}] if class_id in _TOLD_TO_PARENT else []


def rich_text_entry(attribute: str, before: str, after: str) -> Document:
    """The entry of a rewritten rich text, which names no transaction."""
    updates = {"attrKey": attribute, "attrClass": "core:class:TypeMarkup", "prevValue": before, "set": [after]}
    return {"action": "update", "ofTx": False, "attributeUpdates": updates}


def write_entries(
    store: WorkspaceStore,
    tx: Document,
    *,
    class_id: str,
    document_id: str,
    entries: list[Document],
    make_id: Callable[[], str],
) -> None:
    """Adds entries to a document and gives it the time stamp and author of the transaction."""
    document = store.find(class_id, document_id)
    if document is None or not entries:
        return
    document["docUpdateMessages"] = document.get("docUpdateMessages", 0) + len(entries)
    document["modifiedOn"] = tx["modifiedOn"]
    document["modifiedBy"] = tx["modifiedBy"]
    for entry in entries:
        message = _message(tx, document, entry, make_id())
        store.of_class(DOC_UPDATE_MESSAGE)[message["_id"]] = message


def _message(tx: Document, document: Document, entry: Document, message_id: str) -> Document:
    message: Document = {
        "_id": message_id,
        "_class": DOC_UPDATE_MESSAGE,
        "space": document["space"],
        "attachedTo": document["_id"],
        "attachedToClass": document["_class"],
        "collection": "docUpdateMessages",
        "objectId": tx["objectId"],
        "objectClass": tx["objectClass"],
        "action": entry["action"],
        "modifiedBy": tx["modifiedBy"],
        "createdBy": tx["modifiedBy"],
        "modifiedOn": tx["modifiedOn"],
        "createdOn": tx["modifiedOn"],
    }
    if entry.get("ofTx", True):
        message["txId"] = tx["_id"]
        message |= {"updateCollection": tx["collection"]} if "collection" in tx else {}
    if "attributeUpdates" in entry:
        name = entry["attributeUpdates"]["attrKey"]
        plain = {"attrClass": _attribute_class(name), "set": [document.get(name)]}
        rest = {"added": [], "removed": [], "isMixin": False}
        message["attributeUpdates"] = {**plain, **rest, **entry["attributeUpdates"]}
    return message


def _attribute_class(name: str) -> str:
    special = {"priority": "tracker:class:TypeIssuePriority", "dueDate": "core:class:TypeDate"}
    return special.get(name, "core:class:TypeString")
