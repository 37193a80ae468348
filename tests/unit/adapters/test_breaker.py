"""One breaker for each host, under a clock that tests wind."""

import asyncio
import gc
import weakref

import pytest
from circuitbreaker import CircuitBreakerMonitor

from syncengine.adapters.guard.breaker import COUNTED, Breakers, host_of
from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.guard.wait import Wait
from syncengine.engine.notes import BreakerChanged
from syncengine.errors import (
    AuthenticationFailed,
    CircuitOpen,
    ContractViolation,
    OutcomeUnknown,
    RateLimited,
    RecordInvalid,
    RecordNotFound,
    RemoteBusy,
    StaleRevision,
    Unreachable,
)
from syncengine.testing.virtual_clock import VirtualClock
from tests.fixtures.heard import Heard

HOST = "vibe.example:8080"
CALLS = CallSettings(breaker_failures=3, breaker_open_s=30)
SAYS_NOTHING = (RateLimited, RecordInvalid, RecordNotFound, StaleRevision, AuthenticationFailed, ContractViolation)


class Bench:
    """The breaker of one host, with its clock and what it told."""

    def __init__(self, calls=CALLS):
        self.clock = VirtualClock(tick_s=0)
        self.heard = Heard()
        self.breakers = Breakers(clock=self.clock, telemetry=self.heard)
        self.breaker = self.breakers.of(HOST, endpoint="vibe", calls=calls)

    def call(self, error=None):
        """One call that ends like this."""
        self.breaker.ended(self.breaker.admit(), error)

    def open(self):
        for _ in range(3):
            self.call(Unreachable("refused"))

    @property
    def state(self):
        return self.breakers.state_of("vibe")

    @property
    def told(self):
        return [it.state for it in self.heard.of(BreakerChanged)]


@pytest.mark.parametrize("error", COUNTED)
def test_failures_in_a_row_open_it(error):
    """The third one does, and the change is told once with its reason."""
    it = Bench()
    for _ in range(2):
        it.call(error("no answer"))
    assert (it.state, it.told) == ("closed", [])
    it.call(error("no answer"))
    assert it.state == "open"
    (change,) = it.heard.of(BreakerChanged)
    assert (change.host, change.state) == (HOST, "open")
    assert change.reason == f"3 failures in a row, the last one {error.__name__} (no answer)"


def test_a_success_in_between_begins_the_count_anew():
    """Two failures, a success, two failures: closed."""
    it = Bench()
    for error in (Unreachable("x"), RemoteBusy("x"), None, OutcomeUnknown("x"), Unreachable("x")):
        it.call(error)
    assert it.state == "closed"
    it.call(Unreachable("x"))
    assert it.state == "open"


@pytest.mark.parametrize("error", SAYS_NOTHING)
def test_refusals_neither_count_nor_begin_the_count_anew(error):
    """Many of them are raised before anything is sent, so they say nothing about the host."""
    it = Bench()
    for failure in (Unreachable("x"), Unreachable("x"), *(error("no") for _ in range(5))):
        it.call(failure)
    assert it.state == "closed"
    it.call(Unreachable("x"))
    assert it.state == "open"


@pytest.mark.parametrize("end", [asyncio.CancelledError, KeyboardInterrupt, GeneratorExit])
def test_a_call_that_was_cut_off_neither_counts_nor_begins_the_count_anew(end):
    """The package alone would take it for a success."""
    it = Bench()
    for failure in (Unreachable("x"), Unreachable("x"), *(end() for _ in range(5))):
        it.call(failure)
    assert (it.state, it.breaker.failure_count) == ("closed", 2)
    it.call(Unreachable("x"))
    assert it.state == "open"


def test_while_open_nothing_is_let_through():
    """Until the last moment, and the error says how long that is."""
    it = Bench()
    it.open()
    for passed, left in ((0, 30), (10, 20), (19.5, 0.5)):
        it.clock.advance(passed)
        with pytest.raises(CircuitOpen, match="not called: .* had 3 failures in a row") as caught:
            it.breaker.admit()
        assert caught.value.retry_after_s == pytest.approx(left)
    assert it.told == ["open"]


def test_the_reason_stays_the_same_while_it_is_open():
    """A pass reports each problem once; texts with a countdown would be new ones every time."""
    it = Bench()
    it.open()
    texts = set()
    for _ in range(5):
        it.clock.advance(3)
        with pytest.raises(CircuitOpen) as caught:
            it.breaker.admit()
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_a_probe_that_is_answered_closes_it():
    """Closed, open, half open, closed; then everybody is let through again."""
    it = Bench()
    it.open()
    it.clock.advance(30)
    assert it.state == "half_open"
    it.call()
    assert (it.state, it.told) == ("closed", ["open", "half_open", "closed"])
    for _ in range(50):
        it.breaker.admit()


def test_a_probe_that_fails_opens_it_again():
    """For the whole time again, after a single failure."""
    it = Bench()
    it.open()
    it.clock.advance(31)
    it.call(Unreachable("still refused"))
    assert (it.state, it.told) == ("open", ["open", "half_open", "open"])
    it.clock.advance(29.9)
    assert it.breaker.refuses
    it.clock.advance(0.1)
    assert not it.breaker.refuses


def test_one_probe_among_fifty():
    """The package alone would let all of them through; the next probe can be made when this one failed and time passed."""
    it = Bench()
    it.open()
    it.clock.advance(30)
    it.breaker.admit()
    for _ in range(49):
        with pytest.raises(CircuitOpen) as caught:
            it.breaker.admit()
        assert caught.value.retry_after_s == 30


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RecordInvalid("no"), RateLimited("slowly")])
def test_a_probe_that_says_nothing_makes_room_for_the_next_one(error):
    """It stays half open; the change is not told a second time."""
    it = Bench()
    it.open()
    it.clock.advance(30)
    it.call(error)
    assert it.state == "half_open"
    it.call()
    assert (it.state, it.told) == ("closed", ["open", "half_open", "closed"])


def test_what_began_before_the_change_says_nothing():
    """A late success closes nothing, and a late failure makes nobody wait longer."""
    it = Bench()
    good, bad = it.breaker.admit(), it.breaker.admit()
    it.open()
    it.breaker.ended(good, None)
    assert it.state == "open"
    it.clock.advance(29)
    it.breaker.ended(bad, Unreachable("at last"))
    it.clock.advance(1)
    assert it.state == "half_open"
    assert it.told == ["open"]


def test_what_began_before_the_probe_does_not_end_it():
    """While the probe is under way an old call comes back: still nobody else is let through."""
    it = Bench()
    old = it.breaker.admit()
    it.open()
    it.clock.advance(30)
    probe = it.breaker.admit()
    it.breaker.ended(old, None)
    assert it.breaker.refuses
    it.breaker.ended(probe, Unreachable("no"))
    assert it.state == "open"


def test_a_clock_that_is_set_back_does_not_keep_it_open_for_hours():
    """The half minute begins anew, once."""
    it = Bench()
    it.open()
    it.clock.advance(-3600)
    assert it.state == "open"
    it.clock.advance(30)
    assert it.state == "half_open"


def test_endpoints_of_one_host_share_it():
    """What one of them meets is known to the other; a third one on another host is not concerned."""
    it = Bench()
    assert it.breakers.of(HOST, endpoint="board", calls=CALLS) is it.breaker
    it.breakers.of("huly.example:443", endpoint="huly", calls=CALLS)
    it.open()
    assert [it.breakers.state_of(name) for name in ("vibe", "board", "huly", "nobody")] == [
        "open",
        "open",
        "closed",
        "closed",
    ]
    assert it.breakers.states() == {HOST: "open", "huly.example:443": "closed"}
    assert it.breakers.state_of_host(HOST) == "open"


def test_the_strictest_of_those_who_share_it_counts():
    """The smaller number of failures and the longer time, until that endpoint uses it no more."""
    it = Bench()
    it.breakers.of(HOST, endpoint="board", calls=CallSettings(breaker_failures=1, breaker_open_s=600))
    it.call(Unreachable("x"))
    it.clock.advance(599)
    assert it.state == "open"
    it.clock.advance(1)
    it.call()
    it.breakers.of("elsewhere:1", endpoint="board", calls=CALLS)
    it.call(Unreachable("x"))
    assert it.state == "closed"


def test_a_host_that_nobody_uses_any_more_is_forgotten():
    """An endpoint got another address in the settings."""
    it = Bench()
    it.breakers.of("elsewhere:1", endpoint="vibe", calls=CALLS)
    assert set(it.breakers.states()) == {"elsewhere:1"}
    assert it.breakers.state_of_host(HOST) == "closed"


def test_nothing_is_kept_for_ever():
    """No error with its traceback, and nothing in the list that the package keeps for the whole process."""

    class Failure(Unreachable):
        pass

    it = Bench()
    failure = Failure("x")
    gone = weakref.ref(failure)
    it.call(failure)
    del failure
    gc.collect()
    assert gone() is None
    assert HOST not in CircuitBreakerMonitor.circuit_breakers


class Plain:
    def __init__(self, url):
        self.url = url


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (Plain("http://127.0.0.1:8080/api"), "127.0.0.1:8080"),
        (Plain("https://user:s3cret@Huly.Example.com/x?y=z"), "huly.example.com:443"),
        (Plain("ws://huly.example.com"), "huly.example.com:80"),
        (Plain("http://[::1]:9"), "[::1]:9"),
        (Plain("/only/a/path"), "todo"),
        (Plain("http://host:notaport"), "todo"),
        (Plain(None), "todo"),
        (object(), "todo"),
    ],
)
def test_the_host_of_an_endpoint(settings, host):
    """Name and port of the `url` of its connector; the endpoint itself where there is none."""
    assert host_of(settings, otherwise="todo") == host


def test_a_wait_is_over_when_its_time_has_passed():
    """Half of it, all of it, and it stays over."""
    clock = VirtualClock(tick_s=0)
    wait = Wait(clock)
    assert wait.left_s() == 0
    wait.begin(10)
    clock.advance(4)
    assert wait.left_s() == 6
    clock.advance(6)
    assert wait.left_s() == 0
    clock.advance(-8)
    assert wait.left_s() == 0
