"""
A connector with a guard around every call: not too many at once, not too fast, not for ever.

Order around a call: room (calls in flight), rate, time limit, the connector. Reads are tried again a few times when trouble
is passing; a write is made exactly once, and what its answer proves is checked here: too slow an answer proves nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TypeVar

from aiolimiter import AsyncLimiter
from attrs import frozen

from syncengine.connector import Capabilities, Connector
from syncengine.domain.identity import ContainerId, RecordId, SyncKey
from syncengine.domain.records import ChangePage, Container, Cursor, FieldValues, Record, RecordRef, Revision
from syncengine.engine.ports import Clock
from syncengine.errors import OutcomeUnknown, TransientError, Unreachable

T = TypeVar("T")


@frozen(kw_only=True)
class ReadRetries:
    """
    How often a read is tried.

    Attributes:
        attempts: calls in all.
        first_wait_s: seconds before the second one; each further wait is twice as long.
        longest_wait_s: seconds; a remote that asks for more is left alone until the next pass.
    """

    attempts: int = 3
    first_wait_s: float = 0.25
    longest_wait_s: float = 5.0


class GuardedConnector:
    """Fulfils the connector's contract with the connector inside."""

    def __init__(self, connector: Connector, *, clock: Clock, retries: ReadRetries | None = None) -> None:
        self._connector = connector
        self._clock = clock
        self._retries = retries or ReadRetries()
        can = connector.capabilities
        self._reading = asyncio.Semaphore(can.max_concurrent_reads)
        self._writing = asyncio.Semaphore(can.max_concurrent_writes)
        self._rate = AsyncLimiter(max(1.0, can.requests_per_s), 1.0) if can.requests_per_s else None

    @property
    def capabilities(self) -> Capabilities:
        """What the connector inside declares."""
        return self._connector.capabilities

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """Pure, hence unguarded."""
        return self._connector.as_stored(container, fields)

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """Pure, hence unguarded."""
        return self._connector.natural_keys(container, fields)

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """Pure, hence unguarded."""
        return self._connector.record_id_for(container, key)

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
            page = await self._once("list", lambda: anext(pages, None))

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

    async def _read(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, self._retries.attempts):
            try:
                return await self._once(operation, call)
            except TransientError as error:
                wait_s = max(self._retries.first_wait_s * 2 ** (attempt - 1), error.retry_after_s or 0.0)
                if wait_s > self._retries.longest_wait_s:
                    raise
                await self._clock.sleep(wait_s)
        return await self._once(operation, call)

    async def _once(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        limit_s = self.capabilities.call_timeout_s
        async with self._reading, self._rate or nullcontext():
            try:
                async with asyncio.timeout(limit_s):
                    return await call()
            except TimeoutError as error:
                raise Unreachable(f"{operation} did not answer within {limit_s:g} seconds") from error

    async def _write(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        can = self.capabilities
        async with self._writing, self._rate or nullcontext():
            started = self._clock.now()
            try:
                async with asyncio.timeout(can.call_timeout_s):
                    result = await call()
            except TimeoutError as error:
                raise OutcomeUnknown(f"{operation} did not answer within {can.call_timeout_s:g} seconds") from error
            took_s = (self._clock.now() - started).total_seconds()
        if can.suspect_after_s is not None and took_s > can.suspect_after_s:
            raise OutcomeUnknown(f"{operation} answered after {took_s:.1f} seconds, too late to prove anything")
        return result
