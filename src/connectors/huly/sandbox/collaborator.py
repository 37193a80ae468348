"""The service for rich text: snapshots named by the fields of documents, and live documents that win over them.

A live document comes into being when it is read with a snapshot as source, or when text is written to it. From then on
snapshots are ignored (recorded surprises 7 to 11).
"""

import copy
from typing import Any

from attrs import define, frozen

from connectors.huly.sandbox.accounts import Caller
from connectors.huly.sandbox.activity import rich_text_entry, write_entries
from connectors.huly.sandbox.markup import EMPTY_PARAGRAPH, NOTHING, is_blank, read_markup, write_markup
from connectors.huly.sandbox.model import ISSUE, TX_SPACE, Document
from connectors.huly.sandbox.new_ids import new_id
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.store import Blob, WorkspaceStore
from connectors.huly.sandbox.tx_forms import place_of
from connectors.huly.sandbox.updates import change
from connectors.huly.sandbox.validation import UPDATE

_COLLABORATIVE = "description"


class CollaboratorError(Exception):
    """The collaborator refuses with a status of its own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@frozen(kw_only=True)
class RichTextId:
    """Which rich text is meant; class and workspace in the id are ignored by the real server (surprise 11)."""

    document_id: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> "RichTextId":
        """Reads `workspace|class|document|attribute`; fewer parts name a document that does not exist."""
        parts = [*text.split("|"), "", "", ""]
        return cls(document_id=parts[2], attribute=parts[3])

    @property
    def key(self) -> str:
        """The name of the live document."""
        return f"{self.document_id}%{self.attribute}"


@define(kw_only=True)
class Collaborator:
    """Rich texts of one workspace."""

    store: WorkspaceStore
    settings: SandboxSettings

    def call(self, caller: Caller, text_id: str, request: Any) -> dict[str, Any]:
        """Answers one call of the service.

        Raises:
            CollaboratorError: the method is unknown or the payload cannot be read.
        """
        where = RichTextId.parse(text_id)
        method = request.get("method") if isinstance(request, dict) else None
        payload = request.get("payload") if isinstance(request, dict) else None
        if method not in {"getContent", "createContent", "updateContent"}:
            raise CollaboratorError(400, "Unknown method")
        if method == "getContent":
            if payload is None:
                raise CollaboratorError(500, "Cannot destructure property 'source' of 'payload2' as it is undefined.")
            return {"content": self.read(where, payload.get("source"))}
        content = (payload or {}).get("content")
        if content is None:
            raise CollaboratorError(500, "Cannot convert undefined or null to object")
        if method == "createContent":
            return {"content": {name: self.create(where, name, value) for name, value in content.items()}}
        self.update(caller, where, content)
        return {}

    def read(self, where: RichTextId, source: str | None) -> dict[str, str]:
        """The live document; without one it is built from the snapshot, and stays (reading materialises)."""
        live = self.store.live.get(where.key)
        if live is None and source in self.store.blobs:
            node = read_markup(self.store.blobs[source].text, empty=EMPTY_PARAGRAPH)
            if node["content"]:
                live = self.store.live[where.key] = {where.attribute: node}
        return {name: write_markup(node) for name, node in (live or {}).items()}

    def create(self, where: RichTextId, name: str, value: Any) -> str:
        """Stores a snapshot and returns its id; neither the document nor the live text change (observed 31).

        Raises:
            CollaboratorError: the value is no text.
        """
        if value is None:
            raise CollaboratorError(500, "Cannot read properties of null (reading 'getXmlFragment')")
        if not isinstance(value, str):
            raise CollaboratorError(500, "ydoc.getXmlFragment is not a function")
        return self._snapshot(where.document_id, name, value)

    def update(self, caller: Caller, where: RichTextId, content: dict[str, Any]) -> None:
        """Rewrites the live text, and where the real server notices a change, snapshot and document too.

        Emptying a text that was never opened is lost: the field keeps the old snapshot (recorded surprise 7).
        """
        opened = self.store.live.get(where.key)
        fields = {name: read_markup(value, empty=NOTHING) for name, value in content.items() if isinstance(value, str)}
        if not fields or (opened is None and not any(node["content"] for node in fields.values())):
            return
        live = self.store.live[where.key] = {**(opened or {}), **fields}
        before = (opened or {}).get(where.attribute)
        after = live.get(where.attribute, NOTHING)
        if self._notices(before, after):
            self._save(caller, where, before, after)

    def _notices(self, before: Document | None, after: Document) -> bool:
        if before is None:
            return not is_blank(after)
        return before != after or self.settings.rewrites_unchanged_text

    def _save(self, caller: Caller, where: RichTextId, before: Document | None, after: Document) -> None:
        """Writes the snapshot, then the reference by a logged write of the caller, then the activity entry."""
        markup = write_markup(after)
        reference = self._snapshot(where.document_id, where.attribute, markup)
        issue = self.store.find(ISSUE, where.document_id)
        if issue is None or where.attribute != _COLLABORATIVE:
            return
        tx = self._reference_tx(caller, issue, reference)
        self.store.log(tx)
        change(issue, copy.deepcopy(tx["operations"]))
        issue["modifiedBy"] = tx["modifiedBy"]
        told = {**tx, "modifiedOn": self.settings.now_ms()}
        write_entries(
            self.store,
            told,
            class_id=ISSUE,
            document_id=issue["_id"],
            entries=[rich_text_entry(where.attribute, "" if before is None else write_markup(before), markup)],
            make_id=lambda: new_id(self.settings.now_ms()),
        )

    def _reference_tx(self, caller: Caller, issue: Document, reference: str) -> Document:
        now = self.settings.now_ms()
        place = place_of(issue)
        return {
            "_id": new_id(now),
            "_class": UPDATE,
            "space": TX_SPACE,
            "objectId": issue["_id"],
            "objectClass": issue["_class"],
            "objectSpace": issue["space"],
            "operations": {_COLLABORATIVE: reference},
            "retrieve": False,
            "modifiedBy": caller.primary_social_id,
            "createdBy": None,
            "modifiedOn": now,
            "createdOn": now,
            **place,
        }

    def _snapshot(self, document_id: str, name: str, text: str) -> str:
        stamp = self.settings.now_ms()
        while f"{document_id}-{name}-{stamp}" in self.store.blobs:
            stamp += 1
        reference = f"{document_id}-{name}-{stamp}"
        self.store.blobs[reference] = Blob(text=text)
        return reference
