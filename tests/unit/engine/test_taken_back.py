"""People take back what had to wait: nothing waits any more, and nobody has to clean up."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World


@pytest.fixture
async def world():
    """One issue on both sides; conflicts are for a person."""
    world = World(rule=AskAPerson())
    left = world.left.person_creates("", title="P")
    world.left.person_creates(left, title="one", status="todo")
    await world.settle_down()
    left, right = world.projects()
    return world, (left, next(iter(world.left.items(left)))), (right, next(iter(world.right.items(right))))


def waiting(world):
    return [it.subject for it in world.log.views.parked()]


async def test_a_refused_edit_that_is_taken_back(world):
    """The remote refused the title; the person writes the old one again."""
    world, left, right = world
    world.right_faults.plan("update", Weather.INVALID)
    world.left.person_edits(*left, title="far too long")
    await world.settle_down()
    assert waiting(world) == ["write:right"]
    writes = world.right.writes
    world.left.person_edits(*left, title="one")
    await world.settle_down()
    assert waiting(world) == []
    assert world.right.writes == writes
    assert (await world.engine.run_pass()).quiet


async def test_another_edit_does_not_make_the_refused_one_moot(world):
    """The title still waits while the status travels."""
    world, left, right = world
    world.right_faults.always("update", Weather.INVALID)
    world.left.person_edits(*left, title="far too long")
    await world.settle_down()
    world.right.person_edits(*right, status="done")
    await world.settle_down()
    assert waiting(world) == ["write:right"]
    assert world.left.items(left[0])[left[1]]["status"] == "done"


async def test_a_conflict_that_both_sides_take_back(world):
    """Both write the old title again: there is nothing left to decide."""
    world, left, right = world
    world.left.person_edits(*left, title="A")
    world.right.person_edits(*right, title="B")
    await world.settle_down()
    assert waiting(world) == ["field:title"]
    world.left.person_edits(*left, title="one")
    world.right.person_edits(*right, title="one")
    await world.settle_down()
    assert waiting(world) == []
    assert (await world.engine.run_pass()).quiet


async def test_a_new_edit_after_one_that_was_taken_back_is_written(world):
    """The refusal is forgotten with what it was about."""
    world, left, right = world
    world.right_faults.plan("update", Weather.INVALID)
    world.left.person_edits(*left, title="far too long")
    await world.settle_down()
    world.left.person_edits(*left, title="one")
    await world.settle_down()
    world.left.person_edits(*left, title="far too long")
    await world.settle_down()
    assert world.right.items(right[0])[right[1]]["title"] == "far too long"
    assert waiting(world) == []
