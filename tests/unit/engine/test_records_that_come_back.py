"""A lost record is to be made anew, and somebody takes it out of the bin before that is done."""

import pytest
from attrs import define, evolve, field

from syncengine.domain.conflict_rules import AskAPerson, ConflictRule, Prefer
from syncengine.domain.events import Evidence, RecordGone, WritesIntended
from syncengine.domain.identity import link_id_for
from syncengine.domain.link import Link
from syncengine.domain.records import NO_FIELDS, RecordRef
from syncengine.domain.side import Side
from syncengine.engine.direct_reads import DirectReads
from syncengine.engine.outcomes import seen
from syncengine.testing.abilities import Abilities
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import ISSUE, World


@define(kw_only=True)
class Scene:
    """An issue that somebody edited on the right and somebody else deleted on the left, before either was told."""

    key_storage: str
    change_cursor: bool = False
    rule: ConflictRule = field(factory=lambda: Prefer("right"))
    world: World = field(init=False)
    left: str = field(init=False)
    right: str = field(init=False)

    async def begin(self):
        can = Abilities(
            key_storage=self.key_storage,
            projects=True,
            natural_keys=("title",),
            tombstones=True,
            change_cursor=self.change_cursor,
        )
        it = self.world = World(left_abilities=can, rule=self.rule)
        project = it.left.person_creates("", title="P")
        await it.settle_down()
        self.left, self.right = it.projects()
        it.right.person_creates(self.right, title="issue", description="old")
        await it.settle_down()
        (lost,) = it.left.items(self.left)
        stored = it.left.stored(project, lost)
        it.left.person_deletes(project, lost)
        it.right.person_edits(self.right, next(iter(it.right.items(self.right))), description="new")
        return lost, stored

    def losers(self):
        """What lost a conflict, as the log has it."""
        decisions = [it.event for it in self.world.log.events if isinstance(it.event, WritesIntended)]
        return [settlement.losers for event in decisions for settlement in event.settled]

    def texts(self):
        both = ((self.world.left, self.left), (self.world.right, self.right))
        return [sorted(it["description"] for it in remote.items(project).values()) for remote, project in both]


@pytest.mark.parametrize("key_storage", ["id", "marker"])
@pytest.mark.parametrize("weather", [Weather.BUSY, Weather.SERVER_ERROR])
async def test_it_is_used_again_and_the_edit_that_it_was_wanted_for_arrives(key_storage, weather):
    """The create was not made: there is no second record, and the old text that came back is not newer than the new one."""
    it = Scene(key_storage=key_storage)
    lost, stored = await it.begin()
    it.world.left_faults.plan("create", weather)
    await it.world.engine.run_pass()
    assert [write.endpoint for write in it.world.log.views.open_writes()] == ["left"]
    it.world.left.restore(it.left, lost, stored)
    it.world.clock.advance(30)
    await it.world.settle_down()
    assert it.texts() == [["new"], ["new"]]
    assert list(it.world.left.items(it.left)) == [lost]
    assert it.losers() == [{"left": "old"}]


async def test_it_comes_back_and_goes_again_before_it_is_made_anew():
    """The create is dropped, because it was decided for another loss; the next decision makes one record and no copy."""
    it = Scene(key_storage="marker")
    lost, stored = await it.begin()
    it.world.left_faults.plan("create", Weather.BUSY)
    await it.world.engine.run_pass()
    it.world.left.restore(it.left, lost, stored)
    await it.world.engine.run_pass()
    assert [write.endpoint for write in it.world.log.views.open_writes()] == ["left"]
    it.world.left.person_deletes(it.left, lost)
    it.world.clock.advance(30)
    await it.world.settle_down()
    assert it.texts() == [["new"], ["new"]]
    assert it.world.log.views.parked() == ()


async def test_it_is_shown_beside_the_one_that_was_made_in_its_place():
    """The create was made and its answer lost: the item goes on in the record that is back, and the other one is a copy."""
    it = Scene(key_storage="marker")
    lost, stored = await it.begin()
    it.world.left_faults.plan("create", Weather.DROPPED_AFTER)
    await it.world.engine.run_pass()
    it.world.left.restore(it.left, lost, stored)
    it.world.left.person_removes_key(it.left, lost)
    it.world.left_faults.plan("find_by_key", Weather.BUSY)
    it.world.clock.advance(30)
    await it.world.settle_down()
    assert len(it.world.left.items(it.left)) == 2
    assert [waiting.subject.partition(":")[0] for waiting in it.world.log.views.parked()] == ["copy"]
    assert it.texts()[1] == ["new"]


async def test_an_answer_for_a_record_that_was_there_already_is_no_proof_of_ours():
    """Where we choose the ids, the lost record may be back in the moment of our create, which is answered with it."""
    it = Scene(key_storage="id")
    lost, stored = await it.begin()

    async def back(point):
        if point == "create.before":
            it.world.left.restore(it.left, lost, stored)

    it.world.at = back
    it.world.start()
    await it.world.settle_down()
    assert it.texts() == [["new"], ["new"]]
    assert it.losers() == [{"left": "old"}]


async def beside_its_successor():
    """The lost record is back, listed once at a cursor, and its successor is deleted with the other side."""
    it = Scene(key_storage="marker", change_cursor=True)
    lost, stored = await it.begin()
    it.world.right.person_creates(it.right, title="another issue", description="another")
    await it.world.settle_down()
    it.world.left.restore(it.left, lost, stored)
    report = await it.world.engine.run_pass()
    assert any("is back, but its item has another record there" in line for line in report.problems)
    (gone,) = [key for key, issue in it.world.right.items(it.right).items() if issue["title"] == "issue"]
    it.world.right.person_deletes(it.right, gone)
    return it, lost


async def test_the_item_lives_on_in_a_record_that_came_back_when_its_successor_goes():
    """Nobody lists it a second time, so it is looked at before the item is closed."""
    it, lost = await beside_its_successor()
    await it.world.settle_down()
    assert lost in it.world.left.items(it.left)
    assert it.texts() == [["another", "old"], ["another", "old"]]


async def test_an_item_is_not_closed_while_its_earlier_records_cannot_be_looked_at():
    """The next pass looks again."""
    it, lost = await beside_its_successor()
    it.world.left_faults.always("fetch", Weather.REFUSED)
    for _ in range(3):
        await it.world.engine.run_pass()
        it.world.clock.advance(30)
    it.world.left_faults.clear()
    await it.world.settle_down()
    assert lost in it.world.left.items(it.left)
    assert it.texts() == [["another", "old"], ["another", "old"]]


@pytest.mark.parametrize("key_storage", ["id", "marker"])
async def test_a_write_to_a_record_that_was_replaced_by_an_earlier_one_is_decided_anew(key_storage):
    """A backup is restored while it waits: the record is gone, and the one that it had followed is back."""
    it = Scene(key_storage=key_storage)
    first, stored = await it.begin()
    await it.world.settle_down()
    (second,) = it.world.left.items(it.left)
    it.world.right.person_edits(it.right, next(iter(it.world.right.items(it.right))), description="newer")
    it.world.left_faults.plan("update", Weather.REFUSED)
    await it.world.engine.run_pass()
    it.world.left.person_deletes(it.left, second)
    it.world.left.restore(it.left, first, stored)
    await it.world.engine.run_pass()
    assert [write.endpoint for write in it.world.log.views.open_writes()] == ["left"]
    it.world.clock.advance(30)
    await it.world.settle_down()
    assert it.texts() == [["newer"], ["newer"]]
    assert list(it.world.left.items(it.left)) == [first]


@pytest.mark.parametrize("change_cursor", [True, False])
async def test_of_two_records_that_come_back_together_the_item_has_the_later_one(change_cursor):
    """Somebody empties the bin the wrong way round; the other record is named, and the pass goes on."""
    it = Scene(key_storage="marker", change_cursor=change_cursor)
    first, stored_first = await it.begin()
    await it.world.settle_down()
    (second,) = it.world.left.items(it.left)
    stored_second = it.world.left.stored(it.left, second)
    it.world.right.person_creates(it.right, title="another issue", description="another")
    it.world.right.person_deletes(it.right, next(iter(it.world.right.items(it.right))))
    await it.world.settle_down()
    assert it.texts() == [["another"], ["another"]]
    it.world.left.restore(it.left, first, stored_first)
    it.world.left.restore(it.left, second, stored_second)
    report = await it.world.engine.run_pass()
    assert report.problems == [
        f"left/{it.left}/{first} is back, but its item has another record there, left/{it.left}/{second}; delete one of them"
    ]
    it.world.left.person_deletes(it.left, first)
    await it.world.settle_down()
    assert it.texts() == [["another", "new"], ["another", "new"]]


async def test_an_edit_survives_the_deletion_of_what_came_back_in_a_conflict_with_it():
    """Whoever deleted it saw the old text and not the new one."""
    it = Scene(key_storage="id", rule=AskAPerson())
    lost, stored = await it.begin()
    it.world.left_faults.plan("create", Weather.SERVER_ERROR)
    await it.world.engine.run_pass()
    it.world.left.restore(it.left, lost, stored)
    it.world.clock.advance(30)
    await it.world.settle_down()
    assert [waiting.subject for waiting in it.world.log.views.parked()] == ["field:description"]
    it.world.left.person_deletes(it.left, lost)
    await it.world.settle_down()
    assert it.texts() == [["new"], ["new"]]


async def test_an_item_takes_an_id_of_its_own_a_second_time():
    """Where we choose the ids, an item that is made anew twice has the same one; it was claimed the first time."""
    it = World(
        left_abilities=Abilities(key_storage="id", projects=True, natural_keys=("title",), tombstones=True),
        rule=Prefer("right"),
    )
    left = it.left.person_creates("", title="P")
    first = it.left.person_creates(left, title="issue", description="old")
    it.left.person_creates(left, title="another issue")
    await it.settle_down()
    _, right = it.projects()
    (mine,) = [key for key, issue in it.right.items(right).items() if issue["title"] == "issue"]
    stored = it.left.stored(left, first)
    for number in range(2):
        it.left.person_deletes(left, first)
        it.right.person_edits(right, mine, description=f"new {number}")
        await it.settle_down()
        (anew,) = [key for key, issue in it.left.items(left).items() if issue["title"] == "issue"]
        assert anew != first
        if number == 0:
            it.left.person_deletes(left, anew)
            it.left.restore(left, first, stored)
            await it.settle_down()
    assert it.left.items(left)[anew]["description"] == "new 1"


async def test_a_record_of_long_ago_is_not_lost_once_more():
    """Its item has another record by now, and a listing that lags may still show the old one."""
    it = Scene(key_storage="marker")
    await it.begin()
    replaced = it.world.log.views.records_of
    await it.world.settle_down()
    links = {known.link_id for known in it.world.log.views.known_records("left", it.left).values()}
    (link_id,) = links
    known = next(known for known in replaced(link_id) if known.gone)
    engine = it.world.engine
    reads = DirectReads(endpoints=engine._endpoints, views=it.world.log.views, links=engine._links, clock=it.world.clock)
    assert await reads.one(ISSUE, known, Evidence.CONFIRMED) is None
    current = next(known for known in replaced(link_id) if known.ref.endpoint == "left" and not known.gone)
    it.world.left.person_deletes(it.left, current.ref.record_id)
    assert isinstance(await reads.one(ISSUE, current, Evidence.CONFIRMED), RecordGone)


async def test_a_doubt_does_not_replace_a_proof_in_what_is_shown():
    """An update whose record is gone for good is dropped, and nothing more is said about the record."""
    it = Scene(key_storage="id")
    lost, _ = await it.begin()
    link = Link(link_id=link_id_for("left", it.left, "1"))
    ref = RecordRef("left", it.left, lost)
    assert [type(event) for event in seen(link, ref, None, it.world.clock.now())] == [RecordGone]
    side = Side(ref=ref, observed=NO_FIELDS, gone=Evidence.TOMBSTONE)
    assert seen(evolve(link, sides={"left": side}), ref, None, it.world.clock.now()) == ()
