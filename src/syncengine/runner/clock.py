"""The time of this computer."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Fulfils `syncengine.engine.ports.Clock` with real time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
