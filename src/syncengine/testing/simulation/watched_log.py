"""The log of a history in memory: it outlives every "process", and tells what was stored."""

from collections.abc import Callable

from syncengine.adapters.event_codec import EventCodec
from syncengine.domain.events import Event
from syncengine.engine.ports import Append, Clock, Recorded
from syncengine.engine.requests import Request
from syncengine.testing.memory_inbox import MemoryInbox
from syncengine.testing.memory_log import CrashPoint, MemoryLog
from syncengine.testing.memory_views import MemoryViews
from syncengine.testing.simulation.host_clock import START

_CODEC = EventCodec()


class WatchedLog(MemoryLog):
    """A memory log under observation."""

    def __init__(self, clock: Clock, *, coded: bool, tell: Callable[[Recorded], None]) -> None:
        """
        Start empty.

        Args:
            coded: what is stored went through the codec, as it does on its way into a file and back.
            tell: told of each stored event.
        """
        super().__init__(clock)
        self.views = _WatchedViews(tell)
        self.inbox = MemoryInbox(clock)
        self._coded = coded

    def open(self, at: CrashPoint) -> "WatchedLog":
        """The same log for the next process, which may die at these points."""
        self.at = at
        return self

    def ask(self, request: Request) -> None:
        """Somebody leaves a request for the next pass."""
        self.inbox.put(request)

    def close(self) -> None:
        """Nothing is left to be closed."""

    def require_lease(self) -> None:
        """Nobody else writes a log in memory."""

    async def append(self, *appends: Append, caused_by: str) -> None:
        """Store all or nothing."""
        if self._coded:
            appends = tuple(_through_the_codec(it) for it in appends)
        await super().append(*appends, caused_by=caused_by)


class _WatchedViews(MemoryViews):
    def __init__(self, tell: Callable[[Recorded], None]) -> None:
        super().__init__()
        self._tell = tell

    def show(self, recorded: Recorded) -> None:
        """Take one more event in and tell of it."""
        super().show(recorded)
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
