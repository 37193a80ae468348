"""
Processes that want to write one log, as many as asked for: `python -m tests.crash.contender ADDRESS PATIENCE_S`, then a
line for each process. `PATIENCE_S` is the longest pause between two attempts of one of them, in seconds.

Each tries for ever to be the writer, and says on standard output what becomes of it, in lines that start with its id:
`holds EPOCH POSITION`, `stored EPOCH NUMBER` for each event that is durable, `lost EPOCH`.
"""

import asyncio
import os
import random
import signal
import sys
from uuid import uuid4

import syncengine.adapters.eventsourcing_bridge  # noqa: F401 - once, and not in each of a hundred processes
from syncengine.domain.events import PassStarted
from syncengine.errors import AnotherWriter, LeaseLost, LogUnavailable
from tests.crash.contested_logs import opened
from tests.unit.adapters.sample_events import to_link

PACE_S = 0.01
"""Seconds between two events, so that the log does not grow by thousands while somebody decides whom to kill."""


def say(text: str) -> None:
    """One write, so that neither a kill nor another process can cut a line in two."""
    os.write(1, f"{os.getpid()} {text}\n".encode())


async def contend(address: str, patience_s: float) -> None:
    """Be the writer whenever it can be had, until killed."""
    while True:
        try:
            await _write(address)
        except (AnotherWriter, LogUnavailable):
            await asyncio.sleep(random.uniform(0, patience_s))


async def _write(address: str) -> None:
    async with opened(address, command="contender") as log:
        epoch, stream = log.lease.epoch, uuid4()
        say(f"holds {epoch} {log.max_position()}")
        for number in range(1_000_000):
            try:
                event = to_link(PassStarted(sync_id=f"{epoch}"), after=number, link=stream)
                await log.append(event, caused_by=f"{epoch}/{os.getpid()}/{number}")
            except (LeaseLost, LogUnavailable):
                # A database closes the connection of somebody who was paused in the middle of something.
                say(f"lost {epoch}")
                return
            say(f"stored {epoch} {number}")
            await asyncio.sleep(PACE_S)


def main(address: str, patience_s: float) -> None:
    """Make one process for each line of standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed is buried at once
    for _ in sys.stdin:
        if os.fork() == 0:
            random.seed()
            try:
                asyncio.run(contend(address, patience_s))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the one who watches has to know
                say(f"failed {error!r}")
            finally:
                os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
