"""What a process knew about hosts that do not answer, the next one knows too."""

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.adapters.guard.breaker import Breakers
from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.identity import Kind
from syncengine.domain.policy import Policy
from syncengine.errors import CircuitOpen, Unreachable
from syncengine.runner.bootstrap import open_sync_with
from syncengine.runner.hosts import recall_hosts, remember_hosts
from syncengine.testing import Abilities, MemoryConnector, MemoryRemote
from syncengine.testing.faults import Faults, Weather
from syncengine.testing.virtual_clock import VirtualClock
from tests.fixtures.heard import Heard

HOST = "huly.example:443"
CALLS = CallSettings(breaker_failures=3, breaker_open_s=30)


def breakers_at(clock):
    breakers = Breakers(clock=clock, telemetry=Heard())
    return breakers, lambda: breakers.of(HOST, endpoint="huly", calls=CALLS)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.ended(breaker.admit(), Unreachable("nobody there"))


async def test_the_next_process_begins_with_a_single_probe(tmp_path):
    """And not with as many calls as it takes to give the host up once more."""
    clock = VirtualClock()
    async with open_log(tmp_path / "log.db", now=clock.now) as log:
        breakers, breaker_of = breakers_at(clock)
        fail(breaker_of(), 3)
        await remember_hosts(log, breakers, {HOST}, caused_by="one")
        await remember_hosts(log, breakers, {HOST}, caused_by="two")
        assert log.max_position() == 1, "said once"

        breakers, breaker_of = breakers_at(clock)
        recall_hosts(log, breakers)
        breaker = breaker_of()
        admission = breaker.admit()
        with pytest.raises(CircuitOpen, match="3 failures in a row"):
            breaker.admit()
        breaker.ended(admission, Unreachable("nobody there"))
        with pytest.raises(CircuitOpen):
            breaker.admit()
        clock.advance(31)
        breaker.ended(breaker.admit(), None)
        await remember_hosts(log, breakers, {HOST}, caused_by="three")
        assert log.views.given_up_hosts() == []

        breakers, breaker_of = breakers_at(clock)
        recall_hosts(log, breakers)
        assert [breaker_of().admit(), breaker_of().admit()], "closed again"


async def test_a_host_that_nobody_calls_any_more_is_forgotten(tmp_path):
    """The address in the settings was changed."""
    clock = VirtualClock()
    async with open_log(tmp_path / "log.db", now=clock.now) as log:
        breakers, breaker_of = breakers_at(clock)
        fail(breaker_of(), 3)
        await remember_hosts(log, breakers, {HOST}, caused_by="one")
        await remember_hosts(log, Breakers(clock=clock), {HOST}, caused_by="not connected yet")
        assert [it.host for it in log.views.given_up_hosts()] == [HOST]
        await remember_hosts(log, Breakers(clock=clock), {"other.example:443"}, caused_by="two")
        assert log.views.given_up_hosts() == []


class Counted(MemoryConnector):
    """Counts the calls that reach it."""

    calls = 0

    async def discover(self):
        self.calls += 1
        return await super().discover()


async def test_a_process_that_is_started_again_and_again_calls_a_dead_host_once_each_time(tmp_path):
    """From end to end; and what was edited meanwhile travels as soon as it answers."""
    clock, faults = VirtualClock(), Faults()
    left, right = (MemoryRemote(Abilities(projects=True, natural_keys=("title",)), now=clock.now) for _ in "ab")
    texts = dict.fromkeys(("title", "description"), Prefer("left"))
    policy = Policy(rules={Kind("project"): texts, Kind("issue"): texts | {"status": Prefer("left")}})

    async def one_process(passes=1):
        dead = Counted(right, "right", faults=faults, sleep=clock.sleep)
        endpoints = {"left": MemoryConnector(left, "left", sleep=clock.sleep), "right": dead}
        async with open_sync_with(endpoints, log=tmp_path / "log.db", policy=policy, clock=clock) as sync:
            for _ in range(passes):
                await sync.run_pass()
            return dead.calls, [it.host for it in sync.views.given_up_hosts()]

    faults.always("discover", Weather.REFUSED)
    calls, given_up = await one_process(passes=3)
    assert (given_up, calls >= CallSettings().breaker_failures) == (["right"], True)
    for _ in range(5):
        assert await one_process() == (1, ["right"])
    left.person_creates("", title="P")
    faults.clear()
    assert (await one_process(passes=2))[1] == []
    assert len(right.items("")) == 1
