"""find-all: what a query returns, and in which shape it goes over the wire."""

from typing import Any

from attrs import frozen

from connectors.huly.sandbox.lookups import LookupMap, resolve_lookups
from connectors.huly.sandbox.model import Document
from connectors.huly.sandbox.query_match import fits
from connectors.huly.sandbox.server_errors import ServerError
from connectors.huly.sandbox.store import Sight, WorkspaceStore


@frozen(kw_only=True)
class Listing:
    """The answer to a find-all.

    Attributes:
        documents: the documents without what the client can restore from its query.
        total: -1 unless the client asked, or for classes of the model (observed 1).
        lookup_map: looked up documents by number, or nothing.
    """

    documents: list[Document]
    total: int
    lookup_map: dict[str, Document] | None

    def body(self) -> dict[str, Any]:
        """The JSON body (observed 1)."""
        return {
            "dataType": "TotalArray",
            "total": self.total,
            "lookupMap": self.lookup_map,
            "value": self.documents,
        }


def find_all(
    store: WorkspaceStore,
    *,
    account: str,
    class_id: str,
    query: Document | None,
    options: Document | None = None,
) -> Listing:
    """Lists what an account sees of a class.

    Raises:
        ServerError: the query is missing.
        UnknownClassError: there is no such class.
    """
    options = options or {}
    if query is None:
        raise ServerError("Cannot read properties of undefined (reading '_id')")
    domain = store.classes.domain(class_id)
    if "$search" in query:
        return Listing(documents=[], total=0, lookup_map=None)
    found = visible_documents(store, account=account, class_id=class_id, query=query, options=options)
    total = len(found) if options.get("total") is True or domain == "model" else -1
    limit = options.get("limit")
    page = [dict(document) for document in found[: limit if isinstance(limit, int) else None]]
    lookups = LookupMap()
    if options.get("lookup"):
        resolve_lookups(store, page, lookups, wanted=options["lookup"], seen_by=_sight(store, account, query, options))
    projection = options.get("projection")
    documents = [_without_known_values(_projected(document, projection), query) for document in page]
    return Listing(documents=documents, total=total, lookup_map=lookups.by_number or None)


def visible_documents(
    store: WorkspaceStore,
    *,
    account: str,
    class_id: str,
    query: Document,
    options: Document | None = None,
) -> list[Document]:
    """The stored documents of a class that fit the query and that the account sees, sorted.

    Raises:
        UnknownClassError: there is no such class.
    """
    options = options or {}
    domain = store.classes.domain(class_id)
    sight = _sight(store, account, query, options)
    found = [
        document
        for document in _candidates(store, class_id, query)
        if sight.sees(domain, document) and fits(document, query)
    ]
    for key, direction in reversed(list((options.get("sort") or {}).items())):
        found.sort(key=lambda document, key=key: _sort_key(document.get(key)), reverse=direction == -1)  # type: ignore[misc]
    return found


def _candidates(store: WorkspaceStore, class_id: str, query: Document) -> list[Document]:
    """Documents by id where the query names ids, which keeps long lists of ids fast; all of the class otherwise."""
    wanted = query.get("_id")
    ids = wanted.get("$in") if isinstance(wanted, dict) else [wanted]
    if not isinstance(ids, list) or not all(isinstance(document_id, str) for document_id in ids):
        return list(store.all_of(class_id))
    documents = store.of_class(class_id)
    named = (documents[document_id] for document_id in dict.fromkeys(ids) if document_id in documents)
    return [document for document in named if store.has_class(document, class_id)]


def _sight(store: WorkspaceStore, account: str, query: Document, options: Document) -> Sight:
    """Archived spaces are shown on request, and to whoever names a document or a space as plain text."""
    named = isinstance(query.get("_id"), str) or isinstance(query.get("space"), str)
    return Sight(store=store, account=account, archived=named or options.get("showArchived") is True)


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Orders as the SQL storage does: numbers as numbers, text by its code points, nothing at the end."""
    if value is None:
        return 2, 0, ""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return 1, 0, str(value)


def _projected(document: Document, projection: Document | None) -> Document:
    """The document with the wanted fields; `_id` and `_class` always come along."""
    if not projection:
        return document
    kept = {key for key, wanted in projection.items() if wanted} | {"_id", "_class", "$lookup", "$associations"}
    return {key: value for key, value in document.items() if key in kept}


def _without_known_values(document: Document, query: Document) -> Document:
    """Leaves out each field that equals a simple value of the query, `_id` included (observed 2)."""
    return {key: value for key, value in document.items() if not _is_known(value, query.get(key))}


def _is_known(value: Any, wanted: Any) -> bool:
    return isinstance(wanted, str | int | float) and type(value) is type(wanted) and bool(value == wanted)
