"""What a conformance check is given: a way to open the connector, a place to work in, and sample values."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from attrs import Factory, define, field, frozen

from syncengine.connector import (
    NO_FIELDS,
    Capabilities,
    ChangePage,
    Connector,
    ContainerId,
    Cursor,
    EndpointName,
    FieldKind,
    FieldName,
    FieldSpec,
    FieldValues,
    Kind,
    Record,
    RecordId,
    RecordRef,
    RecordSchema,
    Removed,
    Revision,
    SyncKey,
    Unchanged,
)
from syncengine.errors import ConnectorError, RecordNotFound


class NotApplicable(Exception):
    """A check asks for something this connector declares not to have; the message says what."""


def needs(condition: object, what: str) -> None:
    """
    Leave the check unless the connector has what it is about.

    Raises:
        NotApplicable: with `what`, for the report.
    """
    if not condition:
        raise NotApplicable(what)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class Subject:
    """
    A connector to check, and what the checks may do with it.

    Attributes:
        open: opens the connector; called once for each check.
        endpoint: the name its refs carry.
        container: where records may be made, changed and deleted; the checks tolerate what is already there.
        sample: values for the n-th record, in the words all endpoints share; neighbours differ in every field.
        person_edits: changes a record behind the connector's back; None when the test cannot do that.
        count_writes: how often the remote was changed so far; None when the test cannot know.
        missing: a well-formed id of a record that is not there.
        missing_container: a well-formed id of a container that is not there.
        now: the aware UTC clock the connector uses.
        wait: waits so many seconds, until the remote's own delays are over.
        waivers: for a check that this connector is known to fail, by name: the reason.
    """

    open: Callable[[], AbstractAsyncContextManager[Connector]]
    endpoint: EndpointName = field(converter=EndpointName)
    container: ContainerId = field(converter=ContainerId)
    sample: Callable[[int], FieldValues]
    kind: Kind = Kind("issue")
    person_edits: Callable[[RecordRef, FieldValues], Awaitable[None]] | None = None
    count_writes: Callable[[], int] | None = None
    missing: RecordId = RecordId("no-such-record")
    missing_container: ContainerId = ContainerId("no-such-container")
    now: Callable[[], datetime] = _utc_now
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep
    waivers: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Listed:
    """A whole listing: its pages, and the last word on each record in them."""

    pages: tuple[ChangePage, ...]
    changes: Mapping[RecordId, Record | Unchanged | Removed]

    @property
    def cursor(self) -> Cursor | None:
        """Where the next listing goes on."""
        return next((page.next_cursor for page in reversed(self.pages) if page.next_cursor), None)

    def shows(self, ref: RecordRef) -> bool:
        """Whether the record is in the listing and not as a tombstone."""
        return isinstance(self.changes.get(ref.record_id), Record | Unchanged)

    def record(self, ref: RecordRef) -> Record:
        """
        The record in the listing.

        Raises:
            AssertionError: it is not there, or not whole.
        """
        found = self.changes.get(ref.record_id)
        assert isinstance(found, Record), f"the listing gives {found!r} for {ref} instead of the record"
        return found


@define
class Bench:
    """An open connector and the records a check has made with it."""

    subject: Subject
    connector: Connector
    made: list[RecordRef] = Factory(list)

    @property
    def capabilities(self) -> Capabilities:
        """What the connector declares."""
        return self.connector.capabilities

    @property
    def schema(self) -> RecordSchema:
        """The schema of the records in the subject's container."""
        schema = self.capabilities.schema(self.subject.kind)
        assert schema is not None, f"the capabilities have no schema for kind {self.subject.kind!r}"
        return schema

    def fields(self, can: Callable[[FieldSpec], bool]) -> list[FieldName]:
        """Names of the readable fields of which this is true."""
        return [spec.name for spec in self.schema.fields if spec.readable and can(spec)]

    def creatable(self, number: int) -> FieldValues:
        """Sample values that a create can set."""
        sample = self.subject.sample(number)
        return FieldValues({spec.name: sample[spec.name] for spec in self.schema.fields if spec.creatable})

    def updatable(self, number: int) -> FieldValues:
        """
        Sample values that an update can set.

        Raises:
            NotApplicable: there are none.
        """
        needs(self.schema.can_update, "records of this kind cannot be updated")
        sample = self.subject.sample(number)
        names = self.fields(lambda spec: spec.updatable)
        needs(names, "no field can be updated")
        return FieldValues({name: sample[name] for name in names})

    def text_fields(self) -> list[FieldName]:
        """Names of the fields that hold texts."""
        return self.fields(lambda spec: spec.kind is FieldKind.TEXT)

    async def make(self, fields: FieldValues | None = None, *, key: SyncKey | None = None) -> Record:
        """
        Create a record; it is removed again after the check where that is possible.

        Raises:
            NotApplicable: records cannot be created.
        """
        needs(self.schema.can_create, "records of this kind cannot be created")
        values = self.creatable(len(self.made)) if fields is None else fields
        record = await self.connector.create(self.subject.container, key or new_key(), values)
        self.made.append(record.ref)
        return record

    async def now(self, ref: RecordRef) -> Record:
        """
        A record that must be there, as it is now.

        Raises:
            AssertionError: it is not there.
        """
        record = await self.connector.fetch(ref)
        assert record is not None, f"{ref} was just written, but fetch says that it is not there"
        return record

    async def is_there(self, ref: RecordRef) -> bool:
        """Whether a record can be read."""
        try:
            return await self.connector.fetch(ref) is not None
        except RecordNotFound:
            return False

    async def update(self, ref: RecordRef, patch: FieldValues) -> Record:
        """Update a record that nobody else touches."""
        return await self.connector.update(ref, patch, expected=(await self.now(ref)).fields.only(patch))

    async def list(self, *, since: Cursor | None = None, known: Mapping[RecordId, Revision] | None = None) -> Listed:
        """
        A listing that shows everything done so far; waits until the remote has caught up.

        Raises:
            AssertionError: it never does.
        """
        done = self.subject.now()
        for _ in range(40):
            pages = [page async for page in self.connector.list_changes(self.subject.container, since, known or {})]
            assert pages, "a listing must have at least one page, if only to say when it was taken"
            behind = done - pages[0].taken_at
            if behind <= timedelta():
                break
            await self.subject.wait(min(behind.total_seconds(), 5.0))
        else:
            raise AssertionError(f"listings stay behind: asked at {done}, last page taken at {pages[0].taken_at}")
        changes = {_id_of(change): change for page in pages for change in page.changes}
        return Listed(pages=tuple(pages), changes=changes)


def _id_of(change: Record | Unchanged | Removed) -> RecordId:
    return change.ref.record_id if isinstance(change, Record) else change.record_id


def new_key() -> SyncKey:
    """A sync key that no record carries."""
    return SyncKey(uuid4().hex)


@asynccontextmanager
async def bench(subject: Subject) -> AsyncIterator[Bench]:
    """An open connector; what the check made is deleted afterwards where the schema allows it."""
    async with subject.open() as connector:
        it = Bench(subject, connector)
        try:
            yield it
        finally:
            await _clear_away(it)


async def _clear_away(it: Bench) -> None:
    schema = it.capabilities.schema(it.subject.kind)
    if schema is None or not schema.can_delete:
        return
    for ref in it.made:
        # A check on a broken connector may leave anything behind; its own failure is the message that counts.
        with suppress(ConnectorError):
            await it.connector.delete(ref, expected=NO_FIELDS)
