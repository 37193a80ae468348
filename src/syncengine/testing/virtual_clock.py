"""A clock that tests wind by hand."""

import asyncio
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """
    Time that passes only when a test lets it; fulfils `syncengine.engine.ports.Clock`.

    Every reading moves the clock a little, so that two readings are never equal and "before" is always decided.
    """

    def __init__(self, start: datetime = datetime(2024, 5, 1, 8, 0, tzinfo=UTC), *, tick_s: float = 0.001) -> None:
        """Start at `start` (aware UTC); each reading moves the clock by `tick_s` seconds."""
        self._now = start
        self._passed_s = 0.0
        self._tick = timedelta(seconds=tick_s)

    def now(self) -> datetime:
        """Aware UTC, later than every earlier reading unless `tick_s` is 0."""
        self.advance(self._tick.total_seconds())
        return self._now

    def monotonic(self) -> float:
        """Seconds that have passed, whoever set the clock meanwhile."""
        return self._passed_s

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass."""
        self._now += timedelta(seconds=seconds)
        self._passed_s += seconds

    def set_by(self, seconds: float) -> None:
        """Somebody sets the clock, forward or (with a negative number) back; no time passes."""
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Let this many seconds pass at once, after giving other tasks a turn."""
        await asyncio.sleep(0)
        self.advance(seconds)
