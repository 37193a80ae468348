"""Records that carry the key of an item and are not its record: set aside, shown, and settled by a person."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.events import ClaimReleased, CopyFound, CopyMissed, CopySettled
from syncengine.domain.identity import link_id_for
from syncengine.engine.requests import SettleCopy
from syncengine.testing import Abilities
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World, hidden


async def with_clone(**more):
    """One issue on both sides, the right one cloned together with its key; the ids on the right."""
    world = World(**more)
    project = world.left.person_creates("", title="P")
    world.left.person_creates(project, title="one", status="todo")
    await world.settle_down()
    _, board = world.projects()
    (own,) = world.right.items(board)
    clone = world.right.person_clones(board, own)
    await world.settle_down()
    return world, board, own, clone


def waiting(world):
    return [it.subject for it in world.log.views.parked()]


def titles(world):
    return [
        sorted(it["title"] for it in remote.items(project).values())
        for remote, project in zip((world.left, world.right), world.projects(), strict=True)
    ]


def settle(world, record_id, verdict):
    (link_id,) = {it.link_id for it in world.log.views.parked()} or {
        it.stream_id for it in world.log.events if isinstance(it.event, CopyFound)
    }
    (found,) = [
        it.event.ref
        for it in world.log.events
        if isinstance(it.event, CopyFound) and it.event.ref.record_id == record_id and it.stream_id == link_id
    ][-1:]
    world.inbox.put(SettleCopy(link_id=link_id, ref=found, verdict=verdict), by="vera")
    return link_id


def events(world, kind):
    return [it.event for it in world.log.events if isinstance(it.event, kind)]


async def test_a_clone_is_shown_once_and_nothing_is_made_of_it():
    """The item goes on as before, and passes are quiet."""
    world, board, own, clone = await with_clone()
    assert waiting(world) == [f"copy:right/{board}/{clone}"]
    assert titles(world) == [["one"], ["one", "one"]]
    assert len(events(world, CopyFound)) == 1
    assert (await world.engine.run_pass()).quiet
    world.right.person_edits(board, own, title="two")
    await world.settle_down()
    assert titles(world) == [["two"], ["one", "two"]]
    assert world.right.items(board)[clone]["title"] == "one"


async def test_a_clone_that_is_new_travels_and_has_a_life_of_its_own():
    """It is made on the other side, and edits of the two go different ways."""
    world, board, own, clone = await with_clone()
    settle(world, clone, "new")
    await world.settle_down()
    assert waiting(world) == []
    assert titles(world) == [["one", "one"], ["one", "one"]]
    world.right.person_edits(board, clone, title="clone")
    world.right.person_edits(board, own, title="own")
    await world.settle_down()
    assert titles(world) == [["clone", "own"], ["clone", "own"]]
    assert (await world.engine.run_pass()).quiet


async def test_a_clone_that_is_ignored_is_left_alone_for_good():
    """Also when it is edited, and for another process."""
    world, board, _, clone = await with_clone()
    settle(world, clone, "ignored")
    await world.settle_down()
    assert waiting(world) == []
    world.right.person_edits(board, clone, title="mine")
    world.start()
    await world.settle_down()
    assert titles(world) == [["one"], ["mine", "one"]]
    assert waiting(world) == []


async def test_a_clone_that_is_kept_takes_the_place_of_the_record():
    """Its edits travel from now on, and those of the other one do not."""
    world, board, own, clone = await with_clone()
    world.right.person_edits(board, clone, title="better")
    await world.settle_down()
    settle(world, clone, "kept")
    await world.settle_down()
    assert waiting(world) == []
    assert titles(world) == [["better"], ["better", "one"]]
    assert len(events(world, ClaimReleased)) == 1
    world.right.person_edits(board, own, title="old")
    await world.settle_down()
    assert titles(world) == [["better"], ["better", "old"]]
    assert waiting(world) == []
    assert (await world.engine.run_pass()).quiet


async def test_one_may_think_better_of_it():
    """Ignored first and kept later; then the first record again."""
    world, board, own, clone = await with_clone()
    settle(world, clone, "ignored")
    await world.settle_down()
    link_id = settle(world, clone, "kept")
    await world.settle_down()
    world.right.person_edits(board, clone, title="two")
    await world.settle_down()
    assert titles(world) == [["two"], ["one", "two"]]
    ref = next(it.ref for it in events(world, ClaimReleased))
    assert ref.record_id == own
    world.inbox.put(SettleCopy(link_id=link_id, ref=ref, verdict="kept"))
    await world.settle_down()
    world.right.person_edits(board, own, title="three")
    await world.settle_down()
    assert titles(world) == [["three"], ["three", "two"]]


async def test_a_lost_record_with_a_clone_deletes_nothing():
    """Merged into its copy, perhaps; a person says so, and the item goes on."""
    world, board, own, clone = await with_clone()
    world.right.person_deletes(board, own)
    await world.settle_down()
    assert titles(world) == [["one"], ["one"]]
    assert set(waiting(world)) == {f"copy:right/{board}/{clone}", "gone:right"}
    settle(world, clone, "kept")
    await world.settle_down()
    assert waiting(world) == []
    world.right.person_edits(board, clone, title="merged")
    await world.settle_down()
    assert titles(world) == [["merged"], ["merged"]]


async def test_a_clone_that_is_ignored_is_not_taken_for_a_record_that_was_to_be_made_anew():
    """It carries the key that is looked for, and somebody has typed into it just what is to be sent."""
    world, board, own, clone = await with_clone(rule=Prefer("left"))
    settle(world, clone, "ignored")
    project, _ = world.projects()
    (issue,) = world.left.items(project)
    world.left.person_creates(project, title="two")
    await world.settle_down()
    world.right.person_deletes(board, own)
    for remote, container, record_id in ((world.left, project, issue), (world.right, board, clone)):
        remote.person_edits(container, record_id, title="edited")
    world.right_faults.plan("create", Weather.BUSY)
    for _ in range(2):
        await world.engine.run_pass()
    assert world.log.views.open_writes()
    world.start()
    world.clock.advance(30)
    await world.settle_down()
    assert titles(world) == [["edited", "two"], ["edited", "edited", "two"]]
    world.left.person_edits(project, issue, title="edited again")
    await world.settle_down()
    assert world.right.items(board)[clone]["title"] == "edited"


async def test_after_a_lost_record_a_clone_that_is_ignored_lets_the_deletion_go_on():
    """What was deleted is deleted, and the copy stays."""
    world, board, own, clone = await with_clone()
    project, _ = world.projects()
    world.left.person_creates(project, title="another, which proves that the board can be read")
    await world.settle_down()
    world.right.person_deletes(board, own)
    await world.settle_down()
    settle(world, clone, "ignored")
    await world.settle_down()
    assert [len(each) for each in titles(world)] == [1, 2]
    assert waiting(world) == []


@pytest.mark.parametrize("cursor", [False, True])
async def test_a_clone_that_a_person_deletes_waits_no_more(cursor):
    """Also where listings show only what changed."""
    abilities = Abilities(key_storage="marker", projects=True, natural_keys=("title",), change_cursor=cursor)
    world, board, _, clone = await with_clone(right_abilities=abilities)
    world.right.person_deletes(board, clone)
    await world.settle_down()
    assert waiting(world) == []
    assert titles(world) == [["one"], ["one"]]
    assert [it.verdict for it in events(world, CopySettled)] == ["gone"]


@pytest.mark.parametrize("cursor", [False, True])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_copy_that_does_not_show_for_a_moment_still_waits(restarted, cursor):
    """As of any record, its absence proves something the second time, in a later pass, of whichever process."""
    abilities = Abilities(key_storage="marker", projects=True, natural_keys=("title",), change_cursor=cursor)
    world, board, own, clone = await with_clone(right_abilities=abilities)
    project, _ = world.projects()
    world.left.person_creates(project, title="another, which proves that the board can be read")
    world.right.person_deletes(board, own)
    await world.settle_down()
    with hidden(world.right, board, clone):
        await world.engine.run_pass()
    assert events(world, CopyMissed) != []
    assert f"copy:right/{board}/{clone}" in waiting(world)
    await world.settle_down()
    assert [len(titles(world)[1]), events(world, CopySettled)] == [2, []], "it is there again, and none was made beside it"
    world.right.person_deletes(board, clone)
    await world.engine.run_pass()
    assert events(world, CopySettled) == [], "it was seen meanwhile, so this is the first time again"
    if restarted:
        world.start()
    await world.engine.run_pass()
    assert [it.verdict for it in events(world, CopySettled)] == ["gone"]


@pytest.mark.parametrize("verdict", ["kept", "new"])
async def test_of_a_copy_that_does_not_show_nothing_is_made(verdict):
    """Whatever a listing said of its deletion was said before it could be an item, and is not said again."""
    world, board, _, clone = await with_clone()
    with hidden(world.right, board, clone):
        await world.engine.run_pass()
        settle(world, clone, verdict)
        report = await world.engine.run_pass()
    assert any(f"right/{board}/{clone} was not there when the last pass asked for it" in it for it in report.problems)
    assert [it.verdict for it in events(world, CopySettled)] == ["gone"]


async def test_two_records_with_one_key_and_a_lost_log_are_both_shown():
    """Nobody can tell which of them is the item, so neither is, and no third one is made."""
    world, board, own, clone = await with_clone()
    left, right = world.left, world.right
    world = World()
    world.left, world.right = left, right
    world.start()
    await world.settle_down()
    assert {it.partition(":")[0] for it in waiting(world)} == {"copy"}
    assert titles(world) == [["one"], ["one", "one"]]
    settle(world, own, "kept")
    await world.settle_down()
    assert waiting(world) == [f"copy:right/{board}/{clone}"]
    right.person_edits(board, own, title="two")
    await world.settle_down()
    assert titles(world) == [["two"], ["one", "two"]]


async def test_a_conflict_of_a_kept_clone_is_for_a_person():
    """Both sides moved on since they were last the same."""
    world, board, _, clone = await with_clone(rule=AskAPerson())
    world.right.person_edits(board, clone, title="B")
    project, _ = world.projects()
    world.left.person_edits(project, next(iter(world.left.items(project))), title="A")
    world.right.person_deletes(board, next(it for it in world.right.items(board) if it != clone))
    await world.settle_down()
    settle(world, clone, "kept")
    await world.settle_down()
    assert waiting(world) == ["field:title"]
    assert titles(world) == [["A"], ["B"]]


async def test_a_record_that_was_moved_to_another_container_is_no_copy():
    """It is that very record; it is gone in one place and an item of the other one."""
    world, board, own, clone = await with_clone()
    world.right.person_deletes(board, clone)
    await world.settle_down()
    garden = world.left.person_creates("", title="Q")
    world.right.person_creates(board, title="another, which proves that the board can be read")
    await world.settle_down()
    (other,) = [it for it in world.right.items("") if it != board]
    stored = world.right.stored(board, own)
    world.right.person_deletes(board, own)
    world.right.restore(other, own, stored)
    await world.settle_down()
    assert [it for it in waiting(world) if it.startswith("copy:")] == []
    assert [it["title"] for it in world.left.items(garden).values()] == ["one"]


async def test_a_copy_in_another_container_does_not_take_its_item_there():
    """The item is made anew where it was, although the copy elsewhere is what was looked at first."""
    abilities = Abilities(key_storage="marker", projects=True, natural_keys=("title",), tombstones=True)
    world = World(right_abilities=abilities)
    project, garden = (world.left.person_creates("", title=name) for name in ("Q", "P"))
    world.left.person_creates(project, title="one", status="todo")
    await world.settle_down()
    boards = {fields["title"]: record_id for record_id, fields in world.right.items("").items()}
    (own,) = world.right.items(boards["Q"])
    world.right.restore(boards["P"], "copy", world.right.stored(boards["Q"], own))
    world.right.person_deletes(boards["Q"], own)
    world.left.person_edits(project, next(iter(world.left.items(project))), title="edited")
    await world.settle_down()
    assert waiting(world)[0] == f"copy:right/{boards['P']}/copy"
    world.right.person_deletes(boards["P"], "copy")
    await world.settle_down()
    assert world.right.items(boards["P"]) == {}
    assert [it["title"] for it in world.right.items(boards["Q"]).values()] == ["edited"]
    assert world.left.items(garden) == {}


async def test_what_a_person_decided_too_late_is_said():
    """The copy is gone, or somebody else decided."""
    world, _, _, clone = await with_clone()
    settle(world, clone, "new")
    await world.settle_down()
    settle(world, clone, "new")
    assert (await world.engine.run_pass()).problems == [], "saying it twice is no mistake"
    world, board, _, clone = await with_clone()
    link_id = settle(world, clone, "ignored")
    (asked,) = world.inbox.waiting()
    world.right.person_deletes(board, clone)
    await world.inbox.remove(asked)
    await world.settle_down()
    world.inbox.put(SettleCopy(link_id=link_id, ref=asked.request.ref, verdict="kept"), by="vera")
    (problem,) = (await world.engine.run_pass()).problems
    assert problem.startswith(f"vera asked to keep right/{board}/{clone}, which was not done")


async def test_the_key_of_another_item_does_not_make_two_of_one():
    """The links of a clone and of its original stay apart in the log."""
    world, board, own, clone = await with_clone()
    settle(world, clone, "new")
    await world.settle_down()
    links = {it.ref.record_id: it.link_id for it in world.log.views.known_records("right", board).values()}
    assert links[clone] == link_id_for("right", board, clone)
    assert links[own] != links[clone]
