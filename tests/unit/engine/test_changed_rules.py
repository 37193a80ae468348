"""Rules that a person changes: whatever the old ones decided is looked at again."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World, policy_of


@pytest.fixture
async def world():
    """A title that was changed on both sides, while the rule wants a person."""
    world = World(rule=AskAPerson())
    left = world.left.person_creates("", title="P")
    left_id = world.left.person_creates(left, title="one")
    await world.settle_down()
    _, right = world.projects()
    (right_id,) = world.right.items(right)
    world.left.person_edits(left, left_id, title="A")
    world.right.person_edits(right, right_id, title="B")
    await world.settle_down()
    assert [it.subject for it in world.log.views.parked()] == ["field:title"]
    return world


def titles(world):
    left, right = world.projects()
    return {
        it["title"]
        for remote, project in ((world.left, left), (world.right, right))
        for it in remote.items(project).values()
    }


async def test_a_restart_with_another_rule_settles_what_waited(world):
    """Nobody has to edit the item a second time; afterwards everything is quiet again."""
    world.rule = Prefer("right")
    world.start()
    assert [it.decision.settled[0].losers for it in (await world.engine.plan()).steps] == [{"left": "A"}]
    await world.settle_down()
    assert titles(world) == {"B"}
    assert world.log.views.parked() == ()
    assert (await world.engine.run_pass()).quiet


async def test_a_running_engine_is_given_another_rule(world):
    """The same between two passes."""
    world.engine.use(policy=policy_of(Prefer("left")), pairings=())
    await world.settle_down()
    assert titles(world) == {"A"}


async def test_the_same_rules_look_at_nothing_again(world, monkeypatch):
    """A restart costs no look at links that are quiet."""
    world.start()
    looked = []
    monkeypatch.setattr(world.engine._links, "get", looked.append)
    await world.engine.run_pass()
    assert looked == []


async def test_rules_are_not_ticked_off_while_a_side_is_away(world):
    """What it holds may be decided otherwise, too."""
    world.rule = Prefer("right")
    world.start()
    world.right_faults.always("discover", Weather.REFUSED)
    await world.engine.run_pass()
    assert titles(world) == {"A", "B"}
    world.right_faults.clear()
    await world.settle_down()
    assert titles(world) == {"B"}
