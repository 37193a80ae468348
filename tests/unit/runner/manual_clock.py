"""A clock whose hands a test moves; sleepers wake when their time has come."""

import asyncio
from datetime import UTC, datetime, timedelta


class ManualClock:
    def __init__(self):
        self._now = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)
        self._sleepers = []
        self._set_by = timedelta()

    def now(self):
        return self._now

    def monotonic(self):
        return (self._now - self._set_by).timestamp()

    async def sleep(self, seconds):
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + timedelta(seconds=seconds), woken))
        await woken

    def set_back_or_forward(self, seconds):
        """Somebody sets the clock; who sleeps goes on sleeping as long as before."""
        self._now += timedelta(seconds=seconds)
        self._set_by += timedelta(seconds=seconds)
        self._sleepers = [(due + timedelta(seconds=seconds), woken) for due, woken in self._sleepers]

    async def settled_until(self, happened):
        """Let everybody work until something happened that comes from outside, such as a signal."""
        async with asyncio.timeout(10):
            while not happened():
                await asyncio.sleep(0)
        await settle()

    def waits(self):
        """Seconds until each sleeper wakes, the soonest first."""
        alive = [(due - self._now).total_seconds() for due, woken in self._sleepers if not woken.done()]
        return sorted(alive)

    async def advance(self, seconds):
        """Move the hands, wake who is due, and let everybody act on it."""
        self._now += timedelta(seconds=seconds)
        for due, woken in self._sleepers:
            if due <= self._now and not woken.done():
                woken.set_result(None)
        self._sleepers = [(due, woken) for due, woken in self._sleepers if not woken.done()]
        await settle()


async def settle():
    """Let every task run until it waits for something."""
    for _ in range(50):
        await asyncio.sleep(0)
