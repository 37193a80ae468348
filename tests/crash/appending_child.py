"""
A process that appends to a log as fast as it can, says what was acknowledged, and waits to be killed.

Every line it prints is a stream and the version that is durable by then. `opening` comes before the log is opened.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import uuid4

from syncengine.adapters.event_log import open_log
from syncengine.domain.events import ClaimTaken
from syncengine.domain.identity import claim_stream
from syncengine.domain.records import RecordRef
from tests.unit.adapters.sample_events import confirmed, intended, observed, to_link

TASKS = 20


def say(text):
    """One write, so that a kill cannot cut a line in two."""
    os.write(1, f"{text}\n".encode())


async def life_of_links(log):
    """Each link is three appends; the first one spans two streams."""
    while True:
        link = uuid4()
        ref = RecordRef("huly", "board", link.hex)
        claim = claim_stream("huly", "board", link.hex)
        await log.append(
            to_link(observed(ref), link=link), to_link(ClaimTaken(ref=ref, link_id=link), link=claim), caused_by="child"
        )
        say(f"{link} 1")
        await log.append(to_link(intended(link.hex), after=1, link=link), caused_by="child")
        say(f"{link} 2")
        await log.append(to_link(confirmed(link.hex, RecordRef("vibe", "b", link.hex)), after=2, link=link), caused_by="c")
        say(f"{link} 3")


async def main(path):
    say("opening")
    async with open_log(path) as log, asyncio.TaskGroup() as group:
        for _ in range(TASKS):
            group.create_task(life_of_links(log))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
