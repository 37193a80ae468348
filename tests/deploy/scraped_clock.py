"""A clock that is wound by whoever sleeps, and calls somebody at a steady pace while it moves."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)


class ScrapedClock:
    """
    Fulfils `syncengine.engine.ports.Clock`; sleeping lets the time pass at once.

    Attributes:
        elapsed_s: seconds since the start, as a clock counts them that nobody can set.
    """

    def __init__(self, *, every_s: float) -> None:
        """The first call comes as soon as it moves, the others each `every_s` seconds, also in the middle of a pass."""
        self.elapsed_s = 0.0
        self._set_by = timedelta()
        self._every_s = every_s
        self._next_s = 0.0
        self._readings = 0
        self._call: Callable[[], None] = lambda: None

    def call_each_time(self, call: Callable[[], None]) -> None:
        """Whom to call."""
        self._call = call

    def now(self) -> datetime:
        """Aware UTC; no two readings are equal."""
        self._readings += 1
        return START + timedelta(seconds=self.elapsed_s, microseconds=self._readings) + self._set_by

    def monotonic(self) -> float:
        """Seconds, whatever people do to the clock."""
        return self.elapsed_s

    def set_by(self, seconds: float) -> None:
        """Somebody sets the clock of this computer; no time passes."""
        self._set_by += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass."""
        until = self.elapsed_s + max(seconds, 0.0)
        while self._next_s <= until:
            self.elapsed_s = self._next_s
            self._call()
            self._next_s += self._every_s
        self.elapsed_s = until

    async def sleep(self, seconds: float) -> None:
        """Let this many seconds pass, after giving other tasks a turn."""
        await asyncio.sleep(0)
        self.advance(seconds)
