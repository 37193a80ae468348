"""One full example of every kind of event, and short ways to make those the tests of the log need."""

from datetime import UTC, datetime, timedelta

from syncengine.domain.events import (
    ClaimReleased,
    ClaimTaken,
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopyMissed,
    CopySettled,
    CursorAdvanced,
    EndpointPaused,
    EndpointResumed,
    Event,
    Evidence,
    HostAnswered,
    HostGivenUp,
    LinkClosed,
    Operation,
    PassFinished,
    PassStarted,
    PlacePaused,
    PlaceResumed,
    Proof,
    RecordGone,
    RecordObserved,
    SafetyApproved,
    SafetyCleared,
    SafetyStopped,
    Settlement,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import link_id_for
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.ports import Append

NOON = datetime(2025, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
HULY = RecordRef("huly", "board", "h1")
VIBE = RecordRef("vibe", "board", "v1")
LINK = link_id_for("huly", "board", "h1")
OTHER_LINK = link_id_for("huly", "board", "h2")
VALUES = FieldValues(title="Door sticks", status="todo", points=3, share=0.5, done=False, due=None, tags=("a", "b"))

FULL_EXAMPLES: dict[str, Event] = {
    "link.record_observed": RecordObserved(
        ref=HULY, kind="issue", fields=VALUES, taken_at=NOON, revision="r7", label="TSK-12"
    ),
    "link.record_gone": RecordGone(ref=HULY, evidence=Evidence.TOMBSTONE, taken_at=NOON),
    "link.writes_intended": WritesIntended(
        basis={"huly": FieldValues(title="Door sticks"), "vibe": FieldValues()},
        writes=(
            Write(
                intent_id="5a1fc4",
                endpoint="vibe",
                container="board",
                operation=Operation.UPDATE,
                ref=VIBE,
                fields=FieldValues(title="Door sticks"),
                stored=FieldValues(title="Door sticks "),
                expected=FieldValues(title="Door"),
                initial=FieldValues(status="todo"),
                untold=frozenset({"status", "priority"}),
            ),
        ),
        reasons={"title": "changed in huly"},
        settled=(
            Settlement(
                field="title", rule="Prefer(endpoint='huly')", value="Door sticks", losers={"vibe": ("Gate", "Arch")}
            ),
        ),
        moot=frozenset({"field:status", "write:huly"}),
    ),
    "link.write_confirmed": WriteConfirmed(
        intent_id="5a1fc4",
        ref=VIBE,
        fields=VALUES,
        proof=Proof.FOUND,
        written_at=NOON,
        revision="r1",
        label="Door sticks",
    ),
    "link.write_rejected": WriteRejected(intent_id="5a1fc4", reason="title is too long", error="RecordInvalid"),
    "link.write_postponed": WritePostponed(
        intent_id="5a1fc4", outcome="unknown", not_before=NOON + timedelta(seconds=30), reason="the answer was lost"
    ),
    "link.write_overtaken": WriteOvertaken(intent_id="5a1fc4", reason="a person edited the title meanwhile"),
    "link.conflict_parked": ConflictParked(
        field="title", rule="AskAPerson()", reason="changed on both sides", versions={"huly": "Door", "vibe": None}
    ),
    "link.conflict_resolved": ConflictResolved(field="title", value="Gate", by="ann"),
    "link.copy_found": CopyFound(
        ref=VIBE, kind="issue", fields=VALUES, taken_at=NOON, revision="r7", label="Door sticks", sign="looks"
    ),
    "link.copy_missed": CopyMissed(ref=VIBE),
    "link.copy_settled": CopySettled(ref=VIBE, verdict="new", by="ann"),
    "link.closed": LinkClosed(reason="deleted on both sides"),
    "claim.taken": ClaimTaken(ref=HULY, link_id=LINK),
    "claim.released": ClaimReleased(ref=HULY, link_id=LINK),
    "feed.cursor_advanced": CursorAdvanced(endpoint="huly", container="board", cursor="1741089600123"),
    "endpoint.paused": EndpointPaused(endpoint="huly", reason="the password is wrong", error="AuthenticationFailed"),
    "endpoint.resumed": EndpointResumed(endpoint="huly"),
    "place.paused": PlacePaused(
        subject="container:vibe/board", reason="we are no member", error="ContainerRefused", by="ann"
    ),
    "place.resumed": PlaceResumed(subject="container:vibe/board", by="ann"),
    "host.given_up": HostGivenUp(host="huly.example:443", reason="5 failures in a row"),
    "host.answered": HostAnswered(host="huly.example:443"),
    "safety.stopped": SafetyStopped(
        place="huly/board = vibe/board",
        plan="0f1e2d3c4b5a",
        reason="20 of 40 records would be deleted",
        deletions=(HULY, VIBE),
    ),
    "safety.cleared": SafetyCleared(place="huly/board = vibe/board"),
    "safety.approved": SafetyApproved(plan="0f1e2d3c4b5a", by="somebody"),
    "pass.started": PassStarted(sync_id="20250304-120000"),
    "pass.finished": PassFinished(sync_id="20250304-120000", writes=3, judged=1, problems=("vibe was busy",)),
}


def observed(ref: RecordRef = HULY, fields: FieldValues = VALUES, **more: object) -> RecordObserved:
    """A reading of a record."""
    given: dict = {"kind": "issue", "taken_at": NOON, "revision": "r1", "label": "TSK-12", **more}
    return RecordObserved(ref=ref, fields=fields, **given)


def intended(*intents: str, endpoint: str = "vibe", fields: FieldValues = VALUES) -> WritesIntended:
    """A decision with these writes."""
    writes = tuple(
        Write(
            intent_id=intent,
            endpoint=endpoint,
            container="board",
            operation=Operation.CREATE,
            ref=None,
            fields=fields,
            stored=fields,
        )
        for intent in intents
    )
    return WritesIntended(basis={"huly": fields}, writes=writes)


def confirmed(intent: str, ref: RecordRef = VIBE, fields: FieldValues = VALUES, **more: object) -> WriteConfirmed:
    """A write landed."""
    given: dict = {"proof": Proof.ANSWER, "written_at": NOON, **more}
    return WriteConfirmed(intent_id=intent, ref=ref, fields=fields, **given)


def to_link(*events: Event, after: int = 0, link=LINK) -> Append:
    """An append to a link, or to another stream."""
    return Append(stream_id=link, after_version=after, events=events)
