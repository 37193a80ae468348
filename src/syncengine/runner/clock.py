"""The time of this computer."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """Fulfils `syncengine.engine.ports.Clock` with real time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
