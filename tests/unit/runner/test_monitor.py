"""What a monitor remembers of what it is told, and what it finds out by looking."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.connector import Capabilities
from syncengine.engine.notes import (
    CallEnded,
    ClockJumped,
    EndpointConnected,
    EndpointNotConnected,
    HealthChanged,
    LeaseBack,
    LeaseLost,
    PassEnded,
    PassFailed,
    PassWork,
    Starting,
)
from syncengine.engine.ports import Endpoint
from syncengine.errors import RecordRefused, RemoteBusy, Unreachable
from syncengine.redaction import Secret
from syncengine.runner.health import monitor as monitor_module
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.health.monitor import Monitor
from tests.fixtures.faulty_log import read_only
from tests.fixtures.heard import Heard
from tests.unit.adapters.sample_events import intended, observed, to_link
from tests.unit.runner.manual_clock import ManualClock, settle


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def log(tmp_path, clock):
    async with open_log(tmp_path / "log.db", now=clock.now) as log:
        yield log


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def monitor(clock, log, heard):
    """One that looks at a log and at two endpoints which are connected; the start is over."""
    monitor = Monitor(clock=clock, interval_s=60, endpoints=("left", "right"), telemetry=heard)
    monitor.log_opened(log)
    for name in ("left", "right"):
        monitor.note(EndpointConnected(endpoint=name, connector="memory"))
    monitor.note(Starting(step="ready"))
    return monitor


def pass_ended(status="success"):
    return PassEnded(
        sync_id="p",
        status=status,
        duration_s=1,
        pairings=1,
        changed=0,
        judged=0,
        problems=int(status == "error"),
        quiet=True,
    )


def call(operation="list", error=None, *, endpoint="left", took_s=0.1):
    return CallEnded(endpoint=endpoint, connector="memory", operation=operation, attempt=1, error=error, duration_s=took_s)


def left(monitor):
    return monitor.vital_signs().endpoints["left"]


async def write(log, statement):
    """Something that only the one connection that writes can do."""
    return await log._submit(lambda cursor: cursor.execute(statement).fetchall())


async def note_pass(log, clock, **summary):
    now = clock.now()
    await log.heartbeat.note_pass(
        sync_id="p", started_at=now - timedelta(seconds=5), finished_at=now, summary={"problems": [], **summary}
    )


# -- passes ----------------------------------------------------------------------------------------------------------------


async def test_a_pass_is_under_way_from_its_beginning_to_its_end(monitor, clock):
    """However it ends, also when its task is cancelled."""
    with suppress(asyncio.CancelledError), monitor.within(PassWork(sync_id="p")):
        assert monitor.vital_signs().pass_started_at == clock.now()
        raise asyncio.CancelledError
    assert monitor.vital_signs().pass_started_at is None


async def test_whoever_makes_passes_has_started(clock):
    """A program of one's own notes no steps."""
    monitor = Monitor(clock=clock, interval_s=60)
    assert not monitor.vital_signs().ready
    with monitor.within(PassWork(sync_id="p")):
        assert monitor.vital_signs().ready


@pytest.mark.parametrize(("status", "is_success"), [("success", True), ("error", False), ("stopped", False)])
async def test_only_a_pass_without_problems_is_a_success(monitor, clock, status, is_success):
    """The others came to their end all the same."""
    await clock.advance(100)
    monitor.note(pass_ended(status))
    signs = monitor.vital_signs()
    assert signs.last_pass_at == clock.now()
    assert (signs.last_success_at == clock.now()) == is_success


@pytest.mark.parametrize(
    ("summary", "is_success"), [({}, True), ({"problems": ["Unreachable: x"]}, False), ({"stopped": True}, False)]
)
async def test_the_last_pass_of_an_earlier_process_counts(log, clock, summary, is_success):
    """It is in the log."""
    await note_pass(log, clock, **summary)
    ended = clock.now()
    await clock.advance(1000)
    monitor = Monitor(clock=clock, interval_s=60)
    monitor.log_opened(log)
    signs = monitor.vital_signs()
    assert signs.last_pass_at == ended
    assert signs.last_success_at == (ended if is_success else None)


# -- endpoints -------------------------------------------------------------------------------------------------------------


class LibraryIsShut(RemoteBusy):
    """What some connector calls it."""


class PageTorn(RecordRefused):
    """What some connector calls it."""


TROUBLE = (
    "Unreachable",
    "RemoteBusy",
    "RateLimited",
    "OutcomeUnknown",
    "AuthenticationFailed",
    "PermissionDenied",
    "EndpointGone",
)


@pytest.mark.parametrize("error", [*TROUBLE, "ContractViolation", "CircuitOpen", "LibraryIsShut", "NobodyKnowsThisOne"])
async def test_a_call_that_fails_is_trouble_until_it_works_again(monitor, error):
    """Another operation that works proves nothing about this one, nor does another endpoint."""
    monitor.note(call("list", error))
    monitor.note(call("discover"))
    monitor.note(call("list", endpoint="right"))
    assert left(monitor).trouble == f"list failed with {error}"
    assert monitor.vital_signs().endpoints["right"].trouble is None
    monitor.note(call("list"))
    assert left(monitor).trouble is None


@pytest.mark.parametrize("error", ["RecordInvalid", "RecordNotFound", "AmbiguousKey", "StaleRevision", "PageTorn"])
async def test_trouble_with_one_record_is_none_of_the_endpoint(monitor, error):
    """The link of the record says it."""
    monitor.note(call("update", error))
    assert left(monitor).trouble is None


async def test_a_pass_without_problems_ends_all_trouble(monitor):
    """A write that was lost is found by looking; nobody makes it again only to prove that it works."""
    monitor.note(call("update", "OutcomeUnknown"))
    monitor.note(pass_ended("error"))
    assert left(monitor).trouble
    monitor.note(pass_ended())
    assert left(monitor).trouble is None


async def test_an_endpoint_that_nobody_connected_yet(clock):
    """It counts from the start, with its reason as soon as there is one; secrets are struck out."""
    Secret("swordfish-42")
    monitor = Monitor(clock=clock, interval_s=60, endpoints=("left",))
    assert not left(monitor).connected
    monitor.note(EndpointNotConnected(endpoint="left", reason="no answer\nto swordfish-42"))
    assert (left(monitor).connected, left(monitor).trouble) == (False, "no answer to ***")
    monitor.note(EndpointConnected(endpoint="left", connector="memory"))
    assert (left(monitor).connected, left(monitor).trouble) == (True, None)


class NotThere:
    """Stands for an endpoint that cannot be reached yet."""

    @property
    def capabilities(self):
        raise Unreachable("nobody answers")


class There:
    """An open connector, as far as a monitor looks at it."""

    capabilities = Capabilities(schemas=(), call_timeout_s=10)


async def test_endpoints_that_were_open_from_the_start(clock):
    """Nobody notes that; whoever stands for one that is not says so when asked."""
    monitor = Monitor(clock=clock, interval_s=60)
    opened = {"left": There(), "right": NotThere()}
    monitor.endpoints_open({name: Endpoint(name=name, connector=it) for name, it in opened.items()})
    assert {name: it.connected for name, it in monitor.vital_signs().endpoints.items()} == {"left": True, "right": False}


@pytest.mark.parametrize(
    ("slow_s", "took_s", "slow"), [(None, 5.0, False), (None, 5.1, True), (2.0, 2.1, True), (60.0, 9.0, False)]
)
async def test_an_endpoint_is_slow_after_two_slow_answers(clock, slow_s, took_s, slow):
    """More than half of the 10 seconds that one call has, unless the settings say how much; quick answers end it."""
    monitor = Monitor(clock=clock, interval_s=60, settings=HealthSettings(slow_s=slow_s))
    monitor.endpoints_open({"left": Endpoint(name="left", connector=There())})
    monitor.note(call("discover", took_s=took_s))
    assert not left(monitor).slow
    monitor.note(call("list", took_s=took_s))
    assert left(monitor).slow == slow
    for _ in range(2):  # the end of a listing costs no request
        monitor.note(call("list", took_s=0.0))
        assert left(monitor).slow == slow
    monitor.note(call("list", took_s=0.2))
    assert not left(monitor).slow


async def test_calls_that_fail_are_not_slow(monitor):
    """They are trouble."""
    for _ in range(3):
        monitor.note(call("list", "Unreachable", took_s=30))
    assert not left(monitor).slow


async def test_the_breaker_is_asked_for(clock):
    """Whoever has it knows."""
    monitor = Monitor(clock=clock, interval_s=60, endpoints=("left",), breaker_of={"left": "half_open"}.__getitem__)
    assert left(monitor).breaker == "half_open"


# -- the log ---------------------------------------------------------------------------------------------------------------


async def test_what_the_log_says(monitor, log):
    """Open writes and positions; parked items and pauses go the same way."""
    await log.append(to_link(observed(), intended("i1", "i2")), caused_by="p")
    signs = monitor.vital_signs()
    assert [it.intent_id for it in signs.open_writes] == ["i1", "i2"]
    assert (signs.log_position, signs.view_position) == (2, 2)
    assert (signs.log_trouble, signs.lease_held) == (None, True)


async def test_views_that_miss_something(monitor, log):
    """An event that came in behind the back of the views; a rebuild brings them up to it."""
    await log.append(to_link(observed()), caused_by="p")
    await write(log, "INSERT INTO stored_events SELECT 'ff', 1, topic, state FROM stored_events")
    signs = monitor.vital_signs()
    assert (signs.log_position, signs.view_position) == (2, 1)
    await log.append(to_link(intended("i1"), after=1), caused_by="p")
    signs = monitor.vital_signs()
    assert (signs.log_position, signs.view_position) == (3, 2)
    await write(
        log, "UPDATE stored_events SET originator_id = '000000000000000000000000000000ff' WHERE originator_id = 'ff'"
    )
    await log.rebuild_views()
    signs = monitor.vital_signs()
    assert (signs.log_position, signs.view_position) == (3, 3)


async def test_a_log_that_cannot_be_written_is_found_out_by_trying(monitor, log):
    """Also when nothing had to be written; and that it can be written again too."""
    await monitor.probe()
    assert monitor.vital_signs().log_trouble is None
    with read_only(log):
        await monitor.probe()
    assert "cannot be written; give this user the right" in monitor.vital_signs().log_trouble
    await monitor.probe()
    assert monitor.vital_signs().log_trouble is None


async def test_a_try_is_durable(monitor, log):
    """Each one goes to the disk, or nothing would be proved."""
    wal = log.path.with_name("log.db-wal")
    sizes = []
    for _ in range(3):
        await monitor.probe()
        sizes.append(wal.stat().st_size)
    assert sizes[0] < sizes[1] < sizes[2]


async def test_a_disk_that_hangs(monitor, log, monkeypatch):
    """No answer is an answer."""
    monkeypatch.setattr(monitor_module, "PROBE_WITHIN_S", 0.05)
    hangs = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(type(log), "probe", lambda self: hangs)
    await monitor.probe()
    assert "took no write within 0.05 seconds; check its disk" in monitor.vital_signs().log_trouble


async def test_nobody_tries_to_write_a_log_that_is_somebody_elses(monitor, log):
    """The lease is lost; a try would be a write."""
    monitor.note(LeaseLost(reason="process 7 writes it"))
    with read_only(log):
        await monitor.probe()
    assert monitor.vital_signs().log_trouble is None


async def test_a_pass_that_could_not_save_is_trouble_until_one_can(monitor):
    """A small try may work on a disk that has no room for more."""
    monitor.note(PassFailed(error="LogUnavailable", reason="the disk is full; make room", duration_s=1))
    await monitor.probe()
    assert monitor.vital_signs().log_trouble == "the disk is full; make room"
    monitor.note(pass_ended("error"))
    assert monitor.vital_signs().log_trouble is None


@pytest.mark.parametrize("error", ["ConcurrentAppend", "LeaseLost", "TooManyDeletions", "KeyError"])
async def test_a_pass_that_failed_for_another_reason(monitor, error):
    """It says nothing about the log."""
    monitor.note(PassFailed(error=error, reason="x", duration_s=1))
    assert monitor.vital_signs().log_trouble is None


async def test_a_log_that_cannot_be_read(tmp_path, clock):
    """Asking how things stand works all the same; what is in the log is not known then."""
    monitor = Monitor(clock=clock, interval_s=60, endpoints=("left",))
    async with open_log(tmp_path / "log.db") as log:
        monitor.log_opened(log)
    signs = monitor.vital_signs()
    assert signs.log_trouble
    assert set(signs.endpoints) == {"left"}
    assert monitor.health().status == "unhealthy"


async def test_a_log_that_is_broken_from_the_start(tmp_path, clock):
    """Whoever opens it will end; until then the reason is known."""
    monitor = Monitor(clock=clock, interval_s=60)
    async with open_log(tmp_path / "log.db") as log:
        await write(log, "DROP TABLE heartbeat")
        monitor.log_opened(log)
        assert "heartbeat" in monitor.vital_signs().log_trouble


# -- lease and clock -------------------------------------------------------------------------------------------------------


async def test_the_lease(monitor):
    """Lost until it is back."""
    monitor.note(LeaseLost(reason="process 7 writes it"))
    signs = monitor.vital_signs()
    assert (signs.lease_held, signs.lease_trouble) == (False, "process 7 writes it")
    monitor.note(LeaseBack())
    assert monitor.vital_signs().lease_held


@pytest.mark.parametrize("by_s", [-86_400.0, 86_400.0])
async def test_a_clock_that_was_set_makes_nothing_older_or_younger(monitor, clock, by_s):
    """It is told, and what was remembered is as long ago as before."""
    with monitor.within(PassWork(sync_id="p")):
        await clock.advance(5)
        monitor.note(pass_ended())
        await clock.advance(10)
        clock.set_back_or_forward(by_s)
        monitor.note(ClockJumped(by_s=by_s))
        signs = monitor.vital_signs()
        assert (signs.clock_jumped_at, signs.clock_jump_s) == (clock.now(), by_s)
        assert signs.now - signs.last_pass_at == signs.now - signs.last_success_at == timedelta(seconds=10)
        assert signs.now - signs.pass_started_at == signs.now - signs.started_at == timedelta(seconds=15)


# -- telling ---------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def watching(monitor, clock):
    """Somebody looks, and is called off in the end. `tick` lets one look pass."""
    task = asyncio.create_task(monitor.watch())

    async def tick(seconds=0.0):
        await clock.advance(seconds)
        await clock.settled_until(lambda: clock.waits() or task.done())

    try:
        await tick()
        yield tick
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_change_is_told_once(monitor, clock, heard, log):
    """With its reasons, within half an interval, and again when it is over."""
    async with watching(monitor, clock) as tick:
        await tick(30)
        assert heard.notes == []
        with read_only(log):
            for _ in range(3):
                await tick(30)
        (told,) = heard.notes
        assert (told.name, told.status) == ("health.changed", "unhealthy")
        assert "cannot be written" in told.reasons[0]
        monitor.note(pass_ended())
        await tick(30)
        assert heard.notes[1:] == [HealthChanged(status="healthy", reasons=())]


async def test_nothing_is_told_before_the_start_is_over(clock, heard, log):
    """It is not well yet, and everybody knows."""
    monitor = Monitor(clock=clock, interval_s=60, endpoints=("left",), telemetry=heard)
    monitor.log_opened(log)
    async with watching(monitor, clock) as tick:
        await tick(30)
        assert heard.notes == []
        monitor.note(Starting(step="ready"))
        await tick(30)
        assert [it.status for it in heard.notes] == ["degraded"]


@pytest.mark.parametrize(("interval_s", "waits"), [(10, 5), (3600, 30)])
async def test_how_often_somebody_looks(monitor, clock, interval_s, waits):
    """Twice in each interval, and twice a minute where that is long."""
    monitor.interval_s = interval_s
    async with watching(monitor, clock):
        await settle()
        assert clock.waits() == [waits]
