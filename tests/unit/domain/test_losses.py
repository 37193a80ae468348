"""What follows when an item lost a record, in examples."""

from datetime import timedelta

import pytest
from attrs import evolve as changed

from syncengine.domain.events import (
    CopyFound,
    CopySettled,
    Evidence,
    LinkClosed,
    Operation,
    RecordGone,
    WritesIntended,
)
from syncengine.domain.judge import Landed, judge_delete
from syncengine.domain.link import evolve
from syncengine.domain.policy import DeletionRule
from syncengine.domain.records import RecordRef
from tests.unit.domain.links import HULY, TRACKER, VIBE, issue, linked, participant, world


def deleted(it, endpoint):
    it.person_deletes(endpoint)
    it.look(endpoint)
    return it


def operations(event):
    assert isinstance(event, WritesIntended)
    return {write.endpoint: write.operation for write in event.writes}


def test_a_deletion_travels():
    """The other record goes too, then the item is closed."""
    it = deleted(linked(), VIBE)
    assert operations(it.decide()) == {HULY: Operation.DELETE}
    it.settle()
    assert it.remotes == {}
    assert it.link.closed == "deleted on huly and vibe"


def test_a_record_that_only_vanished_is_left_alone():
    """Absent once is no proof."""
    it = linked()
    gone = RecordGone(ref=it.ref(VIBE), evidence=Evidence.ABSENT, taken_at=it.now)
    it.link = evolve(it.link, gone)
    assert it.decide() is None
    confirmed = changed(gone, evidence=Evidence.CONFIRMED, taken_at=it.now + timedelta(seconds=1))
    it.link = evolve(it.link, confirmed)
    assert operations(it.decide()) == {HULY: Operation.DELETE}


def test_an_edit_is_not_written_to_a_record_that_vanished():
    """Nor is the record made anew: it may be there and only be hidden from us."""
    it = linked()
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    it.link = evolve(it.link, RecordGone(ref=it.ref(VIBE), evidence=Evidence.ABSENT, taken_at=it.now))
    assert it.decide() is None


def test_nothing_follows_while_a_copy_may_be_what_the_record_has_become():
    """A person merged two tasks into one, perhaps; the deletion goes on once the copy is ignored."""
    it = linked()
    copy = RecordRef(VIBE, it.ref(VIBE).container, "clone")
    found = CopyFound(ref=copy, kind=it.link.kind, fields=it.link.sides[VIBE].observed, taken_at=it.now)
    it.link = evolve(it.link, found)
    deleted(it, VIBE)
    assert it.decide() is None
    it.link = evolve(it.link, CopySettled(ref=copy, verdict="ignored", by="vera"))
    assert operations(it.decide()) == {HULY: Operation.DELETE}


def test_proof_is_not_forgotten_because_of_a_doubt():
    """A tombstone stays one when the record is merely not found later."""
    it = deleted(linked(), VIBE)
    doubt = RecordGone(ref=it.ref(VIBE), evidence=Evidence.ABSENT, taken_at=it.now + timedelta(seconds=1))
    assert evolve(it.link, doubt).sides[VIBE].gone is Evidence.TOMBSTONE


def test_an_edit_beats_a_deletion():
    """Edited in Huly, deleted in Vibe: it is made anew in Vibe, with the edit."""
    it = linked()
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    deleted(it, VIBE)
    assert operations(it.decide()) == {VIBE: Operation.CREATE}
    it.settle()
    assert it.remotes[VIBE]["title"] == it.remotes[HULY]["title"] == "Mend the roof"
    assert it.link.closed is None


def test_an_edit_that_nobody_has_seen_is_not_deleted():
    """It was made after the decision: the delete says what it expects to find."""
    it = deleted(linked(), VIBE)
    it.decide()
    it.person_edits(HULY, "title", "Mend the roof")
    (intent_id,) = it.pending
    it.send(intent_id)
    it.settle()
    assert it.remotes[HULY]["title"] == it.remotes[VIBE]["title"] == "Mend the roof"


@pytest.mark.parametrize("happened", ["nothing", "deleted", "edited"])
def test_a_delete_whose_answer_was_lost_is_judged_by_looking(happened):
    """Gone is done, unchanged is sent again, edited is decided anew."""
    it = deleted(linked(), VIBE)
    it.decide()
    (intent_id,) = it.pending
    if happened == "deleted":
        it.send(intent_id, answered=False)
    else:
        it.postpone(intent_id, unknown=True)
    if happened == "edited":
        it.person_edits(HULY, "title", "Mend the roof")
    it.judge(intent_id)
    assert not it.pending
    it.settle()
    assert set(it.remotes) == ({HULY, VIBE} if happened == "edited" else set())


def test_a_delete_whose_record_is_gone_has_landed():
    """Whoever deleted it."""
    it = deleted(linked(), VIBE)
    it.decide()
    (write,) = it.pending.values()
    assert judge_delete(write, None) == Landed(None)


def test_gone_on_both_sides_needs_no_write():
    """It is closed."""
    it = linked()
    deleted(deleted(it, HULY), VIBE)
    assert it.decide() == LinkClosed(reason="deleted on huly and vibe")
    assert it.decide() is None


def test_the_settings_may_keep_what_was_deleted_elsewhere():
    """It stays and is not synced any more."""
    it = deleted(linked(deletions={VIBE: DeletionRule.KEEP}), VIBE)
    assert it.decide() == LinkClosed(reason="deleted on vibe, kept on huly by the settings")
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    assert it.decide() is None
    assert VIBE not in it.remotes


def test_the_settings_may_restore_what_was_deleted():
    """It is made anew where it was deleted."""
    it = deleted(linked(deletions={VIBE: DeletionRule.RESTORE}), VIBE)
    it.settle()
    assert it.remotes[VIBE] == it.remotes[HULY] == issue()


def test_the_rule_is_that_of_the_endpoint_where_it_was_deleted():
    """Directions are apart."""
    it = deleted(linked(deletions={VIBE: DeletionRule.KEEP}), HULY)
    assert operations(it.decide()) == {VIBE: Operation.DELETE}


def test_nothing_follows_where_the_other_record_cannot_be_deleted():
    """It is shown until a person has deleted it there."""
    it = deleted(linked(huly=participant(can_delete=False)), VIBE)
    assert it.decide() is None
    deleted(it, HULY)
    assert isinstance(it.decide(), LinkClosed)


def test_an_edited_item_that_cannot_be_made_anew_is_kept_where_it_is():
    """The edit is not lost, and nobody waits."""
    it = linked()
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    deleted(it, VIBE)
    forbidding = {**it.participants, VIBE: changed(it.participants[VIBE], may_create=False)}
    it.participants = forbidding
    assert it.decide() == LinkClosed(reason="deleted on vibe, kept on huly: it cannot be made anew on vibe")


def test_a_refused_delete_is_not_repeated():
    """Unless a person removed the cause."""
    it = deleted(linked(), VIBE)
    it.decide()
    (intent_id,) = it.pending
    it.refuse(intent_id)
    assert it.decide() is None
    assert operations(it.decide(retry_refused=True)) == {HULY: Operation.DELETE}


def test_a_record_that_comes_back_is_wanted():
    """A person restored it after both were deleted: it is made anew on the other side and not deleted again."""
    it = linked()
    there = it.remotes[VIBE]
    deleted(it, VIBE)
    it.settle()
    it.remotes[VIBE] = there
    it.look(VIBE)
    assert it.link.closed is None
    it.settle()
    assert it.remotes[HULY] == it.remotes[VIBE]


def test_an_item_that_comes_back_is_tried_anew_where_it_was_refused():
    """Nothing was shown as waiting any more, so it must not wait for a person."""
    it = world()
    it.person_makes(HULY, issue())
    it.look(HULY)
    it.decide()
    (intent_id,) = it.pending
    it.refuse(intent_id)
    there = it.remotes[HULY]
    deleted(it, HULY)
    it.settle()
    assert it.link.closed is not None
    it.remotes[HULY] = there
    it.look(HULY)
    it.settle()
    assert it.remotes[VIBE] == it.remotes[HULY]


def test_of_three_sides_the_others_follow_the_first():
    """And an edit on one of them keeps the item everywhere."""
    it = linked(**{TRACKER: participant()})
    deleted(it, VIBE)
    assert operations(it.decide()) == {HULY: Operation.DELETE, TRACKER: Operation.DELETE}
    it.person_edits(TRACKER, "title", "Mend the roof")
    it.settle()
    assert {fields["title"] for fields in it.remotes.values()} == {"Mend the roof"}
    assert set(it.remotes) == {HULY, VIBE, TRACKER}


def test_an_edit_that_beat_a_deletion_is_not_deleted_because_making_it_anew_was_refused():
    """The edit is agreed with the third side then, but the item is still wanted."""
    it = linked(**{TRACKER: participant()})
    it.person_edits(HULY, "title", "Mend the roof")
    it.look(HULY)
    deleted(it, VIBE)
    decided = operations(it.decide())
    assert decided == {TRACKER: Operation.UPDATE, VIBE: Operation.CREATE}
    for intent_id, write in list(it.pending.items()):
        if write.endpoint == VIBE:
            it.refuse(intent_id)
        else:
            it.send(intent_id)
    for _ in range(4):
        event = it.decide()
        assert not isinstance(event, WritesIntended) or Operation.DELETE not in operations(event).values()
    assert it.remotes[HULY]["title"] == it.remotes[TRACKER]["title"] == "Mend the roof"
    assert it.link.sides[TRACKER].agreed["title"] == "Mend the roof"


def test_what_the_lost_record_had_not_told_yet_is_not_replaced_by_a_default():
    """The task was made without its status; before that was told, the issue was deleted and the task was edited."""
    it = world(vibe=participant(status_creatable=False))
    it.person_makes(HULY, issue(status="done"))
    it.look(HULY)
    it.decide()
    (create,) = it.pending
    it.send(create)
    assert it.remotes[VIBE]["status"] == "todo"
    it.person_edits(VIBE, "title", "Mend the roof")
    it.look(VIBE)
    it = deleted(it, HULY)
    it.settle()
    assert it.remotes == {
        HULY: issue(title="Mend the roof", status="done"),
        VIBE: issue(title="Mend the roof", status="done"),
    }


def test_a_status_that_somebody_chose_is_not_replaced_by_one_that_was_lost():
    """As before, but the status in Vibe is a person's wish by then."""
    it = world(vibe=participant(status_creatable=False))
    it.person_makes(HULY, issue(status="done"))
    it.look(HULY)
    it.decide()
    (create,) = it.pending
    it.send(create)
    it.person_edits(VIBE, "status", "in_progress")
    it.look(VIBE)
    it = deleted(it, HULY)
    it.settle()
    assert {held["status"] for held in it.remotes.values()} == {"in_progress"}
