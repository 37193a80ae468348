"""One side is down for ten minutes: it is hardly called, the other one is read, and then everything is caught up."""

from datetime import timedelta

import pytest

from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.identity import ROOT, Kind
from syncengine.domain.policy import Policy
from syncengine.runner.bootstrap import open_sync_with
from syncengine.testing import Abilities, MemoryConnector, MemoryRemote
from syncengine.testing.faults import Faults, Weather
from syncengine.testing.virtual_clock import VirtualClock

TEXTS = dict.fromkeys(("title", "description"), Prefer("left"))
POLICY = Policy(rules={Kind("project"): TEXTS, Kind("issue"): TEXTS | {"status": Prefer("left")}})
OUTAGE_S = 600
INTERVAL_S = 10
OPERATIONS = ("discover", "list", "fetch", "find_by_key", "create", "update", "delete")


class Counting(Faults):
    """Faults that remember how often each operation was called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = []

    def draw(self, operation):
        self.calls.append(operation)
        return super().draw(operation)


@pytest.fixture(params=[False, True], ids=["full listings", "cursors"])
async def office(tmp_path, request):
    """Ten issues on both sides, and a service whose time is ours."""
    clock = VirtualClock()
    abilities = Abilities(projects=True, natural_keys=("title",), change_cursor=request.param)
    left, right = (MemoryRemote(abilities, now=clock.now) for _ in "ab")
    project = left.person_creates(ROOT, title="P")
    for number in range(10):
        left.person_creates(project, title=f"issue {number}", status="todo")
    faults = Counting(), Counting()
    endpoints = {
        name: MemoryConnector(remote, name, faults=its, sleep=clock.sleep)
        for name, remote, its in zip(("left", "right"), (left, right), faults, strict=True)
    }
    async with open_sync_with(endpoints, log=tmp_path / "log.db", policy=POLICY, clock=clock) as sync:
        while not (await sync.run_pass()).quiet:
            clock.advance(INTERVAL_S)
        yield sync, clock, (left, project, faults[0]), (right, next(iter(right.items(ROOT))), faults[1])


def titles(side):
    remote, project, _ = side
    return sorted(it["title"] for it in remote.items(project).values())


async def test_an_outage_costs_little_and_is_caught_up_in_one_pass(office):
    """Twice what the probes of the breaker need, at most; edits of both sides, new issues and a deletion travel."""
    sync, clock, left, right = office
    for operation in OPERATIONS:
        right[2].always(operation, Weather.REFUSED)
    left[2].calls.clear()
    right[2].calls.clear()
    ends, passes = clock.now() + timedelta(seconds=OUTAGE_S), 0
    ids = sorted(left[0].items(left[1]))
    while clock.now() < ends:
        if passes < len(ids):
            left[0].person_edits(left[1], ids[passes], title=f"edited {passes}")
            left[0].person_creates(left[1], title=f"new {passes}")
        await sync.run_pass()
        passes += 1
        clock.advance(INTERVAL_S)
    probes = OUTAGE_S / CallSettings().breaker_open_s
    assert len(right[2].calls) <= 2 * probes
    assert left[2].calls.count("list") >= passes, "the other side is read in every pass"
    seen = {it.event.fields["title"] for it in sync.log.all_events() if getattr(it.event, "fields", None)}
    assert {f"edited {number}" for number in range(len(ids))} <= seen

    right[0].person_edits(right[1], next(iter(right[0].items(right[1]))), status="done")
    right[2].clear()
    clock.advance(CallSettings().breaker_open_s)
    report = await sync.run_pass()
    assert report.problems == []
    assert titles(left) == titles(right)
    assert len(titles(left)) == 20
    assert sync.views.open_writes() == []
    assert "done" in {it["status"] for it in left[0].items(left[1]).values()}
    clock.advance(INTERVAL_S)
    assert (await sync.run_pass()).quiet


async def test_what_is_new_waits_for_the_side_that_is_silent(office):
    """It may have its counterpart there; afterwards it is made once."""
    sync, clock, left, right = office
    right[2].always("discover", Weather.REFUSED)
    left[0].person_creates(left[1], title="twin")
    right[0].person_creates(right[1], title="twin")
    for _ in range(3):
        await sync.run_pass()
        clock.advance(INTERVAL_S)
    assert sync.views.find("twin") == []
    right[2].clear()
    clock.advance(CallSettings().breaker_open_s)
    for _ in range(3):
        await sync.run_pass()
        clock.advance(INTERVAL_S)
    assert titles(left).count("twin") == titles(right).count("twin") == 1
