"""Deletions from end to end: evidence, limits, approval, crashes."""

import pytest

from syncengine.domain.events import Evidence, Operation, RecordGone, SafetyApproved, SafetyCleared, SafetyStopped
from syncengine.domain.identity import approval_stream
from syncengine.domain.pauses import item_subject
from syncengine.engine.ports import Append
from syncengine.engine.requests import ResumePlace
from syncengine.testing import Abilities, SimulatedCrash
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World

MANY = 20


async def filled(number, *, tombstones=False, **more):
    world = World(
        left_abilities=Abilities(key_storage="id", projects=True, natural_keys=("title",), tombstones=tombstones), **more
    )
    project = world.left.person_creates("", title="P")
    for count in range(number):
        world.left.person_creates(project, title=f"issue {count}")
    await world.settle_down()
    return world


def delete_on_left(world, number):
    left, _ = world.projects()
    for record_id in sorted(world.left.items(left))[:number]:
        world.left.person_deletes(left, record_id)


def left_and_right(world):
    left, right = world.projects()
    return len(world.left.items(left)), len(world.right.items(right))


def events(world, kind):
    return [it.event for it in world.log.events if isinstance(it.event, kind)]


async def approve(world, plan):
    append = Append(stream_id=approval_stream(plan), after_version=0, events=(SafetyApproved(plan=plan, by="somebody"),))
    await world.log.append(append, caused_by="test")


async def test_a_deletion_without_tombstones_needs_two_looks():
    """Absent in one pass is a doubt, absent in the next is a deletion."""
    world = await filled(4)
    delete_on_left(world, 1)
    await world.engine.run_pass()
    assert left_and_right(world) == (3, 4)
    assert [it.evidence for it in events(world, RecordGone)] == [Evidence.ABSENT]
    await world.engine.run_pass()
    assert left_and_right(world) == (3, 3)
    await world.settle_down()
    assert world.log.views.parked() == ()
    assert world.right.effects["delete"] == 1


async def test_two_looks_in_one_pass_are_one_look():
    """A write finds its record missing, and so does the listing a moment later: that may be one moment's blindness."""
    world = await filled(4)
    left, right = world.projects()
    hidden = min(world.left.items(left))
    (mine,) = [
        key for key, it in world.right.items(right).items() if it["title"] == world.left.items(left)[hidden]["title"]
    ]
    world.right.person_edits(right, mine, status="done")
    world.left_faults.plan("update", Weather.SERVER_ERROR)
    await world.engine.run_pass()
    stored = world.left.stored(left, hidden)
    world.left.person_deletes(left, hidden)
    world.clock.advance(30)
    await world.engine.run_pass()
    assert [it.evidence for it in events(world, RecordGone)] == [Evidence.ABSENT]
    world.left.restore(left, hidden, stored)
    await world.settle_down()
    assert left_and_right(world) == (4, 4)
    assert world.left.items(left)[hidden]["status"] == "done"


async def test_a_plan_looks_a_second_time_as_the_next_pass_would():
    """It shows the deletion that the pass makes then."""
    world = await filled(4)
    delete_on_left(world, 1)
    await world.engine.run_pass()
    ((step,),) = [(await world.engine.plan()).steps]
    assert [write.operation for write in step.decision.writes] == [Operation.DELETE]
    assert left_and_right(world) == (3, 4)


async def test_a_tombstone_needs_one_look():
    """The remote itself says so."""
    world = await filled(4, tombstones=True)
    delete_on_left(world, 1)
    await world.engine.run_pass()
    assert left_and_right(world) == (3, 3)


async def test_a_deletion_that_was_refused_is_made_again_when_a_person_resumes_the_item():
    """It waits until then, and is measured against the limits as any other."""
    world = await filled(4, tombstones=True)
    world.right_faults.plan("delete", Weather.INVALID)
    delete_on_left(world, 1)
    await world.settle_down()
    assert left_and_right(world) == (3, 4)
    (refused,) = [it for it in world.log.views.parked() if it.subject == "write:right"]
    world.inbox.put(ResumePlace(subject=item_subject(refused.link_id)), by="vera")
    await world.settle_down()
    assert left_and_right(world) == (3, 3)


async def test_a_record_that_was_only_hidden_for_a_moment_is_not_deleted():
    """Not listed, but there when asked for."""
    world = await filled(4)
    world.left_faults.plan("list", None, Weather.TRUNCATED)
    await world.settle_down()
    assert left_and_right(world) == (4, 4)


async def test_what_is_more_than_the_limits_allow_waits_for_a_person():
    """Nothing is deleted, it is said once, and approving lets exactly that be done."""
    world = await filled(MANY)
    delete_on_left(world, 10)
    for _ in range(4):
        report = await world.engine.run_pass()
    assert left_and_right(world) == (10, MANY)
    (held,) = world.log.views.held_plans()
    assert f"syncengine approve {held.plan}" in report.safety_stops[0]
    assert len(events(world, SafetyStopped)) == 1
    assert len(events(world, SafetyStopped)[0].deletions) == 10
    await approve(world, held.plan)
    await world.settle_down()
    assert left_and_right(world) == (10, 10)
    assert world.log.views.held_plans() == ()
    assert len(events(world, SafetyCleared)) == 1


async def test_an_approval_covers_no_record_more():
    """Another deletion makes another plan, and the approval of the first one lets nothing be done."""
    world = await filled(MANY)
    delete_on_left(world, 10)
    for _ in range(2):
        await world.engine.run_pass()
    (first,) = world.log.views.held_plans()
    delete_on_left(world, 1)
    for _ in range(2):
        await world.engine.run_pass()
    await approve(world, first.plan)
    await world.engine.run_pass()
    assert left_and_right(world) == (9, MANY)
    (second,) = world.log.views.held_plans()
    await approve(world, second.plan)
    await world.settle_down()
    assert left_and_right(world) == (9, 9)


async def test_an_edit_of_what_would_be_deleted_makes_another_plan():
    """What a person approved of is gone from the plan, and the edit is kept."""
    world = await filled(MANY)
    delete_on_left(world, 10)
    for _ in range(2):
        await world.engine.run_pass()
    (held,) = world.log.views.held_plans()
    _, right = world.projects()
    doomed = events(world, SafetyStopped)[0].deletions[0]
    world.right.person_edits(right, doomed.record_id, title="still needed")
    await approve(world, held.plan)
    await world.engine.run_pass()
    assert len(world.right.items(right)) == MANY
    assert world.log.views.held_plans()[0].plan != held.plan
    titles = {it["title"] for it in world.left.items(world.projects()[0]).values()}
    assert "still needed" in titles


async def test_an_empty_listing_is_believed_only_when_a_person_says_so():
    """The account may have lost its access; two approvals lie between that and a deletion of everything."""
    world = await filled(6)
    delete_on_left(world, 6)
    for _ in range(3):
        await world.engine.run_pass()
    assert left_and_right(world) == (0, 6)
    (held,) = world.log.views.held_plans()
    assert "lists nothing although 6 records are known" in held.reason
    await approve(world, held.plan)
    for _ in range(3):
        await world.engine.run_pass()
    assert left_and_right(world) == (0, 6)
    (second,) = world.log.views.held_plans()
    assert second.plan != held.plan
    await approve(world, second.plan)
    await world.settle_down()
    assert left_and_right(world) == (0, 0)


async def test_a_listing_that_shows_records_again_clears_the_stop():
    """It was access that was lost, and nobody had to say anything."""
    world = await filled(6)
    world.left_faults.plan("list", None, Weather.EMPTY_LISTING)
    await world.engine.run_pass()
    assert len(world.log.views.held_plans()) == 1
    await world.settle_down()
    assert world.log.views.held_plans() == ()
    assert left_and_right(world) == (6, 6)


@pytest.mark.parametrize("point", ["delete.before", "delete.after", "append.before", "append.after"])
async def test_a_crash_around_a_delete_deletes_once_and_leaves_nothing_open(point):
    """Whatever was done or not, looking tells."""
    dying = {"armed": False}

    async def at(where):
        if dying["armed"] and where == point:
            dying["armed"] = False
            raise SimulatedCrash

    world = await filled(4, tombstones=True, at=at)
    delete_on_left(world, 1)
    dying["armed"] = True
    with pytest.raises(SimulatedCrash):
        await world.engine.run_pass()
    world.start()
    await world.settle_down()
    assert left_and_right(world) == (3, 3)
    assert world.right.effects["delete"] == 1
    assert world.log.views.open_writes() == ()


@pytest.mark.parametrize("weather", [Weather.DROPPED_AFTER, Weather.DROPPED_BEFORE, Weather.BUSY])
async def test_a_delete_whose_answer_is_lost_is_looked_for(weather):
    """And made again only when the record is still there as it was."""
    world = await filled(4, tombstones=True)
    delete_on_left(world, 1)
    world.right_faults.plan("delete", weather)
    await world.settle_down()
    assert left_and_right(world) == (3, 3)
    assert world.right.effects["delete"] == 1


async def test_an_item_deleted_on_one_side_and_edited_on_the_other_comes_back_once():
    """With a new id where ids are the remote's, and the old record is not needed any more."""
    world = await filled(4)
    left, right = world.projects()
    gone = min(world.right.items(right))
    title = world.right.items(right)[gone]["title"]
    same = next(key for key, it in world.left.items(left).items() if it["title"] == title)
    world.right.person_deletes(right, gone)
    world.left.person_edits(left, same, title="edited")
    await world.settle_down()
    assert left_and_right(world) == (4, 4)
    assert sorted(it["title"] for it in world.right.items(right).values()).count("edited") == 1


async def test_a_lost_record_that_returns_beside_its_successor_is_said():
    """Nobody can tell which one is meant, so a person is told, and nothing breaks."""
    world = await filled(4)
    left, right = world.projects()
    gone = min(world.right.items(right))
    before = world.right.stored(right, gone)
    title = world.right.items(right)[gone]["title"]
    same = next(key for key, it in world.left.items(left).items() if it["title"] == title)
    world.right.person_deletes(right, gone)
    world.left.person_edits(left, same, title="edited")
    await world.settle_down()
    world.right.restore(right, gone, before)
    report = await world.engine.run_pass()
    assert any("is back, but its item has another record there" in line for line in report.problems)
    assert left_and_right(world) == (4, 5)


async def test_the_first_record_is_the_items_again_when_its_successor_is_deleted():
    """Somebody brought it back and then removed the other one; nothing is deleted elsewhere."""
    world = await filled(4)
    left, right = world.projects()
    gone = min(world.right.items(right))
    before = world.right.stored(right, gone)
    title = world.right.items(right)[gone]["title"]
    same = next(key for key, it in world.left.items(left).items() if it["title"] == title)
    world.right.person_deletes(right, gone)
    world.left.person_edits(left, same, title="edited")
    await world.settle_down()
    world.right.restore(right, gone, before)
    await world.engine.run_pass()
    successor = next(key for key, it in world.right.items(right).items() if it["title"] == "edited")
    world.right.person_deletes(right, successor)
    await world.settle_down()
    assert left_and_right(world) == (4, 4)
    assert world.left.items(left)[same] == world.right.items(right)[gone]
    assert world.left.effects["delete"] == 0


async def test_the_first_record_is_the_items_again_when_it_comes_back_after_its_successor():
    """The item was deleted everywhere meanwhile; it comes back everywhere."""
    world = await filled(4)
    left, right = world.projects()
    gone = min(world.right.items(right))
    before = world.right.stored(right, gone)
    title = world.right.items(right)[gone]["title"]
    same = next(key for key, it in world.left.items(left).items() if it["title"] == title)
    world.right.person_deletes(right, gone)
    world.left.person_edits(left, same, title="edited")
    await world.settle_down()
    successor = next(key for key, it in world.right.items(right).items() if it["title"] == "edited")
    world.right.person_deletes(right, successor)
    await world.settle_down()
    assert left_and_right(world) == (3, 3)
    world.right.restore(right, gone, before)
    await world.settle_down()
    assert left_and_right(world) == (4, 4)
    assert world.right.items(right)[gone] in world.left.items(left).values()


async def test_the_cursor_waits_for_a_record_that_may_be_a_create_under_way():
    """It is not listed again behind the cursor, and it may turn out to be somebody else's."""
    world = World(right_abilities=Abilities(key_storage="none", projects=True, natural_keys=("title",), change_cursor=True))
    project = world.left.person_creates("", title="P")
    await world.settle_down()
    _, right = world.projects()
    world.left.person_creates(project, title="issue")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    assert len(world.log.views.open_writes()) == 1
    world.right.person_creates(right, title="issue", description="from a person")
    world.right_faults.always("find_by_key", Weather.BUSY)
    world.clock.advance(30)
    await world.engine.run_pass()
    world.right_faults.clear()
    world.clock.advance(30)
    await world.settle_down()
    assert "several records carry the key" in world.log.views.parked()[0].reason
    known = {it.ref.record_id for it in world.log.views.known.values() if it.ref.endpoint == "right"}
    assert set(world.right.items(right)) <= known


async def test_a_few_deletions_in_each_of_many_projects_wait_together():
    """Two of four in each of five projects are ten of twenty; what is left after some approvals is within the limits."""
    world = World(left_abilities=Abilities(key_storage="id", projects=True, natural_keys=("title",)))
    names = [f"P{number}" for number in range(5)]
    for name in names:
        project = world.left.person_creates("", title=name)
        for count in range(4):
            world.left.person_creates(project, title=f"{name} issue {count}")
    await world.settle_down()
    places = [world.projects(name) for name in names]
    for left, _ in places:
        for record_id in sorted(world.left.items(left))[:2]:
            world.left.person_deletes(left, record_id)
    for _ in range(4):
        report = await world.engine.run_pass()
    assert sum(len(world.right.items(right)) for _, right in places) == 20
    held = world.log.views.held_plans()
    assert len(held) == 5
    assert all("in all projects together, 10 of 20 records" in it.reason for it in held)
    assert len(report.safety_stops) == 5
    for plan in held[:3]:
        await approve(world, plan.plan)
    await world.settle_down()
    assert sum(len(world.right.items(right)) for _, right in places) == 10
    assert world.log.views.held_plans() == ()
