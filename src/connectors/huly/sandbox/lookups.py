"""Lookups of find-all: numbers in the documents, the documents themselves in a map (observed 3)."""

from collections.abc import Sequence
from typing import Any

from attrs import Factory, define

from connectors.huly.sandbox.model import Document
from connectors.huly.sandbox.store import Sight, WorkspaceStore

# Columns of the SQL tables; everything else is one JSON column called `data`.
_COMMON = ("_id", "_class", "space", "modifiedBy", "createdBy", "modifiedOn", "createdOn", "%hash%")
_SPACE_COLUMNS = (*_COMMON, "private", "members", "archived")
_DOC_COLUMNS = (*_COMMON, "attachedTo")


@define
class LookupMap:
    """Looked up documents by number; the same document gets one number."""

    by_number: dict[str, Document] = Factory(dict)
    _numbers: dict[str, int] = Factory(dict)

    def number(self, document: Document) -> int:
        """The number under which the document is in the map."""
        known = self._numbers.get(document["_id"])
        if known is not None:
            return known
        number = self._numbers[document["_id"]] = len(self.by_number) + 1
        self.by_number[str(number)] = document
        return number


def resolve_lookups(
    store: WorkspaceStore,
    page: list[Document],
    lookups: LookupMap,
    *,
    wanted: Document,
    seen_by: Sight,
) -> None:
    """Adds `$lookup` to each document, and the raw joined columns that a real server leaks into the answer.

    Classes of the model are looked up last, and without a join.
    """
    plain = {key: spec for key, spec in wanted.items() if key != "_id"}
    joined = {key: spec for key, spec in plain.items() if store.classes.domain(_class_of(spec)) != "model"}
    for document in page:
        numbers: Document = {}
        document["%hash%"] = hash_of(document)
        for key, spec in joined.items():
            _join(store, document, numbers, lookups, key=key, spec=spec)
        for key, spec in (wanted.get("_id") or {}).items():
            _reverse(store, document, numbers, lookups, key=key, class_id=_class_of(spec), seen_by=seen_by)
        for key in [key for key in plain if key not in joined]:
            found = store.find(_class_of(plain[key]), document.get(key) or "")
            if found is not None:
                numbers[key] = lookups.number(found)
        document["$associations"] = {}
        document["$lookup"] = numbers


def hash_of(document: Document) -> str:
    """The `%hash%` column: the time of the last change, in hexadecimal digits."""
    return f"{document.get('modifiedOn', 0):x}"


def _class_of(spec: Any) -> str:
    return str(spec[0] if isinstance(spec, list) else spec)


def _columns(domain: str) -> Sequence[str]:
    return _SPACE_COLUMNS if domain == "space" else _DOC_COLUMNS


def _data(document: Document, domain: str) -> Document:
    return {key: value for key, value in document.items() if key not in _columns(domain)}


def _join(
    store: WorkspaceStore,
    document: Document,
    numbers: Document,
    lookups: LookupMap,
    *,
    key: str,
    spec: Any,
) -> None:
    domain = store.classes.domain(_class_of(spec))
    found = store.find(_class_of(spec), document.get(key) or "")
    prefix = f"lookup_{domain}_{key}_"
    for column in _columns(domain):
        document[prefix + column] = None if found is None else _raw(found, column)
    document[prefix + "data"] = None if found is None else _data(found, domain)
    if found is None:
        return
    columns = {column: found.get(column) for column in _columns(domain) if column != "%hash%"}
    value = {**columns, **_data(found, domain)}
    if isinstance(spec, list) and isinstance(spec[1], dict):
        nested = {inner: store.find(_class_of(of), found.get(inner) or "") for inner, of in spec[1].items()}
        value["$lookup"] = {inner: target for inner, target in nested.items() if target is not None}
    numbers[key] = lookups.number(value)


def _raw(found: Document, column: str) -> Any:
    """A column as the driver returns it: big numbers are text."""
    if column == "%hash%":
        return hash_of(found)
    value = found.get(column)
    return str(value) if column in {"modifiedOn", "createdOn"} else value


def _reverse(
    store: WorkspaceStore,
    document: Document,
    numbers: Document,
    lookups: LookupMap,
    *,
    key: str,
    class_id: str,
    seen_by: Sight,
) -> None:
    domain = store.classes.domain(class_id)
    attached = [
        other
        for other in store.all_of(class_id)
        if other.get("attachedTo") == document["_id"]
        and other.get("collection", key) == key
        and seen_by.sees(domain, other)
    ]
    document[f"reverse_lookup_{domain}_{key}"] = [_row(store, other, domain) for other in attached] or None
    if attached:
        numbers[key] = [lookups.number({**other, "%hash%": hash_of(other)}) for other in attached]


def _row(store: WorkspaceStore, document: Document, domain: str) -> Document:
    columns = {column: document.get(column) for column in _columns(domain)}
    return {
        **columns,
        "%hash%": hash_of(document),
        "data": _data(document, domain),
        "workspaceId": store.uuid,
    }
