"""A create whose answer was lost and that a look did not find is made again; meanwhile somebody may have worked on it."""

import pytest

from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.events import CopyFound, Operation, WritesIntended
from syncengine.engine.requests import SettleCopy
from syncengine.testing import Abilities
from syncengine.testing.faults import SimulatedCrash, Weather
from tests.fixtures.two_remotes import World, hidden


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
    with hidden(world.left, left):
        world.left_faults.plan("create", Weather.BUSY)
        world.clock.advance(30)
        await world.engine.run_pass()
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

    async def when_it_is_made(point):
        if point == "create.after":
            raise SimulatedCrash(point)

    await world.dies(when_it_is_made)
    (made,) = world.right.items(right)
    await world.settle_down()
    assert list(world.right.items(right)) == [made]
    assert world.right.items(right)[made]["description"] == "edited"


async def test_a_record_of_long_ago_that_comes_back_is_not_taken_for_what_was_to_be_made():
    """It is the item's again, and its old values are no newer than the edit that the create was wanted for."""
    world = World(
        right_abilities=Abilities(key_storage="marker", projects=True, natural_keys=("title",)), rule=Prefer("right")
    )
    project = world.left.person_creates("", title="P")
    await world.settle_down()
    _, right = world.projects()
    for title in ("issue", "another"):
        issue = world.left.person_creates(project, title=title)
    await world.settle_down()

    def there():
        return next(key for key, it in world.right.items(right).items() if it["title"] == "another")

    first, stored = there(), world.right.stored(right, there())
    for text in ("second", "third"):
        world.right.person_deletes(right, there())
        world.left.person_edits(project, issue, description=text)
        if text == "third":
            world.right_faults.plan("create", Weather.DROPPED_BEFORE)
            for _ in range(2):
                await world.engine.run_pass()
            assert world.log.views.open_writes()
            world.right.restore(right, first, stored)
            world.clock.advance(30)
        await world.settle_down()
    assert not any(isinstance(it.event, CopyFound) for it in world.log.events), "nobody has to say what it is"
    assert list(world.right.items(right).values()).count(world.right.items(right)[first]) == 1
    losers = [it.losers for e in world.log.events if isinstance(e.event, WritesIntended) for it in e.event.settled]
    assert losers == [{"left": "third"}]


@pytest.mark.parametrize(("verdict", "texts"), [("new", ["another", "issue", "renamed"]), ("kept", ["another", "renamed"])])
async def test_a_renamed_copy_of_a_lost_record_is_not_taken_for_what_was_never_sent(verdict, texts):
    """It carries the key that is looked for after the crash; a person says what it is."""
    slow = Abilities(key_storage="marker", projects=True, natural_keys=("title",), listing_lag_s=60.0)
    world = World(right_abilities=slow, rule=Prefer("right"))
    project = world.left.person_creates("", title="P")
    await world.settle_down()
    _, right = world.projects()
    issue = world.left.person_creates(project, title="issue")
    world.left.person_creates(project, title="another")
    await world.settle_down()
    world.clock.advance(120)
    await world.settle_down()
    lost = next(key for key, it in world.right.items(right).items() if it["title"] == "issue")
    copy = world.right.person_clones(right, lost)
    world.right.person_edits(right, copy, title="renamed")
    world.right.person_deletes(right, lost)
    world.left.person_edits(project, issue, description="edited")

    async def when_it_is_decided(point):
        last = world.log.events[-1].event
        if isinstance(last, WritesIntended) and any(it.operation is Operation.CREATE for it in last.writes):
            raise SimulatedCrash(point)

    await world.engine.run_pass()
    await world.dies(when_it_is_decided)
    world.clock.advance(120)
    await world.settle_down()
    (found,) = [it for it in world.log.events if isinstance(it.event, CopyFound)]
    assert found.event.ref.record_id == copy
    assert world.left.items(project)[issue]["title"] == "issue"

    world.inbox.put(SettleCopy(link_id=found.stream_id, ref=found.event.ref, verdict=verdict), by="vera")
    await world.settle_down()
    for remote, container in ((world.left, project), (world.right, right)):
        assert sorted(it["title"] for it in remote.items(container).values()) == texts
    assert world.log.views.parked() == ()
