"""The engine between two remotes in memory: the situations everybody asks about."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson
from syncengine.domain.events import PassFinished, RecordObserved, WriteConfirmed, WritesIntended
from syncengine.testing.abilities import Abilities, lossy
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World


@pytest.fixture
async def world():
    """One project with three issues on the left, everything synchronised."""
    world = World()
    left = world.left.person_creates("", title="P")
    for number in range(3):
        world.left.person_creates(left, title=f"issue {number}", status="todo")
    await world.settle_down()
    return world


def titles(remote, container):
    return sorted(it["title"] for it in remote.items(container).values())


async def test_projects_and_issues_arrive_on_the_other_side(world):
    """First sync: the project is made, then its issues."""
    left, right = world.projects()
    assert titles(world.right, right) == ["issue 0", "issue 1", "issue 2"] == titles(world.left, left)


async def test_quiet_passes_write_nothing_and_store_nothing(world):
    """Ten passes without an edit make no write, no event, and one listing a container and side."""
    events, writes = len(world.log.events), (world.left.writes, world.right.writes)
    listings = (world.left.listings, world.right.listings)
    for _ in range(10):
        report = await world.engine.run_pass()
        assert report.quiet, report
    assert len(world.log.events) == events
    assert (world.left.writes, world.right.writes) == writes
    assert (world.left.listings - listings[0], world.right.listings - listings[1]) == (20, 20)


async def test_edits_of_different_fields_both_survive(world):
    """The left changes the title, the right the status of one issue."""
    left, right = world.projects()
    left_id = next(key for key, it in world.left.items(left).items() if it["title"] == "issue 1")
    right_id = next(key for key, it in world.right.items(right).items() if it["title"] == "issue 1")
    world.left.person_edits(left, left_id, title="renamed")
    world.right.person_edits(right, right_id, status="done")
    await world.settle_down()
    for items in (world.left.items(left)[left_id], world.right.items(right)[right_id]):
        assert (items["title"], items["status"]) == ("renamed", "done")


async def test_the_rule_decides_and_the_loser_is_in_the_log(world):
    """Both changed the title: left wins, the right is written, the right's value stays in the log."""
    left, right = world.projects()
    left_id = next(key for key, it in world.left.items(left).items() if it["title"] == "issue 1")
    right_id = next(key for key, it in world.right.items(right).items() if it["title"] == "issue 1")
    world.left.person_edits(left, left_id, title="from left")
    world.right.person_edits(right, right_id, title="from right")
    await world.settle_down()
    assert world.right.items(right)[right_id]["title"] == "from left" == world.left.items(left)[left_id]["title"]
    settled = [it for rec in world.log.events if isinstance(rec.event, WritesIntended) for it in rec.event.settled]
    assert [(it.field, it.value, dict(it.losers)) for it in settled] == [("title", "from left", {"right": "from right"})]


async def test_records_made_on_the_right_arrive_on_the_left(world):
    """The other direction."""
    left, right = world.projects()
    world.right.person_creates(right, title="from the right", status="done", description="body")
    await world.settle_down()
    assert "from the right" in titles(world.left, left)
    made = next(it for it in world.left.items(left).values() if it["title"] == "from the right")
    assert (made["status"], made["description"]) == ("done", "body")


@pytest.mark.parametrize("weather", [Weather.DROPPED_AFTER, Weather.DROPPED_BEFORE, Weather.REFUSED, Weather.BUSY])
@pytest.mark.parametrize("side", ["left", "right"])
async def test_lost_answers_double_nothing(world, weather, side):
    """Whatever becomes of the calls, nothing is doubled and nothing is lost."""
    left, right = world.projects()
    faults = world.left_faults if side == "left" else world.right_faults
    faults.plan("create", weather, None, weather)
    faults.plan("update", weather)
    source, container = (world.right, right) if side == "left" else (world.left, left)
    for number in range(3, 6):
        source.person_creates(container, title=f"issue {number}", status="done")
    await world.settle_down()
    assert titles(world.right, right) == titles(world.left, left) == [f"issue {number}" for number in range(6)]


async def test_an_empty_listing_is_not_an_empty_side(world):
    """B24: a listing that lies deletes nothing, creates nothing, and is reported."""
    left, right = world.projects()
    world.right_faults.plan("list", None, Weather.EMPTY_LISTING)
    writes = world.left.writes, world.right.writes
    report = await world.engine.run_pass()
    assert any("lists nothing" in problem for problem in report.problems)
    assert (world.left.writes, world.right.writes) == writes
    assert (await world.settle_down())[-1].ok


async def test_a_failed_listing_writes_nothing(world):
    """B24: no conclusion is drawn from a side that cannot be read."""
    left, right = world.projects()
    world.left.person_creates(left, title="new")
    world.right_faults.plan("list", None, Weather.REFUSED)
    writes = world.right.writes
    report = await world.engine.run_pass()
    assert report.problems
    assert world.right.writes == writes
    await world.settle_down()
    assert titles(world.right, right) == titles(world.left, left)


async def test_a_vanished_record_is_shown_and_nothing_is_deleted(world):
    """Gone on the left, for all that one look can tell: it is parked, and the right keeps its record."""
    left, right = world.projects()
    left_id = next(iter(world.left.items(left)))
    world.left.person_deletes(left, left_id)
    writes = world.right.writes
    await world.engine.run_pass()
    assert len(world.right.items(right)) == 3
    assert [it.subject for it in world.log.views.parked()] == ["gone:left"]
    assert world.right.writes == writes


async def test_a_conflict_a_person_must_settle_holds_back_only_its_field():
    """Title in conflict, status one-sided: the status goes through."""
    world = World(rule=AskAPerson())
    left = world.left.person_creates("", title="P")
    left_id = world.left.person_creates(left, title="one")
    await world.settle_down()
    _, right = world.projects()
    right_id = next(iter(world.right.items(right)))
    world.left.person_edits(left, left_id, title="A", status="done")
    world.right.person_edits(right, right_id, title="B")
    await world.settle_down()
    assert world.right.items(right)[right_id]["status"] == "done"
    assert (world.left.items(left)[left_id]["title"], world.right.items(right)[right_id]["title"]) == ("A", "B")
    assert [it.subject for it in world.log.views.parked()] == ["field:title"]


async def test_a_lossy_side_starts_no_ping_pong():
    """The right says "todo" for "backlog" and trims texts: nothing flows back."""
    world = World(right_abilities=Abilities(key_storage="marker", projects=True, spelling=lossy, natural_keys=("title",)))
    left = world.left.person_creates("", title="P")
    left_id = world.left.person_creates(left, title="  one ", status="backlog")
    await world.settle_down()
    _, right = world.projects()
    (made,) = world.right.items(right).values()
    assert (made["title"], made["status"]) == ("one", "todo")
    assert dict(world.left.items(left)[left_id])["status"] == "backlog"
    writes = world.left.writes
    for _ in range(10):
        assert (await world.engine.run_pass()).quiet
    assert world.left.writes == writes


async def test_a_lost_log_is_rebuilt_without_a_duplicate(world):
    """Everything is adopted again by key, id and name."""
    left, right = world.projects()
    world.right.person_creates(right, title="from the right")
    await world.settle_down()
    fresh = World(clock=world.clock)
    fresh.left, fresh.right = world.left, world.right
    fresh.start()
    await fresh.settle_down()
    assert len(fresh.left.items("")) == len(fresh.right.items("")) == 1
    assert titles(fresh.left, left) == titles(fresh.right, right)
    assert len(fresh.left.items(left)) == 4


async def test_a_pass_leaves_one_trace_and_a_quiet_one_none(world):
    """The pass events frame what happened."""
    assert sum(isinstance(it.event, PassFinished) for it in world.log.events) >= 1
    kinds = {type(it.event) for it in world.log.events}
    assert {RecordObserved, WritesIntended, WriteConfirmed} <= kinds


async def test_a_plan_writes_nothing_and_says_what_a_pass_does(world):
    """The plan is what the next pass carries out."""
    left, right = world.projects()
    world.left.person_creates(left, title="planned")
    before = (len(world.log.events), world.left.writes, world.right.writes)
    plan = await world.engine.plan()
    assert (len(world.log.events), world.left.writes, world.right.writes) == before
    (step,) = plan.steps
    assert [(write.endpoint, write.fields["title"]) for write in step.decision.writes] == [("right", "planned")]
    await world.settle_down()
    assert "planned" in titles(world.right, right)
