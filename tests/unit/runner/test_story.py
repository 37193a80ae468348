"""The story of an item, sentence by sentence."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from attrs import define, field

from syncengine.connector import FieldValues, RecordRef
from syncengine.domain.events import (
    ConflictParked,
    ConflictResolved,
    Evidence,
    LinkClosed,
    Operation,
    Proof,
    RecordGone,
    RecordObserved,
    Settlement,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.engine.ports import Recorded
from syncengine.errors import ImpossibleHistory
from syncengine.runner.story import sentences, story

LINK = UUID("00000000-0000-0000-0000-000000000001")
START = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)
HULY, VIBE = RecordRef("huly", "P", "i7"), RecordRef("vibe", "board", "t9")


@define
class Log:
    """Writes events down, a second apart; `then` begins another pass."""

    sync_id: str = "pass-1"
    events: list[Recorded] = field(factory=list)

    def add(self, *events, sync_id=None):
        self.sync_id = sync_id or self.sync_id
        for event in events:
            number = len(self.events) + 1
            when = START + timedelta(seconds=number)
            self.events.append(
                Recorded(stream_id=LINK, version=number, event=event, recorded_at=when, caused_by=self.sync_id)
            )
        return self

    def told(self):
        return [sentence.text for sentence in sentences(LINK, self.events)]


def seen(ref=HULY, seconds=0, label="TSK-7", **fields):
    taken_at = START + timedelta(seconds=seconds)
    return RecordObserved(ref=ref, kind="issue", fields=FieldValues(fields), taken_at=taken_at, label=label)


def create(intent="c0ffee00aa", **fields):
    return Write(
        intent_id=intent,
        endpoint="vibe",
        container="board",
        operation=Operation.CREATE,
        ref=None,
        fields=FieldValues(fields),
        stored=FieldValues(fields),
    )


def update(intent="beef0000aa", ref=VIBE, **fields):
    return Write(
        intent_id=intent,
        endpoint=ref.endpoint,
        container=ref.container,
        operation=Operation.UPDATE,
        ref=ref,
        fields=FieldValues(fields),
        stored=FieldValues(fields),
    )


def intended(*writes, settled=(), **reasons):
    names = {name for write in writes for name in write.fields}
    basis = {"huly": FieldValues(dict.fromkeys(names, "x"))} if writes else {"huly": FieldValues(title="T")}
    return WritesIntended(basis=basis, writes=writes, reasons=reasons, settled=settled)


def confirmed(intent="c0ffee00aa", ref=VIBE, proof=Proof.ANSWER, label=None, seconds=60, **fields):
    when = START + timedelta(seconds=seconds)
    return WriteConfirmed(intent_id=intent, ref=ref, fields=FieldValues(fields), proof=proof, written_at=when, label=label)


def postponed(outcome, reason, intent="c0ffee00aa"):
    return WritePostponed(intent_id=intent, outcome=outcome, not_before=START + timedelta(minutes=5), reason=reason)


def created_log(**more):
    """Seen on huly, decided to create it on vibe."""
    write = create(title="Fix it", status="todo")
    return Log().add(
        seen(title="Fix it", status="todo"), intended(write, title="missing on vibe", status="missing on vibe", **more)
    )


BEGINNING = [
    'first seen on huly as TSK-7 (i7 in P): title "Fix it", status "todo"',
    'decided to create it on vibe: title "Fix it", status "todo", because status and title missing on vibe',
    "saved that intent (intent c0ffee00) before calling vibe",
]


def test_seen_decided_created():
    """The story when nothing goes wrong, as it is printed."""
    log = created_log().add(confirmed(label="VIB-1", title="Fix it", status="todo"))
    assert story(LINK, log.events) == [
        f"2024-05-01 08:00:01 UTC  {BEGINNING[0]}",
        f"2024-05-01 08:00:02 UTC  {BEGINNING[1]}",
        f"2024-05-01 08:00:02 UTC  {BEGINNING[2]}",
        "2024-05-01 08:00:03 UTC  vibe answered: created, VIB-1 (t9 in board)",
        "2024-05-01 08:00:03 UTC  now: nothing is open; it is on huly (TSK-7) and vibe (VIB-1)",
    ]


def test_containers_have_names_for_people():
    """Where they are known; the ids of remotes say little."""
    log = created_log().add(confirmed(label="VIB-1", title="Fix it", status="todo"))
    told = [it.text for it in sentences(LINK, log.events, {("huly", "P"): "Kitchen"})]
    assert told[0].startswith("first seen on huly as TSK-7 (i7 in Kitchen): ")
    assert told[3] == "vibe answered: created, VIB-1 (t9 in board)"


def test_a_create_in_flight_during_a_kill_that_had_landed():
    """Another pass saved the outcome, so the one that called did not live to see it."""
    log = created_log().add(confirmed(proof=Proof.FOUND, title="Fix it", status="todo"), sync_id="pass-2")
    assert log.told() == [
        *BEGINNING,
        (
            "the process stopped before an answer was saved; the next start found the intent (intent c0ffee00) open, and "
            "nobody knew whether vibe had done it"
        ),
        "looked on vibe: it had been created, t9 in board; nothing was sent again",
        "now: nothing is open; it is on huly (TSK-7) and vibe",
    ]


def test_a_create_in_flight_during_a_kill_that_had_not_landed():
    """The next start looks, sends it again, and this time the answer comes."""
    log = created_log().add(postponed("not_done", "looked: not there; sending it now"), sync_id="pass-2")
    log.add(confirmed(title="Fix it", status="todo"))
    assert log.told()[3:] == [
        (
            "the process stopped before an answer was saved; the next start found the intent (intent c0ffee00) open, and "
            "nobody knew whether vibe had done it"
        ),
        "looked on vibe: it had not been created, so it is sent now",
        "vibe answered: created, t9 in board",
        "now: nothing is open; it is on huly (TSK-7) and vibe",
    ]


def test_killed_again_while_settling():
    """The call that was made after looking has no answer either."""
    log = created_log().add(postponed("not_done", "looked: not there; sending it now"), sync_id="pass-2")
    log.add(confirmed(proof=Proof.FOUND, title="Fix it", status="todo"), sync_id="pass-3")
    assert sum(text.startswith("the process stopped before an answer was saved") for text in log.told()) == 2


def test_killed_while_a_postponed_create_was_tried_again():
    """It had certainly not happened, and now it is there: somebody made the call and did not live to see the answer."""
    log = created_log().add(postponed("not_done", "vibe create: busy"))
    log.add(confirmed(proof=Proof.FOUND, title="Fix it", status="todo"), sync_id="pass-2")
    assert log.told()[3:6] == [
        "not created on vibe (vibe create: busy); tried again not before 2024-05-01 08:05:00 UTC",
        (
            "the process stopped before an answer was saved; the next start found the intent (intent c0ffee00) open, and "
            "nobody knew whether vibe had done it"
        ),
        "looked on vibe: it had been created, t9 in board; nothing was sent again",
    ]


def test_a_lost_answer_is_no_crash():
    """The pass that called lived to save that it does not know."""
    log = created_log().add(postponed("unknown", "vibe create: the connection broke off"))
    log.add(postponed("unknown", "looked: not there yet, but it may still show up"), sync_id="pass-2")
    log.add(confirmed(proof=Proof.FOUND, title="Fix it", status="todo"), sync_id="pass-3")
    assert log.told()[3:] == [
        (
            "not known whether it was created on vibe (vibe create: the connection broke off); looks there not before "
            "2024-05-01 08:05:00 UTC"
        ),
        "looked on vibe: not there yet, but it may still show up; looks again not before 2024-05-01 08:05:00 UTC",
        "looked on vibe: it had been created, t9 in board; nothing was sent again",
        "now: nothing is open; it is on huly (TSK-7) and vibe",
    ]


def test_an_intent_that_is_still_open():
    """What the last sentence says about it."""
    assert created_log().told()[-1] == (
        "now: the intent to create it on vibe has no outcome yet; unless a pass is under way, the next one looks before it "
        "sends"
    )
    waiting = created_log().add(postponed("not_done", "busy"))
    assert waiting.told()[-1] == "now: the intent to create it on vibe waits for its next attempt"


def both(**fields):
    """On both sides and agreed."""
    log = Log().add(seen(**fields), intended(create(**fields)), confirmed(**fields, label="VIB-1"))
    return log


def test_a_conflict_that_a_rule_settled():
    """Who won, by which rule, and what the other had."""
    log = both(title="A")
    log.add(seen(title="B", seconds=70), seen(VIBE, title="C", seconds=70, label="VIB-1"))
    settled = Settlement(field="title", rule="Prefer(endpoint='huly')", value="B", losers={"vibe": "C"})
    log.add(intended(update(title="B"), settled=(settled,), title="changed on huly and vibe; a rule decided"))
    log.add(confirmed("beef0000aa", title="B", label="VIB-1"))
    assert log.told()[4:] == [
        'changed on huly: title from "A" to "B"',
        'changed on vibe: title from "A" to "C"',
        'conflict in title: Prefer(endpoint=\'huly\') decided for "B"; given up, but kept here: "C" of vibe',
        'decided to change it on vibe: title "B", because title changed on huly and vibe; a rule decided',
        "saved that intent (intent beef0000) before calling vibe",
        "vibe answered: changed, VIB-1 (t9 in board)",
        "now: nothing is open; it is on huly (TSK-7) and vibe (VIB-1)",
    ]


def test_what_waited_and_was_taken_back():
    """Said once, for each thing that waited; nothing was agreed by it."""
    log = both(title="A")
    log.add(
        ConflictParked(field="title", rule="AskAPerson()", reason="changed on both", versions={"huly": "B", "vibe": "C"})
    )
    log.add(WritesIntended(basis={}, writes=(), moot=frozenset({"field:title", "write:vibe"})))
    assert log.told()[-3:] == [
        "nobody waits for the conflict in title any more: the edit was taken back",
        "nobody waits for the write that vibe refused any more: the edit was taken back",
        "now: nothing is open; it is on huly (TSK-7) and vibe (VIB-1)",
    ]


def test_a_value_that_the_remote_spells_differently():
    """What it keeps is said."""
    log = created_log().add(confirmed(title="Fix it", status="open"))
    assert log.told()[3] == 'vibe answered: created, t9 in board; it keeps this as status "open"'


def test_a_conflict_that_waits_for_a_person_and_is_resolved():
    """Parked with both values; then somebody chose."""
    log = both(title="A")
    parked = ConflictParked(
        field="title", rule="AskAPerson()", reason="choose one of the values", versions={"vibe": "C", "huly": "B"}
    )
    log.add(parked)
    assert log.told()[4:] == [
        'waits for a person: title is in conflict, huly says "B" and vibe says "C"; AskAPerson(): choose one of the values',
        "now: title waits for a person: make it the same everywhere",
    ]
    log.add(ConflictResolved(field="title", value="C", by="Ann"))
    assert log.told()[5] == 'Ann chose "C" for title'


def test_a_refused_write():
    """For good, with the way out."""
    log = created_log().add(WriteRejected(intent_id="c0ffee00aa", reason="vibe create: the title is too long"))
    assert log.told()[3:] == [
        "vibe refuses for good: vibe create: the title is too long; the same is not sent again",
        "now: the intent to create it on vibe was refused; remove the cause and use `syncengine resume` on the item",
    ]


def test_a_create_that_nobody_knows_the_end_of():
    """The reason says what to do; nobody refused anything."""
    doubt = "nobody can tell whether this was created: look there"
    log = created_log().add(WriteRejected(intent_id="c0ffee00aa", reason=doubt, error="OutcomeUnknown"))
    assert log.told()[3:] == [doubt, f"now: {doubt}"]


def test_a_write_that_somebody_overtook():
    """Dropped, then decided anew on what is there."""
    log = both(title="A").add(seen(title="B", seconds=70), intended(update(title="B")))
    log.add(
        WriteOvertaken(intent_id="beef0000aa", reason="title neither as before nor as we wrote it"),
        seen(VIBE, title="C", seconds=80, label=None),
    )
    assert log.told()[7:9] == [
        "dropped: on vibe somebody else was faster (title neither as before nor as we wrote it); everything is decided anew",
        'changed on vibe: title from "A" to "C"',
    ]


def test_a_record_that_vanished_and_came_back():
    """With the evidence; nothing is written meanwhile."""
    log = both(title="A").add(RecordGone(ref=HULY, evidence=Evidence.ABSENT, taken_at=START))
    assert log.told()[4:] == [
        "gone: it is no longer listed on huly, and not there when asked for directly; it may only be hidden",
        "now: vanished from huly, so nothing is written about it; bring it back there",
    ]
    log.add(seen(title="A", seconds=90))
    assert log.told()[5:] == [
        "is back on huly, with the same fields as before",
        "now: nothing is open; it is on huly (TSK-7) and vibe (VIB-1)",
    ]


def test_a_tombstone_and_the_end():
    """The remote itself says that it was deleted; the item is closed."""
    log = both(title="A").add(RecordGone(ref=VIBE, evidence=Evidence.TOMBSTONE, taken_at=START + timedelta(minutes=9)))
    log.add(LinkClosed(reason="deleted on both sides"))
    assert log.told()[4:] == [
        "gone: it was deleted there, vibe itself says so",
        "closed: deleted on both sides",
        "now: closed, deleted on both sides",
    ]


@pytest.mark.parametrize(
    ("proof", "said"),
    [(Proof.ANSWER, "huly answered: deleted"), (Proof.FOUND, "looked on huly: it is gone")],
)
def test_a_deletion_that_travels(proof, said):
    """The evidence, the decision and its reason, and how it ended."""
    log = both(title="A").add(RecordGone(ref=VIBE, evidence=Evidence.CONFIRMED, taken_at=START + timedelta(minutes=9)))
    delete = Write(
        intent_id="dead0000aa",
        endpoint="huly",
        container=HULY.container,
        operation=Operation.DELETE,
        ref=HULY,
        fields=FieldValues(),
        stored=FieldValues(),
        expected=FieldValues(title="A"),
    )
    log.add(WritesIntended(basis={}, writes=(delete,), reasons={"*": "deleted on vibe"}))
    log.add(confirmed("dead0000aa", ref=HULY, proof=proof, seconds=900), LinkClosed(reason="deleted on huly and vibe"))
    assert log.told()[4:] == [
        "gone: vibe shows other records and still not this one, so it was deleted there",
        "decided to delete it on huly, because it was deleted on vibe",
        "saved that intent (intent dead0000) before calling huly",
        said,
        "closed: deleted on huly and vibe",
        "now: closed, deleted on huly and vibe",
    ]


def test_readings_from_before_our_write_did_not_count():
    """Neither an old listing with the record nor one without it."""
    log = both(title="A").add(
        seen(VIBE, title="old", seconds=10), RecordGone(ref=VIBE, evidence=Evidence.ABSENT, taken_at=START)
    )
    assert log.told()[4:] == [
        "a reading of vibe came in that was older than what was known of it; it did not count",
        "a reading of vibe that was older than what was known did not show it; it did not count",
        "now: nothing is open; it is on huly (TSK-7) and vibe (VIB-1)",
    ]


def test_two_sides_that_turned_out_the_same():
    """Nothing was written, only noted."""
    log = Log().add(seen(title="T"), seen(VIBE, title="T", label=None))
    same = {"huly": FieldValues(title="T"), "vibe": FieldValues(title="T")}
    log.add(WritesIntended(basis=same, writes=()))
    assert log.told()[2:] == [
        "agreed: huly and vibe hold the same title, nothing had to be written",
        "now: nothing is open; it is on huly (TSK-7) and vibe",
    ]


def test_long_and_hostile_values_stay_in_their_line():
    """A description of many lines is cut, and gives the terminal no orders."""
    log = Log().add(seen(title="T", description="\x1b[2J" + "line\n" * 100))
    (first, _) = log.told()
    assert len(first) < 160
    assert first.isprintable()


def test_nothing_happened_yet():
    """No events, no story."""
    assert story(LINK, []) == []


def test_events_that_contradict_each_other_are_no_story():
    """A damaged log is said to be damaged."""
    with pytest.raises(ImpossibleHistory):
        story(LINK, Log().add(confirmed()).events)
