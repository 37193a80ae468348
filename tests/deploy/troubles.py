"""
One story for each alert: what goes wrong in a run, how long it lasts, and what ends it.

Everything is told by the real metrics of a real run (`memory_run.py`); what goes wrong is done to the remotes, to the files of
the log, to the clock, or to the process, and to nothing else.
"""

import asyncio
import fcntl
import resource
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import frozen

from syncengine.adapters.guard.heard_requests import noting_requests
from syncengine.http import listening, open_session, send
from syncengine.testing import Fault, Weather
from tests.deploy.memory_run import LEFT, RIGHT, MemoryRun, memory_run
from tests.deploy.series import Storage, stored

CALM_MIN = 10
"""Minutes before anything goes wrong; nothing may fire until then."""

Trouble = Callable[[MemoryRun], Awaitable[None]]


@frozen(kw_only=True)
class Story:
    """
    What happens after the calm.

    Attributes:
        trouble: goes on for a while, with the run in it.
        after_min: minutes after the trouble in which everything becomes well again.
        labels: of the alert, besides those of the target.
        also: other alerts that this trouble may fire.
    """

    alert: str
    trouble: Trouble
    after_min: float = 20
    labels: dict[str, str]
    also: frozenset[str] = frozenset()


STORIES: dict[str, Story] = {}


def story(alert: str, *, after_min: float = 20, also: tuple[str, ...] = (), **labels: str) -> Callable[[Trouble], Trouble]:
    """Register the story of an alert."""

    def register(trouble: Trouble) -> Trouble:
        STORIES[alert] = Story(alert=alert, trouble=trouble, after_min=after_min, labels=labels, also=frozenset(also))
        return trouble

    return register


@story("SyncDown", also=("SyncFailing",))
async def the_process_is_gone(run: MemoryRun) -> None:
    run.watched.alive = False
    await run.minutes(10)
    run.watched.alive = True


@story("SyncFailing", also=("EndpointDown", "BreakerOpen"))
async def a_remote_is_away_for_half_an_hour(run: MemoryRun) -> None:
    _away(run)
    await run.minutes(30)
    run.left_faults.clear()


@story("SyncStuck", also=("SyncFailing",))
async def a_listing_takes_an_hour(run: MemoryRun) -> None:
    run.left_faults.plan("list", Fault(weather=Weather.SLOW, delay_s=3600))
    run.person_creates(run.left, ["late"])
    await run.minutes(61)


@story("EndpointDown", also=("BreakerOpen",), endpoint=LEFT)
async def a_remote_is_away(run: MemoryRun) -> None:
    _away(run)
    await run.minutes(9)
    run.left_faults.clear()


@story("BreakerOpen", also=("EndpointDown",), host=LEFT, state="open")
async def calls_fail_again_and_again(run: MemoryRun) -> None:
    _away(run)
    await run.minutes(9)
    run.left_faults.clear()


@story("EndpointPaused", also=("SyncFailing", "EndpointDown"), endpoint=RIGHT)
async def credentials_are_refused(run: MemoryRun) -> None:
    for operation in ("discover", "list", "fetch"):
        run.right_faults.always(operation, Weather.UNAUTHORISED)
    await run.minutes(5)
    run.right_faults.clear()


@story("OpenIntentOld", also=("SyncFailing", "EndpointDown", "BreakerOpen", "HighErrorRate"))
async def an_answer_is_lost_and_nobody_can_look(run: MemoryRun) -> None:
    run.right_faults.plan("create", Weather.DROPPED_AFTER)
    for operation in ("find_by_key", "fetch"):
        run.right_faults.always(operation, Weather.REFUSED)
    run.person_creates(run.left, ["lost"])
    await run.minutes(25)
    run.right_faults.clear()


@story("ItemsParked", subject="field")
async def a_conflict_waits_for_a_person(run: MemoryRun) -> None:
    run.person_edits(run.left, "issue 3", status="doing")
    run.person_edits(run.right, "issue 3", status="done")
    await run.minutes(20)
    run.person_edits(run.right, "issue 3", status="doing")


@story("RecordsVanished", also=("SyncFailing",), after_min=70)
async def somebody_deletes_half_a_project(run: MemoryRun) -> None:
    run.person_deletes(run.right, [f"issue {number}" for number in range(7)])
    await run.minutes(5)


@story("LogNotWritable", also=("SyncFailing",))
async def the_disk_is_full(run: MemoryRun) -> None:
    with _full_disk():
        await run.minutes(5)


@story("LeaseLost", also=("SyncFailing",))
async def another_process_takes_the_log(run: MemoryRun) -> None:
    lock = run.watched.sync.log.path.with_name(run.watched.sync.log.path.name + ".lock")
    lock.unlink()
    with lock.open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        await run.minutes(5)


@story("ViewsLag")
async def somebody_changes_the_file_of_the_log(run: MemoryRun) -> None:
    _views_moved(run, by=-3)
    await run.minutes(6)
    _views_moved(run, by=3)


@story("ClockJumped")
async def the_clock_is_set(run: MemoryRun) -> None:
    run.watched.clock.set_by(180)
    await run.minutes(2)


@story("HighErrorRate", endpoint=RIGHT)
async def a_remote_refuses_what_it_is_sent(run: MemoryRun) -> None:
    run.right_faults.always("update", Weather.INVALID)
    for number in range(12):
        run.person_edits(run.left, f"issue {number}", title=f"changed {number}")
        await run.minutes(1)
    run.right_faults.clear()
    for number in range(12):
        run.person_edits(run.left, f"changed {number}", title=f"changed again {number}")


@story("Throttled", server_address="127.0.0.1")
async def a_server_says_too_many_requests(run: MemoryRun) -> None:
    async def too_many(_request: web.Request) -> web.Response:
        return web.Response(status=429)

    app = web.Application()
    app.router.add_get("/", too_many)
    async with TestServer(app) as server, open_session(timeout_s=10) as session:
        with listening(noting_requests(run.watched.sync.telemetry, LEFT)):
            for _ in range(12):
                for _ in range(3):
                    await send(session, "GET", server.make_url("/"), changes=False)
                await run.minutes(1)


def _away(run: MemoryRun) -> None:
    for operation in ("discover", "list", "fetch", "find_by_key", "create", "update"):
        run.left_faults.always(operation, Weather.REFUSED)


@contextmanager
def _full_disk():
    """No file of this process can grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _views_moved(run: MemoryRun, *, by: int) -> None:
    with sqlite3.connect(run.watched.sync.log.path) as connection:
        connection.execute("UPDATE view_progress SET position = position + ?", (by,))
    connection.close()


@asynccontextmanager
async def told(alert: str) -> AsyncIterator[tuple[MemoryRun, float, float]]:
    """The run of a story when all is over, and when the trouble began and ended, in seconds since the epoch."""
    it = STORIES[alert]
    with tempfile.TemporaryDirectory() as folder:
        async with memory_run(Path(folder)) as run:
            await run.minutes(CALM_MIN)
            began = run.watched.at
            await it.trouble(run)
            ended = run.watched.at
            await run.minutes(it.after_min)
            yield run, began, ended


@frozen(kw_only=True)
class Outcome:
    """
    What a story left behind; all times are seconds since the epoch.

    Attributes:
        first, last: of the scrapes.
        began, ended: of the trouble.
    """

    storage: Storage
    first: float
    began: float
    ended: float
    last: float


@cache
def outcome(alert: str) -> Outcome:
    """The story of an alert, told once however many tests ask for it."""

    async def tell() -> Outcome:
        async with told(alert) as (run, began, ended):
            times = {"first": run.watched.scrapes[0].at, "began": began, "ended": ended, "last": run.watched.scrapes[-1].at}
            return Outcome(storage=stored(run.watched.scrapes), **times)

    return asyncio.run(tell())
