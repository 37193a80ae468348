"""Calls that fail, from a real server on loopback up to the engine; and the page that says what happens."""

import asyncio
import inspect
import re
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.test_utils import TestServer
from attrs import define, field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from connectors.vibe.answers import data_of
from syncengine import errors
from syncengine.adapters.guard.breaker import Breakers
from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.connector import Capabilities, ConnectorDefaults, ConnectorPlugin
from syncengine.domain.events import WriteRejected
from syncengine.domain.identity import ContainerId, EndpointName, RecordId, SyncKey
from syncengine.domain.policy import Backoff
from syncengine.domain.records import FieldValues, Record, RecordRef
from syncengine.engine.notes import (
    BreakerChanged,
    CallEnded,
    CallRetried,
    EndpointNotClosed,
    EndpointNotConnected,
    RequestEnded,
    WriteJudged,
    WriteOutcome,
    WriteSent,
)
from syncengine.engine.ports import Endpoint
from syncengine.engine.sync_pass import Engine
from syncengine.errors import ConfigurationError
from syncengine.http import open_session, send
from syncengine.redaction import Secret
from syncengine.runner.clock import SystemClock
from syncengine.runner.late_connector import EndpointKeeper
from syncengine.runner.settings import EndpointSettings
from syncengine.testing.abilities import Abilities
from syncengine.testing.faults import TRANSIENT, Fault, Weather
from syncengine.testing.memory_connector import MemoryConnector
from syncengine.testing.virtual_clock import VirtualClock
from tests.docs.tables import what_a_write_becomes
from tests.fixtures.heard import Heard
from tests.fixtures.two_remotes import World, policy_of

PAGE = Path(__file__).parents[2] / "docs" / "when-calls-fail.md"
BOX = ContainerId("box")
REF = RecordRef(EndpointName("vibe"), BOX, RecordId("7"))
KEY = SyncKey("0" * 32)
PATIENT = CallSettings(attempts=3, breaker_failures=100)
TOUCHY = CallSettings(attempts=1, breaker_failures=1)


# -- a server that can fail -------------------------------------------------------------------------------------------------


@define
class Remote:
    """
    A web server that answers as told.

    Attributes:
        plan: what the next requests meet, one after the other; afterwards `always`, if that is set.
        seen: methods of the requests that arrived.
    """

    plan: list[Callable] = field(factory=list)
    always: Callable | None = None
    seen: list[str] = field(factory=list)
    url: URL = field(default=URL())
    never: asyncio.Event = field(factory=asyncio.Event)

    async def answer(self, request):
        self.seen.append(request.method)
        act = self.plan.pop(0) if self.plan else self.always
        return await act(self, request) if act else web.json_response({"success": True, "data": {"title": "one"}})


def status(number, *, headers=None, body="", content_type="application/json"):
    """An answer of this kind."""

    async def act(_remote, _request):
        return web.Response(status=number, text=body or '{"success": false}', headers=headers, content_type=content_type)

    return act


async def hang(remote, _request):
    await remote.never.wait()
    return web.Response()


async def reset(_remote, request):
    request.transport.abort()
    return web.Response()


@pytest.fixture
async def remote():
    """A server on a free port."""
    it = Remote()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", it.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    it.url = server.make_url("/api/x?secret=plain-word")
    yield it
    it.never.set()
    await server.close()


class WebConnector(ConnectorDefaults):
    """A connector over HTTP that reads answers as the one for Vibe Kanban does."""

    def __init__(self, session, url, clock, *, call_timeout_s=5.0, late_s=0.0):
        self._session, self._url, self._clock, self._late_s = session, url, clock, late_s
        self.capabilities = Capabilities(schemas=(), suspect_after_s=1.0, call_timeout_s=call_timeout_s)

    async def fetch(self, ref):
        try:
            data = data_of(await send(self._session, "GET", self._url, changes=False), changes=False, names_row=True)
        except errors.RecordNotFound:
            return None
        return Record(ref=ref, fields=FieldValues(data))

    async def update(self, ref, patch, *, expected):
        answer = await send(self._session, "PUT", self._url, changes=True, payload={})
        data = data_of(answer, changes=True, names_row=True)
        self._clock.advance(self._late_s)
        return Record(ref=ref, fields=FieldValues(data))


@define
class Bench:
    """A guarded connector with everything around it."""

    connector: object
    clock: VirtualClock
    calls: CallSettings
    heard: Heard = field(factory=Heard)
    breakers: Breakers = field(init=False)
    guarded: GuardedConnector = field(init=False)

    def __attrs_post_init__(self):
        self.breakers = Breakers(clock=self.clock, telemetry=self.heard)
        self.guarded = GuardedConnector(
            self.connector,
            endpoint="vibe",
            plugin="vibe",
            clock=self.clock,
            telemetry=self.heard,
            calls=self.calls,
            breakers=self.breakers,
            host="host:1",
            random=Random(1),
        )

    async def read(self):
        return await self.guarded.fetch(REF)

    async def write(self):
        return await self.guarded.update(REF, FieldValues(title="new"), expected=FieldValues())

    @property
    def attempts(self):
        return [note.error for note in self.heard.of(CallEnded)]


@asynccontextmanager
async def bench_at(url, *, calls=PATIENT, connector=None, **more):
    """A bench over HTTP, or over another connector."""
    clock = VirtualClock(tick_s=0)
    async with open_session(timeout_s=5) as session:
        yield Bench(connector or WebConnector(session, url, clock, **more), clock, calls)


# -- over HTTP --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [500, 502, 503, 504])
async def test_a_failing_server_then_a_good_answer(remote, number):
    """One wait, two requests, and the answer."""
    remote.plan = [status(number)]
    async with bench_at(remote.url) as it:
        assert (await it.read()).fields["title"] == "one"
    assert remote.seen == ["GET", "GET"]
    assert [(note.status, note.error) for note in it.heard.of(RequestEnded)] == [(number, str(number)), (200, None)]
    assert len(it.heard.of(CallRetried)) == 1


async def test_requests_are_told_with_their_endpoint_and_without_their_path(remote):
    """Host, port and method are labels; what is asked for is nobody's business."""
    async with bench_at(remote.url) as it:
        await it.read()
    (note,) = it.heard.of(RequestEnded)
    assert (note.endpoint, note.method, note.host, note.port) == ("vibe", "GET", "127.0.0.1", remote.url.port)
    assert "api" not in str(note)


@pytest.mark.parametrize(
    ("headers", "asked_s"),
    [({"Retry-After": "3"}, 3.0), ({"Retry-After-ms": "250"}, 0.25), ({"Retry-After": "3", "Retry-After-ms": "250"}, 0.25)],
)
async def test_too_many_requests_with_a_time(remote, headers, asked_s):
    """The next request is not sent before it, and not much later either."""
    remote.plan = [status(429, headers=headers)]
    async with bench_at(remote.url) as it:
        before = it.clock.now()
        await it.read()
    (retry,) = it.heard.of(CallRetried)
    assert asked_s <= retry.wait_s <= asked_s + 0.25
    assert (it.clock.now() - before).total_seconds() == pytest.approx(retry.wait_s)


async def test_too_many_requests_and_a_time_that_is_too_long(remote):
    """Given up at once; the write after it is postponed without a request."""
    remote.plan = [status(429, headers={"Retry-After": "120"})]
    async with bench_at(remote.url) as it:
        for call in (it.read, it.write):
            with pytest.raises(errors.RateLimited) as caught:
                await call()
            assert caught.value.retry_after_s == 120
    assert remote.seen == ["GET"]


async def test_a_server_that_fails_for_ever(remote):
    """Three attempts and no more; then the failure, with its place and without what was asked."""
    remote.always = status(503)
    async with bench_at(remote.url) as it:
        with pytest.raises(errors.RemoteBusy, match="vibe fetch: 503 from http://127.0.0.1:") as caught:
            await it.read()
    assert remote.seen == ["GET"] * 3
    assert "plain-word" not in str(caught.value)


# -- connecting -------------------------------------------------------------------------------------------------------------


def keeper_of(connect, heard, **settings):
    """Whoever keeps this endpoint open."""
    plugin = ConnectorPlugin(name="vibe", settings=object, connect=connect)
    return EndpointKeeper(
        EndpointSettings(name=EndpointName("board"), plugin=plugin, settings=SimpleNamespace(**settings)),
        clock=SystemClock(),
        telemetry=heard,
        backoff=Backoff(),
        on_open=lambda _name, _connector: None,
    )


async def test_requests_made_while_connecting_are_told_too(remote):
    """Those of the connector's own tasks as well; the calls afterwards are told by the guard, once."""
    heard = Heard()

    @asynccontextmanager
    async def connect(_settings, _services):
        async with open_session(timeout_s=5) as session:
            await send(session, "POST", remote.url, changes=False)
            await asyncio.create_task(send(session, "PUT", remote.url, changes=False))
            yield WebConnector(session, remote.url, VirtualClock())

    keeper = keeper_of(connect, heard, url=str(remote.url))
    await keeper.open()
    try:
        await keeper.there().fetch(REF)
    finally:
        await keeper.close()
    assert [(it.endpoint, it.method, it.status) for it in heard.of(RequestEnded)] == [
        ("board", "POST", 200),
        ("board", "PUT", 200),
        ("board", "GET", 200),
    ]
    assert keeper.breakers.states() == {f"127.0.0.1:{remote.url.port}": "closed"}


@pytest.mark.parametrize("kind", [errors.Unreachable, errors.AuthenticationFailed, ConfigurationError, KeyError])
async def test_an_endpoint_that_cannot_be_opened_tells_no_secret(kind):
    """Neither in what is told, nor in what its calls end with."""
    secret, heard = Secret("canary-while-connecting"), Heard()

    @asynccontextmanager
    async def connect(_settings, _services):
        try:
            raise OSError(f"password {secret.reveal()}")
        except OSError as error:
            raise kind(f"asked with {secret.reveal()}") from error
        yield

    keeper = keeper_of(connect, heard)
    await keeper.open()
    with pytest.raises(errors.SyncEngineError) as caught:
        keeper.there()
    await keeper.close()
    (note,) = heard.of(EndpointNotConnected)
    assert "asked with ***" in note.reason
    for said in (note.reason, "".join(traceback.format_exception(caught.value))):
        assert secret.reveal() not in said


async def test_an_endpoint_that_cannot_be_closed_tells_no_secret(remote):
    """The reason is told without it."""
    secret, heard = Secret("canary-while-closing"), Heard()

    @asynccontextmanager
    async def connect(_settings, _services):
        yield WebConnector(None, remote.url, VirtualClock())
        raise OSError(f"asked with {secret.reveal()}")

    keeper = keeper_of(connect, heard)
    await keeper.open()
    await keeper.close()
    assert [note.reason for note in heard.of(EndpointNotClosed)] == ["asked with ***"]


# -- the page says what happens ---------------------------------------------------------------------------------------------


@frozen
class Row:
    """One line of the page's first table."""

    name: str
    read: str
    again: str
    write: str
    becomes: str
    counts: str


def rows_of_the_page():
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {it[0]: Row(*it[:6]) for it in cells if len(it) == 7 and it[0] not in {"---", "what went wrong"}}


ROWS = rows_of_the_page()


class NoSuchName(AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        raise OSError(-2, "Name or service not known")

    async def close(self):
        pass


class Failing(ConnectorDefaults):
    """Every call ends with this error."""

    capabilities = Capabilities(schemas=())

    def __init__(self, make):
        self._make = make

    async def fetch(self, ref):
        raise self._make()

    async def update(self, ref, patch, *, expected):
        raise self._make()


def answers(act, **more):
    """The server does this to every request."""

    @asynccontextmanager
    async def situation(remote, calls):
        remote.always = act
        async with bench_at(remote.url, calls=calls, **more) as it:
            yield it

    return situation


@asynccontextmanager
async def refused(remote, calls):
    with_nobody = TestServer(web.Application(), host="127.0.0.1")
    await with_nobody.start_server()
    url = with_nobody.make_url("/")
    await with_nobody.close()
    async with bench_at(url, calls=calls) as it:
        yield it


@asynccontextmanager
async def without_dns(remote, calls):
    clock = VirtualClock(tick_s=0)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=NoSuchName())) as session:
        yield Bench(WebConnector(session, URL("http://nowhere.invalid/"), clock), clock, calls)


@asynccontextmanager
async def without_tls(remote, calls):
    async with bench_at(remote.url.with_scheme("https"), calls=calls) as it:
        yield it


def failing(make):
    """The connector itself says so."""

    @asynccontextmanager
    async def situation(remote, calls):
        async with bench_at(remote.url, calls=calls, connector=Failing(make)) as it:
            yield it

    return situation


@asynccontextmanager
async def opened(remote, calls):
    async with bench_at(remote.url, calls=CallSettings(attempts=3, breaker_failures=1)) as it:
        remote.plan = [reset]
        with pytest.raises(errors.Unreachable):
            await it.read()
        it.heard.notes.clear()
        yield it


SITUATIONS = {
    "429 with `Retry-After` or `Retry-After-ms`": answers(status(429, headers={"Retry-After": "2"})),
    "429 without either": answers(status(429)),
    "500": answers(status(500)),
    "502": answers(status(502)),
    "503": answers(status(503)),
    "504": answers(status(504)),
    "connection refused": refused,
    "connection reset before the answer": answers(reset),
    "name of the host not found (DNS)": without_dns,
    "TLS failure": without_tls,
    "no answer in time": answers(hang, call_timeout_s=0.05),
    "good answer to a write, too late to be believed": answers(None, late_s=2.0),
    "401": answers(status(401)),
    "403": answers(status(403)),
    "404 of a record": answers(status(404)),
    "another 4xx about a record": answers(status(422)),
    "a web page instead of JSON": answers(status(200, body="<html>", content_type="text/html")),
    "the record is not as expected any more": failing(lambda: errors.StaleRevision("moved on")),
    "several records carry one key": failing(lambda: errors.AmbiguousKey("two of them")),
    "one project or board is refused": failing(lambda: errors.ContainerRefused("private")),
    "the breaker is open": opened,
    "the call is cut off because the program ends": failing(asyncio.CancelledError),
    "a bug in the connector": failing(lambda: KeyError("oh")),
}


def test_the_page_and_these_tests_are_about_the_same_failures():
    """Every line of the table is tried below."""
    assert list(ROWS) == list(SITUATIONS)


async def outcome_of_call(call):
    """The error a call ends with; None when it ends well."""
    try:
        await call()
    except (errors.ConnectorError, asyncio.CancelledError) as error:
        return error
    return None


def named(cell):
    """The class of errors that a cell names."""
    found = re.search(r"`(\w+)`", cell)
    return getattr(errors, found[1]) if found else None


@pytest.mark.parametrize("name", SITUATIONS)
async def test_what_the_page_says_of_reads(remote, name):
    """What it ends with, and whether it is made again."""
    row = ROWS[name]
    async with SITUATIONS[name](remote, PATIENT) as it:
        began = it.clock.now()
        error = await outcome_of_call(it.read)
        waited_s = (it.clock.now() - began).total_seconds()
    if row.read != "-":
        assert isinstance(error, named(row.read) or type(None))
    assert (len(it.attempts) > 1) is row.again.startswith("yes")
    if "not before that time" in row.again:
        assert waited_s >= 2 * 2.0


@pytest.mark.parametrize("name", SITUATIONS)
async def test_what_the_page_says_of_writes(remote, name):
    """What it ends with and what follows; it is made once at most, whatever happens."""
    row = ROWS[name]
    async with SITUATIONS[name](remote, PATIENT) as it:
        error = await outcome_of_call(it.write)
    assert len(it.attempts) == (0 if isinstance(error, errors.CircuitOpen) else 1)
    assert remote.seen.count("PUT") <= 1
    if isinstance(error, asyncio.CancelledError):
        assert (row.write, row.becomes) == ("-", "judged by looking")
        return
    assert type(error) is named(row.write)
    assert what_a_write_becomes(type(error)) == row.becomes


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("kind", ["read", "write"])
async def test_what_the_page_says_of_the_breaker(remote, name, kind):
    """Whether such a call opens one that opens at the first failure."""
    row = ROWS[name]
    async with SITUATIONS[name](remote, TOUCHY) as it:
        error = await outcome_of_call(getattr(it, kind))
    if row.counts == "yes" and error is not None:
        assert it.breakers.state_of("vibe") == "open"
    else:
        assert [note.state for note in it.heard.of(BreakerChanged)] == []


def test_the_page_names_every_error():
    """A new one needs a line."""
    tree = [name for name, it in vars(errors).items() if inspect.isclass(it) and issubclass(it, errors.SyncEngineError)]
    assert [name for name in tree if f"`{name}`" not in PAGE.read_text("utf-8")] == []


def test_the_page_names_the_numbers_of_the_settings():
    """As they are without a settings file."""
    text, calls = " ".join(PAGE.read_text("utf-8").split()), CallSettings()
    for said in (
        f"`attempts` times ({calls.attempts})",
        f"`total_s` ({calls.total_s:g} seconds)",
        f"doubles: {calls.first_wait_s:g}, {2 * calls.first_wait_s:g}, {4 * calls.first_wait_s:g} second",
        f"`longest_wait_s` ({calls.longest_wait_s:g})",
        f"`breaker_failures` ({calls.breaker_failures})",
        f"`breaker_open_s` ({calls.breaker_open_s:g} seconds)",
    ):
        assert said in text, said


# -- with the engine --------------------------------------------------------------------------------------------------------


@define(kw_only=True)
class GuardedWorld(World):
    """Two remotes whose connectors are guarded, as in a real run."""

    calls: CallSettings = field(factory=CallSettings)
    breakers: Breakers = field(default=None)
    seed: int = 1

    def start(self):
        self.breakers = Breakers(clock=self.clock, telemetry=self.telemetry)
        self.engine = Engine(
            endpoints=[self._guarded("left"), self._guarded("right")],
            log=self.log,
            views=self.log.views,
            policy=policy_of(self.rule),
            clock=self.clock,
            telemetry=self.telemetry,
        )
        return self.engine

    def _guarded(self, side):
        inside = MemoryConnector(getattr(self, side), side, faults=getattr(self, f"{side}_faults"), sleep=self.clock.sleep)
        guarded = GuardedConnector(
            inside,
            endpoint=side,
            plugin="memory",
            clock=self.clock,
            telemetry=self.telemetry,
            calls=self.calls,
            breakers=self.breakers,
            random=Random(self.seed),
        )
        return Endpoint(name=EndpointName(side), connector=guarded)


OPERATIONS = ("discover", "list", "fetch", "find_by_key", "create", "update", "delete")


async def world_with_work(**more):
    """A project with twenty issues on both sides, then edits on the left that the right does not have yet."""
    world = GuardedWorld(**more)
    left = world.left.person_creates("", title="P")
    ids = [world.left.person_creates(left, title=f"issue {number}", status="todo") for number in range(20)]
    await world.settle_down()
    for number, record_id in enumerate(ids[:10]):
        world.left.person_edits(left, record_id, title=f"edited {number}")
    for number in range(10):
        world.left.person_creates(left, title=f"new {number}", status="todo")
    return world


def calls_of(remote):
    return sum(remote.calls[name] for name in OPERATIONS)


def titles(world):
    left, right = world.projects()
    return [
        sorted(it["title"] for it in side.items(box).values()) for side, box in ((world.left, left), (world.right, right))
    ]


@pytest.mark.parametrize("interval_s", [10, 60])
async def test_a_dead_host_costs_at_most_its_probes(interval_s):
    """An hour of passes against it: five failures, then one call every half minute. Afterwards everything arrives, once."""
    world = await world_with_work()
    for name in OPERATIONS:
        world.right_faults.always(name, Weather.REFUSED)
    before, began, passes = calls_of(world.right), world.clock.now(), 0
    while (world.clock.now() - began).total_seconds() < 3600:
        report = await world.engine.run_pass()
        assert report.problems
        passes += 1
        world.clock.advance(interval_s)
    probes = min(passes, 3600 // 30)
    assert calls_of(world.right) - before <= 5 + probes
    assert world.breakers.state_of("right") != "closed"
    assert world.breakers.state_of("left") == "closed"
    world.right_faults.clear()
    world.clock.advance(30)
    await world.settle_down(passes=4)
    left, right = titles(world)
    assert left == right
    assert len(set(left)) == len(left) == 30
    assert not [it for it in world.log.events if isinstance(it.event, WriteRejected)]
    assert world.breakers.state_of("right") == "closed"


async def test_a_breaker_that_opens_while_writes_wait_postpones_them():
    """The host dies under the first writes: not one is rejected or in doubt, all are sent when it is back, and only once."""
    world = await world_with_work(calls=CallSettings(breaker_failures=2))
    for name in ("create", "update"):
        world.right_faults.always(name, Weather.BUSY)
    heard = len(world.telemetry.notes)
    await world.engine.run_pass()
    outcomes = [it for it in world.telemetry.notes[heard:] if isinstance(it, WriteOutcome)]
    refused = [it for it in outcomes if "CircuitOpen" in it.reason or "not called" in it.reason]
    assert world.breakers.state_of("right") == "open"
    assert len(refused) >= 3
    assert {it.outcome for it in outcomes} == {"not_done"}
    opened_at = world.clock.now()
    assert all((it.not_before - opened_at).total_seconds() > 25 for it in refused)
    assert not world.log.views.parked()
    world.right_faults.clear()
    effects = world.right.effects.copy()
    world.clock.advance(31)
    await world.settle_down(passes=4)
    left, right = titles(world)
    assert left == right
    assert world.right.effects - effects == Counter(create=10, update=10)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    share=st.floats(0.05, 0.6),
    failures=st.integers(1, 6),
    slow=st.sampled_from([(), (Fault(weather=Weather.LOST_ROW, delay_s=6.0), Fault(weather=Weather.SLOW, delay_s=6.0))]),
)
async def test_nothing_with_an_unknown_outcome_is_ever_repeated(seed, share, failures, slow):
    """Any weather on both sides: whoever sends a write again knows that it was not done."""
    right = Abilities(key_storage="marker", projects=True, natural_keys=("title",), suspect_after_s=4.0)
    world = await world_with_work(calls=CallSettings(breaker_failures=failures), right_abilities=right, seed=seed)
    for faults in (world.left_faults, world.right_faults):
        faults.dial(share, seed=seed, among=(*TRANSIENT, *slow))
    for _ in range(6):
        await world.engine.run_pass()
        world.clock.advance(20)
    for faults in (world.left_faults, world.right_faults):
        faults.clear()
    world.clock.advance(600)
    await world.settle_down()
    left, right = titles(world)
    assert left == right
    assert len(set(left)) == len(left) == 30
    told = world.telemetry.notes
    assert repeated_blind(told) == []
    made = sum(side.calls[name] for side in (world.left, world.right) for name in ("create", "update"))
    assert made == sum(it.operation in {"create", "update"} for it in told if isinstance(it, CallEnded))
    assert made <= sum(isinstance(it, WriteSent) for it in told)


def repeated_blind(told):
    """Intents that were sent again although nobody knew that they had not been done."""
    known, wrong = {}, []
    for note in told:
        match note:
            case WriteSent(intent_id=intent):
                if known.get(intent, "not done") != "not done":
                    wrong.append(intent)
                known[intent] = "sent"
            case WriteOutcome(intent_id=intent, outcome="not_done") if known.get(intent) == "sent":
                known[intent] = "not done"
            case WriteOutcome(intent_id=intent, outcome="unknown"):
                known[intent] = "unknown"
            case WriteJudged(intent_id=intent, verdict="DidNotLand"):
                known[intent] = "not done"
    return wrong


async def test_the_search_for_blind_repetitions_finds_one():
    """An unknown outcome and the same write again: the property above would see it."""
    sent = WriteSent(link_id=None, intent_id="i", endpoint="right", operation="create", attempt=1)
    lost = WriteOutcome(
        link_id=None,
        version=1,
        intent_id="i",
        endpoint="right",
        kind="issue",
        operation="create",
        attempt=1,
        outcome="unknown",
        saved="write_postponed",
    )
    assert repeated_blind([sent, lost, sent]) == ["i"]
    assert repeated_blind([sent]) == []
