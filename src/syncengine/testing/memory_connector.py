"""A complete connector over a `MemoryRemote`, with faults and points at which a test can let the process die."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from attrs import evolve as changed

from syncengine.connector import (
    Capabilities,
    ChangePage,
    Connector,
    Container,
    ContainerId,
    Cursor,
    EndpointName,
    FieldValues,
    Record,
    RecordId,
    RecordRef,
    Revision,
    SyncKey,
)
from syncengine.errors import RecordInvalid, RecordNotFound, StaleRevision, Unreachable
from syncengine.testing.faults import Fault, Faults, Weather, delay_of, error_after, error_before
from syncengine.testing.memory_listing import pages_of, record_of
from syncengine.testing.memory_remote import MemoryRemote, Stored

CrashPoint = Callable[[str], Awaitable[None]]
"""Called as `await at("create.before")`; may raise `SimulatedCrash`."""

_Result = TypeVar("_Result")


async def nowhere(point: str) -> None:
    """Let the process live."""
    del point


class MemoryConnector(Connector):
    """
    One endpoint over a remote in memory.

    Every call first lets other tasks run, so calls of several tasks mix as they do over a network. Each call passes two
    crash points, "OPERATION.before" and "OPERATION.after" what the remote does; a listing passes them for each page.
    """

    def __init__(
        self,
        remote: MemoryRemote,
        endpoint: str,
        *,
        faults: Faults | None = None,
        at: CrashPoint = nowhere,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Speak to `remote` as the endpoint of this name; `sleep` (seconds) is used for slow answers only."""
        self.remote = remote
        self.endpoint = EndpointName(endpoint)
        self.faults = faults or Faults()
        self._at = at
        self._sleep = sleep
        self._capabilities = remote.abilities.capabilities()

    def __repr__(self) -> str:
        return f"MemoryConnector({self.endpoint!r}, {self.remote!r})"

    @property
    def capabilities(self) -> Capabilities:
        """The remote's abilities."""
        return self._capabilities

    # Pure answers.

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """The remote's spelling of the fields it has."""
        return self.remote.abilities.spelled(self.remote.kind_of(container), fields)

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """The values of the fields that name a record, without regard to capitals and outer white space."""
        del container
        names = self.remote.abilities.natural_keys
        found = (str(fields[name]).strip().casefold() for name in names if fields.get(name) is not None)
        return tuple(key for key in found if key)

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """The key itself with a prefix, where the client chooses ids."""
        del container
        return self._chosen_id(key)

    # Reads.

    async def discover(self) -> Sequence[Container]:
        """All containers of the remote."""
        return await self._call("discover", lambda: self.remote.containers)

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """Pages of one snapshot, which is as old as the remote's listing lag."""
        self.remote.calls["list"] += 1
        fault = self.faults.draw("list")
        await asyncio.sleep(0)
        await self._start(fault, "list")
        if not self.remote.has(container):
            raise RecordNotFound(f"there is no container {container!r}", endpoint=self.endpoint, operation="list")
        empty = fault is not None and fault.weather is Weather.EMPTY_LISTING
        pages = pages_of(self.remote, self.endpoint, container, since, known, empty=empty)
        for number, page in enumerate(pages):
            if number:
                await asyncio.sleep(0)
                await self._at("list.before")
            if number and fault is not None and fault.weather is Weather.TRUNCATED:
                raise Unreachable("the listing broke off")
            await self._finish(fault, "list")
            yield page

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The record as it is now; no lag here."""

        def look() -> Record | None:
            stored = self.remote.stored(ref.container, ref.record_id)
            return self._record(ref.container, ref.record_id, stored) if stored else None

        return await self._call("fetch", look)

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """Records that carry the key; by natural key where none is stored."""
        return await self._call("find_by_key", lambda: tuple(self._carrying(container, key, fields)))

    # Writes.

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """Make a record."""
        chosen = self._chosen_id(key)

        def make() -> Record:
            self._refuse_create(container, fields)
            there = self.remote.stored(container, chosen) if chosen else None
            if chosen and there:
                return self._record(container, chosen, there)
            self.remote.effects["create"] += 1
            new_id = self.remote.insert(container, fields, key=key, record_id=chosen)
            return self._stored_record(RecordRef(self.endpoint, container, new_id))

        def pretend() -> Record:
            raw = self.remote.abilities.spelled(self.remote.kind_of(container), fields)
            return self._record(container, chosen or RecordId(f"lost-{key}"), Stored(raw=raw, revision=0, key=key))

        return await self._call("create", make, pretend=pretend)

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """Set these fields if the expected values are still there."""

        def write() -> Record:
            self._refuse_update(ref, patch)
            if self.capabilities.conditional_writes:
                self._refuse_stale(ref, expected)
            self.remote.effects["update"] += 1
            self.remote.change(ref.container, ref.record_id, patch)
            return self._stored_record(ref)

        def pretend() -> Record:
            record = self._stored_record(ref)
            return changed(record, fields=record.fields | self.as_stored(ref.container, patch), revision=None)

        return await self._call("update", write, pretend=pretend, look_first=lambda: self._refuse_stale(ref, expected))

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """Remove the record if the expected values are still there."""

        def remove() -> None:
            if self.remote.stored(ref.container, ref.record_id) is None:
                return
            if not self.remote.abilities.schema(self.remote.kind_of(ref.container)).can_delete:
                raise RecordInvalid("records of this kind cannot be deleted", ref=str(ref))
            self._refuse_stale(ref, expected)
            self.remote.effects["delete"] += 1
            self.remote.remove(ref.container, ref.record_id)

        await self._call("delete", remove, pretend=lambda: None)

    # Steps of the above.

    def _chosen_id(self, key: SyncKey) -> RecordId | None:
        return RecordId(f"k-{key}") if self.capabilities.key_storage == "id" else None

    async def _call(
        self,
        operation: str,
        effect: Callable[[], _Result],
        *,
        pretend: Callable[[], _Result] | None = None,
        look_first: Callable[[], None] | None = None,
    ) -> _Result:
        self.remote.calls[operation] += 1
        fault = self.faults.draw(operation)
        await asyncio.sleep(0)
        if look_first is not None and not self.capabilities.conditional_writes:
            look_first()
            await asyncio.sleep(0)  # the window in which somebody else may write
        await self._start(fault, operation)
        lost_row = fault is not None and fault.weather is Weather.LOST_ROW and pretend is not None
        result = pretend() if lost_row and pretend is not None else effect()
        await self._finish(fault, operation)
        return result

    async def _start(self, fault: Fault | None, operation: str) -> None:
        await self._at(f"{operation}.before")
        error = error_before(fault, operation)
        if error is not None:
            raise error

    async def _finish(self, fault: Fault | None, operation: str) -> None:
        await self._at(f"{operation}.after")
        error = error_after(fault, operation)
        if error is not None:
            raise error
        if delay_of(fault):
            await self._sleep(delay_of(fault))

    def _carrying(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Iterator[Record]:
        if not self.remote.has(container):
            raise RecordNotFound(f"there is no container {container!r}", endpoint=self.endpoint)
        direct = self.capabilities.key_storage == "id"
        shown = self.remote.visible(container, self.remote.now() - (self.remote.lag * (not direct)))
        names = self.natural_keys(container, fields)[:1]
        for record_id, stored in sorted(shown.items()):
            record = self._record(container, record_id, stored)
            by_name = self.capabilities.key_storage == "none" and names
            if record.sync_key == key or (by_name and self.natural_keys(container, record.fields)[:1] == names):
                yield record

    def _stored_record(self, ref: RecordRef) -> Record:
        stored = self.remote.stored(ref.container, ref.record_id)
        if stored is None:
            raise RecordNotFound("the record is not there", endpoint=self.endpoint, ref=str(ref))
        return self._record(ref.container, ref.record_id, stored)

    def _record(self, container: ContainerId, record_id: RecordId, stored: Stored) -> Record:
        return record_of(self.remote, self.endpoint, container, record_id, stored)

    def _refuse_create(self, container: ContainerId, fields: FieldValues) -> None:
        if not self.remote.has(container):
            raise RecordNotFound(f"there is no container {container!r}", endpoint=self.endpoint, operation="create")
        schema = self.remote.abilities.schema(self.remote.kind_of(container))
        wrong = [name for name in fields if not ((spec := schema.spec(name)) and spec.creatable)]
        self._refuse(container, fields, allowed=schema.can_create, wrong=wrong, operation="create")

    def _refuse_update(self, ref: RecordRef, patch: FieldValues) -> None:
        self._stored_record(ref)
        schema = self.remote.abilities.schema(self.remote.kind_of(ref.container))
        wrong = [name for name in patch if not ((spec := schema.spec(name)) and spec.updatable)]
        self._refuse(ref.container, patch, allowed=schema.can_update, wrong=wrong, operation="update")

    def _refuse(
        self, container: ContainerId, values: FieldValues, *, allowed: bool, wrong: list[str], operation: str
    ) -> None:
        reason = self.remote.abilities.refuses(container, values)
        if not allowed:
            reason = f"{operation} is not possible here"
        elif wrong:
            reason = f"{operation} cannot set {', '.join(wrong)}"
        if reason is not None:
            raise RecordInvalid(reason, endpoint=self.endpoint, operation=operation)

    def _refuse_stale(self, ref: RecordRef, expected: FieldValues) -> None:
        now = self._stored_record(ref).fields.only(expected)
        if now != expected:
            moved = sorted(name for name in expected if now.get(name) != expected[name])
            raise StaleRevision(f"{', '.join(moved)} changed meanwhile", endpoint=self.endpoint, ref=str(ref))
