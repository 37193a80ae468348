"""Decisions of which a part came about, and creates that are found again: what counts as an edit afterwards, and what does not."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.events import ConflictParked, Proof, WriteConfirmed
from syncengine.domain.link import evolve
from syncengine.domain.policy import DeletionRule
from tests.unit.domain.links import HULY, TRACKER, VIBE, edited, issue, linked, participant, world

BLANK = participant(status_creatable=False)
"""A create there leaves the status at its default."""


def statuses(it):
    return {endpoint: fields["status"] for endpoint, fields in it.remotes.items()}


def send_only(it, taker):
    """One side takes its write, and the others refuse theirs."""
    for intent_id, write in list(it.pending.items()):
        (it.send if write.endpoint == taker else it.refuse)(intent_id)


def made_and_not_answered(it):
    """The one create of a decision is made, and its answer is lost; its intent."""
    it.decide()
    (intent_id,) = it.pending
    it.send(intent_id, answered=False)
    return intent_id


def test_the_default_of_a_record_made_anew_is_no_edit_when_another_side_refuses():
    """Its create could not set the status; the tracker would win, and has nothing to say."""
    it = world(rule=Prefer(TRACKER), **{TRACKER: BLANK})
    it.person_makes(HULY, issue(status="in_review"))
    it.look(HULY)
    it.settle()
    it.person_deletes(TRACKER)
    it.look(TRACKER)
    edited(it, HULY, status="done").decide()
    send_only(it, TRACKER)
    it.settle()
    assert statuses(it) == {HULY: "done", VIBE: "in_review", TRACKER: "todo"}


@pytest.mark.parametrize("is_seen_before_the_end", [True, False])
def test_what_one_side_took_is_kept_when_its_author_is_lost(is_seen_before_the_end):
    """It was typed on the side that is gone; what the refusing side holds is older and does not write over it."""
    it = edited(linked(**{TRACKER: participant()}), HULY, title="Mend the roof")
    it.decide()
    it.person_deletes(HULY)
    if is_seen_before_the_end:
        it.look(HULY)
    send_only(it, VIBE)
    it.look(HULY)
    edited(it, TRACKER, status="done")
    it.settle()
    assert it.remotes[VIBE]["title"] == "Mend the roof"


def test_an_edit_of_what_a_create_left_blank_is_seen_when_the_create_is_found_again():
    """Somebody chose a status before anybody looked; what was not told yet does not write over it."""
    it = world(vibe=BLANK)
    it.person_makes(HULY, issue(status="in_progress"))
    it.look(HULY)
    intent_id = made_and_not_answered(it)
    it.person_edits(VIBE, "status", "done")
    it.judge(intent_id)
    it.settle()
    assert statuses(it) == {HULY: "done", VIBE: "done"}


def test_a_default_that_is_not_the_declared_one_is_no_edit():
    """A board has defaults of its own; the answer to the create says which."""
    it = world(vibe=BLANK, rule=Prefer(VIBE))
    it.person_makes(HULY, issue(status="in_progress"))
    it.look(HULY)
    it.decide()
    (intent_id,) = it.pending
    it.remotes[VIBE] = issue(status="in_review")
    answer = WriteConfirmed(
        intent_id=intent_id, ref=it.ref(VIBE), fields=it.remotes[VIBE], proof=Proof.ANSWER, written_at=it.now
    )
    it.link = evolve(it.link, answer)
    it.settle()
    assert statuses(it) == {HULY: "in_progress", VIBE: "in_progress"}


def test_a_status_of_a_record_that_came_back_is_not_taken_for_the_default_of_ours():
    """The lost record or the new one, nobody can tell; whoever set the status there is heard in a conflict."""
    it = linked(rule=AskAPerson(), vibe=BLANK, fields=issue(status="in_progress"))
    it.person_deletes(VIBE)
    it.look(VIBE)
    edited(it, HULY, title="Mend the roof")
    intent_id = made_and_not_answered(it)
    it.person_edits(VIBE, "status", "done")
    it.judge(intent_id)
    parked = it.decide()
    assert isinstance(parked, ConflictParked)
    assert parked.versions == {HULY: "in_progress", VIBE: "done"}


def test_a_persons_choice_stands_although_a_third_side_holds_a_blank_that_nobody_typed():
    """It was left blank because of the conflict, and gets what was chosen."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, status="done"), VIBE, status="in_review")
    it.settle()
    it.participants[TRACKER] = BLANK
    it.settle()
    assert statuses(it)[TRACKER] == "todo"
    it.person_resolves("status", "done")
    it.settle()
    assert set(statuses(it).values()) == {"done"}


def test_a_persons_choice_does_not_stand_against_a_third_record_that_joins_with_a_value_of_its_own():
    """Whoever chose between two values has not seen the third."""
    it = edited(edited(linked(rule=AskAPerson()), HULY, status="done"), VIBE, status="in_review")
    it.settle()
    it.person_resolves("status", "done")
    it.participants[TRACKER] = participant()
    it.person_makes(TRACKER, issue(status="canceled"))
    it.look(TRACKER)
    parked = it.decide()
    assert isinstance(parked, ConflictParked)
    assert set(parked.versions.values()) == {"done", "in_review", "canceled"}


def test_a_persons_choice_is_heard_beside_an_edit_although_the_sides_it_was_made_for_were_lost():
    """They hold it anew, and nobody typed it there; whoever edited the third side meanwhile had not seen it."""
    it = linked(rule=AskAPerson(), deletions={VIBE: DeletionRule.RESTORE}, **{TRACKER: participant()})
    edited(edited(it, HULY, title="Mend the roof"), VIBE, title="Paint the roof").settle()
    it.person_resolves("title", "Mend the roof")
    for endpoint in (HULY, VIBE):
        it.person_deletes(endpoint)
        it.look(endpoint)
    it.decide()
    it.person_edits(TRACKER, "title", "Sell the house")
    for intent_id in list(it.pending):
        it.send(intent_id)
    parked = it.decide()
    assert isinstance(parked, ConflictParked)
    assert parked.versions == {HULY: "Mend the roof", VIBE: "Mend the roof", TRACKER: "Sell the house"}


def test_what_a_lost_record_held_is_not_agreed_with_one_that_comes_back_before_the_end():
    """A backup brings back the old title; nobody typed it after the new one, and nobody knows who is right."""
    it = edited(linked(rule=AskAPerson()), VIBE, title="Mend the roof")
    it.decide()
    (intent_id,) = it.pending
    it.send(intent_id, answered=False)
    it.person_deletes(VIBE)
    it.look(VIBE)
    it.person_makes(VIBE, issue())
    it.look(VIBE)
    it.judge(intent_id)
    parked = it.decide()
    assert isinstance(parked, ConflictParked)
    assert parked.versions == {HULY: "Mend the roof", VIBE: "Fix the roof"}


def test_what_was_typed_into_a_record_is_heard_where_it_arrived_when_an_older_one_takes_its_place():
    """The third side was edited meanwhile and did not take it; whoever chooses sees all three."""
    it = edited(linked(rule=AskAPerson(), **{TRACKER: participant()}), VIBE, title="Mend the roof")
    it.decide()
    by_endpoint = {write.endpoint: intent_id for intent_id, write in it.pending.items()}
    it.send(by_endpoint[HULY])
    it.person_edits(TRACKER, "title", "Sell the house")
    it.person_deletes(VIBE)
    it.look(VIBE)
    it.person_makes(VIBE, issue())
    it.look(VIBE)
    it.send(by_endpoint[TRACKER])
    parked = it.decide()
    assert isinstance(parked, ConflictParked)
    assert parked.versions == {HULY: "Mend the roof", VIBE: "Fix the roof", TRACKER: "Sell the house"}
