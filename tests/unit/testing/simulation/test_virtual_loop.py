"""An event loop without real time."""

import asyncio

import pytest

from syncengine.testing import SimulatedCrash
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.virtual_loop import NothingMoves, VirtualLoop


def alive():
    return False


def test_who_sleeps_wakes_in_the_order_of_time_and_no_time_is_wasted():
    """The time jumps to the next timer."""
    clock = HostClock()
    woken = []

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        woken.append((seconds, round(clock.monotonic())))

    async def several():
        await asyncio.gather(*(sleeper(seconds) for seconds in (3600, 1, 60)))

    VirtualLoop(clock).run(several(), dies=alive)
    assert woken == [(1, 1), (60, 60), (3600, 3600)]


def test_tasks_take_turns_in_the_order_in_which_they_began():
    """Always the same."""
    turns = []

    async def worker(name):
        for number in range(2):
            turns.append((name, number))
            await asyncio.sleep(0)

    async def several():
        await asyncio.gather(*(worker(name) for name in "ab"))

    VirtualLoop(HostClock()).run(several(), dies=alive)
    assert turns == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_timeouts_work():
    """By the virtual time."""

    async def too_long():
        async with asyncio.timeout(5):
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        VirtualLoop(HostClock()).run(too_long(), dies=alive)


def test_waiting_for_what_never_comes_is_an_error():
    """Instead of waiting for ever."""
    loop = VirtualLoop(HostClock())

    async def forever():
        await loop.create_future()

    with pytest.raises(NothingMoves):
        loop.run(forever(), dies=alive)
    loop.bury()


def test_a_process_that_dies_runs_nothing_any_more():
    """None of its tasks gets a step."""
    loop, steps = VirtualLoop(HostClock()), []

    async def counting(name):
        while True:
            steps.append(name)
            await asyncio.sleep(0)

    async def several():
        await asyncio.gather(counting("a"), counting("b"))

    with pytest.raises(SimulatedCrash):
        loop.run(several(), dies=lambda: len(steps) > 10)
    loop.bury()
    after = len(steps)
    assert after == 11

    async def another():
        await asyncio.sleep(1)

    VirtualLoop(HostClock()).run(another(), dies=alive)
    assert len(steps) == after


def test_somebody_sets_the_clock_of_the_host_and_the_seconds_go_on():
    """Only the time of day moves."""
    clock = HostClock()
    before, seconds = clock.now(), clock.monotonic()
    clock.set_by(-3600)
    assert (clock.now() - before).total_seconds() < -3599
    assert clock.true_now() > before
    assert 0 < clock.monotonic() - seconds < 1
