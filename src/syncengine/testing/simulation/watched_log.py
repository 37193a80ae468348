"""The log of a simulation: in memory, outlives every "process", and tells the oracle what was stored."""

from collections.abc import Callable

from syncengine.adapters.event_codec import EventCodec
from syncengine.domain.events import ClaimTaken, Event
from syncengine.engine.ports import Append, Clock, Recorded
from syncengine.testing.memory_log import CrashPoint, MemoryLog
from syncengine.testing.memory_views import MemoryViews
from syncengine.testing.simulation.host_clock import START
from syncengine.testing.simulation.oracle import Oracle

_CODEC = EventCodec()


class WatchedLog(MemoryLog):
    """A memory log under observation."""

    def __init__(
        self, clock: Clock, at: CrashPoint, oracle: Oracle, *, coded: bool, tell: Callable[[Recorded], None]
    ) -> None:
        """
        Start empty.

        Args:
            coded: what is stored went through the codec, as it does on its way into a file and back.
            tell: told of each stored event.
        """
        super().__init__(clock, at)
        self.views = _WatchedViews(oracle, tell)
        self._coded = coded

    async def append(self, *appends: Append, caused_by: str) -> None:
        """Store all or nothing."""
        if self._coded:
            appends = tuple(_through_the_codec(it) for it in appends)
        await super().append(*appends, caused_by=caused_by)


class _WatchedViews(MemoryViews):
    def __init__(self, oracle: Oracle, tell: Callable[[Recorded], None]) -> None:
        super().__init__()
        self._oracle = oracle
        self._tell = tell

    def show(self, recorded: Recorded) -> None:
        """Take one more event in and tell of it."""
        super().show(recorded)
        event = recorded.event
        if isinstance(event, ClaimTaken):
            self._oracle.learn(event.link_id, event.ref)
        else:
            self._oracle.saved(recorded.stream_id, event)
        self._tell(recorded)


def _through_the_codec(append: Append) -> Append:
    return Append(
        stream_id=append.stream_id,
        after_version=append.after_version,
        events=tuple(_again(event) for event in append.events),
    )


def _again(event: Event) -> Event:
    name, state = _CODEC.encode(event, recorded_at=START, caused_by="simulation")
    return _CODEC.decode(name, state).event
