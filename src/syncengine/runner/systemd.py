"""
Tells systemd how the service is doing, when systemd started it; does nothing otherwise.

The protocol is one datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names; see sd_notify(3).
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from attrs import frozen

_MICRO = 1_000_000


@frozen
class Systemd:
    """The service manager that started this process, or nobody."""

    environ: Mapping[str, str]

    def ready(self, status: str) -> None:
        """Start-up, or a reload, is over; `status` is shown by `systemctl status`."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The settings are being read again; `ready` says when that is over."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """While inside, the watchdog hears that the event loop is alive, twice in the time it allows."""
        period_s = self._watchdog_s()
        if period_s is None:
            yield
            return
        beating = asyncio.create_task(self._beat(period_s / 2), name="systemd watchdog")
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _beat(self, every_s: float) -> None:
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(every_s)

    def _watchdog_s(self) -> float | None:
        meant_for = self.environ.get("WATCHDOG_PID", str(os.getpid()))
        period = self.environ.get("WATCHDOG_USEC", "")
        return int(period) / _MICRO if period.isdigit() and int(period) and meant_for == str(os.getpid()) else None

    def _tell(self, *lines: str) -> None:
        address = self.environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return
        # "@" stands for the zero byte that begins an abstract address.
        address = "\0" + address[1:] if address.startswith("@") else address
        # Nobody is kept from syncing because systemd does not listen.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(lines).encode(), address)
