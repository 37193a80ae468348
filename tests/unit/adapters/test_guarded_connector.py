"""The guard around every call of a connector."""

import asyncio
from random import Random

import pytest

from syncengine.adapters.guard.breaker import Breakers
from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.domain.identity import ContainerId, RecordId, SyncKey
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.notes import BreakerChanged, CallEnded, CallRetried, CallWork
from syncengine.errors import (
    CircuitOpen,
    LeaseLost,
    OutcomeUnknown,
    RateLimited,
    RecordInvalid,
    RemoteBusy,
    TransientError,
    Unreachable,
)
from syncengine.testing.abilities import Abilities
from syncengine.testing.faults import Fault, Faults, Weather
from syncengine.testing.memory_connector import MemoryConnector
from syncengine.testing.memory_remote import MemoryRemote
from syncengine.testing.virtual_clock import VirtualClock
from tests.fixtures.heard import Heard

BOX = ContainerId("box")
KEY = SyncKey("0" * 32)


class Guarded:
    """A guarded connector over a memory remote with one record."""

    def __init__(self, *, calls=None, seed=1, breakers=None, clock=None, endpoint="memory", may_write=None, **abilities):
        self.clock = clock or VirtualClock(tick_s=0)
        self.remote = MemoryRemote(Abilities(**abilities), now=self.clock.now)
        self.remote.add_container(BOX)
        self.record_id = self.remote.person_creates(BOX, title="one")
        self.faults, self.heard = Faults(), Heard()
        inside = MemoryConnector(self.remote, endpoint, faults=self.faults, sleep=self.clock.sleep)
        self.breakers = breakers or Breakers(clock=self.clock, telemetry=self.heard)
        self.guarded = GuardedConnector(
            inside,
            endpoint=endpoint,
            plugin="shelf",
            clock=self.clock,
            telemetry=self.heard,
            calls=calls or CallSettings(attempts=3),
            breakers=self.breakers,
            host="memory.example:1",
            random=Random(seed),
            may_write=may_write,
        )
        self.ref = RecordRef(inside.endpoint, BOX, RecordId(self.record_id))

    async def failing(self, *errors, operation="fetch"):
        """Calls that end with these errors, however the guard takes them."""
        for error in errors:
            with pytest.raises(type(error)):
                await self.with_inside(operation, raises(error))

    async def with_inside(self, operation, call):
        """One call, with this in place of the connector's own."""
        inside = self.guarded._connector
        own = getattr(inside, operation)
        setattr(inside, operation, call)
        try:
            return await (self.create() if operation == "create" else getattr(self.guarded, operation)(self.ref))
        finally:
            setattr(inside, operation, own)

    async def create(self, title="two", key=KEY):
        return await self.guarded.create(BOX, key, FieldValues(title=title))

    @property
    def state(self):
        return self.breakers.state_of("memory")


def raises(error):
    async def call(*_, **__):
        raise error

    return call


async def listed(guarded):
    return [change async for page in guarded.list_changes(BOX, None, {}) for change in page.changes]


# -- reads ------------------------------------------------------------------------------------------------------------------


async def test_a_read_is_tried_again_while_trouble_passes():
    """Two refused connections, then an answer: three calls."""
    it = Guarded()
    it.faults.plan("fetch", Weather.REFUSED, Weather.REFUSED)
    assert (await it.guarded.fetch(it.ref)).fields["title"] == "one"
    assert it.remote.calls["fetch"] == 3


async def test_a_read_is_given_up_after_its_attempts():
    """The third failure is the answer."""
    it = Guarded()
    it.faults.always("fetch", Weather.REFUSED)
    with pytest.raises(Unreachable):
        await it.guarded.fetch(it.ref)
    assert it.remote.calls["fetch"] == 3


async def test_a_guard_without_settings_makes_four_attempts():
    """The simplest guard there is."""
    it = Guarded()
    guarded = GuardedConnector(it.guarded._connector, endpoint="memory", plugin="shelf", clock=it.clock)
    it.faults.always("discover", Weather.REFUSED)
    with pytest.raises(Unreachable):
        await guarded.discover()
    assert it.remote.calls["discover"] == 4


@pytest.mark.parametrize("weather", [Weather.INVALID, Weather.UNAUTHORISED])
async def test_what_is_refused_for_good_is_never_repeated(weather):
    """One call."""
    it = Guarded()
    it.faults.always("discover", weather)
    with pytest.raises(Exception, match=weather.value):
        await it.guarded.discover()
    assert it.remote.calls["discover"] == 1


async def test_a_read_that_takes_long_is_not_repeated_for_ever():
    """Each failure takes 25 seconds: the third one is beyond the minute, although ten attempts are allowed."""
    it = Guarded(calls=CallSettings(attempts=10, total_s=60, breaker_failures=100))
    times = []

    async def slow_failure(_ref):
        times.append(it.clock.now())
        it.clock.advance(25)
        raise Unreachable("nobody there")

    with pytest.raises(Unreachable):
        await it.with_inside("fetch", slow_failure)
    assert len(times) == 3
    assert (it.clock.now() - times[0]).total_seconds() < 60 + 25


async def test_the_last_attempts_get_what_is_left_of_the_time():
    """50 of 60 seconds are gone: the next attempt has 10 and no more, then the read is given up."""
    it = Guarded(call_timeout_s=30.0)
    limits = []
    called = it.guarded._called

    async def measured(effort):
        limits.append(it.guarded._limit_of(effort))
        return await called(effort)

    async def slow_failure(_ref):
        it.clock.advance(25)
        raise Unreachable("nobody there")

    it.guarded._called = measured
    with pytest.raises(Unreachable):
        await it.with_inside("fetch", slow_failure)
    assert limits == [30.0, 30.0, pytest.approx(10.0, abs=1.0)]


async def test_waiting_for_room_is_not_the_time_of_a_read():
    """A read that waited two minutes for its turn still has all its attempts."""
    it = Guarded(max_concurrent_reads=1)
    never = asyncio.Event()
    holding = asyncio.create_task(it.with_inside("fetch", lambda _ref: never.wait()))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(it.guarded.discover())
    await asyncio.sleep(0)
    it.clock.advance(120)
    it.faults.plan("discover", Weather.REFUSED, Weather.REFUSED)
    never.set()
    await holding
    assert await waiting
    assert it.remote.calls["discover"] == 3


async def test_waits_differ_from_process_to_process():
    """The same failures with two sources of chance: other waits, all within their bounds."""
    waits = []
    for seed in (1, 2):
        it = Guarded(seed=seed, calls=CallSettings(attempts=4))
        it.faults.plan("fetch", *[Weather.REFUSED] * 3)
        await it.guarded.fetch(it.ref)
        waits.append([note.wait_s for note in it.heard.of(CallRetried)])
    assert waits[0] != waits[1]
    for found in waits:
        assert all(0 <= wait <= bound for wait, bound in zip(found, (0.25, 0.5, 1.0), strict=True)), found


async def test_the_source_of_chance_is_seeded_by_the_operating_system():
    """Two guards that nobody gave a source do not wait in step."""
    it = Guarded()
    inside = it.guarded._connector
    one, other = (GuardedConnector(inside, endpoint="m", plugin="m", clock=it.clock)._random for _ in range(2))
    assert [one.random() for _ in range(4)] != [other.random() for _ in range(4)]


async def test_a_listing_starts_again_and_never_skips_a_page():
    """The first page is refused once; a later page that breaks off ends the listing with an error."""
    it = Guarded(page_size=1)
    it.remote.person_creates(BOX, title="two")
    it.faults.plan("list", Weather.REFUSED)
    assert len(await listed(it.guarded)) == 2
    it.faults.plan("list", Weather.TRUNCATED)
    with pytest.raises(Unreachable):
        await listed(it.guarded)


# -- a remote that says when ------------------------------------------------------------------------------------------------


async def test_a_remote_that_asks_for_a_long_wait_is_left_alone():
    """The read is given up at once, and nobody else calls before that time: neither reads nor writes."""
    it = Guarded()
    it.faults.plan("discover", Fault(weather=Weather.RATE_LIMITED, retry_after_s=60.0))
    with pytest.raises(RateLimited):
        await it.guarded.discover()
    it.clock.advance(20)
    for call in (it.guarded.discover(), it.guarded.fetch(it.ref), it.create()):
        with pytest.raises(RateLimited, match="not called: the remote asked to be left alone") as caught:
            await call
        assert caught.value.retry_after_s == 40
    assert it.remote.calls == {"discover": 1}
    it.clock.advance(40)
    assert await it.guarded.discover()


async def test_a_short_retry_after_is_obeyed():
    """The wait is at least what the remote asked for."""
    it = Guarded()
    it.faults.plan("discover", Fault(weather=Weather.RATE_LIMITED, retry_after_s=3.0))
    before = it.clock.now()
    assert await it.guarded.discover()
    assert 3.0 <= (it.clock.now() - before).total_seconds() <= 3.25


async def test_a_short_retry_after_is_obeyed_by_everybody():
    """A write that comes after a refused one waits for its turn, and is not sent before."""
    it = Guarded()
    it.faults.plan("create", Fault(weather=Weather.RATE_LIMITED, retry_after_s=3.0))
    with pytest.raises(RateLimited):
        await it.create()
    before = it.clock.now()
    assert await it.create()
    assert (it.clock.now() - before).total_seconds() == 3.0
    assert it.remote.calls["create"] == 2


async def test_the_longest_time_asked_for_is_the_one_obeyed():
    """Sixty seconds, then an answer to an older call that says five."""
    it = Guarded()
    await it.failing(RateLimited("slowly", retry_after_s=60.0))
    it.guarded._rest.begin(60)
    it.guarded._ended(_an_effort(it), it.guarded._breaker.admit(), it.clock.now(), RateLimited("x", retry_after_s=5.0))
    assert it.guarded._rest.left_s() == 60


async def test_a_busy_remote_holds_nobody_else_back():
    """It may be busy with one record only; whoever asks for another one is not made to wait."""
    it = Guarded()
    await it.failing(RemoteBusy("locked", retry_after_s=60.0), operation="create")
    before = it.clock.now()
    assert await it.guarded.fetch(it.ref)
    assert it.clock.now() == before


def _an_effort(it):
    from syncengine.adapters.guard.guarded_connector import _Effort

    return _Effort(operation="fetch", call=it.guarded._connector.discover, room=it.guarded._reading, lost=Unreachable)


@pytest.mark.parametrize("asked_s", [float("inf"), float("nan"), 1e300, -5.0])
async def test_nonsense_in_place_of_a_time_is_bounded(asked_s):
    """Nobody waits for ever, and the sum with a date is one."""
    it = Guarded()
    error = RateLimited("slowly", retry_after_s=asked_s)
    with pytest.raises(RateLimited) as caught:
        await it.with_inside("create", raises(error))
    assert caught.value.retry_after_s is None or 0 <= caught.value.retry_after_s <= 86_400


# -- writes -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weather", [Weather.REFUSED, Weather.BUSY, Weather.DROPPED_BEFORE, Weather.DROPPED_AFTER])
async def test_a_write_is_made_exactly_once(weather):
    """No failure of a write is repeated here."""
    it = Guarded()
    it.faults.plan("create", weather)
    with pytest.raises((TransientError, OutcomeUnknown)):
        await it.create()
    assert it.remote.calls["create"] == 1


async def test_a_good_answer_that_comes_too_late_proves_nothing():
    """Suspect after one second, answered after two."""
    it = Guarded(suspect_after_s=1.0)
    it.faults.plan("create", Fault(weather=Weather.LOST_ROW, delay_s=2.0))
    with pytest.raises(OutcomeUnknown, match="memory create: answered after .* too late to prove"):
        await it.create()
    assert len(it.remote.items(BOX)) == 1


async def test_an_answer_during_which_the_clock_was_set_back_proves_nothing():
    """It came before it was asked for: nobody knows how long it took."""
    it = Guarded(suspect_after_s=1.0)

    async def set_back(*_):
        it.clock.advance(-3600)

    with pytest.raises(OutcomeUnknown, match="too late to prove"):
        await it.with_inside("create", set_back)


async def test_a_prompt_answer_is_believed():
    """Suspect after one second, answered at once."""
    it = Guarded(suspect_after_s=1.0)
    made = await it.create()
    changed = await it.guarded.update(made.ref, FieldValues(title="three"), expected=FieldValues(title="two"))
    assert changed.fields["title"] == "three"
    assert [found.ref for found in await it.guarded.find_by_key(BOX, KEY, FieldValues())] == [made.ref]
    await it.guarded.delete(made.ref, expected=FieldValues(title="three"))
    assert await it.guarded.fetch(made.ref) is None


async def test_a_slow_read_is_believed():
    """Only an answer to a write can be suspect."""
    it = Guarded(suspect_after_s=1.0)
    it.faults.plan("fetch", Fault(weather=Weather.SLOW, delay_s=2.0))
    assert await it.guarded.fetch(it.ref)


async def test_a_call_without_an_answer_is_given_up():
    """A read is unreachable then, a write unknown."""
    it = Guarded(call_timeout_s=0.01)
    never = asyncio.Event()
    with pytest.raises(Unreachable, match=r"memory fetch: did not answer within 0\.01 seconds"):
        await it.with_inside("fetch", lambda _ref: never.wait())
    with pytest.raises(OutcomeUnknown, match=r"memory create: did not answer within 0\.01 seconds"):
        await it.with_inside("create", lambda *_: never.wait())


async def test_no_more_writes_at_once_than_declared():
    """Ten writes wait for each other where one at a time is declared."""
    it = Guarded(max_concurrent_writes=1, key_storage="id")
    inside, flying, most = it.guarded._connector, 0, 0
    create = inside.create

    async def counted(*args):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            return await create(*args)
        finally:
            flying -= 1

    inside.create = counted
    await asyncio.gather(*(it.create(title=str(n), key=SyncKey(f"{n:032x}")) for n in range(10)))
    assert most == 1


async def test_requests_are_kept_below_the_declared_rate():
    """The limiter is there exactly where a rate is declared."""
    assert Guarded().guarded._rate is None
    assert Guarded(requests_per_s=20.0).guarded._rate.max_rate == 20.0


def test_pure_answers_pass_through():
    """What a connector says about spelling, names and ids is not touched."""
    it = Guarded(key_storage="id", natural_keys=("title",))
    inside = it.guarded._connector
    fields = FieldValues(title="one")
    assert it.guarded.as_stored(BOX, fields) == inside.as_stored(BOX, fields)
    assert it.guarded.natural_keys(BOX, fields) == inside.natural_keys(BOX, fields) != ()
    assert it.guarded.record_id_for(BOX, KEY) == inside.record_id_for(BOX, KEY) is not None
    assert it.guarded.capabilities is inside.capabilities


# -- the breaker ------------------------------------------------------------------------------------------------------------


async def opened(**more):
    """A guard whose breaker has just opened: five refused calls."""
    it = Guarded(calls=CallSettings(attempts=5), **more)
    it.faults.plan("discover", *[Weather.REFUSED] * 5)
    with pytest.raises(Unreachable):
        await it.guarded.discover()
    assert it.state == "open"
    return it


async def test_an_open_breaker_is_asked_for_nothing():
    """Neither reads nor writes reach the connector, and no read waits for it to close."""
    it = await opened()
    before = (it.clock.now(), dict(it.remote.calls))
    for call in (it.guarded.discover(), it.guarded.fetch(it.ref), it.create(), listed(it.guarded)):
        with pytest.raises(CircuitOpen, match="not called: memory.example:1 had 5 failures in a row") as caught:
            await call
        assert caught.value.retry_after_s == 30
    assert (it.clock.now(), dict(it.remote.calls)) == before
    assert len(it.heard.of(CallEnded)) == 5


async def test_a_read_whose_failure_opens_the_breaker_ends_with_that_failure():
    """It could be tried again, but would only be refused: the person is told what really happened, at once."""
    it = Guarded(calls=CallSettings(attempts=9, breaker_failures=2))
    it.faults.always("fetch", Weather.REFUSED)
    with pytest.raises(Unreachable):
        await it.guarded.fetch(it.ref)
    assert it.remote.calls["fetch"] == 2
    assert len(it.heard.of(CallRetried)) == 1


async def test_a_refused_call_does_not_stand_in_the_queue_first():
    """Another read has the only room and hangs; the refusal comes all the same, and takes nothing of the rate."""
    it = Guarded(max_concurrent_reads=1, requests_per_s=5.0)
    never = asyncio.Event()
    holding = asyncio.create_task(it.with_inside("fetch", lambda _ref: never.wait()))
    await asyncio.sleep(0)
    await it.failing(*[Unreachable("x")] * 5, operation="create")
    async with asyncio.timeout(5):
        for _ in range(50):
            with pytest.raises(CircuitOpen):
                await it.guarded.discover()
    never.set()
    await holding


@pytest.mark.parametrize("at_once", [4, 50])
@pytest.mark.parametrize("recovered", [True, False])
async def test_one_probe_among_fifty_waiting_calls(at_once, recovered):
    """Whether they all have room or stand in a queue: one is made, the others are refused, and its end decides."""
    it = await opened(max_concurrent_reads=at_once)
    it.clock.advance(30)
    answer, calls = asyncio.Event(), []

    async def slow(ref):
        calls.append(ref)
        await answer.wait()
        if not recovered:
            raise Unreachable("still nobody there")

    it.guarded._connector.fetch = slow
    jobs = [asyncio.create_task(it.guarded.fetch(it.ref)) for _ in range(50)]
    async with asyncio.timeout(5):
        while sum(job.done() for job in jobs) < 49:
            await asyncio.sleep(0)
    assert it.state == "half_open"
    answer.set()
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert len(calls) == 1
    assert sum(isinstance(result, CircuitOpen) for result in results) == 49
    assert it.state == ("closed" if recovered else "open")
    assert [note.state for note in it.heard.of(BreakerChanged)] == ["open", "half_open", it.state]


async def test_cancelled_calls_neither_count_nor_forgive():
    """Four failures, ten cancelled calls, one more failure: open. Cancelled ones alone open nothing."""
    it = Guarded(calls=CallSettings(attempts=1))
    await it.failing(*[Unreachable("x")] * 4)
    never = asyncio.Event()
    it.guarded._connector.discover = never.wait
    jobs = [asyncio.create_task(it.guarded.discover()) for _ in range(4)]
    await asyncio.sleep(0)
    for job in jobs:
        job.cancel()
    await asyncio.wait(jobs)
    assert it.state == "closed"
    await it.failing(Unreachable("x"))
    assert it.state == "open"
    ended = [note.error for note in it.heard.of(CallEnded)]
    assert ended == ["Unreachable"] * 4 + ["CancelledError"] * 4 + ["Unreachable"]


async def test_a_cancelled_probe_leaves_the_way_free_for_the_next_one():
    """The program gave up on it; the host said nothing."""
    it = await opened()
    it.clock.advance(30)
    never = asyncio.Event()
    probe = asyncio.create_task(it.with_inside("fetch", lambda _ref: never.wait()))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.wait({probe})
    assert it.state == "half_open"
    assert await it.guarded.discover()
    assert it.state == "closed"


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (Unreachable("x"), True),
        (OutcomeUnknown("x"), True),
        (RateLimited("x"), False),
        (RecordInvalid("x"), False),
    ],
)
async def test_what_speaks_against_a_host(error, counts):
    """Calls without an answer do; refusals do not."""
    it = Guarded(calls=CallSettings(attempts=1, breaker_failures=1))
    await it.failing(error, operation="create")
    assert it.state == ("open" if counts else "closed")


async def test_answers_that_are_too_late_speak_against_a_host():
    """A remote that needs this long is not well."""
    it = Guarded(suspect_after_s=1.0, calls=CallSettings(breaker_failures=1))
    it.faults.plan("create", Fault(weather=Weather.SLOW, delay_s=2.0))
    with pytest.raises(OutcomeUnknown):
        await it.create()
    assert it.state == "open"


async def test_two_endpoints_on_one_host_share_its_breaker():
    """What one of them met, the other one need not meet."""
    one = await opened()
    other = Guarded(breakers=one.breakers, clock=one.clock, endpoint="other", calls=CallSettings(attempts=5))
    with pytest.raises(CircuitOpen):
        await other.guarded.discover()
    assert not other.remote.calls


# -- what is told -----------------------------------------------------------------------------------------------------------


async def test_every_attempt_is_told_and_so_is_every_wait():
    """A refused connection, a busy remote, an answer: three ends and two waits, in one piece of work."""
    it = Guarded()
    it.faults.plan("fetch", Weather.REFUSED, Weather.BUSY, Fault(weather=Weather.SLOW, delay_s=2.0))
    await it.guarded.fetch(it.ref)
    assert it.heard.works == [CallWork(endpoint="memory", operation="fetch")]
    assert [(note.attempt, note.error) for note in it.heard.of(CallEnded)] == [
        (1, "Unreachable"),
        (2, "RemoteBusy"),
        (3, None),
    ]
    last = it.heard.of(CallEnded)[-1]
    assert (last.endpoint, last.connector, last.operation, last.duration_s) == ("memory", "shelf", "fetch", 2.0)
    assert [(note.attempt, note.reason) for note in it.heard.of(CallRetried)] == [
        (1, "memory fetch: the connection was refused"),
        (2, "memory fetch: the remote is busy"),
    ]


async def test_a_write_is_one_attempt_of_one_piece_of_work():
    """With the class of what it ended with."""
    it = Guarded()
    it.faults.plan("create", Weather.DROPPED_AFTER)
    with pytest.raises(OutcomeUnknown):
        await it.create()
    assert it.heard.works == [CallWork(endpoint="memory", operation="create")]
    (ended,) = it.heard.of(CallEnded)
    assert (ended.operation, ended.attempt, ended.error) == ("create", 1, "OutcomeUnknown")


async def test_every_page_of_a_listing_is_a_call():
    """Two records on a page each, and the call that finds no third one."""
    it = Guarded(page_size=1)
    it.remote.person_creates(BOX, title="two")
    await listed(it.guarded)
    assert [note.operation for note in it.heard.of(CallEnded)] == ["list"] * 3


async def test_waiting_for_a_turn_is_not_part_of_a_call():
    """The second write waits five seconds for the first one, and takes two itself."""
    it = Guarded(max_concurrent_writes=1, key_storage="id")
    slow = Fault(weather=Weather.SLOW, delay_s=5.0), Fault(weather=Weather.SLOW, delay_s=2.0)
    it.faults.plan("create", *slow)
    await asyncio.gather(it.create(), it.create(key=SyncKey("1" * 32)))
    assert [note.duration_s for note in it.heard.of(CallEnded)] == [5.0, 2.0]


async def test_a_write_that_must_not_be_made_any_more_is_not_made():
    """It is asked about when it is its turn, after all waiting; reads go on, and nobody thinks ill of the host."""
    lost = []

    def may_write():
        if lost:
            raise LeaseLost("written by process 7")

    it = Guarded(may_write=may_write, max_concurrent_writes=1)
    gate, begun = asyncio.Event(), asyncio.Event()

    async def waits(*_):
        begun.set()
        await gate.wait()

    first = asyncio.ensure_future(it.with_inside("create", waits))
    await begun.wait()
    second = asyncio.ensure_future(it.create("three", SyncKey("1" * 32)))
    await asyncio.sleep(0)
    lost.append("the lease")
    gate.set()
    await first
    with pytest.raises(LeaseLost):
        await second
    assert await it.guarded.fetch(it.ref) is not None
    assert set(it.remote.items(BOX)) == {it.record_id}
    assert it.state == "closed"
