"""What is done next about one link, in examples."""

import pytest
from attrs import evolve as changed

from syncengine.domain.conflict_rules import AskAPerson, MergeText, Prefer, UnionOfSets
from syncengine.domain.decide import decide
from syncengine.domain.events import ConflictParked, Operation, Settlement, WritesIntended
from syncengine.domain.policy import Policy
from syncengine.errors import SettingsInvalid
from syncengine.testing import lossy, stripped
from tests.unit.domain.links import HULY, ISSUE, TRACKER, VIBE, edited, issue, linked, participant, world


def fields_written(event):
    return {write.endpoint: dict(write.fields) for write in event.writes}


def test_a_record_that_is_missing_on_the_other_side_is_made_there():
    """With every field, each with a reason."""
    it = world()
    it.person_makes(HULY, issue(status="done", labels=("roof",)))
    it.look(HULY)
    event = it.decide()
    (write,) = event.writes
    assert (write.operation, write.endpoint, write.ref) == (Operation.CREATE, VIBE, None)
    assert write.fields == issue(status="done", labels=("roof",))
    assert set(event.reasons.values()) == {"missing on vibe"}


def test_a_record_is_not_made_where_the_settings_or_the_remote_forbid_it():
    """It waits on its own side, without a decision."""
    for forbidding in (participant(may_create=False), participant(can_create=False)):
        it = world(vibe=forbidding)
        it.person_makes(HULY, issue())
        it.look(HULY)
        assert it.decide() is None


def test_an_edit_travels_with_only_the_field_that_was_edited():
    """Nobody's other fields are written over."""
    event = edited(linked(), HULY, title="Mend the roof").decide()
    assert fields_written(event) == {VIBE: {"title": "Mend the roof"}}
    assert event.reasons == {"title": "changed on huly"}


def test_edits_of_different_fields_travel_both_ways_in_one_decision():
    """Both survive."""
    it = edited(edited(linked(), HULY, title="Mend the roof"), VIBE, status="done")
    assert fields_written(it.decide()) == {VIBE: {"title": "Mend the roof"}, HULY: {"status": "done"}}


def test_a_status_that_a_create_could_not_set_is_set_by_the_next_decision():
    """B2: what Vibe fills in by itself is not taken for a person's edit and sent back."""
    it = world(vibe=participant(status_creatable=False))
    it.person_makes(HULY, issue(status="in_progress"))
    it.look(HULY)
    create = it.decide()
    assert "status" not in create.writes[0].fields
    it.send(create.writes[0].intent_id)
    assert it.remotes[VIBE]["status"] == "todo"
    follow_up = it.decide()
    assert fields_written(follow_up) == {VIBE: {"status": "in_progress"}}
    assert follow_up.reasons == {"status": "not yet told by huly"}
    it.settle()
    assert it.remotes[HULY]["status"] == it.remotes[VIBE]["status"] == "in_progress"


def test_a_status_that_happens_to_be_the_initial_one_needs_no_second_write():
    """Nothing is untold."""
    it = world(vibe=participant(status_creatable=False))
    it.person_makes(HULY, issue(status="todo"))
    it.look(HULY)
    it.decide()
    it.send(next(iter(it.pending)))
    assert it.decide() is None


def test_a_backlog_is_not_lowered_to_what_the_other_side_can_say():
    """B8: Huly's "backlog" is Vibe's "todo", and comes back as nothing at all."""
    it = linked(fields=issue(status="backlog"))
    assert it.remotes[VIBE]["status"] == "todo"
    assert it.decide() is None
    it = edited(it, HULY, status="todo")
    event = it.decide()
    assert event.writes == ()
    assert it.remotes[HULY]["status"] == "todo"


def test_ten_quiet_rounds_write_nothing():
    """B11: sides that spell values differently do not start a ping-pong."""
    ours = issue(title="  Fix the roof ", status="Backlog")
    it = linked(fields=ours, vibe=participant(spelling=lossy))
    assert it.remotes[HULY] == ours
    known = len(it.events)
    for _ in range(10):
        for endpoint in (HULY, VIBE):
            it.look(endpoint)
        assert it.decide() is None
    assert len(it.events) == known


def test_the_rule_decides_a_conflict_and_the_loser_is_in_the_decision():
    """Who won, by which rule, and what was given up."""
    it = edited(edited(linked(), HULY, title="Mend the roof"), VIBE, title="Repair the roof")
    event = it.decide()
    assert fields_written(event) == {VIBE: {"title": "Mend the roof"}}
    assert event.settled == (
        Settlement(
            field="title",
            rule="Prefer(endpoint='huly', then=AskAPerson())",
            value="Mend the roof",
            losers={VIBE: "Repair the roof"},
        ),
    )
    assert event.reasons["title"] == "changed on huly and vibe; Prefer(endpoint='huly', then=AskAPerson()) decided"


def test_a_value_that_no_side_holds_is_written_to_both():
    """A merged text is new to everybody."""
    text = "one\ntwo\nthree\n"
    it = linked(fields=issue(description=text), rule=MergeText())
    it = edited(edited(it, HULY, description="ONE\ntwo\nthree\n"), VIBE, description="one\ntwo\nTHREE\n")
    merged = {"description": "ONE\ntwo\nTHREE\n"}
    assert fields_written(it.decide()) == {HULY: merged, VIBE: merged}


def test_a_conflict_for_a_person_is_parked_once_and_holds_only_itself_back():
    """Other fields of the same record go on."""
    it = linked(rule=AskAPerson())
    it = edited(edited(it, HULY, title="Mend the roof", status="done"), VIBE, title="Repair the roof")
    parked = it.decide()
    assert isinstance(parked, ConflictParked)
    assert parked.versions == {HULY: "Mend the roof", VIBE: "Repair the roof"}
    assert fields_written(it.decide()) == {VIBE: {"status": "done"}}
    it.settle()
    assert it.remotes[VIBE] == issue(title="Repair the roof", status="done")
    assert set(it.link.parked) == {"title"}


def test_a_parked_conflict_that_is_edited_again_is_parked_anew():
    """The person sees the values of today."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.decide()
    edited(it, VIBE, title="three")
    again = it.decide()
    assert isinstance(again, ConflictParked)
    assert again.versions == {HULY: "one", VIBE: "three"}


def test_a_parked_conflict_that_people_settle_themselves_is_forgotten():
    """Both typed the same in the end."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.decide()
    edited(it, VIBE, title="one")
    it.settle()
    assert not it.link.parked
    assert it.link.sides[VIBE].agreed["title"] == "one"


def test_the_choice_of_a_person_is_written_to_every_side_that_has_another_value():
    """And nowhere else."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.settle()
    it.person_resolves("title", "two")
    event = it.decide()
    assert fields_written(event) == {HULY: {"title": "two"}}
    assert event.reasons == {"title": "chosen by a person"}


def test_the_choice_of_a_person_stands_when_one_of_the_sides_is_lost():
    """Nobody has edited the other one since."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.settle()
    it.person_resolves("title", "two")
    it.person_deletes(VIBE)
    it.look(VIBE)
    event = it.decide()
    assert event.reasons["title"] == "chosen by a person"
    assert fields_written(event)[HULY] == {"title": "two"}


def test_a_choice_that_one_side_refused_is_not_undone_where_it_was_made_anew():
    """The refusing side still has another title, which is in conflict with the chosen one and does not simply win."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.settle()
    it.person_resolves("title", "two")
    it.person_deletes(VIBE)
    it.look(VIBE)
    it.decide()
    to_huly, to_vibe = sorted(it.pending, key=lambda intent: it.pending[intent].endpoint)
    it.refuse(to_huly)
    it.send(to_vibe)
    again = it.decide()
    assert isinstance(again, ConflictParked)
    assert again.versions == {HULY: "one", VIBE: "two"}


@pytest.mark.parametrize("lost", [False, True])
def test_what_one_side_took_does_not_come_back_to_an_author_who_took_it_back(lost):
    """Vibe was told and the tracker was not; nobody edited anything on Vibe, so the author's second thought wins."""
    it = edited(linked(**{TRACKER: participant()}), HULY, status="done")
    it.decide()
    for intent_id, write in list(it.pending.items()):
        (it.send if write.endpoint == VIBE else it.refuse)(intent_id)
    edited(it, HULY, status="todo")
    if lost:
        it.person_deletes(TRACKER)
        it.look(TRACKER)
        edited(it, HULY, title="Mend the roof")
    it.settle()
    assert {fields["status"] for fields in it.remotes.values()} == {"todo"}
    assert set(it.remotes) == {HULY, VIBE, TRACKER}


def test_an_edit_back_to_the_default_counts_although_a_third_side_was_not_told_what_it_replaces():
    """Vibe was told what Huly had at first, and then somebody chose what stood there before; that is an edit."""
    blank = participant(status_creatable=False)
    it = world(vibe=blank, **{TRACKER: blank})
    it.person_makes(HULY, issue(status="in_progress"))
    it.look(HULY)
    it.decide()
    for intent_id in list(it.pending):
        it.send(intent_id)
    assert set(fields_written(it.decide())) == {VIBE, TRACKER}
    for intent_id, write in list(it.pending.items()):
        (it.send if write.endpoint == VIBE else it.refuse)(intent_id)
    edited(it, VIBE, status="todo").settle()
    assert {fields["status"] for fields in it.remotes.values()} == {"todo"}


def test_a_spelling_of_a_record_made_anew_does_not_come_back_when_another_one_is_refused():
    """Vibe has no backlog; nobody typed what it says instead."""
    it = linked(fields=issue(status="backlog"), **{TRACKER: participant()})
    for endpoint in (VIBE, TRACKER):
        it.person_deletes(endpoint)
        it.look(endpoint)
    edited(it, HULY, title="Mend the roof").decide()
    for intent_id, write in list(it.pending.items()):
        (it.send if write.endpoint == VIBE else it.refuse)(intent_id)
    it.settle()
    assert it.remotes[VIBE]["status"] == "todo"
    assert it.remotes[HULY]["status"] == "backlog"


def test_what_one_side_took_is_kept_when_its_author_is_lost():
    """It was typed on the side that is gone, and no other side may write over it with what was agreed before."""
    it = edited(linked(**{TRACKER: participant()}), HULY, title="Mend the roof")
    it.decide()
    for intent_id, write in list(it.pending.items()):
        (it.send if write.endpoint == VIBE else it.refuse)(intent_id)
    it.person_deletes(HULY)
    it.look(HULY)
    edited(it, VIBE, status="done")
    event = it.decide()
    assert event.writes[0].fields["title"] == "Mend the roof"


def test_an_edit_that_is_newer_than_a_persons_choice_is_a_new_conflict():
    """Whoever chose between "one" and "two" has not seen "three"."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.settle()
    it.person_resolves("title", "one")
    edited(it, VIBE, title="three")
    again = it.decide()
    assert isinstance(again, ConflictParked)
    assert again.versions == {HULY: "one", VIBE: "three"}
    assert not it.link.resolved


def test_an_edit_on_a_third_side_is_newer_than_a_persons_choice_between_the_two_others():
    """The third side had no part in the conflict, so its edit was not seen either."""
    it = linked(rule=AskAPerson(), **{TRACKER: participant()})
    edited(edited(it, HULY, title="one"), VIBE, title="two").settle()
    it.person_resolves("title", "one")
    again = edited(it, TRACKER, title="three").decide()
    assert isinstance(again, ConflictParked)
    assert again.versions == {HULY: "one", VIBE: "two", TRACKER: "three"}
    assert not it.link.resolved


def test_a_choice_whose_conflict_went_away_decides_nothing_later():
    """Both sides went back to the old title; the next edit is an edit like any other."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, title="one"), VIBE, title="two")
    it.settle()
    it.person_resolves("title", "one")
    edited(edited(it, HULY, title="Fix the roof"), VIBE, title="Fix the roof")
    assert it.decide() is None
    edited(it, VIBE, title="Repair the roof")
    it.settle()
    assert it.remotes[HULY]["title"] == "Repair the roof"


def test_a_refused_write_waits_until_something_changes():
    """B9: it is not sent again every cycle."""
    it = edited(linked(), HULY, status="cancelled")
    it.decide()
    it.refuse(next(iter(it.pending)))
    assert it.decide() is None
    assert it.link.refused[VIBE].fields == {"status": "cancelled"}
    edited(it, HULY, status="done")
    assert fields_written(it.decide()) == {VIBE: {"status": "done"}}
    assert not it.link.refused


def test_a_person_can_have_a_refused_write_tried_again():
    """After the cause was removed."""
    it = edited(linked(), HULY, status="cancelled")
    it.decide()
    it.refuse(next(iter(it.pending)))
    assert fields_written(it.decide(retry_refused=True)) == {VIBE: {"status": "cancelled"}}


def test_a_refused_field_does_not_keep_edits_of_the_other_side_from_arriving():
    """Only its own field waits."""
    it = edited(linked(), HULY, status="cancelled")
    it.decide()
    it.refuse(next(iter(it.pending)))
    edited(it, VIBE, title="Repair the roof")
    it.settle()
    assert it.remotes[HULY] == issue(status="cancelled", title="Repair the roof")


def test_a_merged_value_that_one_side_refuses_is_not_forced_on_the_other():
    """
    Both sides get a union; Vibe refuses it for good, and then somebody takes a label away on Huly again.

    Writing the union to Huly all the same would undo that edit for a value that can never become common.
    """
    it = edited(edited(linked(rules={"labels": UnionOfSets()}), HULY, labels=("roof",)), VIBE, labels=("rain",))
    it.decide()
    to_huly, to_vibe = sorted(it.pending, key=lambda intent: it.pending[intent].endpoint)
    it.refuse(to_vibe)
    it.postpone(to_huly, unknown=False)
    it.person_edits(HULY, "labels", ("roof", "urgent"))
    it.judge(to_huly)
    edited(it, HULY, labels=("roof",))
    assert it.decide() is None
    assert it.remotes[HULY]["labels"] == ("roof",)


def test_a_side_that_cannot_be_written_gives_its_edits_and_takes_none():
    """A read-only side is never written."""
    for deaf in (participant(writable=False), participant(can_update=False), participant(updatable=False)):
        it = linked(vibe=deaf)
        assert it.remotes[VIBE] == issue()
        event = edited(it, HULY, title="Mend the roof").decide()
        assert event.writes == ()
        edited(it, VIBE, title="Repair the roof")
        it.settle()
        assert it.remotes[HULY]["title"] == "Repair the roof"


def test_nothing_is_decided_while_a_decision_is_open_or_the_link_is_closed():
    """One thing after the other."""
    it = edited(linked(), HULY, title="Mend the roof")
    closed = changed(it.link, closed="both gone")
    assert decide(closed, it.policy, it.participants) is None
    assert it.decide() is not None
    assert it.decide() is None


def test_equal_records_that_meet_are_adopted_without_a_write():
    """Invariant 20: lost bookkeeping is safe."""
    it = world()
    for endpoint in (HULY, VIBE):
        it.person_makes(endpoint, issue(status="backlog"))
        it.look(endpoint)
    event = it.decide()
    assert event.writes == ()
    assert it.link.sides[HULY].agreed == issue(status="backlog")
    assert it.link.sides[VIBE].agreed == issue(status="todo")


def test_different_records_that_meet_are_settled_by_the_rules():
    """With the loser kept, as in any conflict."""
    it = world()
    it.person_makes(HULY, issue(title="one"))
    it.person_makes(VIBE, issue(title="two"))
    for endpoint in (HULY, VIBE):
        it.look(endpoint)
    event = it.decide()
    assert fields_written(event) == {VIBE: {"title": "one"}}
    assert event.settled[0].losers == {VIBE: "two"}


def test_a_field_in_conflict_without_a_rule_is_a_mistake_in_the_settings():
    """Nothing is decided silently about people's edits."""
    it = edited(edited(linked(), HULY, title="one"), VIBE, title="two")
    it.policy = Policy(rules={ISSUE: {"status": Prefer("huly")}})
    with pytest.raises(SettingsInvalid, match=r"sync\.rules\.issue\.title"):
        it.decide()


def test_a_field_that_one_side_does_not_have_stays_where_it_is():
    """It is nobody's missing value."""
    poor = participant()
    fields = tuple(spec for spec in poor.schema.fields if spec.name != "labels")
    narrow = changed(poor.schema, fields=fields)
    it = linked(vibe=changed(poor, schema=narrow, as_stored=lambda values: values.without({"labels"})))
    event = edited(it, HULY, labels=("roof",)).decide()
    assert event is None
    assert "labels" not in it.remotes[VIBE]


def test_a_new_third_side_is_told_by_the_side_with_the_richest_spelling_and_the_others_are_left_alone():
    """A poorer side's spelling never travels to a richer one."""
    it = world(rule=AskAPerson(), vibe=participant(spelling=stripped), **{TRACKER: participant(status_creatable=False)})
    it.policy = changed(it.policy, creates={ISSUE: frozenset({HULY, VIBE, TRACKER})})
    it.person_makes(HULY, issue(status=" done "))
    it.look(HULY)
    it.decide()
    for intent_id in list(it.pending):
        it.send(intent_id)
    event = it.decide()
    assert isinstance(event, WritesIntended)
    assert fields_written(event) == {TRACKER: {"status": " done "}}


def test_a_record_of_which_every_field_waits_for_a_person_is_not_made_elsewhere():
    """An empty record on the third side would help nobody."""
    it = world(rule=AskAPerson(), **{TRACKER: participant()})
    it.person_makes(HULY, issue(title="one", description="one", status="done", labels=("one",)))
    it.person_makes(VIBE, issue(title="two", description="two", status="todo", labels=("two",)))
    for endpoint in (HULY, VIBE):
        it.look(endpoint)
    it.settle()
    assert len(it.link.parked) == 4
    assert TRACKER not in it.remotes


def test_a_record_whose_other_side_no_longer_takes_part_is_not_made_from_nothing():
    """Of an endpoint that was taken out of the settings nothing is copied."""
    it = world()
    it.person_makes(HULY, issue())
    it.look(HULY)
    assert decide(it.link, it.policy, {VIBE: it.participants[VIBE]}) is None


@pytest.mark.parametrize("rule", [AskAPerson(), Prefer("tracker")])
def test_a_field_in_dispute_that_a_create_left_blank_takes_no_part_in_the_dispute(rule):
    """Nobody typed that blank; it is told what the others settle on."""
    it = linked(rule=AskAPerson(), **{TRACKER: participant(may_create=False)})
    it.person_edits(HULY, "title", "Mend the roof")
    it.person_edits(VIBE, "title", "Tear the roof down")
    it.look(HULY)
    it.look(VIBE)
    assert isinstance(it.decide(), ConflictParked)
    it.participants = {**it.participants, TRACKER: participant()}
    it.policy = changed(it.policy, rules={ISSUE: dict.fromkeys(it.policy.rules[ISSUE], rule)})
    it.settle()
    assert None not in {it.remotes[HULY]["title"], it.remotes[VIBE]["title"]}
    assert it.remotes[TRACKER]["title"] is None or it.remotes[TRACKER]["title"] == it.remotes[HULY]["title"]
    it.person_edits(HULY, "title", "Paint the roof")
    it.person_edits(VIBE, "title", "Paint the roof")
    it.settle()
    assert {fields["title"] for fields in it.remotes.values()} == {"Paint the roof"}
