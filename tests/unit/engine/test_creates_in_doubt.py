"""An endpoint that keeps no key: nobody can find out what became of a create whose answer was lost, so a person says it."""

from uuid import UUID

import pytest
from attrs import evolve

from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.events import CopyFound
from syncengine.domain.pauses import item_subject
from syncengine.engine.links import claim
from syncengine.engine.requests import PausePlace, ResumePlace, SettleCopy
from syncengine.testing import Abilities
from syncengine.testing.abilities import ISSUE, PROJECT
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World, hidden


def schema_without_a_status_to_create():
    fields = (evolve(spec, creatable=spec.name != "status") for spec in ISSUE.fields)
    return evolve(ISSUE, fields=tuple(fields))


KEYLESS = Abilities(key_storage="none", projects=True)


@pytest.fixture
async def world():
    """A project on both sides, of which the right one keeps no key."""
    world = World(left_abilities=Abilities(key_storage="id", projects=True), right_abilities=KEYLESS)
    world.left.person_creates("", title="P")
    await world.settle_down()
    return world


def texts(world):
    projects = zip((world.left, world.right), world.projects(), strict=True)
    return [sorted(it["title"] for it in remote.items(project).values()) for remote, project in projects]


async def lost_answer(world, weather):
    """An issue is made on the left, and the answer to its create on the right is lost; its link."""
    left, _ = world.projects()
    issue = world.left.person_creates(left, title="issue")
    world.right_faults.plan("create", weather)
    await world.engine.run_pass()
    world.clock.advance(30)
    await world.settle_down()
    (known,) = world.log.views.known_records("left", left).values()
    return issue, known.link_id


def the_copy(world):
    (found,) = {it.event.ref for it in world.log.events if isinstance(it.event, CopyFound)}
    return found


def waiting(world):
    return sorted(it.subject.partition(":")[0] for it in world.log.views.parked())


def missing(link_id):
    """A person has looked, and it is not there."""
    return ResumePlace(subject=item_subject(link_id), in_doubt="create")


async def said(world, link_id, verdict):
    world.inbox.put(SettleCopy(link_id=link_id, ref=the_copy(world), verdict=verdict), by="vera")
    return (await world.settle_down())[0].problems


async def test_what_may_have_been_made_begins_no_item_of_its_own(world):
    """It would be made a second time on the left; it is shown instead, once, whatever happens meanwhile."""
    await lost_answer(world, Weather.DROPPED_AFTER)
    world.start()
    await world.settle_down()
    assert texts(world) == [["issue"], ["issue"]]
    assert waiting(world) == ["copy", "write"]
    assert len([it for it in world.log.events if isinstance(it.event, CopyFound)]) == 1


async def test_a_person_says_that_it_is_what_was_made(world):
    """From then on it is the item's record, edits travel both ways, and nothing waits any more."""
    issue, link_id = await lost_answer(world, Weather.DROPPED_AFTER)
    assert await said(world, link_id, "kept") == []
    left, right = world.projects()
    world.left.person_edits(left, issue, title="edited")
    await world.settle_down()
    assert texts(world) == [["edited"], ["edited"]]
    world.right.person_edits(right, the_copy(world).record_id, title="edited again")
    await world.settle_down()
    assert texts(world) == [["edited again"], ["edited again"]]
    assert waiting(world) == []


async def test_what_the_create_could_not_set_is_told_to_the_record_that_is_kept():
    """Nobody typed the default that the remote gave it, so it does not travel to the other side."""
    blank = Abilities(key_storage="none", projects=True, schemas=(PROJECT, schema_without_a_status_to_create()))
    world = World(left_abilities=Abilities(key_storage="id", projects=True), right_abilities=blank, rule=Prefer("right"))
    left = world.left.person_creates("", title="P")
    await world.settle_down()
    world.left.person_creates(left, title="issue", status="in_progress")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    world.clock.advance(30)
    await world.settle_down()
    (known,) = world.log.views.known_records("left", left).values()
    assert await said(world, known.link_id, "kept") == []
    both = zip((world.left, world.right), world.projects(), strict=True)
    assert [it["status"] for remote, project in both for it in remote.items(project).values()] == ["in_progress"] * 2


async def test_a_person_says_that_it_is_an_item_of_its_own(world):
    """Somebody typed the same by chance; the other one is made when it is asked for."""
    left, right = world.projects()
    world.left.person_creates(left, title="issue")
    world.right_faults.plan("create", Weather.DROPPED_BEFORE)
    await world.engine.run_pass()
    (known,) = world.log.views.known_records("left", left).values()
    world.right.person_creates(right, title="issue")
    world.clock.advance(30)
    await world.settle_down()
    assert waiting(world) == ["copy", "write"]
    assert await said(world, known.link_id, "new") == []
    world.inbox.put(missing(known.link_id), by="vera")
    await world.settle_down()
    assert texts(world) == [["issue", "issue"], ["issue", "issue"]]
    assert waiting(world) == []


async def test_it_cannot_be_left_alone(world):
    """Without a key it could not be told from a new record later."""
    _, link_id = await lost_answer(world, Weather.DROPPED_AFTER)
    (problem,) = await said(world, link_id, "ignored")
    assert "carries no key to know it by later; keep it, or make it an item of its own" in problem
    assert waiting(world) == ["copy", "write"]


async def test_it_is_made_again_only_when_a_person_has_looked(world):
    """Neither an edit nor a wish for everything that was refused tells whether it is there."""
    issue, link_id = await lost_answer(world, Weather.DROPPED_BEFORE)
    left, _ = world.projects()
    world.left.person_edits(left, issue, title="edited")
    await world.settle_down()
    await world.engine.run_pass(retry_refused=True)
    assert texts(world) == [["edited"], []]
    (parked,) = world.log.views.parked()
    assert f"if it is missing, `syncengine resume {link_id} --create` has it created" in parked.reason
    world.inbox.put(missing(link_id), by="vera")
    await world.settle_down()
    assert texts(world) == [["edited"], ["edited"]]
    assert waiting(world) == []


async def test_the_end_of_a_pause_does_not_make_it_again(world):
    """Whoever paused the item for another reason has not looked."""
    _, link_id = await lost_answer(world, Weather.DROPPED_BEFORE)
    for wish in (PausePlace, ResumePlace):
        world.inbox.put(wish(subject=item_subject(link_id)), by="vera")
        await world.settle_down()
    assert texts(world) == [["issue"], []]
    assert waiting(world) == ["write"]


async def test_nobody_has_looked_before_it_was_in_doubt(world):
    """The wish is taken up by the very pass that gives up."""
    left, _ = world.projects()
    world.left.person_creates(left, title="issue")
    world.right_faults.plan("create", Weather.DROPPED_BEFORE)
    await world.engine.run_pass()
    (write,) = world.log.views.open_writes()
    world.inbox.put(missing(write.link_id), by="vera")
    world.clock.advance(30)
    await world.settle_down()
    assert texts(world) == [["issue"], []]
    assert waiting(world) == ["write"]


async def test_a_person_deletes_it_and_has_it_made_again(world):
    """Whoever wants to be sure."""
    _, link_id = await lost_answer(world, Weather.DROPPED_AFTER)
    world.right.person_deletes(world.projects()[1], the_copy(world).record_id)
    await world.settle_down()
    assert waiting(world) == ["write"]
    world.inbox.put(missing(link_id), by="vera")
    await world.settle_down()
    assert texts(world) == [["issue"], ["issue"]]


async def test_it_waits_as_long_as_the_create_is_open(world):
    """Somebody pauses the item before anybody has looked."""
    left, _ = world.projects()
    world.left.person_creates(left, title="issue")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    (write,) = world.log.views.open_writes()
    world.inbox.put(PausePlace(subject=item_subject(write.link_id), reason="a walk"), by="vera")
    for _ in range(3):
        world.clock.advance(30)
        await world.engine.run_pass()
    assert texts(world) == [["issue"], ["issue"]]
    assert waiting(world) == []
    world.inbox.put(ResumePlace(subject=item_subject(write.link_id)), by="vera")
    await world.settle_down()
    assert waiting(world) == ["copy", "write"]


@pytest.mark.parametrize("verdict", ["kept", "new"])
async def test_it_waits_also_when_its_item_is_closed(world, verdict):
    """Somebody deletes the item on the other side before a person has answered; the record begins no item by itself."""
    issue, link_id = await lost_answer(world, Weather.DROPPED_AFTER)
    left, _ = world.projects()
    world.left.person_creates(left, title="another issue")
    await world.settle_down()
    world.left.person_deletes(left, issue)
    await world.settle_down()
    assert texts(world) == [["another issue"], ["another issue", "issue"]]
    assert waiting(world) == ["copy"]
    assert await said(world, link_id, verdict) == []
    assert [each.count("issue") for each in texts(world)] == [1, 1]
    assert waiting(world) == []


@pytest.mark.parametrize("verdict", ["kept", "new"])
async def test_what_belongs_to_another_item_by_now_is_not_given_to_this_one(world, verdict):
    """A record stands for one item."""
    _, link_id = await lost_answer(world, Weather.DROPPED_AFTER)
    await world.log.append(claim(the_copy(world), UUID(int=7)), caused_by="test")
    (problem,) = await said(world, link_id, verdict)
    assert f"belongs to another item by now; see `syncengine explain {UUID(int=7)}`" in problem


async def test_other_records_are_new_as_always(world):
    """Only what holds exactly what was sent is in doubt."""
    await lost_answer(world, Weather.DROPPED_AFTER)
    world.right.person_creates(world.projects()[1], title="another issue")
    await world.settle_down()
    assert texts(world) == [["another issue", "issue"], ["another issue", "issue"]]


@pytest.mark.parametrize(("name", "expected"), [("issue", []), ("renamed", ["copy", "write"])])
async def test_its_name_tells_whose_it_is_as_long_as_the_item_has_it(name, expected):
    """And then nobody is asked; otherwise it is known by all of what was sent, and waits."""
    right = Abilities(key_storage="none", projects=True, natural_keys=("title",))
    world = World(left_abilities=Abilities(key_storage="id", projects=True), right_abilities=right)
    world.left.person_creates("", title="P")
    await world.settle_down()
    left, there = world.projects()
    issue = world.left.person_creates(left, title="issue")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    with hidden(world.right, there):
        world.left.person_edits(left, issue, title=name)
        world.clock.advance(30)
        await world.engine.run_pass()
    await world.settle_down()
    assert texts(world) == [[name], ["issue"]]
    assert waiting(world) == expected


async def made_anew_with_a_lost_answer(world):
    """An issue loses its record on the right, and what was made in its place waits as a copy; the lost one and its link."""
    left, right = world.projects()
    issue = world.left.person_creates(left, title="issue")
    await world.settle_down()
    known = world.log.views.known_records("left", left)[issue]
    (lost,) = (key for key, it in world.right.items(right).items() if it["title"] == "issue")
    stored = world.right.stored(right, lost)
    world.right.person_deletes(right, lost)
    world.left.person_edits(left, issue, title="edited")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    for _ in range(3):
        await world.engine.run_pass()
        world.clock.advance(30)
    await world.settle_down()
    assert waiting(world) == ["copy", "gone", "write"]
    return lost, stored, known.link_id


@pytest.fixture
async def crowded(world):
    """There is another issue, so that no side is ever empty."""
    world.left.person_creates(world.projects()[0], title="another")
    await world.settle_down()
    return world


async def test_a_lost_record_that_comes_back_beside_the_one_that_was_kept_is_no_new_item(crowded):
    """It is known as what it was, and named; nothing is made of it."""
    world = crowded
    lost, stored, link_id = await made_anew_with_a_lost_answer(world)
    assert await said(world, link_id, "kept") == []
    world.right.restore(world.projects()[1], lost, stored)
    for _ in range(3):
        (problem,) = (await world.engine.run_pass()).problems
    assert "is back, but its item has another record there" in problem
    assert texts(world) == [["another", "edited"], ["another", "edited", "issue"]]


async def test_it_is_not_kept_beside_a_record_that_would_begin_an_item_of_its_own(crowded):
    """The lost one is back and is the item's record again; a person deletes it, or makes the other one an item."""
    world = crowded
    lost, stored, link_id = await made_anew_with_a_lost_answer(world)
    world.right.restore(world.projects()[1], lost, stored)
    await world.settle_down()
    (problem,) = await said(world, link_id, "kept")
    assert f"the item has a record there, right/{world.projects()[1]}/{lost}; delete that one first" in problem
    assert waiting(world) == ["copy"]
