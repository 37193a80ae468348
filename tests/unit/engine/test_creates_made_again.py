"""A create whose answer was lost and that a look did not find is made again; meanwhile somebody may have worked on it."""

import pytest

from syncengine.testing import Abilities
from syncengine.testing.faults import SimulatedCrash, Weather
from tests.fixtures.two_remotes import World


async def test_an_edit_of_a_record_that_is_made_a_second_time_is_kept():
    """The remote answers with the record that is there; what a person typed into it is no spelling of ours."""
    world = World()
    project = world.right.person_creates("", title="P")
    await world.settle_down()
    left, _ = world.projects()
    issue = world.right.person_creates(project, title="issue", description="ours")
    world.left_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    (made,) = world.left.items(left)
    world.left.person_edits(left, made, description="edited")
    (hidden, world.left._records[left]) = world.left._records[left], {}
    world.left_faults.plan("create", Weather.BUSY)
    world.clock.advance(30)
    await world.engine.run_pass()
    world.left._records[left] = hidden
    await world.settle_down()
    assert world.left.items(left)[made]["description"] == "edited"
    assert world.right.items(project)[issue]["description"] == "edited"
    assert len(world.left.items(left)) == 1


async def test_a_search_that_lags_is_not_believed_about_a_record_that_is_gone():
    """It shows the one that somebody deleted, and not yet the one that was made in its place."""
    slow = Abilities(key_storage="marker", projects=True, natural_keys=("title",), listing_lag_s=60.0)
    world = World(right_abilities=slow)
    project = world.left.person_creates("", title="P")
    await world.settle_down()
    _, right = world.projects()
    issue = world.left.person_creates(project, title="issue")
    await world.settle_down()
    world.clock.advance(120)
    (lost,) = world.right.items(right)
    world.right.person_deletes(right, lost)
    world.left.person_edits(project, issue, description="edited")
    await world.engine.run_pass()

    async def dies_when_it_is_made(point):
        if point == "create.after":
            raise SimulatedCrash(point)

    world.at = dies_when_it_is_made
    world.start()
    with pytest.raises(SimulatedCrash):
        await world.engine.run_pass()
    (made,) = world.right.items(right)

    world.at = world.log.at = lives
    world.start()
    await world.settle_down()
    assert list(world.right.items(right)) == [made]
    assert world.right.items(right)[made]["description"] == "edited"


async def lives(_point):
    """Nothing happens at a point where others die."""
