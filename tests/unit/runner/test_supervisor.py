"""When passes start, what ends them, and what does not."""

import asyncio
import os
import signal
from datetime import timedelta

import pytest
from attrs import define, field

from syncengine.engine.notes import Stopped, Stopping
from syncengine.engine.ports import OpenWrite
from syncengine.engine.report import PassReport
from syncengine.errors import (
    AuthenticationFailed,
    ConcurrentAppend,
    EndpointGone,
    EventLogError,
    LeaseLost,
    LogUnavailable,
    SettingsInvalid,
    SuspiciousListing,
    Unreachable,
)
from syncengine.runner.stop_signals import FINISHING, LEAVING
from syncengine.runner.supervisor import RACES, Ending, run_forever, run_until_quiet
from syncengine.runner.sync import Sync
from tests.fixtures.heard import Heard
from tests.unit.runner.manual_clock import ManualClock, settle


@define
class FakeEngine:
    """Runs passes as a test says: a value to report, an error to raise, or something to wait for."""

    clock: ManualClock
    script: list = field(factory=list)
    passes: int = 0
    stopped: bool = False
    retried: list = field(factory=list)
    forgot: int = 0

    def stop(self):
        self.stopped = True

    def forget(self):
        self.forgot += 1

    async def run_pass(self, *, retry_refused=False):
        self.passes += 1
        self.retried.append(retry_refused)
        report = PassReport(sync_id=f"pass-{self.passes}", started_at=self.clock.now())
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        if isinstance(step, asyncio.Event):
            await step.wait()
        if isinstance(step, dict):
            for name, value in step.items():
                setattr(report, name, value)
        report.stopped = report.stopped or self.stopped
        return report


@define
class FakeLog:
    """Remembers what was noted; holds open writes for the views."""

    noted: list = field(factory=list)
    skipped: int = 0
    writes: list = field(factory=list)
    lease: object = None

    @property
    def heartbeat(self):
        return self

    async def note_pass(self, **facts):
        self.noted.append(facts)

    async def note_skipped(self):
        self.skipped += 1

    def open_writes(self):
        return self.writes


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def sync(clock):
    log = FakeLog()
    return Sync(engine=FakeEngine(clock), log=log, views=log, endpoints={}, clock=clock, telemetry=Heard())


@pytest.fixture
async def forever(sync):
    """Starts `run_forever` every 60 seconds, and ends it."""
    tasks = []
    stop = asyncio.Event()

    async def start(**options):
        task = asyncio.ensure_future(run_forever(sync, 60, catch_signals=False, stop=stop, **options))
        task.stop = stop
        tasks.append(task)
        await settle()
        return task

    yield start
    stop.set()
    await settle()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def open_write(clock, seconds):
    not_before = None if seconds is None else clock.now() + timedelta(seconds=seconds)
    return OpenWrite(intent_id="i", link_id=None, endpoint="e", since=clock.now(), not_before=not_before)


async def test_passes_start_on_schedule(sync, clock, forever):
    """The first at once, then one every interval; the end comes at once in a pause."""
    reports = []
    task = await forever(on_report=reports.append, retry_refused=True)
    assert sync.engine.passes == 1
    await clock.advance(59)
    assert sync.engine.passes == 1
    await clock.advance(1)
    assert sync.engine.passes == 2
    await clock.advance(60)
    task.stop.set()
    ending = await task
    assert ending == Ending(passes=3, skipped=0, stopped_by=None, last=reports[-1])
    assert [it.sync_id for it in reports] == ["pass-1", "pass-2", "pass-3"]
    assert sync.engine.retried == [True, False, False]
    assert len(sync.log.noted) == 3


async def test_a_pass_that_would_overlap_is_skipped_and_counted(sync, clock, forever):
    """A pass of two and a half intervals: two are skipped, the next one starts when it is due."""
    slow = asyncio.Event()
    sync.engine.script = [slow]
    task = await forever()
    await clock.advance(60)
    await clock.advance(60)
    assert (sync.engine.passes, sync.log.skipped) == (1, 2)
    await clock.advance(30)
    slow.set()
    await settle()
    assert sync.engine.passes == 1
    await clock.advance(30)
    assert sync.engine.passes == 2
    task.stop.set()
    assert (await task).skipped == 2
    assert sync.telemetry.names.count("pass.skipped") == 2


async def test_a_pass_of_somebody_else_counts_as_skipped(sync, forever):
    """An embedding program may call the engine itself."""
    sync.engine.script = [{"skipped": True}]
    await forever()
    assert (sync.log.skipped, sync.log.noted) == (1, [])


async def test_a_postponed_write_is_tried_when_it_is_due(sync, clock, forever):
    """Not before, and not with the next pass of the schedule only."""
    sync.log.writes = [open_write(clock, 10), open_write(clock, None), open_write(clock, -5)]
    await forever()
    await clock.advance(9)
    assert sync.engine.passes == 1
    sync.log.writes = []
    await clock.advance(1)
    assert sync.engine.passes == 2
    await clock.advance(59)
    assert sync.engine.passes == 2
    await clock.advance(1)
    assert sync.engine.passes == 3


async def test_writes_that_are_always_due_cause_no_storm(sync, clock, forever):
    """A second lies between two passes, at the least."""
    sync.log.writes = [open_write(clock, 0.001)]
    await forever()
    assert clock.waits()[0] == 1.0


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("gone for now"),
        SuspiciousListing("lists nothing", place="left/a", plan="0f1e"),
        LogUnavailable("the disk is full"),
    ],
)
async def test_trouble_that_may_pass_ends_nothing(sync, clock, forever, error):
    """The next pass starts as planned."""
    sync.engine.script = [error]
    await forever()
    await clock.advance(60)
    assert sync.engine.passes == 2


@pytest.mark.parametrize("error", [EventLogError("an event is damaged"), SettingsInvalid(["no rule"])])
async def test_a_log_or_settings_that_cannot_be_used_end_it(sync, forever, error):
    """Going on would be pretending."""
    sync.engine.script = [error]
    task = await forever()
    with pytest.raises(type(error)):
        await task


async def test_lost_races_are_run_again_but_not_for_ever(sync, clock, forever):
    """Somebody else appends to the log again and again: then something is wrong."""
    sync.engine.script = [ConcurrentAppend("moved on")] * (RACES + 1)
    task = await forever()
    for _ in range(RACES):
        assert not task.done()
        await clock.advance(60)
    with pytest.raises(ConcurrentAppend):
        await task


async def test_refused_credentials_end_nothing(sync, clock, forever):
    """The endpoint is paused and shown; the others go on, and so does the endpoint once it lets us in again."""
    sync.engine.script = [{"refusals": {"huly": AuthenticationFailed("huly discover: the token expired")}}]
    await forever()
    await clock.advance(60)
    assert sync.engine.passes == 2


async def test_the_end_lets_a_pass_finish(sync, forever):
    """The engine is asked to stop, and its pass is waited for."""
    slow = asyncio.Event()
    sync.engine.script = [slow]
    task = await forever()
    task.stop.set()
    await settle()
    assert sync.engine.stopped
    assert not task.done()
    slow.set()
    assert (await task).last.stopped


async def test_cancelling_ends_the_pass_too(sync, forever):
    """Nothing goes on behind the back of the program."""
    sync.engine.script = [asyncio.Event()]
    task = await forever()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [it for it in asyncio.all_tasks() if it is not asyncio.current_task()] == []


async def test_the_first_signal_finishes_and_the_second_leaves(sync):
    """SIGTERM, then SIGINT, as a person would send them."""
    said = []
    sync.engine.script = [asyncio.Event()]
    task = asyncio.ensure_future(run_forever(sync, 60, say=said.append))
    await settle()
    os.kill(os.getpid(), signal.SIGTERM)
    await _until(lambda: said)
    assert said == [FINISHING]
    await settle()
    assert sync.engine.stopped
    assert not task.done()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    assert said == [FINISHING, LEAVING]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_the_signal_is_in_the_ending(sync):
    """So that the exit code can tell."""
    task = asyncio.ensure_future(run_forever(sync, 60, say=lambda _: None))
    await settle()
    os.kill(os.getpid(), signal.SIGINT)
    assert (await asyncio.wait_for(task, 10)).stopped_by is signal.SIGINT


async def test_signals_are_left_alone_outside_the_main_thread(sync):
    """An embedding program may run its loop anywhere."""

    def elsewhere():
        async def run():
            stop = asyncio.Event()
            stop.set()
            return await run_forever(sync, 60, stop=stop)

        return asyncio.run(run())

    ending = await asyncio.to_thread(elsewhere)
    assert ending.passes == 0


async def test_passes_until_nothing_is_left_to_do(sync, clock):
    """It waits for postponed writes, and ends with the first quiet pass."""
    sync.engine.script = [{"observed": 2}, {"writes": {"confirmed": 1}}, {}]
    sync.log.writes = [open_write(clock, 5)]
    reports = []
    task = asyncio.ensure_future(run_until_quiet(sync, on_report=reports.append, retry_refused=True))
    await settle()
    assert sync.engine.passes == 1
    await clock.advance(5)
    assert sync.engine.passes == 2
    assert clock.waits() == [1.0], "what is open but was not settled is given a moment"
    sync.log.writes = []
    await clock.advance(1)
    assert (await asyncio.wait_for(task, 10)).quiet
    assert sync.engine.retried[:2] == [True, False]
    assert len(reports) == sync.engine.passes


@pytest.mark.parametrize(
    ("step", "passes"),
    [
        ({"problems": ["Unreachable: vibe discover: gone"]}, 4),
        ({"problems": ["x"], "refusals": {"vibe": EndpointGone("vibe discover: a web page")}}, 1),
        ({"stopped": True}, 1),
    ],
)
async def test_passes_until_quiet_come_to_an_end(sync, clock, step, passes):
    """When trouble stays, after the most passes allowed; when an endpoint refuses us, at once."""
    sync.engine.script = [dict(step) for _ in range(9)]
    task = asyncio.ensure_future(run_until_quiet(sync, most=4))
    await settle()
    while not task.done():
        await clock.advance(1)
    report = task.result()
    assert sync.engine.passes == passes
    assert not report.quiet or report.stopped


async def _until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_pass_that_does_not_end_is_cut_off(sync, clock, forever):
    """After the time that calls in flight get; nobody waits for a dead server for ever."""
    sync.engine.script = [asyncio.Event()]
    task = await forever(stop_within_s=20)
    task.stop.set()
    await settle()
    await clock.advance(19)
    assert not task.done()
    await clock.advance(1)
    assert (await task).cut_off
    assert sync.telemetry.notes[-2:] == [Stopping(within_s=20), Stopped(passes=0, cut_off=True)]


@pytest.mark.parametrize("jump_s", [-365 * 86_400, 365 * 86_400])
async def test_a_clock_that_is_set_neither_stops_nor_hurries_the_passes(sync, clock, forever, jump_s):
    """Backward by a year: nobody waits for a year. Forward: one more pass is skipped, not half a million."""
    slow = asyncio.Event()
    sync.engine.script = [slow]
    await forever()
    clock.set_back_or_forward(jump_s)
    await clock.advance(60)
    slow.set()
    await settle()
    assert sync.log.skipped <= 2
    for _ in range(2):
        await clock.advance(60)
    assert sync.engine.passes in {2, 3}


async def test_settings_are_read_again_between_passes(sync, clock, forever):
    """At once in a pause, and the new interval counts from then on."""
    asked = []

    async def reload():
        asked.append(sync.engine.passes)
        return 10.0

    task = asyncio.ensure_future(run_forever(sync, 60, reload=reload))
    await settle()
    os.kill(os.getpid(), signal.SIGHUP)
    await clock.settled_until(lambda: sync.engine.passes == 2)
    assert asked == [1]
    await clock.advance(10)
    assert sync.engine.passes == 3
    os.kill(os.getpid(), signal.SIGTERM)
    assert (await task).stopped_by is signal.SIGTERM


@define
class FakeLease:
    answers: list

    def check(self):
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_nothing_is_done_while_somebody_else_writes_the_log(sync, clock, forever):
    """When the lease is back, everything is read anew."""
    sync.log.lease = FakeLease([LeaseLost("written by process 7"), LeaseLost("written by process 7"), False])
    await forever()
    await clock.advance(60)
    assert (sync.engine.passes, sync.engine.forgot) == (0, 0)
    await clock.advance(60)
    assert (sync.engine.passes, sync.engine.forgot) == (1, 1)
    await clock.advance(60)
    assert (sync.engine.passes, sync.engine.forgot) == (2, 1)
    assert [name for name in sync.telemetry.names if name.startswith("lease")] == ["lease.lost", "lease.lost", "lease.back"]
