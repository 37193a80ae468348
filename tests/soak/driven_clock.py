"""Virtual time for a whole service: it jumps to whatever is due next, as soon as nobody has anything left to do."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

TURNS = 25
"""Turns of the event loop after which nobody who only waits for other tasks is still under way."""


class DrivenClock:
    """
    Fulfils `syncengine.engine.ports.Clock`; the test drives it.

    Args:
        busy: how many pieces of work are in other threads, whose ends the event loop cannot foresee.
    """

    def __init__(self, busy: Callable[[], int]) -> None:
        self._start = self._now = datetime(2026, 3, 28, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()
        self._busy = busy

    def now(self) -> datetime:
        """Aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the start; nobody sets this clock."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait until the time has come."""
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=max(0.0, seconds)), next(self._order), woken))
        await woken

    async def drive(self, seconds: float) -> None:
        """Let this much time pass, waking one sleeper after the other."""
        end = self._now + timedelta(seconds=seconds)
        while True:
            await self.settle()
            while self._sleepers and self._sleepers[0][2].done():  # cancelled meanwhile
                heapq.heappop(self._sleepers)
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            woken.set_result(None)
        self._now = end

    async def settle(self) -> None:
        """Let everybody work until all wait for the time."""
        turns = 0
        while turns < TURNS:
            await asyncio.sleep(0)
            turns = 0 if self._busy() else turns + 1
