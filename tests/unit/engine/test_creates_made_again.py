"""A create whose answer was lost and that a look did not find is made again; meanwhile somebody may have worked on it."""

from syncengine.testing.faults import Weather
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
