"""A clock that is set, beside one that nobody can set."""

from datetime import timedelta

import pytest

from syncengine.runner.clock_watch import TOLERANCE_S, ClockWatch
from tests.unit.runner.manual_clock import ManualClock


@pytest.mark.parametrize(("by_s", "noticed_s"), [(0, 0), (TOLERANCE_S - 1, 0), (3600, 3600), (-3600, -3600)])
def test_a_jump_is_noticed_once(by_s, noticed_s):
    """Small differences are what time servers make."""
    clock, ticks = ManualClock(), [100.0]
    watch = ClockWatch(clock.now, lambda: ticks[0])
    clock._now += timedelta(seconds=60 + by_s)
    ticks[0] += 60
    assert watch.jumped_s() == noticed_s
    clock._now += timedelta(seconds=60)
    ticks[0] += 60
    assert watch.jumped_s() == 0


def test_a_computer_that_slept_jumps_forward():
    """Its other clock stood still meanwhile."""
    clock = ManualClock()
    watch = ClockWatch(clock.now, lambda: 5.0)
    clock._now += timedelta(hours=8)
    assert watch.jumped_s() == 8 * 3600
