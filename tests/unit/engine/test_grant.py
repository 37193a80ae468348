"""What persons ask for is done at the start of a pass, once, and only as long as it is what they saw."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson
from syncengine.domain.events import ConflictResolved, SafetyApproved
from syncengine.engine.requests import ApprovePlan, ChooseValue
from syncengine.testing import SimulatedCrash
from tests.fixtures.two_remotes import World


async def in_conflict(**more):
    """One issue whose title was edited on both sides; the link and what each side holds."""
    world = World(rule=AskAPerson(), **more)
    project = world.left.person_creates("", title="P")
    world.left.person_creates(project, title="one", status="todo")
    await world.settle_down()
    edit(world, "left", "A")
    edit(world, "right", "B")
    await world.settle_down()
    (parked,) = world.log.views.parked()
    return world, ChooseValue(link_id=parked.link_id, field="title", value="B", among={"left": "A", "right": "B"})


def edit(world, side, title):
    remote, project = getattr(world, side), dict(zip(("left", "right"), world.projects(), strict=True))[side]
    remote.person_edits(project, next(iter(remote.items(project))), title=title)


def titles(world):
    return [
        next(iter(remote.items(project).values()))["title"]
        for remote, project in zip((world.left, world.right), world.projects(), strict=True)
    ]


def events(world, kind):
    return [it.event for it in world.log.events if isinstance(it.event, kind)]


async def test_a_chosen_value_goes_to_every_side():
    """And nothing waits any more."""
    world, choice = await in_conflict()
    world.inbox.put(choice, by="vera")
    await world.settle_down()
    assert titles(world) == ["B", "B"]
    assert world.log.views.parked() == ()
    assert world.inbox.waiting() == ()
    assert [it.by for it in events(world, ConflictResolved)] == ["vera"]
    assert (await world.engine.run_pass()).quiet


async def test_a_choice_says_nothing_about_values_that_were_not_seen():
    """Somebody edited the field again: the conflict is another one, and the person is told."""
    world, choice = await in_conflict()
    edit(world, "left", "C")
    await world.settle_down()
    world.inbox.put(choice, by="vera")
    report = await world.engine.run_pass()
    assert titles(world) == ["C", "B"]
    assert world.inbox.waiting() == ()
    (problem,) = report.problems
    assert problem.startswith("vera asked to choose the title of")
    assert "the values have changed since; look again with `syncengine status`" in problem


async def test_a_choice_about_what_no_longer_waits_changes_nothing():
    """The conflict ended by itself before the person had chosen."""
    world, choice = await in_conflict()
    edit(world, "left", "B")
    await world.settle_down()
    world.inbox.put(choice)
    report = await world.engine.run_pass()
    assert "nobody has to choose there any more" in report.problems[0]
    assert events(world, ConflictResolved) == []


async def test_a_plan_that_is_not_held_back_is_not_approved():
    """It may be over, or never have been."""
    world, _ = await in_conflict()
    world.inbox.put(ApprovePlan(plan="0f1e2d3c4b5a"))
    report = await world.engine.run_pass()
    assert "it is not held back any more; `syncengine status` shows what is" in report.problems[0]
    assert events(world, SafetyApproved) == []


@pytest.mark.parametrize("point", ["append.before", "append.after"])
async def test_a_crash_while_granting_neither_loses_nor_doubles_it(point):
    """The request is still there after the crash, and granting it twice is as good as once."""
    world, choice = await in_conflict()
    world.inbox.put(choice)

    async def at_the_point(where):
        if where == point:
            raise SimulatedCrash(where)

    await world.dies(at_the_point)
    await world.settle_down()
    assert titles(world) == ["B", "B"]
    assert len(events(world, ConflictResolved)) == 1
    assert world.inbox.waiting() == ()
