"""
The contract a connector fulfils: what the engine asks of a remote system, and what it promises in return.

A connector author needs this module, `syncengine.errors`, `syncengine.http` and `syncengine.testing`, nothing else.

House rules of the contract:

- Reads may be retried by anybody; **a method that changes things never retries by itself**. The engine does, after looking.
- A write returns the record as the remote stored it.
- A write whose fate is not known raises `OutcomeUnknown`. `TransientError` from a write means: certainly not done.
- Errors are leaves of `syncengine.errors.ConnectorError`; anything else that escapes is treated as a `ContractViolation`.
- Field values are in the words all endpoints share; `as_stored` says how this remote rounds them.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, runtime_checkable

from attrs import field, frozen

from syncengine.domain.identity import (
    ROOT,
    ContainerId,
    EndpointName,
    FieldName,
    Kind,
    RecordId,
    SyncKey,
)
from syncengine.domain.records import (
    NO_FIELDS,
    ChangePage,
    Container,
    Cursor,
    FieldKind,
    FieldSpec,
    FieldValue,
    FieldValues,
    Record,
    RecordRef,
    RecordSchema,
    Removed,
    Revision,
    Unchanged,
)
from syncengine.redaction import Secret

__all__ = [
    "INTERFACE_VERSION",
    "NO_FIELDS",
    "ROOT",
    "Capabilities",
    "ChangePage",
    "Connector",
    "ConnectorDefaults",
    "ConnectorPlugin",
    "Container",
    "ContainerId",
    "Cursor",
    "EndpointName",
    "FieldKind",
    "FieldName",
    "FieldSpec",
    "FieldValue",
    "FieldValues",
    "KeyStorage",
    "Kind",
    "Record",
    "RecordId",
    "RecordRef",
    "RecordSchema",
    "Removed",
    "Revision",
    "Secret",
    "Services",
    "SyncKey",
    "Unchanged",
]

INTERFACE_VERSION = 1
"""Raised when a connector written for the old contract would no longer work."""

KeyStorage = Literal["id", "field", "marker", "none"]
"""Where a created record keeps its sync key: as its own id, in a field of its own, in a text, or nowhere."""


@frozen(kw_only=True)
class Capabilities:
    """
    What an endpoint can do; the engine picks its strategy from it.

    Attributes:
        schemas: one for each kind of record.
        key_storage: where created records keep the sync key.
        key_lookup_lag_s: seconds after a create until `find_by_key` is certain to see it.
        conditional_writes: the remote itself refuses a write when `expected` does not hold.
        confirms_writes: a prompt good answer to a write proves that it was stored.
        suspect_after_s: seconds after which even a good answer to a write proves nothing; None when answers can be trusted.
        reports_deletions: listings carry tombstones.
        change_cursor: listings can go on where the last one ended.
        max_concurrent_reads, max_concurrent_writes: calls in flight at once.
        requests_per_s: upper bound of the request rate; None for no bound.
        call_timeout_s: seconds after which the engine gives up on one call.
    """

    schemas: tuple[RecordSchema, ...]
    key_storage: KeyStorage = "none"
    key_lookup_lag_s: float = 0.0
    conditional_writes: bool = False
    confirms_writes: bool = True
    suspect_after_s: float | None = None
    reports_deletions: bool = False
    change_cursor: bool = False
    max_concurrent_reads: int = 4
    max_concurrent_writes: int = 1
    requests_per_s: float | None = None
    call_timeout_s: float = 30.0

    def schema(self, kind: Kind) -> RecordSchema | None:
        """The schema of this kind of record, or None when the endpoint has none."""
        return next((schema for schema in self.schemas if schema.kind == kind), None)


@runtime_checkable
class Connector(Protocol):
    """One endpoint, as the engine sees it. Inherit from `ConnectorDefaults` for the optional methods."""

    @property
    def capabilities(self) -> Capabilities:
        """What this endpoint can do; constant while the connector is open."""

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """
        How the remote would spell these values after a write, as far as it has the fields.

        Pure and idempotent: `as_stored(as_stored(x)) == as_stored(x)`. Fields the endpoint cannot read are left out.

        Raises:
            RecordInvalid: the remote has no spelling for a value; the item waits until the value changes.
        """

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """
        Names by which a person would know the record with these fields, the most certain first (a path, then a title).

        Pure. Used once, when a record without a link is first seen, to adopt the one counterpart that shares a name;
        `fields` may come from any endpoint. Empty for "never guess".
        """

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """The id a record created with this key has, where the client chooses ids (`key_storage="id"`); else None. Pure."""

    async def discover(self) -> Sequence[Container]:
        """
        The containers that exist now, the root container included where the endpoint has one.

        Raises:
            ConnectorError: nothing is known then; it is never taken for "no containers".
        """

    def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """
        Pages of records, all of them when `since` is None or the endpoint has no cursor.

        Args:
            known: revisions the engine already has; a record whose revision did not move may be given as `Unchanged`.

        Raises:
            ConnectorError: the listing is incomplete; nothing after the last page is known.
        """

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The record as it is now, or None when the remote says that it is not there."""

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """
        Records that a create with this key may have made.

        Args:
            fields: what the create sent, for kinds of records that cannot hold a key but have a natural one.
        """

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """Make a record that carries the key. With `key_storage="id"` a second call returns the first one's record."""

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """
        Set these fields and no others.

        Args:
            expected: how the fields of `patch` looked when it was decided; where they look otherwise now, nothing is
                written and `StaleRevision` is raised.
        """

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """Remove the record if its fields still look as expected, else raise `StaleRevision`. Gone already is success."""


class ConnectorDefaults:
    """The answers of a connector that has nothing special to say to the optional questions."""

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """Never guess."""
        del container, fields
        return ()

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """Ids are chosen by the remote."""
        del container, key
        return None


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class Services:
    """
    What the runner gives a connector when it opens one.

    Attributes:
        endpoint: the name its records carry in their refs.
        now: aware UTC clock, for `ChangePage.taken_at`.
        read_only: nothing may be changed over there, also nothing that only prepares the ground; for `syncengine plan`.
    """

    endpoint: EndpointName
    now: Callable[[], datetime] = _utc_now
    read_only: bool = False


@frozen(kw_only=True)
class ConnectorPlugin:
    """
    What an entry point of the group `syncengine.connectors` names.

    Attributes:
        interface_version: the `INTERFACE_VERSION` the connector was written for.
        settings: an attrs class; the section of the settings file is structured into it.
        connect: opens the connector: `connect(settings, services)` is an async context manager that yields it.
        summary: one line for `syncengine connectors`.
    """

    name: str
    settings: type[Any]
    connect: Callable[[Any, Services], AbstractAsyncContextManager[Connector]]
    interface_version: int = field(default=INTERFACE_VERSION)
    summary: str = ""
