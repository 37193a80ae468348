"""
An event log and its views in memory: a second, simple implementation of the ports, for tests and simulations.

It outlives the "process" that uses it: a test drops the engine, keeps the log, and starts another engine on it.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from syncengine.domain.identity import ContainerId, EndpointName, LinkId
from syncengine.engine.ports import (
    Append,
    Clock,
    Recorded,
)
from syncengine.errors import ConcurrentAppend
from syncengine.testing.memory_views import MemoryViews

CrashPoint = Callable[[str], Awaitable[None]]


async def _no_crash(point: str) -> None:
    del point


class MemoryLog:
    """
    The log.

    Attributes:
        events: everything stored, in order.
        at: awaited with "append.before" and "append.after"; a test may raise from it to stop the "process" there.
    """

    def __init__(self, clock: Clock, at: CrashPoint = _no_crash) -> None:
        self.events: list[Recorded] = []
        self.views = MemoryViews()
        self.at = at
        self._clock = clock
        self._streams: dict[UUID, list[Recorded]] = defaultdict(list)

    async def append(self, *appends: Append, caused_by: str) -> None:
        """Store all or nothing."""
        await self.at("append.before")
        lengths: dict[UUID, int] = {}
        for append in appends:
            length = lengths.get(append.stream_id, len(self._streams[append.stream_id]))
            if length != append.after_version:
                raise ConcurrentAppend(f"stream {append.stream_id} has {length} events, not {append.after_version}")
            lengths[append.stream_id] = length + len(append.events)
        now = self._clock.now()
        for append in appends:
            for version, event in enumerate(append.events, start=append.after_version + 1):
                recorded = Recorded(
                    stream_id=append.stream_id,
                    version=version,
                    event=event,
                    recorded_at=now,
                    caused_by=caused_by,
                    position=len(self.events) + 1,
                )
                self.views.show(recorded)
                self.events.append(recorded)
                self._streams[append.stream_id].append(recorded)
        await self.at("append.after")

    async def mark_quiet(self, versions: Mapping[LinkId, int]) -> None:
        """Remember that these links need nothing at these versions."""
        self.views.quiet.update(versions)

    async def note_rules(self, mark: str) -> None:
        """Remember by which rules every link was last looked at."""
        self.views.mark = mark

    async def note_full_listing(self, endpoint: EndpointName, container: ContainerId, *, at: datetime) -> None:
        """Remember when a container was last listed from the start."""
        self.views.full_listings[endpoint, container] = at

    async def load(self, stream_id: UUID) -> Sequence[Recorded]:
        """All events of a stream."""
        return tuple(self._streams.get(stream_id, ()))
