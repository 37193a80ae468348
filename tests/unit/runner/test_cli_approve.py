"""`syncengine approve`: only what is held back, and exactly that."""

import asyncio
import json

from syncengine.adapters.event_log import open_log
from syncengine.domain.events import SafetyStopped
from syncengine.domain.identity import safety_stream
from syncengine.engine.ports import Append

PLACE, PLAN = "left/shelf = right/shelf", "0f1e2d3c4b5a"


def held_back(home):
    async def hold():
        event = SafetyStopped(place=PLACE, plan=PLAN, reason="books: 9 of 20 records would be deleted on right")
        async with open_log(home.log) as log:
            append = Append(stream_id=safety_stream(PLACE), after_version=0, events=(event,))
            await log.append(append, caused_by="test")

    asyncio.run(hold())


def is_approved(home, plan):
    async def look():
        async with open_log(home.log, read_only=True) as log:
            return log.views.is_approved(plan)

    return asyncio.run(look())


def test_status_shows_what_is_held_back_and_approve_lets_it_be_done(home):
    """With the digest to type, the reason, and what happens next."""
    home.run("run", "--once")
    held_back(home)
    assert f"held back   plan {PLAN}" in home.run("status").stdout
    (held,) = json.loads(home.run("status", "--json").stdout)["held_plans"]
    assert (held["plan"], held["place"]) == (PLAN, PLACE)
    done = home.run("approve", PLAN)
    assert done.exit_code == 0, done.stderr
    assert "approved 0f1e2d3c4b5a: books: 9 of 20 records would be deleted on right" in done.stdout
    assert home.run("approve", PLAN).exit_code == 0, "saying it twice is no mistake"
    assert not is_approved(home, PLAN), "the process that writes the log does it"
    home.run("run", "--once")
    assert is_approved(home, PLAN)
    assert json.loads(home.run("status", "--json").stdout)["asked"] == []


def test_it_can_be_approved_while_a_service_writes_the_log(home):
    """Nobody has to stop it."""
    home.run("run", "--once")
    held_back(home)

    async def beside_a_writer():
        async with open_log(home.log, command="the service"):
            return await asyncio.to_thread(home.run, "approve", PLAN)

    assert asyncio.run(beside_a_writer()).exit_code == 0


def test_nothing_is_approved_that_is_not_held_back(home):
    """A mistyped digest, or a plan that is over."""
    home.run("run", "--once")
    held_back(home)
    done = home.run("approve", "ffffffffffff")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nothing with the digest ffffffffffff is held back; `syncengine status` shows what is" in done.stderr
    assert not is_approved(home, "ffffffffffff")
