"""A whole service, asked over HTTP how it is while something goes wrong: twelve troubles, each seen in time, each over by itself."""

import asyncio
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from attrs import Factory, define, field, frozen

from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.lease import hold_lease
from syncengine.connector import ConnectorPlugin
from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.identity import EndpointName, Kind
from syncengine.domain.policy import Backoff, Policy
from syncengine.engine.notes import HealthChanged
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.server.access import ServerSettings
from syncengine.runner.service import Service, open_service
from syncengine.runner.settings import EndpointSettings, Settings
from syncengine.runner.supervisor import run_forever
from syncengine.testing import Abilities, Fault, Faults, MemoryConnector, MemoryRemote, Weather
from tests.fixtures.driven_clock import DrivenClock, commits_under_way
from tests.fixtures.faulty_log import fill_the_disk, make_read_only, make_room, make_writable
from tests.fixtures.heard import Heard

INTERVAL_S = 60
READS = ("discover", "list", "fetch", "find_by_key")
ALL = (*READS, "create", "update", "delete")
TEXTS = {"title": Prefer("left"), "description": Prefer("left")}
POLICY = Policy(
    rules={Kind("project"): TEXTS, Kind("issue"): TEXTS | {"status": AskAPerson()}},
    backoff=Backoff(first_s=5, longest_s=60),
)


class SettableClock(DrivenClock):
    """Somebody may set it."""

    def set_by(self, seconds):
        """Whoever sleeps goes on sleeping as long as before."""
        by = timedelta(seconds=seconds)
        self._now += by
        self._start += by
        self._sleepers = [(due + by, number, woken) for due, number, woken in self._sleepers]


@define
class Side:
    """
    A remote with a person in front of it.

    Attributes:
        hanging: a call of this operation does not come back until the gate opens.
    """

    name: str
    clock: SettableClock
    faults: Faults = Factory(Faults)
    hanging: str | None = None
    gate: asyncio.Event = Factory(asyncio.Event)
    remote: MemoryRemote = field(init=False)

    def __attrs_post_init__(self):
        abilities = Abilities(key_storage="marker", projects=True, natural_keys=("title",))
        self.remote = MemoryRemote(abilities, now=self.clock.now)

    async def at(self, point):
        if self.hanging and point == f"{self.hanging}.before":
            await self.gate.wait()

    @property
    def project(self):
        return next(iter(self.remote.items("")))

    def create(self, title, **fields):
        self.remote.person_creates(self.project, title=title, **fields)

    def edit(self, title, **fields):
        record_id = next(key for key, it in self.remote.items(self.project).items() if it["title"] == title)
        self.remote.person_edits(self.project, record_id, **fields)

    def all_go(self, weather, *operations):
        for operation in operations or ALL:
            self.faults.always(operation, weather)


@frozen
class SideSettings:
    """The remote itself stands where others have an address."""

    side: Side


@asynccontextmanager
async def connect(settings, services):
    side = settings.side
    yield MemoryConnector(side.remote, services.endpoint, faults=side.faults, sleep=side.clock.sleep, at=side.at)


PLUGIN = ConnectorPlugin(name="memory", settings=SideSettings, connect=connect)


@define
class Run:
    """A service that is running, and whoever asks it."""

    service: Service
    clock: SettableClock
    left: Side
    right: Side
    session: aiohttp.ClientSession
    heard: Heard
    until_over: ExitStack = Factory(ExitStack)

    @property
    def log(self):
        return self.service.sync.log

    async def ask(self):
        """The status, and which checks are not well."""
        async with self.session.get(f"{self.service.place.url}/health") as answer:
            told = await answer.json()
        assert (answer.status == 200) == (told["status"] == "healthy")
        return told["status"], {name: it["reason"] for name, it in told["checks"].items() if not it["ok"]}

    async def seconds_until(self, seen, within_s):
        """How long it takes until the answer is as wanted, asked every second; more than `within_s` is a failure."""
        for second in range(within_s + 1):
            status, wrong = await self.ask()
            if seen(status, wrong):
                return second
            await self.clock.drive(1)
        pytest.fail(f"after {within_s} seconds it is still {status}: {wrong}")


def settings_of(folder, sides, trouble):
    endpoints = {
        EndpointName(side.name): EndpointSettings(
            name=EndpointName(side.name), plugin=PLUGIN, settings=SideSettings(side), calls=trouble.calls
        )
        for side in sides
    }
    return Settings(
        source="a test",
        log=folder / "log.db",
        endpoints=endpoints,
        policy=POLICY,
        interval_s=INTERVAL_S,
        server=ServerSettings(listen="127.0.0.1:0"),
        health=trouble.health,
    )


@pytest.fixture
def busy(monkeypatch):
    """How many commits are under way."""
    return commits_under_way(monkeypatch)


@asynccontextmanager
async def running(folder: Path, busy, trouble):
    """Two sides with a project and an issue each that are the same, half an interval after a pass."""
    clock, heard = SettableClock(busy), Heard()
    left, right = Side("left", clock), Side("right", clock)
    settings = settings_of(folder, (left, right), trouble)
    left.remote.person_creates("", title="P")
    left.create("Emma", status="todo")
    stop = asyncio.Event()
    opening = open_service(settings, listeners=(heard,), clock=clock, monotonic=clock.monotonic, environ={})
    async with opening as service, aiohttp.ClientSession() as session:
        passes = asyncio.ensure_future(run_forever(service.sync, INTERVAL_S, catch_signals=False, stop=stop))
        run = Run(service, clock, left, right, session, heard)
        try:
            await clock.drive(INTERVAL_S * 1.5)
            with run.until_over:
                yield run
        finally:
            stop.set()
            while not passes.done():
                await clock.drive(1)
            await passes


# -- what goes wrong -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Trouble:
    """
    Attributes:
        begin, end: done to the run.
        check: the check that has to tell it.
        status: how bad it is at first.
        told: part of the reason.
        seen_from: seconds after its beginning at which it exists: until the next pass nobody can know of a call that hangs.
        back_s: seconds until everything is well after its end.
    """

    begin: object
    end: object
    check: str
    status: str = "degraded"
    told: str
    calls: CallSettings = CallSettings(breaker_failures=1000)
    health: HealthSettings = HealthSettings()
    seen_from: int = 0
    back_s: int = INTERVAL_S + 10


def remote_down(run):
    run.right.all_go(Weather.REFUSED)


def remote_well(run):
    run.right.faults.clear()


def remote_slow(run):
    run.right.all_go(Fault(weather=Weather.SLOW, delay_s=6))


def credentials_revoked(run):
    run.right.all_go(Weather.UNAUTHORISED)


def log_read_only(run):
    make_read_only(run.log)


def log_writable(run):
    make_writable(run.log)


def disk_full(run):
    fill_the_disk(run.log)
    run.left.create("Ulysses", description="Yes " * 50_000, status="todo")


def disk_has_room(run):
    make_room(run.log)


def lease_lost(run):
    run.log.path.with_name("log.db.lock").unlink()
    run.until_over.enter_context(hold_lease(run.log.path, command="somebody else"))


def lease_let_go(run):
    run.until_over.close()


def pass_stuck(run):
    run.right.hanging = "list"


def pass_goes_on(run):
    run.right.hanging = None
    run.right.gate.set()


async def views_lag(run):
    await run.log._submit(lambda cursor: cursor.execute("UPDATE view_progress SET position = position - 3"))


async def views_rebuilt(run):
    await run.log.rebuild_views()


def intent_stays_open(run):
    run.right.all_go(Fault(weather=Weather.RATE_LIMITED, retry_after_s=100), "create")
    run.left.create("Ulysses", status="todo")


def both_edit(run):
    run.left.edit("Emma", status="done")
    run.right.edit("Emma", status="in_progress")


def they_agree(run):
    run.right.edit("Emma", status="done")


def clock_set(by_s):
    return lambda run: run.clock.set_by(by_s)


def nothing(run):
    """It is over by itself."""


TROUBLES = {
    "remote down": Trouble(
        begin=remote_down,
        end=remote_well,
        check="endpoint:right",
        told="right is in trouble: discover failed with Unreachable",
    ),
    "remote slow": Trouble(
        begin=remote_slow,
        end=remote_well,
        check="endpoint:right",
        told="right answers, but close to the limit of time it has",
        health=HealthSettings(slow_s=5),
    ),
    "auth revoked": Trouble(
        begin=credentials_revoked,
        end=remote_well,
        check="endpoint:right",
        told="right refuses us: right discover: the credentials are wrong; check the credentials",
    ),
    "breaker open": Trouble(
        begin=remote_down,
        end=remote_well,
        check="endpoint:right",
        told="right failed again and again and is left alone for a while",
        calls=CallSettings(attempts=2, breaker_failures=2),
        back_s=2 * INTERVAL_S + 10,
    ),
    "log read-only": Trouble(
        begin=log_read_only,
        end=log_writable,
        check="log",
        status="unhealthy",
        told="cannot be written; give this user the right",
    ),
    "disk full": Trouble(
        begin=disk_full,
        end=disk_has_room,
        check="log",
        status="unhealthy",
        told="cannot grow because the disk is full; make room",
    ),
    "lease lost": Trouble(
        begin=lease_lost,
        end=lease_let_go,
        check="lease",
        status="unhealthy",
        told="(somebody else)",
    ),
    "pass stuck": Trouble(
        begin=pass_stuck,
        end=pass_goes_on,
        check="pass_running",
        told="longer than [sync] interval_s",
        seen_from=INTERVAL_S // 2,
        back_s=10,
    ),
    "view lagging": Trouble(
        begin=views_lag,
        end=views_rebuilt,
        check="views",
        told="the views are 3 events behind the log; stop this process",
        back_s=0,
    ),
    "intent too old": Trouble(
        begin=intent_stays_open,
        end=remote_well,
        check="open_intents",
        told="1 write has had no outcome for 30 s, longer than [health] open_intent_s",
        health=HealthSettings(open_intent_s=29),
        seen_from=INTERVAL_S // 2,
        back_s=3 * INTERVAL_S,
    ),
    "parked record": Trouble(
        begin=both_edit, end=they_agree, check="parked", told="1 item waits for a person; `syncengine status` lists them"
    ),
    "clock set back": Trouble(
        begin=clock_set(-86_400), end=nothing, check="clock", told="the clock of this computer went back by 24 h"
    ),
    "clock set forward": Trouble(
        begin=clock_set(86_400), end=nothing, check="clock", told="the clock of this computer went forward by 24 h"
    ),
}


async def do(act, run):
    done = act(run)
    if done is not None:
        await done


@pytest.mark.parametrize("name", TROUBLES)
async def test_trouble_is_seen_and_passes(tmp_path, busy, name):
    """Health leaves "healthy" within one interval, for the right reason, and is back by itself when the cause is gone."""
    trouble = TROUBLES[name]
    async with running(tmp_path, busy, trouble) as run:
        assert await run.ask() == ("healthy", {})
        run.heard.notes.clear()
        await do(trouble.begin, run)
        await run.seconds_until(
            lambda _, wrong: trouble.told in wrong.get(trouble.check, ""), trouble.seen_from + INTERVAL_S
        )
        await run.clock.drive(INTERVAL_S / 2)
        status, wrong = await run.ask()
        assert (status, trouble.check in wrong) == (trouble.status, True)

        await do(trouble.end, run)
        await run.seconds_until(lambda status, _: status == "healthy", trouble.back_s)
        await run.clock.drive(2 * INTERVAL_S)
        assert await run.ask() == ("healthy", {})
        told = [it.status for it in run.heard.of(HealthChanged)]
        assert told[0] == trouble.status
        assert told[-1] == "healthy"


async def test_trouble_that_lasts_is_no_reason_to_restart(tmp_path, busy):
    """Both remotes are away for hours: degraded all the time, ready, and well again within two passes."""
    async with running(tmp_path, busy, Trouble(begin=None, end=None, check="", told="")) as run:
        run.left.all_go(Weather.REFUSED)
        run.right.all_go(Weather.UNAUTHORISED)
        await run.clock.drive(2 * INTERVAL_S)
        for _ in range(6):
            await run.clock.drive(3600)
            status, wrong = await run.ask()
            assert (status, set(wrong)) == ("degraded", {"last_pass", "endpoint:left", "endpoint:right"})
        async with run.session.get(f"{run.service.place.url}/health/ready") as answer:
            assert answer.status == 200
        run.left.faults.clear()
        run.right.faults.clear()
        await run.seconds_until(lambda status, _: status == "healthy", 2 * INTERVAL_S)


@pytest.mark.parametrize("by_s", [-86_400, 86_400])
async def test_a_clock_that_was_set_does_not_change_how_often_passes_run(tmp_path, busy, by_s):
    """Those of the day that never was are not made up for, and nobody waits for the day that comes twice."""
    async with running(tmp_path, busy, Trouble(begin=None, end=None, check="", told="")) as run:
        run.clock.set_by(by_s)
        run.heard.notes.clear()
        await run.clock.drive(4 * INTERVAL_S)
        assert run.heard.names.count("pass.started") in {4, 5}


async def test_a_long_pass_beside_a_log_that_cannot_be_written(tmp_path, busy):
    """Two troubles at once: that a pass was skipped cannot even be counted, and the run goes on all the same."""
    async with running(tmp_path, busy, Trouble(begin=None, end=None, check="", told="")) as run:
        pass_stuck(run)
        log_read_only(run)
        await run.clock.drive(3 * INTERVAL_S)
        status, wrong = await run.ask()
        assert (status, set(wrong) >= {"log", "pass_running"}) == ("unhealthy", True)
        log_writable(run)
        pass_goes_on(run)
        await run.seconds_until(lambda status, _: status == "healthy", 2 * INTERVAL_S)
