"""
A connector with a guard around every call: not too many at once, not too fast, not for ever, and not when it is of no use.

Order around a call: room (calls in flight), rate, the rest that the remote asked for, whether a write may still be made,
circuit breaker, time limit, the connector. Reads are tried again a few times when trouble is passing; a write is made
exactly once, and what its answer proves is checked here: too slow an answer proves nothing. Nothing but our own errors
comes out, without secrets.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from random import Random, SystemRandom
from typing import Generic, TypeVar

from aiolimiter import AsyncLimiter
from attrs import define

from syncengine.adapters.guard.breaker import Breakers
from syncengine.adapters.guard.call_settings import FAIR_CHANCE_S, CallSettings, wait_before_next
from syncengine.adapters.guard.cleaned_errors import cleaned
from syncengine.adapters.guard.heard_requests import noting_requests
from syncengine.adapters.guard.wait import Wait
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.connector import Capabilities, Connector
from syncengine.domain.identity import ContainerId, RecordId, SyncKey
from syncengine.domain.records import ChangePage, Container, Cursor, FieldValues, Record, RecordRef, Revision
from syncengine.engine.notes import CallEnded, CallRetried, CallWork
from syncengine.engine.ports import Clock, Telemetry
from syncengine.errors import ConnectorError, OutcomeUnknown, RateLimited, SyncEngineError, TransientError, Unreachable
from syncengine.http import listening

T = TypeVar("T")

Call = Callable[[], Awaitable[T]]


@define(kw_only=True, eq=False)
class _Effort(Generic[T]):
    """
    A read or a write with all its attempts.

    Attributes:
        lost: what it means when no answer comes in time.
        attempt: counted from 1.
        first_call: when the first attempt had its turn; waiting for that is nobody's trouble.
    """

    operation: str
    call: Call[T]
    room: asyncio.Semaphore
    lost: type[ConnectorError]
    attempt: int = 1
    first_call: datetime | None = None


class GuardedConnector:
    """Fulfils the connector's contract with the connector inside."""

    def __init__(
        self,
        connector: Connector,
        *,
        endpoint: str,
        plugin: str,
        clock: Clock,
        telemetry: Telemetry | None = None,
        calls: CallSettings | None = None,
        breakers: Breakers | None = None,
        host: str | None = None,
        random: Random | None = None,
        may_write: Callable[[], object] | None = None,
    ) -> None:
        """
        Guard this connector.

        Args:
            endpoint: its configured name.
            plugin: the name of the connector, for example "huly".
            telemetry: told of each call, each attempt and each HTTP request.
            breakers: those of the synchronisation it belongs to; its own when None.
            host: what its breaker is about (`syncengine.adapters.guard.breaker.host_of`); the endpoint itself when None.
            random: where the waits between attempts are drawn from; seeded by the operating system when None.
            may_write: called when it is a write's turn, after all waiting; raises when the write must not be made any more.
        """
        can = connector.capabilities
        self._connector = connector
        self._endpoint = endpoint
        self._plugin = plugin
        self._clock = clock
        self._telemetry = telemetry or Silence()
        self._calls = calls or CallSettings()
        breakers = breakers or Breakers(clock=clock, telemetry=self._telemetry)
        self._breaker = breakers.of(host or endpoint, endpoint=endpoint, calls=self._calls)
        self._random = random or SystemRandom()
        self._may_write = may_write
        self._reading = asyncio.Semaphore(can.max_concurrent_reads)
        self._writing = asyncio.Semaphore(can.max_concurrent_writes)
        self._rate = AsyncLimiter(max(1.0, can.requests_per_s), 1.0) if can.requests_per_s else None
        self._rest = Wait(clock)
        self._listener = noting_requests(self._telemetry, endpoint)

    @property
    def capabilities(self) -> Capabilities:
        """What the connector inside declares."""
        return self._connector.capabilities

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """As the connector inside; nobody is called for it."""
        return self._answer("as_stored", lambda: self._connector.as_stored(container, fields))

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """As the connector inside; nobody is called for it."""
        return self._answer("natural_keys", lambda: self._connector.natural_keys(container, fields))

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """As the connector inside; nobody is called for it."""
        return self._answer("record_id_for", lambda: self._connector.record_id_for(container, key))

    async def discover(self) -> Sequence[Container]:
        """As the connector inside; tried again when trouble is passing."""
        return await self._read("discover", self._connector.discover)

    async def fetch(self, ref: RecordRef) -> Record | None:
        """As the connector inside; tried again when trouble is passing."""
        return await self._read("fetch", lambda: self._connector.fetch(ref))

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """As the connector inside; tried again when trouble is passing."""
        return await self._read("find_by_key", lambda: self._connector.find_by_key(container, key, fields))

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """As the connector inside; its first page is tried again when trouble is passing, later pages are not."""
        pages, page = await self._read("list", lambda: self._first_page(container, since, known))
        while page is not None:
            yield page
            page = await self._read("list", lambda: anext(pages, None), again=False)

    async def _first_page(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> tuple[AsyncIterator[ChangePage], ChangePage | None]:
        # A generator that raised is finished, so every attempt needs a new one.
        pages = self._connector.list_changes(container, since, known)
        return pages, await anext(pages, None)

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """As the connector inside, once."""
        return await self._write("create", lambda: self._connector.create(container, key, fields))

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """As the connector inside, once."""
        return await self._write("update", lambda: self._connector.update(ref, patch, expected=expected))

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """As the connector inside, once."""
        await self._write("delete", lambda: self._connector.delete(ref, expected=expected))

    def _answer(self, operation: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - whatever a connector lets escape
            trouble = cleaned(error, endpoint=self._endpoint, operation=operation)
        raise trouble

    # -- reads and writes --------------------------------------------------------------------------------------------------

    async def _read(self, operation: str, call: Call[T], *, again: bool = True) -> T:
        effort = _Effort(operation=operation, call=call, room=self._reading, lost=Unreachable)
        with self._telemetry.within(CallWork(endpoint=self._endpoint, operation=operation)):
            while True:
                try:
                    return await self._attempt(effort)
                except TransientError as error:
                    wait_s = self._wait_after(error, effort) if again else None
                    if wait_s is None:
                        raise
                    self._note_retry(effort, wait_s, error)
                await self._clock.sleep(wait_s)
                effort.attempt += 1

    def _wait_after(self, error: TransientError, effort: "_Effort[T]") -> float | None:
        if self._breaker.refuses or effort.first_call is None:
            return None
        elapsed_s = self._since(effort.first_call)
        return wait_before_next(error, attempt=effort.attempt, elapsed_s=elapsed_s, calls=self._calls, random=self._random)

    async def _write(self, operation: str, call: Call[T]) -> T:
        effort = _Effort(operation=operation, call=call, room=self._writing, lost=OutcomeUnknown)
        with self._telemetry.within(CallWork(endpoint=self._endpoint, operation=operation)):
            return await self._attempt(effort)

    # -- one attempt -------------------------------------------------------------------------------------------------------

    async def _attempt(self, effort: "_Effort[T]") -> T:
        self._breaker.require_open_door()  # before anybody waits for room only to be refused
        async with effort.room, self._rate or nullcontext():
            await self._leave_alone()
            if self._may_write is not None and effort.lost is OutcomeUnknown:
                self._may_write()  # somebody else may have the log by now, and have settled this very write
            admission = self._breaker.admit()
            began = self._clock.now()
            effort.first_call = effort.first_call or began
            try:
                result = await self._called(effort)
                if effort.lost is OutcomeUnknown:
                    self._require_prompt(effort.operation, self._since(began))
            except BaseException as error:
                self._ended(effort, admission, began, error)
                raise
            self._ended(effort, admission, began, None)
            return result

    async def _leave_alone(self) -> None:
        """Wait as long as the remote asked everybody to wait, or raise when that is too long."""
        left_s = self._rest.left_s()
        if left_s > self._calls.longest_wait_s:
            raise RateLimited("not called: the remote asked to be left alone for a while", retry_after_s=left_s)
        if left_s:
            await self._clock.sleep(left_s)

    async def _called(self, effort: "_Effort[T]") -> T:
        limit_s = self._limit_of(effort)
        trouble: SyncEngineError
        try:
            with listening(self._listener):
                async with asyncio.timeout(limit_s):
                    return await effort.call()
        except TimeoutError:
            message = f"did not answer within {limit_s:g} seconds"
            trouble = effort.lost(message, endpoint=self._endpoint, operation=effort.operation)
        except Exception as error:  # noqa: BLE001 - whatever a connector lets escape
            trouble = cleaned(error, endpoint=self._endpoint, operation=effort.operation)
        raise trouble  # here, where it gets no context

    def _limit_of(self, effort: "_Effort[T]") -> float:
        limit_s = self.capabilities.call_timeout_s
        if effort.attempt == 1 or effort.first_call is None:
            return limit_s
        return min(limit_s, max(FAIR_CHANCE_S, self._calls.total_s - self._since(effort.first_call)))

    def _require_prompt(self, operation: str, took_s: float) -> None:
        suspect_s = self.capabilities.suspect_after_s
        # Less than nothing: the clock was set back meanwhile, and nobody knows how long it took.
        if suspect_s is not None and not 0 <= took_s <= suspect_s:
            message = f"answered after {took_s:.1f} seconds, too late to prove anything"
            raise OutcomeUnknown(message, endpoint=self._endpoint, operation=operation)

    def _since(self, moment: datetime) -> float:
        return (self._clock.now() - moment).total_seconds()

    # -- telling -----------------------------------------------------------------------------------------------------------

    def _ended(self, effort: "_Effort[T]", admission: int, began: datetime, error: BaseException | None) -> None:
        self._breaker.ended(admission, error)
        if isinstance(error, RateLimited) and error.retry_after_s:
            self._rest.begin(max(error.retry_after_s, self._rest.left_s()))
        ended = CallEnded(
            endpoint=self._endpoint,
            connector=self._plugin,
            operation=effort.operation,
            attempt=effort.attempt,
            error=None if error is None else type(error).__name__,
            duration_s=self._since(began),
        )
        self._telemetry.note(ended)

    def _note_retry(self, effort: "_Effort[T]", wait_s: float, error: TransientError) -> None:
        retried = CallRetried(
            endpoint=self._endpoint,
            operation=effort.operation,
            attempt=effort.attempt,
            wait_s=wait_s,
            reason=str(error),
        )
        self._telemetry.note(retried)
