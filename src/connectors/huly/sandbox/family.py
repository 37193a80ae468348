"""Parents and children: counters, the chain of parents, what ancestors know of descendants, and what goes with whom."""

from connectors.huly.sandbox.model import COMPONENT, ISSUE, NO_PARENT, Document
from connectors.huly.sandbox.store import WorkspaceStore


def count_attached(store: WorkspaceStore, tx: Document, delta: int) -> None:
    """Moves the counter of the document that the transaction names as parent, and its time stamp (observed 11).

    A transaction without the collection fields moves nothing (recorded: the counter then stays wrong).
    """
    move_counter(store, tx, parent_id=tx.get("attachedTo"), delta=delta)


def move_counter(store: WorkspaceStore, tx: Document, *, parent_id: str | None, delta: int) -> None:
    """Moves the counter `tx.collection` of one parent."""
    collection = tx.get("collection")
    if parent_id is None or collection is None:
        return
    parent = store.find(tx.get("attachedToClass", ""), parent_id)
    if parent is not None:
        parent[collection] = (parent.get(collection) or 0) + delta
        parent["modifiedOn"] = tx["modifiedOn"]
        parent["modifiedBy"] = tx["modifiedBy"]


def tell_ancestors(store: WorkspaceStore, issue: Document, *, now_ms: int) -> None:
    """Writes the figures of an issue into `childInfo` of all ancestors that its `parents` name."""
    info = {
        "childId": issue["_id"],
        "estimation": issue.get("estimation", 0),
        "reportedTime": issue.get("reportedTime", 0),
    }
    for ancestor in _ancestors(store, issue):
        known = ancestor.get("childInfo") or []
        if any(entry["childId"] == issue["_id"] for entry in known):
            ancestor["childInfo"] = [info if entry["childId"] == issue["_id"] else entry for entry in known]
        else:
            ancestor["childInfo"] = [*known, info]
        ancestor["modifiedOn"] = now_ms


def leave_ancestors(store: WorkspaceStore, issue: Document, *, now_ms: int) -> None:
    """Takes an issue out of `childInfo` of all ancestors that its `parents` name."""
    for ancestor in _ancestors(store, issue):
        known = ancestor.get("childInfo") or []
        ancestor["childInfo"] = [entry for entry in known if entry["childId"] != issue["_id"]]
        ancestor["modifiedOn"] = now_ms


def move_below(store: WorkspaceStore, tx: Document, before: Document, issue: Document, *, now_ms: int) -> None:
    """Works out the consequences of a new parent.

    Only the issue itself gets a new chain of parents: its descendants keep the old one, and the old ancestors keep
    knowing them. A cycle is accepted. (Recorded surprise 14.)
    """
    leave_ancestors(store, before, now_ms=now_ms)
    parent = store.find(ISSUE, issue["attachedTo"]) if issue.get("attachedTo") != NO_PARENT else None
    issue["parents"] = [] if parent is None else [_link_to(parent), *(parent.get("parents") or [])]
    stamped = {**tx, "modifiedOn": now_ms}
    move_counter(store, stamped, parent_id=before.get("attachedTo"), delta=-1)
    move_counter(store, stamped, parent_id=issue.get("attachedTo"), delta=1)
    tell_ancestors(store, issue, now_ms=now_ms)


def remove_with_all(store: WorkspaceStore, document: Document, *, now_ms: int) -> None:
    """Removes a document, all that is attached to it, and for a space all that is inside.

    The references of issues to a removed component stay and dangle, only their time stamp moves; milestones are not
    even touched (recorded surprise 13). None of it gets a transaction of its own in the log (observed 25).
    """
    store.drop(document)
    if store.classes.is_a(document["_class"], ISSUE):
        leave_ancestors(store, document, now_ms=now_ms)
    for attached in store.attached_to(document["_id"]):
        remove_with_all(store, attached, now_ms=now_ms)
    if store.classes.domain(document["_class"]) == "space":
        for inside in store.in_space(document["_id"]):
            store.drop(inside)
    if document["_class"] == COMPONENT:
        for issue in store.all_of(ISSUE):
            if issue.get("component") == document["_id"]:
                issue["modifiedOn"] = now_ms


def _link_to(parent: Document) -> Document:
    return {
        "space": parent.get("space"),
        "parentId": parent["_id"],
        "identifier": parent.get("identifier"),
        "parentTitle": parent.get("title"),
    }


def _ancestors(store: WorkspaceStore, issue: Document) -> list[Document]:
    links = issue.get("parents") or []
    found = (store.find(ISSUE, link["parentId"]) for link in links if isinstance(link, dict))
    return [ancestor for ancestor in found if ancestor is not None]
