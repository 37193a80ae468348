"""The connection of the program to a simulated remote: faults that were planned, lost access, and somebody who listens."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from attrs import evolve as changed

from syncengine.connector import (
    ChangePage,
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
from syncengine.domain.events import Operation
from syncengine.domain.identity import IntentId
from syncengine.errors import ConnectorError, OutcomeUnknown, PermissionDenied, RecordNotFound, Unreachable
from syncengine.testing.faults import WRITES, Fault, Faults, Weather
from syncengine.testing.memory_connector import CrashPoint, MemoryConnector
from syncengine.testing.memory_listing import pages_of
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.oracle import Oracle
from syncengine.testing.simulation.sim_remote import SimRemote

_Result = TypeVar("_Result")

_ANYWHERE = (
    Fault(weather=Weather.REFUSED),
    Fault(weather=Weather.DROPPED_BEFORE),
    Fault(weather=Weather.DROPPED_AFTER),
    Fault(weather=Weather.RATE_LIMITED, retry_after_s=5.0),
    Fault(weather=Weather.BUSY),
    Fault(weather=Weather.SERVER_ERROR),
    Fault(weather=Weather.WEB_PAGE),
    Fault(weather=Weather.SLOW, delay_s=6.0),
)
_ON_WRITES = (
    *_ANYWHERE * 2,
    Fault(weather=Weather.DROPPED_AFTER),
    Fault(weather=Weather.FORBIDDEN),
    Fault(weather=Weather.INVALID),
)
_ON_READS = (*_ANYWHERE, Fault(weather=Weather.UNAUTHORISED), Fault(weather=Weather.FORBIDDEN))


class PlannedFaults(Faults):
    """
    The faults of one endpoint in one pass.

    Attributes:
        strikes: which call (counted from 0) meets which fault (taken modulo those that fit).
        counts: how often each fault happened, in all passes.
    """

    def __init__(self, remote: SimRemote, counts: Counter[str], tell: Callable[[str], None], *, empties: bool) -> None:
        """
        Plan nothing yet.

        Args:
            empties: listings may lie that nothing is there.
        """
        super().__init__()
        self._empties = empties
        self.strikes: dict[int, int] = {}
        self.calls = 0
        self._remote = remote
        self._counts = counts
        self._tell = tell

    def begin(self, strikes: Mapping[int, int]) -> None:
        """The next pass meets these."""
        self.strikes, self.calls = dict(strikes), 0

    def draw(self, operation: str) -> Fault | None:
        """What the next call meets."""
        number, self.calls = self.calls, self.calls + 1
        pick = self.strikes.get(number)
        if pick is None:
            return None
        fitting = self._fitting(operation)
        fault = fitting[pick % len(fitting)]
        self._counts[fault.weather.name.lower()] += 1
        self._tell(f"{self._remote.name}: {operation} meets this: {fault.weather.value}")
        return fault

    def _fitting(self, operation: str) -> Sequence[Fault]:
        can = self._remote.abilities
        if operation in WRITES:
            # Whoever loses what it confirmed has to be known for it: `suspect_after_s` says so.
            lying = can.suspect_after_s is not None
            return (*_ON_WRITES, *[Fault(weather=Weather.LOST_ROW, delay_s=6.0)] * 3) if lying else _ON_WRITES
        if operation != "list":
            return _ON_READS
        empty = (Fault(weather=Weather.EMPTY_LISTING),) * 2 if self._empties else ()
        return (*_ON_READS, *[Fault(weather=Weather.TRUNCATED)] * 3, *empty)


class Connection(MemoryConnector):
    """
    One endpoint of a simulation, as one process is connected to it.

    Attributes:
        writing: writes that were sent and have no answer yet.
    """

    remote: SimRemote

    def __init__(
        self,
        remote: SimRemote,
        *,
        faults: Faults,
        at: CrashPoint,
        clock: HostClock,
        oracle: Oracle,
        blind: bool,
        guarded: bool,
        is_overtaken: Callable[[], bool],
    ) -> None:
        """
        Connect.

        Args:
            blind: without access the remote shows nothing and says nothing about it; else it refuses.
            guarded: the guard around it sees to it that no late answer is believed; else it does so itself.
            is_overtaken: whether another process has taken the place of this one; then it must not write any more.
        """
        super().__init__(remote, remote.name, faults=faults, at=at, sleep=clock.sleep)
        self.writing = 0
        self._clock = clock
        self._oracle = oracle
        self._blind = blind
        self._guarded = guarded
        self._is_overtaken = is_overtaken

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """The pages of one snapshot, timed by the clock of this host."""
        self.remote.calls["list"] += 1
        fault = self.faults.draw("list")
        await self._start(fault, "list")
        self._refuse_without_access()
        if not self.remote.has(container):
            raise RecordNotFound(f"there is no container {container!r}", endpoint=self.endpoint, operation="list")
        empty = self.remote.locked or (fault is not None and fault.weather is Weather.EMPTY_LISTING)
        with self.remote.filtering():
            pages = list(pages_of(self.remote, self.endpoint, container, since, known, empty=empty))
        for number, page in enumerate(pages):
            if number:
                await self._clock.sleep(0)
                await self._at("list.before")
            if number and fault is not None and fault.weather is Weather.TRUNCATED:
                raise Unreachable("the listing broke off")
            await self._finish(fault, "list")
            yield changed(page, taken_at=self._clock.at(page.taken_at))

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The record as it is now."""
        record = await super().fetch(ref)
        if not self._is_overtaken():
            self._oracle.intents.looked(ref=ref)
        return None if self.remote.locked or ref.record_id in self.remote.unseen else record

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """Records that carry the key."""
        found = await super().find_by_key(container, key, fields)
        if not self._is_overtaken():
            self._oracle.intents.looked(container=container, key=key)
        return () if self.remote.locked else found

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """Make a record."""
        intent = self._called(Operation.CREATE, key=key)
        return await self._written(intent, super().create(container, key, fields))

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """Set fields of a record."""
        intent = self._called(Operation.UPDATE, ref=ref)
        self._oracle.sent(ref, patch)
        return await self._written(intent, super().update(ref, patch, expected=expected))

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """Remove a record."""
        intent = self._called(Operation.DELETE, ref=ref)
        await self._written(intent, super().delete(ref, expected=expected))

    def _called(self, operation: Operation, *, ref: RecordRef | None = None, key: SyncKey | None = None) -> IntentId | None:
        if self._is_overtaken():
            self._oracle.overtaken(f"sent its {operation.value}")
        return self._oracle.called(operation, self.endpoint, ref=ref, key=key)

    async def _written(self, intent: IntentId | None, call: Awaitable[_Result]) -> _Result:
        began = self._clock.monotonic()
        self.writing += 1
        try:
            result = await call
            suspect_s = None if self._guarded else self.capabilities.suspect_after_s
            if suspect_s is not None and self._clock.monotonic() - began > suspect_s:
                raise OutcomeUnknown("the answer came too late to prove anything")
        except ConnectorError as error:
            self._oracle.intents.ended(intent, error)
            raise
        finally:
            self.writing -= 1
        return result

    async def _call(
        self,
        operation: str,
        effect: Callable[[], _Result],
        *,
        pretend: Callable[[], _Result] | None = None,
        look_first: Callable[[], None] | None = None,
    ) -> _Result:
        def with_access() -> _Result:
            self._refuse_without_access(writing=operation in WRITES)
            return effect()

        return await super()._call(operation, with_access, pretend=pretend, look_first=look_first)

    def _refuse_without_access(self, *, writing: bool = False) -> None:
        if self.remote.locked and (writing or not self._blind):
            raise PermissionDenied("the account has no access", endpoint=EndpointName(self.endpoint))

    def _refuse_stale(self, ref: RecordRef, expected: FieldValues) -> None:
        super()._refuse_stale(ref, expected)
        self._oracle.compared[ref] = self._oracle.ledger.changes
