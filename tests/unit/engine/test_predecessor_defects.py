"""
The defects of the service that this library replaces, each by its number in the list of defects.

Those that concern one connector are tested with it (B1, B5, B6, B7, B9, B12 in the tests of the Vibe connector).
"""

import asyncio

import pytest

from syncengine.connector import FieldKind, FieldSpec, RecordSchema
from syncengine.domain.events import WriteConfirmed, WriteRejected, WritesIntended
from syncengine.testing.abilities import PROJECT as PROJECT_SCHEMA
from syncengine.testing.abilities import Abilities, lossy
from syncengine.testing.faults import SimulatedCrash, Weather
from tests.fixtures.two_remotes import World

WITHOUT_STATUS_ON_CREATE = RecordSchema(
    kind="issue",
    fields=(
        FieldSpec(name="title"),
        FieldSpec(name="description", kind=FieldKind.TEXT, initial=""),
        FieldSpec(name="status", kind=FieldKind.CHOICE, creatable=False, initial="todo"),
    ),
)


def like_vibe(**more) -> Abilities:
    """A status that a create ignores, no backlog, a marker in the text."""
    schemas = (PROJECT_SCHEMA, WITHOUT_STATUS_ON_CREATE)
    return Abilities(key_storage="marker", projects=True, spelling=lossy, natural_keys=("title",), schemas=schemas, **more)


async def synced(statuses=("in_progress",), **more):
    """A project whose issues have these statuses on the left, carried to a right side that is like Vibe."""
    world = World(right_abilities=like_vibe(page_size=1), **more)
    left = world.left.person_creates("", title="P")
    for number, status in enumerate(statuses):
        world.left.person_creates(left, title=f"issue {number}", status=status)
    await world.settle_down()
    return world, *world.projects()


def find(remote, container, title):
    return next((key, dict(it)) for key, it in remote.items(container).items() if it["title"] == title)


async def test_b2_a_default_of_the_remote_is_never_taken_for_an_edit():
    """A create ignores the status; the default must not flow back, and the status is told in a second write."""
    world, left, right = await synced(("in_progress", "done", "backlog"))
    assert [it["status"] for it in world.left.items(left).values()] == ["in_progress", "done", "backlog"]
    assert [it["status"] for it in world.right.items(right).values()] == ["in_progress", "done", "todo"]


async def test_b2_also_when_the_process_dies_between_the_create_and_the_status():
    """After the restart the status is told; nobody's status is reset."""
    world = World(right_abilities=like_vibe())
    left = world.left.person_creates("", title="P")
    await world.settle_down()
    world.left.person_creates(left, title="one", status="in_progress")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    world.start()
    await world.settle_down()
    left, right = world.projects()
    assert find(world.left, left, "one")[1]["status"] == "in_progress" == find(world.right, right, "one")[1]["status"]


async def test_b2_a_person_who_is_faster_than_the_second_write_is_not_overwritten():
    """The card was moved between our create and our status: that is an edit, and it flows."""
    world = World(right_abilities=like_vibe())
    left = world.left.person_creates("", title="P")
    await world.settle_down()
    left, right = world.projects()
    world.left.person_creates(left, title="one", status="in_progress")
    world.right_faults.plan("update", Weather.BUSY)
    await world.engine.run_pass()
    key, fields = find(world.right, right, "one")
    assert fields["status"] == "todo"
    world.right.person_edits(right, key, status="done")
    await world.settle_down()
    assert find(world.left, left, "one")[1]["status"] == "done" == find(world.right, right, "one")[1]["status"]


async def test_b3_a_wish_is_not_stored_as_agreed():
    """The write to the right failed, so the left's new value must not look agreed and be undone in the next pass."""
    world, left, right = await synced()
    key, _ = find(world.left, left, "issue 0")
    world.left.person_edits(left, key, status="done", description="new")
    world.right_faults.plan("update", Weather.REFUSED, Weather.DROPPED_BEFORE, Weather.REFUSED)
    await world.settle_down()
    assert find(world.left, left, "issue 0")[1]["status"] == "done" == find(world.right, right, "issue 0")[1]["status"]
    assert find(world.right, right, "issue 0")[1]["description"] == "new"


async def test_b4_a_listing_from_before_our_write_does_not_revert_it():
    """The right's listing is three seconds behind: what we just wrote is not taken back."""
    world = World(right_abilities=like_vibe(listing_lag_s=3.0))
    world.clock.advance(10)
    left = world.left.person_creates("", title="P")
    key = world.left.person_creates(left, title="one", status="todo")
    await world.settle_down()
    world.left.person_edits(left, key, status="done")
    await world.engine.run_pass()
    world.clock.advance(1)
    for _ in range(3):
        await world.engine.run_pass()
    assert world.left.items(left)[key]["status"] == "done"
    world.clock.advance(30)
    await world.settle_down()
    assert world.left.items(left)[key]["status"] == "done"


async def test_b8_two_words_that_map_to_one_are_not_changed_back():
    """Backlog is "todo" over there; an edit of another field leaves it Backlog."""
    world, left, right = await synced(("backlog",))
    key, _ = find(world.right, right, "issue 0")
    world.right.person_edits(right, key, title="renamed")
    await world.settle_down()
    assert find(world.left, left, "renamed")[1]["status"] == "backlog"


async def test_b11_cycles_without_an_edit_write_nothing():
    """Ten quiet cycles, although the sides spell statuses differently."""
    world, left, right = await synced(("backlog", "in_progress", "done"))
    writes = world.left.writes, world.right.writes
    for _ in range(10):
        assert (await world.engine.run_pass()).quiet
    assert (world.left.writes, world.right.writes) == writes


async def test_b14_a_renamed_project_goes_on_syncing():
    """The projects are linked by id; the name is just a field."""
    world, left, right = await synced()
    world.left.person_edits("", left, title="Another name")
    world.left.person_creates(left, title="after the rename")
    await world.settle_down()
    assert len(world.right.items("")) == 1
    assert world.right.items("")[right]["title"] == "Another name"
    assert find(world.right, right, "after the rename")


async def test_b15_two_projects_of_one_name_do_not_share_a_counterpart():
    """A name that several projects have adopts none of them."""
    world = World(right_abilities=like_vibe())
    one, two = (world.left.person_creates("", title="Same") for _ in range(2))
    world.right.person_creates("", title="Same")
    world.left.person_creates(one, title="in one")
    world.left.person_creates(two, title="in two")
    await world.settle_down()
    boards = [sorted(it["title"] for it in world.right.items(key).values()) for key in world.right.items("")]
    assert ["in one", "in two"] not in boards
    assert sorted(title for board in boards for title in board) == ["in one", "in two"]


async def test_b16_a_refusal_for_good_is_parked_and_not_tried_again():
    """One record is refused with a reason; the others arrive, and quiet passes do not ask again."""
    refuse = like_vibe(refuses=lambda _, fields: "the title is a swear word" if fields.get("title") == "bad" else None)
    world = World(right_abilities=refuse)
    left = world.left.person_creates("", title="P")
    bad = world.left.person_creates(left, title="bad")
    world.left.person_creates(left, title="good")
    await world.settle_down()
    _, right = world.projects()
    assert [it["title"] for it in world.right.items(right).values()] == ["good"]
    (parked,) = world.log.views.parked()
    assert (parked.subject, "swear word" in parked.reason) == ("write:right", True)
    creates = world.right.calls["create"]
    for _ in range(3):
        assert (await world.engine.run_pass()).quiet
    assert world.right.calls["create"] == creates
    world.left.person_edits(left, bad, title="better")
    await world.settle_down()
    assert sorted(it["title"] for it in world.right.items(right).values()) == ["better", "good"]
    assert not world.log.views.parked()


@pytest.mark.parametrize("at", ["append.before", "append.after"])
async def test_b17_b18_a_cursor_is_never_ahead_of_what_it_stands_for(at):
    """The process dies around the append that holds the page: nothing of it is lost."""
    cursors = Abilities(key_storage="id", projects=True, change_cursor=True, natural_keys=("title",))
    world = World(left_abilities=cursors)
    left = world.left.person_creates("", title="P")
    await world.settle_down()
    world.left.person_creates(left, title="late")

    async def die(point):
        if point == at:
            raise SimulatedCrash(point)

    await world.dies(die)
    await world.settle_down()
    _, right = world.projects()
    assert find(world.right, right, "late")


async def test_b19_a_new_installation_syncs_everything():
    """Nothing is known, so everything must be looked at."""
    world, left, right = await synced(("todo", "done"))
    assert len(world.right.items(right)) == 2


async def test_b22_overlapping_passes_are_skipped_and_counted():
    """The second call returns at once and says so."""
    world, *_ = await synced()
    first, second = await asyncio.gather(world.engine.run_pass(), world.engine.run_pass())
    assert (first.skipped, second.skipped) == (False, True)


@pytest.mark.parametrize("weather", [Weather.EMPTY_LISTING, Weather.REFUSED, Weather.TRUNCATED, Weather.UNAUTHORISED])
@pytest.mark.parametrize("side", ["left", "right"])
async def test_b24_a_failed_or_empty_listing_is_not_an_empty_side(side, weather):
    """Nothing is created, nothing is deleted, and the pass says what was wrong."""
    small_pages = Abilities(key_storage="id", projects=True, natural_keys=("title",), page_size=1)
    world, left, right = await synced(("todo", "done"), left_abilities=small_pages)
    faults = world.left_faults if side == "left" else world.right_faults
    faults.always("list", weather)
    before = world.left.items(left), world.right.items(right)
    for _ in range(3):
        assert (await world.engine.run_pass()).problems
    faults.clear()
    assert (world.left.items(left), world.right.items(right)) == before
    await world.settle_down()
    assert (world.left.items(left), world.right.items(right)) == before


async def test_b27_kinds_of_errors_are_kept_apart():
    """A wrong password and a dead host do not read the same."""
    world, left, right = await synced()
    world.left_faults.always("discover", Weather.UNAUTHORISED)
    world.right_faults.always("discover", Weather.REFUSED)
    report = await world.engine.run_pass()
    assert [problem.split(":")[0] for problem in sorted(report.problems)] == ["AuthenticationFailed", "Unreachable"]
    assert [it.endpoint for it in world.log.views.paused()] == ["left"]
    world.left_faults.clear()
    world.right_faults.clear()
    await world.settle_down()
    assert not world.log.views.paused()


async def test_b29_first_contact_lowers_nobody_without_a_recorded_decision():
    """Items on both sides before the first sync: the rule decides, and the loser is in the log."""
    world = World(
        left_abilities=Abilities(key_storage="id", projects=True, natural_keys=("title",)), right_abilities=like_vibe()
    )
    left, right = world.left.person_creates("", title="P"), world.right.person_creates("", title="P")
    world.left.person_creates(left, title="same", status="done")
    world.right.person_creates(right, title="same", status="in_progress")
    await world.settle_down()
    assert len(world.left.items(left)) == len(world.right.items(right)) == 1
    (settled,) = [it for rec in world.log.events if isinstance(rec.event, WritesIntended) for it in rec.event.settled]
    assert (settled.field, settled.value, dict(settled.losers)) == ("status", "done", {"right": "in_progress"})


async def test_b31_all_pages_are_read():
    """More records than fit on a page, and on the thousand that the predecessor stopped at."""
    world = World(left_abilities=Abilities(key_storage="id", projects=True, page_size=100, natural_keys=("title",)))
    left = world.left.person_creates("", title="P")
    for number in range(1_050):
        world.left.person_creates(left, title=f"issue {number}")
    await world.settle_down()
    _, right = world.projects()
    assert len(world.right.items(right)) == 1_050


async def test_every_intent_has_exactly_one_outcome():
    """Intent first, and no intent without an end, through all of the above."""
    world, left, right = await synced(("todo", "done", "in_progress"))
    world.right_faults.plan("create", Weather.DROPPED_AFTER, Weather.DROPPED_BEFORE)
    for number in range(4):
        world.left.person_creates(left, title=f"more {number}")
    await world.settle_down()
    intents = [it.intent_id for rec in world.log.events if isinstance(rec.event, WritesIntended) for it in rec.event.writes]
    ended = [rec.event.intent_id for rec in world.log.events if isinstance(rec.event, WriteConfirmed | WriteRejected)]
    assert sorted(intents) == sorted(ended)
    assert len(set(intents)) == len(intents)
