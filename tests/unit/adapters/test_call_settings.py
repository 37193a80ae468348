"""Settings of calls, and how long a read waits before it is tried again."""

from random import Random, SystemRandom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.adapters.guard.call_settings import FAIR_CHANCE_S, LONGEST_S, CallSettings, wait_before_next
from syncengine.errors import CircuitOpen, RateLimited, RemoteBusy, Unreachable

SOME_TIME = ("total_s", "first_wait_s", "longest_wait_s", "breaker_open_s")


def wait_after(error, *, attempt=1, elapsed_s=0.0, seed=1, random=None, **calls):
    return wait_before_next(
        error, attempt=attempt, elapsed_s=elapsed_s, calls=CallSettings(**calls), random=random or Random(seed)
    )


def test_the_defaults_are_those_of_the_manual():
    """Four attempts within a minute, and half a minute's rest after five failures."""
    assert CallSettings() == CallSettings(
        attempts=4, total_s=60, first_wait_s=0.25, longest_wait_s=15, breaker_failures=5, breaker_open_s=30
    )


@pytest.mark.parametrize("name", SOME_TIME)
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), LONGEST_S + 1])
def test_a_time_is_more_than_nothing_and_at_most_a_day(name, value):
    """TOML knows inf and nan; neither is a time."""
    with pytest.raises(ValueError, match=name):
        CallSettings(**{"longest_wait_s": 15.0, "first_wait_s": 0.25, name: value})


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": 101}, {"breaker_failures": 0}])
def test_nobody_calls_less_than_once(wrong):
    """A read without a call, or a breaker that opens without a failure, is a mistake."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CallSettings(**wrong)


def test_the_longest_wait_is_not_the_shorter_one():
    """The mistake is named."""
    with pytest.raises(ValueError, match="longest_wait_s must not be shorter than first_wait_s"):
        CallSettings(first_wait_s=2, longest_wait_s=1)


@given(attempt=st.integers(1, 99), seed=st.integers(0, 2**32))
def test_a_wait_is_anything_between_nothing_and_its_bound(attempt, seed):
    """The bound doubles with each attempt up to the longest wait."""
    wait_s = wait_after(Unreachable("x"), attempt=attempt, seed=seed, attempts=100)
    assert 0.0 <= wait_s <= min(15.0, 0.25 * 2 ** (attempt - 1))


def test_waits_use_all_of_their_range():
    """Full jitter: of many waits before the fifth attempt (bound 2 s) some are short and some are long."""
    random = Random(7)
    waits = [wait_after(Unreachable("x"), attempt=4, random=random, attempts=9) for _ in range(200)]
    assert min(waits) < 0.1
    assert 1.9 < max(waits) <= 2.0


def test_the_longest_wait_is_a_bound_and_not_what_everybody_waits():
    """After many attempts the waits still use all of their range."""
    random = Random(7)
    waits = [wait_after(Unreachable("x"), attempt=30, random=random, attempts=99) for _ in range(200)]
    assert min(waits) < 1.0
    assert 5.0 < sum(waits) / len(waits) < 10.0
    assert max(waits) < 15.0


def test_those_who_were_asked_to_wait_do_not_come_back_in_step():
    """Everybody got the same `Retry-After`; a little is added by chance."""
    waits = {wait_after(RateLimited("x", retry_after_s=2.0), seed=seed) for seed in range(20)}
    assert len(waits) == 20
    assert min(waits) >= 2.0


def test_processes_do_not_wait_in_step():
    """Two sources that the operating system seeded never give the same waits."""
    one, other = SystemRandom(), SystemRandom()
    waits = [[wait_after(Unreachable("x"), attempt=n, random=it) for n in (1, 2, 3)] for it in (one, other)]
    assert waits[0] != waits[1]


def test_the_last_attempt_is_followed_by_nothing():
    """Four attempts: three waits."""
    assert [wait_after(Unreachable("x"), attempt=n) is None for n in (1, 2, 3, 4)] == [False, False, False, True]


def test_a_read_is_given_up_when_its_time_is_over():
    """An attempt that would have less than a fair chance is not begun."""
    for elapsed_s, given_up in ((10.0, False), (60.0 - FAIR_CHANCE_S - 0.25, False), (60.0 - FAIR_CHANCE_S, True)):
        assert (wait_after(Unreachable("x"), elapsed_s=elapsed_s) is None) is given_up, elapsed_s


@given(asked_s=st.floats(0.0, 15.0), seed=st.integers(0, 2**32))
def test_what_the_remote_asks_for_is_obeyed(asked_s, seed):
    """Never less, and hardly ever exactly that: others were asked to come back at the same moment."""
    wait_s = wait_after(RemoteBusy("x", retry_after_s=asked_s), seed=seed)
    assert asked_s <= wait_s <= min(15.0, asked_s + 0.25)


@pytest.mark.parametrize("asked_s", [15.1, 3600.0])
def test_a_remote_that_asks_for_a_long_wait_is_not_waited_for(asked_s):
    """The read is given up at once, and the remote is left alone."""
    assert wait_after(RateLimited("x", retry_after_s=asked_s)) is None


def test_a_wait_beyond_what_is_left_is_not_begun():
    """Ten seconds are asked for and nine are left."""
    assert wait_after(RateLimited("x", retry_after_s=10.0), elapsed_s=51.0) is None


def test_an_open_breaker_is_not_asked_again():
    """Not even when it would close within the longest wait."""
    assert wait_after(CircuitOpen("x", retry_after_s=0.1)) is None
