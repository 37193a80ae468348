"""What one workspace holds, and who may see which part of it."""

from collections.abc import Iterator
from typing import Any

from attrs import Factory, define, field

from connectors.huly.sandbox.model import MIXIN, Classes, Document
from connectors.huly.sandbox.server_errors import ServerError
from connectors.huly.sandbox.stock_model import stock_documents

_UNATTACHED = frozenset({"tx", "model"})


@define(kw_only=True)
class Blob:
    """A stored file or snapshot."""

    text: str
    content_type: str = "application/json"


@define(kw_only=True)
class WorkspaceStore:
    """Documents by storage and id, the blobs, and the live rich texts.

    Attributes:
        uuid: the id of the workspace.
        last_tx: id of the newest transaction.
        live: rich texts that were opened at least once, by `<document>%<attribute>`; each holds its fields.
    """

    uuid: str
    created_on: int
    last_tx: str | None = None
    classes: Classes = Factory(Classes)
    domains: dict[str, dict[str, Document]] = field(factory=dict)
    blobs: dict[str, Blob] = Factory(dict)
    live: dict[str, dict[str, Any]] = Factory(dict)

    @classmethod
    def fresh(cls, uuid: str, *, now_ms: int) -> "WorkspaceStore":
        """A workspace that holds the stock model only."""
        store = cls(uuid=uuid, created_on=now_ms)
        for document in stock_documents(now_ms):
            store.domain("model")[document["_id"]] = document
        return store

    def domain(self, name: str) -> dict[str, Document]:
        """One storage, by id, in the order of creation."""
        return self.domains.setdefault(name, {})

    def of_class(self, class_id: str) -> dict[str, Document]:
        """The storage that holds the documents of a class.

        Raises:
            UnknownClassError: there is no such class.
        """
        return self.domain(self.classes.domain(class_id))

    def find(self, class_id: str, document_id: str) -> Document | None:
        """One document, whoever may see it; nothing for a class that does not exist."""
        if not self.classes.knows(class_id):
            return None
        return self.of_class(class_id).get(document_id)

    def all_of(self, class_id: str) -> Iterator[Document]:
        """All documents of a class and its subclasses, or all that have a mixin."""
        for document in list(self.of_class(class_id).values()):
            if self.has_class(document, class_id):
                yield document

    def has_class(self, document: Document, class_id: str) -> bool:
        """Whether a document belongs to a class; to a mixin only after it was set on it (recorded surprise 18)."""
        if self.classes.is_mixin(class_id):
            return class_id in document
        return self.classes.is_a(document["_class"], class_id)

    def insert(self, documents: list[Document]) -> None:
        """Inserts all or nothing.

        Raises:
            ServerError: one of the ids is taken (observed 16, 22).
        """
        for position, document in enumerate(documents):
            name = self.classes.domain(document["_class"])
            taken = any(document["_id"] == other["_id"] for other in documents[:position])
            if taken or document["_id"] in self.domain(name):
                raise ServerError(f'duplicate key value violates unique constraint "{name}_pkey"')
        for document in documents:
            self.of_class(document["_class"])[document["_id"]] = document
            if document["_class"] == MIXIN:
                self.classes.add_mixin(document["_id"], document.get("extends", ""))

    def log(self, tx: Document) -> None:
        """Adds a transaction to the log; one whose id is taken is lost without a word (observed 17)."""
        self.domain("tx").setdefault(tx["_id"], tx)
        self.last_tx = tx["_id"]

    def attached_to(self, document_id: str) -> list[Document]:
        """All documents attached to another one."""
        return [
            document
            for name, documents in self.domains.items()
            if name not in _UNATTACHED
            for document in documents.values()
            if document.get("attachedTo") == document_id
        ]

    def in_space(self, space_id: str) -> list[Document]:
        """All documents inside a space, the space itself not among them."""
        return [
            document
            for name, documents in self.domains.items()
            if name not in _UNATTACHED and name != "space"
            for document in documents.values()
            if document.get("space") == space_id
        ]

    def drop(self, document: Document) -> None:
        """Removes a document, and its live rich texts with it (recorded surprise 11: the snapshots stay)."""
        self.of_class(document["_class"]).pop(document["_id"], None)
        for key in [key for key in self.live if key.startswith(f"{document['_id']}%")]:
            del self.live[key]


@define(kw_only=True)
class Sight:
    """What one account sees: membership in the space decides, not the role (observed 13, 24).

    Attributes:
        account: the account that looks.
        archived: whether archived spaces are shown.
    """

    store: WorkspaceStore
    account: str
    archived: bool

    def sees(self, domain: str, document: Document) -> bool:
        """Whether the account sees this document of a storage."""
        if domain == "model":
            return True
        if domain == "space":
            return self._sees_space(document, as_member=not document.get("private", False))
        space_id = document.get("objectSpace" if domain == "tx" else "space", "")
        if _is_system_space(space_id):
            return True
        space = self.store.domain("space").get(space_id)
        return space is not None and self._sees_space(space, as_member=False)

    def _sees_space(self, space: Document, *, as_member: bool) -> bool:
        member = as_member or self.account in space.get("members", [])
        return member and (self.archived or not space.get("archived", False))


def _is_system_space(space_id: str) -> bool:
    return ":space:" in space_id
