"""Hypothesis strategies for conflicts, writes and events of every type, each by itself and not in any order."""

from functools import cache

from hypothesis import strategies as st

from syncengine.domain.conflict_rules import FieldConflict, FieldVersion
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
from syncengine.domain.identity import ContainerId, EndpointName, IntentId
from syncengine.domain.records import FieldKind, FieldValue
from syncengine.testing.strategies.models import (
    cursors,
    endpoint_names,
    field_names,
    fields,
    kinds,
    link_ids,
    moments,
    refs,
    revisions,
    texts,
    values,
)

_intent_ids = st.uuids().map(lambda intent: IntentId(intent.hex))
_by_endpoint = st.dictionaries(endpoint_names(), values(), max_size=3)
_reasons = st.text(min_size=1, max_size=20)


@cache
def versions(value: st.SearchStrategy[FieldValue]) -> st.SearchStrategy[FieldVersion]:
    """What one side holds, with or without agreed value and time."""
    return st.builds(FieldVersion, value=value, agreed=value | st.none(), changed_at=st.none() | moments())


_SIDES = st.permutations([EndpointName(name) for name in ("huly", "vibe", "tracker")])
_TIMES = st.lists(st.none() | moments(), min_size=3, max_size=3)
_KINDS = st.sampled_from([*FieldKind, *FieldKind, None])
_APART = st.sampled_from((False, False, True))


@cache
def _held(kind: FieldKind | None) -> st.SearchStrategy[list[FieldValue]]:
    return st.lists(values(kind), min_size=2, max_size=3, unique_by=repr)


@cache
def _bases(kind: FieldKind | None) -> st.SearchStrategy[list[FieldValue]]:
    return st.lists(st.none() | values(kind), min_size=3, max_size=3)


@st.composite
def conflicts(draw: st.DrawFn, kind: FieldKind | None = None) -> FieldConflict:
    """
    Conflicts about one field between two or three sides that hold different values.

    Args:
        kind: what the values are; drawn when not given, now and then mixed within one conflict.
    """
    which = kind or draw(_KINDS)
    bases = draw(_bases(which))
    # Mostly one base for all: only then can texts be merged.
    apart = draw(_APART)
    sides = zip(draw(_SIDES), draw(_held(which)), bases, draw(_TIMES), strict=False)
    return FieldConflict(
        field=draw(field_names()),
        versions={
            name: FieldVersion(value=mine, agreed=base if apart else bases[0], changed_at=at)
            for name, mine, base, at in sides
        },
    )


@cache
def writes() -> st.SearchStrategy[Write]:
    """Writes with any contents."""
    return st.builds(
        Write,
        intent_id=_intent_ids,
        endpoint=endpoint_names(),
        container=st.text(max_size=8).map(ContainerId),
        operation=st.sampled_from(Operation),
        ref=st.none() | refs(),
        fields=fields(),
        stored=fields(),
        expected=fields(),
        initial=fields(),
        untold=st.frozensets(field_names(), max_size=2),
    )


@cache
def settlements() -> st.SearchStrategy[Settlement]:
    """Conflicts that were settled."""
    return st.builds(Settlement, field=field_names(), rule=_reasons, value=values(), losers=_by_endpoint)


@cache
def events() -> st.SearchStrategy[Event]:
    """One event of any type."""
    return st.one_of(*_strategies().values())


def events_of(event_type: type[Event]) -> st.SearchStrategy[Event]:
    """Events of this type."""
    return _strategies()[event_type]


@cache
def _strategies() -> dict[type[Event], st.SearchStrategy[Event]]:
    return {
        RecordObserved: st.builds(
            RecordObserved,
            ref=refs(),
            kind=kinds(),
            fields=fields(),
            taken_at=moments(),
            revision=st.none() | revisions(),
            label=st.none() | st.text(max_size=8),
        ),
        RecordGone: st.builds(RecordGone, ref=refs(), evidence=st.sampled_from(Evidence), taken_at=moments()),
        WritesIntended: st.builds(
            WritesIntended,
            basis=st.dictionaries(endpoint_names(), fields(), max_size=2),
            writes=st.lists(writes(), max_size=2).map(tuple),
            reasons=st.dictionaries(field_names(), _reasons, max_size=2),
            settled=st.lists(settlements(), max_size=2).map(tuple),
            moot=st.frozensets(st.sampled_from(["field:title", "write:left"]), max_size=2),
        ),
        WriteConfirmed: st.builds(
            WriteConfirmed,
            intent_id=_intent_ids,
            ref=refs(),
            fields=fields(),
            proof=st.sampled_from(Proof),
            written_at=moments(),
            revision=st.none() | revisions(),
            label=st.none() | st.text(max_size=8),
        ),
        WriteRejected: st.builds(WriteRejected, intent_id=_intent_ids, reason=_reasons, error=_reasons),
        WritePostponed: st.builds(
            WritePostponed,
            intent_id=_intent_ids,
            outcome=st.sampled_from(("not_done", "unknown")),
            not_before=moments(),
            reason=_reasons,
        ),
        WriteOvertaken: st.builds(WriteOvertaken, intent_id=_intent_ids, reason=_reasons),
        ConflictParked: st.builds(
            ConflictParked, field=field_names(), rule=_reasons, reason=_reasons, versions=_by_endpoint
        ),
        ConflictResolved: st.builds(ConflictResolved, field=field_names(), value=values(), by=texts()),
        CopyFound: st.builds(
            CopyFound,
            ref=refs(),
            kind=kinds(),
            fields=fields(),
            taken_at=moments(),
            revision=st.none() | revisions(),
            label=st.none() | st.text(max_size=8),
            sign=st.sampled_from(("key", "looks")),
        ),
        CopyMissed: st.builds(CopyMissed, ref=refs()),
        CopySettled: st.builds(
            CopySettled, ref=refs(), verdict=st.sampled_from(("kept", "new", "ignored", "gone")), by=texts()
        ),
        LinkClosed: st.builds(LinkClosed, reason=_reasons),
        ClaimTaken: st.builds(ClaimTaken, ref=refs(), link_id=link_ids()),
        ClaimReleased: st.builds(ClaimReleased, ref=refs(), link_id=link_ids()),
        CursorAdvanced: st.builds(
            CursorAdvanced,
            endpoint=endpoint_names(),
            container=st.text(max_size=8).map(ContainerId),
            cursor=cursors(),
        ),
        EndpointPaused: st.builds(EndpointPaused, endpoint=endpoint_names(), reason=_reasons, error=_reasons),
        EndpointResumed: st.builds(EndpointResumed, endpoint=endpoint_names()),
        PlacePaused: st.builds(PlacePaused, subject=_reasons, reason=_reasons, error=_reasons, by=texts()),
        PlaceResumed: st.builds(PlaceResumed, subject=_reasons, by=texts()),
        HostGivenUp: st.builds(HostGivenUp, host=_reasons, reason=_reasons),
        HostAnswered: st.builds(HostAnswered, host=_reasons),
        SafetyStopped: st.builds(
            SafetyStopped,
            place=_reasons,
            plan=_reasons,
            reason=_reasons,
            deletions=st.lists(refs(), max_size=2).map(tuple),
        ),
        SafetyCleared: st.builds(SafetyCleared, place=_reasons),
        SafetyApproved: st.builds(SafetyApproved, plan=_reasons, by=texts()),
        PassStarted: st.builds(PassStarted, sync_id=_reasons),
        PassFinished: st.builds(
            PassFinished,
            sync_id=_reasons,
            writes=st.integers(0, 10**6),
            judged=st.integers(0, 10**6),
            problems=st.lists(_reasons, max_size=2).map(tuple),
        ),
    }
