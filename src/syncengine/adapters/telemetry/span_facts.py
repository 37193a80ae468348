"""
What spans may hold of works and notes, as a table; pure.

Ids, names, counts and classes of errors only. Reasons and problems are sentences that may quote a remote, and a remote may
quote a title; they are in the log lines, which carry the ids of trace and span.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import fields

from syncengine.engine import notes
from syncengine.engine.notes import Note, Work

SpanValue = str | int | float | bool

_TOLD: Mapping[type[Note], tuple[str, ...]] = {
    notes.PairingStarted: ("kind", "links"),
    notes.PairingEnded: ("kind", "links"),
    notes.PassProblem: (),
    notes.RecordMissing: ("endpoint", "evidence"),
    notes.ConflictSettled: ("kind", "field", "rule"),
    notes.ConflictWaits: ("kind", "field", "rule"),
    notes.WriteSent: ("attempt",),
    notes.WriteJudged: ("attempt", "verdict"),
    notes.WriteOutcome: ("attempt", "outcome"),
    notes.CallEnded: ("attempt", "duration_s"),
    notes.CallRetried: ("attempt", "wait_s"),
    notes.BreakerChanged: ("host", "state"),
    notes.EndpointStopped: ("endpoint", "error"),
    notes.EndpointWorksAgain: ("endpoint",),
    notes.LeaseLost: (),
    notes.LeaseBack: (),
    notes.ClockJumped: ("by_s",),
}
"""Notes that become events of the span they happen in, with the fields that go along."""


def facts_of_work(work: Work) -> dict[str, SpanValue]:
    """The attributes of the span that a piece of work is."""
    facts = {it.name: getattr(work, it.name) for it in fields(type(work))}
    return {_key(name): _plain(value) for name, value in facts.items() if value is not None}


def facts_of_intent(note: notes.WriteIntended) -> dict[str, SpanValue]:
    """The attributes of the span that a saved intent is."""
    facts = {name: getattr(note, name) for name in ("link_id", "intent_id", "endpoint", "kind", "operation")}
    return {_key(name): _plain(value) for name, value in facts.items()}


def facts_of_pass(note: notes.PassEnded) -> dict[str, SpanValue]:
    """What is known of a pass at its end."""
    facts = {_key(name): getattr(note, name) for name in ("status", "pairings", "changed", "judged", "problems", "quiet")}
    return facts | {_key(f"writes.{outcome}"): number for outcome, number in note.writes.items()}


def event_of(note: Note) -> dict[str, SpanValue] | None:
    """The attributes of the event that a note is in its span; None when it is none."""
    if isinstance(note, notes.RequestEnded):
        return _request(note)
    names = _TOLD.get(type(note))
    if names is None:
        return None
    facts = {_key(name): _plain(getattr(note, name)) for name in names}
    if isinstance(note, notes.CallEnded) and note.error is not None:
        facts["error.type"] = note.error
    return facts


def _request(note: notes.RequestEnded) -> dict[str, SpanValue]:
    """By the names that the OpenTelemetry conventions have."""
    facts: dict[str, SpanValue | None] = {
        "http.request.method": note.method,
        "server.address": note.host,
        "server.port": note.port,
        "http.response.status_code": note.status,
        "error.type": note.error,
        _key("duration_s"): note.duration_s,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _key(name: str) -> str:
    return f"syncengine.{name}"


def _plain(value: Any) -> SpanValue:
    match value:
        case UUID():
            return value.hex
        case datetime():
            return value.isoformat()
        case str() | int() | float():
            return value
        case _:
            return str(value)
