"""Stored events as lines of a story that a person can read."""

from collections.abc import Mapping

from syncengine.domain.events import (
    ClaimTaken,
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopyMissed,
    CopySettled,
    CursorAdvanced,
    EndpointPaused,
    LinkClosed,
    PassFinished,
    PassStarted,
    RecordGone,
    RecordObserved,
    SafetyStopped,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import EndpointName, FieldName
from syncengine.engine.ports import Recorded


def told(recorded: Recorded) -> str | None:
    """One line about a stored event; None for what says nothing about an item."""
    event = recorded.event
    if isinstance(event, ClaimTaken | CursorAdvanced | PassStarted | PassFinished):
        return None
    return f"    log: {_words(recorded)}"


def _words(recorded: Recorded) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each event
    event = recorded.event
    match event:
        case RecordObserved(ref=ref, fields=fields):
            return f"{ref} was read: {_values(fields)}"
        case RecordGone(ref=ref, evidence=evidence):
            return f"{ref} is gone ({evidence.value})"
        case WritesIntended(writes=writes, settled=settled):
            what = [f"{it.operation.value} {it.ref or it.endpoint} {_values(it.fields)}" for it in writes]
            lost = [f"{it.field} {it.value!r} beats {_values(it.losers)}" for it in settled]
            return "; ".join(["decided: " + (", ".join(what) or "all agree"), *lost])
        case WriteConfirmed(ref=ref, proof=proof, fields=fields):
            return f"{ref} was written ({proof.value}): {_values(fields)}"
        case WriteRejected(reason=reason):
            return f"a write was refused for good: {reason}"
        case WritePostponed(outcome=outcome, reason=reason):
            return f"a write waits ({outcome}): {reason}"
        case WriteOvertaken(reason=reason):
            return f"a write was dropped: {reason}"
        case ConflictParked(field=name, versions=versions):
            return f"a conflict about {name} waits for a person: {_values(versions)}"
        case ConflictResolved(field=name, value=value):
            return f"{name} is to be {value!r}, as a person chose"
        case CopyFound(ref=ref, fields=fields):
            return f"{ref} {event.relation} an item and is another record: {_values(fields)}"
        case CopyMissed(ref=ref):
            return f"the copy {ref} does not show"
        case CopySettled(ref=ref, verdict=verdict):
            return f"about the copy {ref} it is known: {verdict}"
        case LinkClosed(reason=reason):
            return f"the item is closed: {reason}"
        case EndpointPaused(endpoint=endpoint, reason=reason):
            return f"{endpoint} refuses the program: {reason}"
        case SafetyStopped(reason=reason):
            return f"held back: {reason}"
        case _:
            return type(event).__name__


def _values(values: Mapping[EndpointName, object] | Mapping[FieldName, object]) -> str:
    return "{" + ", ".join(f"{name}: {value!r}" for name, value in sorted(values.items())) + "}"
