"""How a link changes with each event, in examples."""

from datetime import timedelta

import pytest

from syncengine.domain.conflict_rules import AskAPerson, UnionOfSets
from syncengine.domain.events import (
    Evidence,
    LinkClosed,
    Proof,
    RecordGone,
    RecordObserved,
    WriteConfirmed,
    WritesIntended,
)
from syncengine.domain.identity import IntentId, RecordId
from syncengine.domain.link import evolve
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.domain.side import not_stale
from syncengine.errors import ImpossibleHistory
from tests.unit.domain.links import HULY, ISSUE, TRACKER, VIBE, issue, linked, participant, world


def only(world):
    """The one pending write."""
    (intent_id,) = world.pending
    return intent_id


def test_the_first_sight_of_a_record_starts_a_side_without_agreement():
    """Nothing is agreed with nobody."""
    it = world()
    it.person_makes(HULY, issue(status="done"))
    it.look(HULY)
    side = it.link.sides[HULY]
    assert side.observed == issue(status="done")
    assert side.agreed == {}
    assert it.link.kind == ISSUE


def test_an_edit_is_not_agreed_before_the_other_side_has_confirmed_it():
    """B3: the wish is never stored as agreed, so a failed write cannot look like an edit of the other side."""
    it = linked()
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    it.decide()
    assert it.link.sides[HULY].agreed["status"] == "todo"
    it.send(only(it))
    assert it.link.sides[HULY].agreed["status"] == "done"
    assert it.link.sides[VIBE].agreed["status"] == "done"


def test_a_refused_edit_is_not_agreed_and_does_not_come_back_from_the_other_side():
    """B3: a status edited on Huly whose write to Vibe fails is never undone on Huly."""
    it = linked()
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    it.decide()
    it.refuse(only(it))
    assert it.link.sides[HULY].agreed["status"] == "todo"
    it.settle()
    assert it.remotes[HULY]["status"] == "done"


def test_the_first_of_two_confirmations_agrees_nothing():
    """An edit of the other side that is still being sent must not be marked as agreed."""
    it = linked()
    it.person_edits(HULY, "status", "done")
    it.person_edits(VIBE, "title", "Mend the roof")
    for endpoint in (HULY, VIBE):
        it.look(endpoint)
    it.decide()
    to_huly, to_vibe = sorted(it.pending, key=lambda intent: it.pending[intent].endpoint)
    it.send(to_vibe)
    assert it.link.sides[VIBE].agreed["title"] == "Fix the roof"
    it.send(to_huly)
    assert it.link.sides[VIBE].agreed == it.link.sides[VIBE].observed
    assert it.link.sides[HULY].agreed == it.link.sides[HULY].observed


def test_what_the_remote_made_of_our_value_is_agreed_and_not_what_we_sent():
    """B11: the remote's own spelling is no edit of the remote's."""
    it = linked()
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    it.decide()
    there = it.remotes[VIBE] | FieldValues(title="MEND THE ROOF (1)")
    it.remotes[VIBE] = there
    confirmed = WriteConfirmed(intent_id=only(it), ref=it.ref(VIBE), fields=there, proof=Proof.ANSWER, written_at=it.now)
    it.link = evolve(it.link, confirmed)
    assert it.link.sides[VIBE].agreed["title"] == "MEND THE ROOF (1)"
    assert it.link.sides[HULY].agreed["title"] == "Mend the roof"
    assert it.decide() is None


def test_an_edit_made_elsewhere_while_a_write_was_pending_survives():
    """The answer of a write shows the whole record, and what is new in it counts as an edit."""
    it = linked()
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    it.decide()
    it.person_edits(VIBE, "title", "Mend the roof")
    it.send(only(it))
    it.settle()
    assert it.remotes[HULY] == issue(status="done", title="Mend the roof")


def test_an_edit_of_the_same_record_while_its_own_edit_is_on_its_way_is_sent_afterwards():
    """The basis is what was read when it was decided, so the newer edit is still an edit."""
    it = linked()
    it.person_edits(HULY, "status", "in_progress")
    it.look(HULY)
    it.decide()
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    it.send(only(it))
    it.settle()
    assert it.remotes[VIBE]["status"] == "done"


def test_a_created_record_that_was_edited_before_we_found_it_again_keeps_the_edit():
    """Found by its key, it settles what was sent; the difference is somebody's edit and travels back."""
    it = world()
    it.person_makes(HULY, issue())
    it.look(HULY)
    it.decide()
    it.send(only(it), answered=False)
    it.person_edits(VIBE, "title", "Mend the roof")
    it.judge(only(it))
    assert it.link.sides[VIBE].agreed["title"] == "Fix the roof"
    it.settle()
    assert it.remotes[HULY]["title"] == "Mend the roof"


def test_a_listing_from_before_our_write_is_not_believed():
    """B4: a stale task list must not revert what was just written."""
    it = linked()
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    before = it.now
    it.settle()
    it.hear_of(VIBE, issue(status="todo"), before)
    assert it.link.sides[VIBE].observed["status"] == "done"
    assert it.decide() is None


def test_a_record_that_an_old_listing_did_not_show_is_not_gone():
    """A listing from before a create cannot know the record."""
    it = linked()
    written_at = it.link.sides[VIBE].read_at
    missed = RecordGone(ref=it.ref(VIBE), evidence=Evidence.ABSENT, taken_at=written_at - timedelta(seconds=1))
    assert evolve(it.link, missed).sides[VIBE].gone is None
    missed_later = RecordGone(ref=it.ref(VIBE), evidence=Evidence.ABSENT, taken_at=written_at)
    assert evolve(it.link, missed_later).sides[VIBE].gone is Evidence.ABSENT


def test_a_listing_from_before_a_direct_read_is_not_believed():
    """Listings lag: one that shows less than was read already would look like an edit back to the old value."""
    it = linked()
    it.person_edits(VIBE, "title", "Mend the roof")
    before = it.now
    it.look(VIBE)
    it.hear_of(VIBE, issue(), before)
    assert it.link.sides[VIBE].observed["title"] == "Mend the roof"


def test_what_was_read_later_is_newer_also_when_the_clock_was_set_back():
    """The time of a direct read is never before what is known, and neither is that of a write."""
    it = linked()
    side = it.link.sides[VIBE]
    an_hour_ago = side.read_at - timedelta(hours=1)
    assert not_stale(side, an_hour_ago) == side.read_at
    assert not_stale(side, it.now + timedelta(hours=1)) == it.now + timedelta(hours=1)
    assert not_stale(None, an_hour_ago) == an_hour_ago
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    it.decide()
    there = it.remotes[VIBE] | {"title": "Mend the roof"}
    confirmed = WriteConfirmed(
        intent_id=only(it), ref=it.ref(VIBE), fields=there, proof=Proof.ANSWER, written_at=an_hour_ago
    )
    assert evolve(it.link, confirmed).sides[VIBE].read_at == side.read_at


def test_an_earlier_record_is_accepted_once_its_replacement_is_gone():
    """The item had another record meanwhile; that one was lost too, and the first one is back."""
    it = linked()
    it.person_deletes(VIBE)
    it.look(VIBE)
    there = issue(title="back from the bin")
    earlier = RecordRef(VIBE, it.ref(VIBE).container, RecordId("vibe-0"))
    back = RecordObserved(ref=earlier, kind=it.kind, fields=there, taken_at=it.now)
    it.link = evolve(it.link, LinkClosed(reason="deleted on huly and vibe"))
    side = evolve(it.link, back).sides[VIBE]
    assert (side.ref, side.observed, side.agreed, side.gone) == (earlier, there, {}, None)
    assert evolve(it.link, back).closed is None


def test_a_record_that_is_seen_again_is_not_gone_any_more():
    """Whatever made it vanish, it is there."""
    it = linked()
    there = it.remotes[VIBE]
    it.person_deletes(VIBE)
    it.look(VIBE)
    assert it.link.sides[VIBE].gone is Evidence.TOMBSTONE
    it.remotes[VIBE] = there
    it.look(VIBE)
    assert it.link.sides[VIBE].gone is None
    assert it.settle() <= 1
    assert it.remotes[VIBE] == there


def test_a_refused_create_agrees_nothing_not_even_its_initial_values():
    """What the new record would have started with did not come about either."""
    it = world(vibe=participant(status_creatable=False))
    it.person_makes(HULY, issue(status="done"))
    it.look(HULY)
    it.decide()
    it.refuse(only(it))
    assert it.link.sides[HULY].agreed == {}


def test_a_merged_value_that_landed_on_one_side_only_does_not_cost_that_side_its_edit():
    """
    Huly added "roof" and Vibe added "rain"; both get the union. Huly takes it, on Vibe somebody is faster and adds "sun".

    Taking Huly's union for agreed would leave Vibe as the only side that changed, and its set without "roof" would win.
    """
    it = linked(rules={"labels": UnionOfSets()})
    it.person_edits(HULY, "labels", ("roof",))
    it.person_edits(VIBE, "labels", ("rain",))
    for endpoint in (HULY, VIBE):
        it.look(endpoint)
    it.decide()
    to_huly, to_vibe = sorted(it.pending, key=lambda intent: it.pending[intent].endpoint)
    it.send(to_huly)
    it.person_edits(VIBE, "labels", ("rain", "sun"))
    it.send(to_vibe)
    it.settle()
    assert it.remotes[HULY]["labels"] == it.remotes[VIBE]["labels"] == ("rain", "roof", "sun")


def test_a_person_resolves_a_conflict_and_it_is_parked_no_more():
    """The choice waits beside the values it was chosen among."""
    it = linked(rule=AskAPerson())
    it.person_edits(HULY, "title", "Mend the roof")
    it.person_edits(VIBE, "title", "Repair the roof")
    it.settle()
    assert set(it.link.parked) == {"title"}
    it.person_resolves("title", "Mend the roof")
    assert not it.link.parked
    assert it.link.resolved["title"].value == "Mend the roof"
    assert it.link.resolved["title"].versions == {HULY: "Mend the roof", VIBE: "Repair the roof"}


def test_people_call_a_link_by_its_first_label():
    """And by its id while it has none."""
    it = linked()
    assert it.link.label == it.link.link_id.hex[:12]
    seen = RecordObserved(ref=it.ref(VIBE), kind=ISSUE, fields=issue(), taken_at=it.now, label="VIBE-7")
    assert evolve(it.link, seen).label == "VIBE-7"


def test_a_label_that_a_reading_does_not_carry_is_kept():
    """Not every answer names it."""
    it = linked()
    named = RecordObserved(ref=it.ref(VIBE), kind=ISSUE, fields=issue(), taken_at=it.now, label="VIBE-7")
    unnamed = RecordObserved(ref=it.ref(VIBE), kind=ISSUE, fields=issue(), taken_at=it.now)
    assert evolve(evolve(it.link, named), unnamed).label == "VIBE-7"


def test_a_confirmation_by_another_record_is_impossible():
    """A write to one record cannot land in another."""
    it = linked()
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    it.decide()
    other = RecordRef(VIBE, it.ref(VIBE).container, RecordId("another"))
    event = WriteConfirmed(intent_id=only(it), ref=other, fields=issue(), proof=Proof.ANSWER, written_at=it.now)
    with pytest.raises(ImpossibleHistory, match="another"):
        evolve(it.link, event)


def test_an_outcome_for_an_unknown_intent_is_impossible():
    """The message names the link and the intent."""
    it = linked()
    event = WriteConfirmed(
        intent_id=IntentId("nobody's"), ref=it.ref(VIBE), fields=issue(), proof=Proof.ANSWER, written_at=it.now
    )
    with pytest.raises(ImpossibleHistory, match="nobody's"):
        evolve(it.link, event)


def test_losing_a_record_that_was_never_seen_is_impossible():
    """A side has to be there to go."""
    it = world()
    event = RecordGone(ref=it.ref(VIBE), evidence=Evidence.TOMBSTONE, taken_at=it.now)
    with pytest.raises(ImpossibleHistory, match="cannot lose it"):
        evolve(it.link, event)


def test_a_decision_without_writes_is_settled_at_once():
    """Equal records that meet for the first time agree, and nobody is written to."""
    it = world()
    for endpoint in (HULY, VIBE):
        it.person_makes(endpoint, issue())
        it.look(endpoint)
    event = it.decide()
    assert isinstance(event, WritesIntended)
    assert event.writes == ()
    assert it.link.decision is None
    assert it.link.sides[HULY].agreed == issue()


def test_a_closed_link_stays_closed():
    """With its reason."""
    assert evolve(linked().link, LinkClosed(reason="gone on both sides")).closed == "gone on both sides"


def test_with_three_sides_one_refusal_leaves_every_side_of_that_field_as_it_was():
    """Agreement on a field is for all sides or for none."""
    it = linked(**{TRACKER: participant()})
    it.person_edits(HULY, "status", "done")
    it.look(HULY)
    it.decide()
    for intent_id in list(it.pending):
        if it.pending[intent_id].endpoint == TRACKER:
            it.refuse(intent_id)
        else:
            it.send(intent_id)
    assert {side.agreed["status"] for side in it.link.sides.values()} == {"todo"}
