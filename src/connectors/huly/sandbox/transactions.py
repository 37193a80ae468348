"""The way of a write through the server: check, author, clock, condition, log, storage, consequences."""

import asyncio
import copy
import time
from typing import Any

from attrs import Factory, define

from connectors.huly.sandbox.accounts import Caller
from connectors.huly.sandbox.consequences import Consequences
from connectors.huly.sandbox.find_all import visible_documents
from connectors.huly.sandbox.lookups import hash_of
from connectors.huly.sandbox.model import ISSUE, TX_SPACE, Document
from connectors.huly.sandbox.new_ids import new_id, rank_after
from connectors.huly.sandbox.server_errors import PlatformError
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.store import WorkspaceStore
from connectors.huly.sandbox.tx_forms import document_of, group_answer, merged, place_of, stamped
from connectors.huly.sandbox.updates import change, is_operator_update
from connectors.huly.sandbox.validation import APPLY_IF, CREATE, REMOVE, SET_MIXIN, UPDATE, check_tx


@define(kw_only=True)
class Transactions:
    """The writing side of one workspace.

    Attributes:
        owner_of: social id -> account, for the accounts the server knows.
    """

    store: WorkspaceStore
    settings: SandboxSettings
    consequences: Consequences
    owner_of: dict[str, str]
    _scopes: dict[str, asyncio.Lock] = Factory(dict)

    async def apply(self, caller: Caller, tx: Any, *, extra_lag_s: float = 0.0) -> Any:
        """Applies one transaction or group and returns the body of the answer.

        The time stamp is taken before the change is made (observed 10); the time between the two is
        `SandboxSettings.commit_lag_s` plus `extra_lag_s` seconds.

        Raises:
            ServerError: the write is refused, or failed after it was logged (observed 18).
        """
        started = time.monotonic()
        check_tx(tx)
        txes = [tx, *tx["txes"]] if tx["_class"] == APPLY_IF else [tx]
        self._check_authors(caller, txes)
        outer, *inner = stamped(txes, self.settings.now_ms())
        lag_s = self.settings.commit_lag_s + extra_lag_s
        if tx["_class"] != APPLY_IF:
            await _pause(lag_s)
            objects = self.write(caller, [outer])
            return objects[0] if objects else []
        return await self._apply_if(caller, outer, inner, started=started, lag_s=lag_s)

    async def _apply_if(
        self,
        caller: Caller,
        group: Document,
        txes: list[Document],
        *,
        started: float,
        lag_s: float,
    ) -> Any:
        """Without a scope the conditions are ignored (observed 21); with one they are checked under a mutex."""
        scope = group.get("scope")
        if not isinstance(scope, str):
            await _pause(lag_s)
            return group_answer(self.write(caller, txes), started)
        async with self._scopes.setdefault(scope, asyncio.Lock()):
            if not self._conditions_hold(caller, group):
                return {"success": False}
            await _pause(lag_s)
            return group_answer(self.write(caller, txes), started)

    def apply_now(self, caller: Caller, tx: Document) -> list[Document]:
        """Applies one transaction that is no group, at once; for people who edit while a test looks on.

        Raises:
            ServerError: the write is refused, or failed after it was logged.
        """
        check_tx(tx)
        self._check_authors(caller, [tx])
        return self.write(caller, stamped([tx], self.settings.now_ms()))

    def create(
        self,
        caller: Caller,
        class_id: str,
        document_id: str,
        *,
        space: str,
        attributes: Document,
        place: Document | None = None,
    ) -> None:
        """Creates a document; `place` holds `attachedTo`, `attachedToClass` and `collection`."""
        tx = self._change(caller, CREATE, class_id, document_id, space)
        self.apply_now(caller, {**tx, **(place or {}), "attributes": attributes, "createdBy": caller.primary_social_id})

    def update(self, caller: Caller, document: Document, operations: Document) -> None:
        """Updates a document."""
        tx = self._change(caller, UPDATE, document["_class"], document["_id"], document["space"])
        self.apply_now(caller, {**tx, **place_of(document), "operations": operations})

    def set_mixin(self, caller: Caller, document: Document, mixin: str, attributes: Document) -> None:
        """Sets a mixin on a document."""
        tx = self._change(caller, SET_MIXIN, document["_class"], document["_id"], document["space"])
        self.apply_now(caller, {**tx, "mixin": mixin, "attributes": attributes})

    def remove(self, caller: Caller, document: Document) -> None:
        """Removes a document and what goes with it."""
        tx = self._change(caller, REMOVE, document["_class"], document["_id"], document["space"])
        self.apply_now(caller, {**tx, **place_of(document)})

    def _change(self, caller: Caller, kind: str, class_id: str, document_id: str, space: str) -> Document:
        now = self.settings.now_ms()
        return {
            "_id": new_id(now),
            "_class": kind,
            "space": TX_SPACE,
            "objectId": document_id,
            "objectClass": class_id,
            "objectSpace": space,
            "modifiedOn": now,
            "modifiedBy": caller.primary_social_id,
        }

    def write(self, caller: Caller, txes: list[Document]) -> list[Document]:
        """Logs and applies stamped transactions, and returns what updates with `retrieve` ask for.

        This is no database transaction: all are logged first, then storage after storage is written (observed 18, 22).
        Within a storage creates come first, as one insert.

        Raises:
            ServerError: a storage refused; what was written before stays.
        """
        self._fill_ranks(txes)
        for tx in txes:
            self.store.log({"createdBy": None, **copy.deepcopy(tx)})
        objects: list[Document] = []
        for group in self._by_storage(txes):
            self._write_storage(caller, group, objects)
        return objects

    def _write_storage(self, caller: Caller, txes: list[Document], objects: list[Document]) -> None:
        creates = [tx for tx in txes if tx["_class"] == CREATE]
        documents = [document_of(tx, in_space=self._is_space(tx)) for tx in creates]
        self.store.insert(documents)
        for tx, document in zip(creates, documents, strict=True):
            self.consequences.created(caller, tx, document)
        for tx in merged([tx for tx in txes if tx["_class"] == UPDATE]):
            self._update(caller, tx, objects)
        for tx in (tx for tx in txes if tx["_class"] == SET_MIXIN):
            self._set_mixin(caller, tx)
        for tx in (tx for tx in txes if tx["_class"] == REMOVE):
            self._remove(tx)

    def _update(self, caller: Caller, tx: Document, objects: list[Document]) -> None:
        """Updates one document; a missing one only shows in the answer of a plain update (observed 4)."""
        document = self.store.find(tx["objectClass"], tx["objectId"])
        plain = not is_operator_update(tx["operations"])
        if document is None:
            if tx.get("retrieve") and plain:
                objects.append({"object": None})
            return
        before = copy.deepcopy(document)
        change(document, copy.deepcopy(tx["operations"]))
        document.update(modifiedOn=tx["modifiedOn"], modifiedBy=tx["modifiedBy"])
        if tx.get("retrieve"):
            objects.append({"object": {**copy.deepcopy(document), "%hash%": hash_of(document)}})
        self.consequences.updated(caller, tx, before, document)
        for merged_into in tx.get("$merged", []):
            self.consequences.told_again(merged_into, document)

    def _set_mixin(self, caller: Caller, tx: Document) -> None:
        document = self.store.find(tx["objectClass"], tx["objectId"])
        if document is not None:
            document[tx["mixin"]] = {**document.get(tx["mixin"], {}), **tx["attributes"]}
            document.update(modifiedOn=tx["modifiedOn"], modifiedBy=tx["modifiedBy"])
            self.consequences.mixed_in(caller, tx, document)

    def _remove(self, tx: Document) -> None:
        document = self.store.find(tx["objectClass"], tx["objectId"])
        if document is not None:
            self.consequences.removed(tx, document)

    def _conditions_hold(self, caller: Caller, group: Document) -> bool:
        """Conditions see what the caller sees, no more."""

        def finds(condition: Document) -> bool:
            class_id, query = condition["_class"], condition.get("query") or {}
            return bool(visible_documents(self.store, account=caller.account, class_id=class_id, query=query))

        return all(map(finds, group.get("match") or [])) and not any(map(finds, group.get("notMatch") or []))

    def _check_authors(self, caller: Caller, txes: list[Document]) -> None:
        """Every transaction must carry one of the caller's own social ids, also inside a group (observed 8)."""
        for tx in txes:
            author = tx["modifiedBy"]
            if author not in caller.social_ids:
                known = self.owner_of.get(author)
                required = {} if known is None else {"requiredAccount": known}
                raise PlatformError("AccountMismatch", account=caller.account, **required)

    def _fill_ranks(self, txes: list[Document]) -> None:
        """Gives new issues without a rank the place behind the last one; a whole group gets one rank (observed 23)."""
        ranks: dict[str, str] = {}
        for tx in txes:
            if tx["_class"] == CREATE and tx["objectClass"] == ISSUE and not tx["attributes"].get("rank"):
                space = tx["objectSpace"]
                if space not in ranks:
                    ranks[space] = rank_after(self._last_rank(space))
                tx["attributes"]["rank"] = ranks[space]

    def _last_rank(self, space: str) -> str | None:
        issues = self.store.domain("task").values()
        return max((issue["rank"] for issue in issues if issue["space"] == space and issue.get("rank")), default=None)

    def _by_storage(self, txes: list[Document]) -> list[list[Document]]:
        groups: dict[str, list[Document]] = {}
        for tx in txes:
            groups.setdefault(self.store.classes.domain(tx["objectClass"]), []).append(tx)
        return list(groups.values())

    def _is_space(self, tx: Document) -> bool:
        return self.store.classes.domain(tx["objectClass"]) == "space"


async def _pause(lag_s: float) -> None:
    if lag_s > 0:
        await asyncio.sleep(lag_s)
