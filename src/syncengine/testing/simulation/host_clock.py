"""The time of a simulated host: seconds that pass for everybody, and a time of day that somebody may set."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
TICK_S = 0.001
"""Each look at the clock takes a moment, so that no two readings are equal."""


class HostClock:
    """Fulfils `syncengine.engine.ports.Clock`; the remotes have the same seconds and another time of day."""

    def __init__(self) -> None:
        """Begin at `START`."""
        self._passed_s = 0.0
        self._set_by_s = 0.0

    def now(self) -> datetime:
        """Aware UTC, as this host believes."""
        return self.at(self.true_now())

    def at(self, moment: datetime) -> datetime:
        """What the clock of this host shows at a true moment (aware UTC)."""
        return moment + timedelta(seconds=self._set_by_s)

    def true_now(self) -> datetime:
        """Aware UTC, as everybody else knows it."""
        self._passed_s += TICK_S
        return START + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        """Seconds since the start; nobody sets this clock."""
        return self._passed_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed_s += seconds

    def sleep_until(self, passed_s: float) -> None:
        """Let time pass until so many seconds after the start."""
        self._passed_s = max(self._passed_s, passed_s)

    def set_by(self, seconds: float) -> None:
        """Somebody sets the clock forward, or back with a negative number."""
        self._set_by_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait for a timer of the running loop."""
        await asyncio.sleep(seconds)
