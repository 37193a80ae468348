"""What to tell about an event of a link once it is saved; pure, so that log lines and the event log say the same."""

from collections.abc import Iterator

from syncengine.domain.events import (
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopyMissed,
    CopySettled,
    LinkClosed,
    LinkEvent,
    Proof,
    RecordGone,
    RecordObserved,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.link import Link
from syncengine.engine import notes

Outcome = WriteConfirmed | WriteRejected | WriteOvertaken | WritePostponed


def notes_about(link: Link, event: LinkEvent) -> Iterator[notes.Note]:
    """
    The notes for an event.

    Args:
        link: as it was before the event.
    """
    version = link.version + 1
    match event:
        case RecordObserved(ref=ref, kind=kind):
            yield notes.RecordSeen(
                link_id=link.link_id, version=version, endpoint=ref.endpoint, kind=kind, record_id=ref.record_id
            )
        case RecordGone(ref=ref, evidence=evidence):
            yield notes.RecordMissing(
                link_id=link.link_id,
                version=version,
                endpoint=ref.endpoint,
                record_id=ref.record_id,
                evidence=evidence.value,
            )
        case WritesIntended():
            yield from _about_decision(link, event, version)
        case ConflictParked(field=field, rule=rule):
            yield notes.ConflictWaits(link_id=link.link_id, version=version, kind=link.kind, field=field, rule=_short(rule))
        case ConflictResolved():
            yield notes.LinkSaved(link_id=link.link_id, version=version, saved="conflict_resolved")
        case CopyFound():
            yield notes.LinkSaved(link_id=link.link_id, version=version, saved="copy_found")
        case CopyMissed():
            yield notes.LinkSaved(link_id=link.link_id, version=version, saved="copy_missed")
        case CopySettled():
            yield notes.LinkSaved(link_id=link.link_id, version=version, saved="copy_settled")
        case LinkClosed():
            yield notes.LinkSaved(link_id=link.link_id, version=version, saved="closed")
        case _:
            yield _about_outcome(link, event)


def _about_outcome(link: Link, event: Outcome) -> notes.WriteOutcome:
    match event:
        case WriteConfirmed(proof=proof):
            return _outcome(link, event, saved="write_confirmed", outcome="confirmed" if proof is Proof.ANSWER else "found")
        case WriteRejected(reason=reason):
            return _outcome(link, event, saved="write_rejected", outcome="rejected", reason=reason)
        case WriteOvertaken(reason=reason):
            return _outcome(link, event, saved="write_overtaken", outcome="overtaken", reason=reason)
        case WritePostponed(outcome=outcome, not_before=not_before, reason=reason):
            return _outcome(link, event, saved="write_postponed", outcome=outcome, reason=reason, not_before=not_before)


def _about_decision(link: Link, event: WritesIntended, version: int) -> Iterator[notes.Note]:
    for settlement in event.settled:
        yield notes.ConflictSettled(
            link_id=link.link_id,
            version=version,
            kind=link.kind,
            field=settlement.field,
            rule=_short(settlement.rule),
            losers=tuple(sorted(settlement.losers)),
        )
    for write in event.writes:
        yield notes.WriteIntended(
            link_id=link.link_id,
            version=version,
            intent_id=write.intent_id,
            endpoint=write.endpoint,
            kind=link.kind,
            operation=write.operation.value,
            fields=tuple(sorted(write.fields)),
        )
    if not event.writes:
        yield notes.LinkSaved(link_id=link.link_id, version=version, saved="writes_intended")


def _outcome(link: Link, event: Outcome, **facts: object) -> notes.WriteOutcome:
    assert link.decision is not None
    pending = link.decision.pending[event.intent_id]
    return notes.WriteOutcome(
        link_id=link.link_id,
        version=link.version + 1,
        intent_id=event.intent_id,
        endpoint=pending.write.endpoint,
        kind=link.kind,
        operation=pending.write.operation.value,
        attempt=pending.attempts + 1,
        **facts,  # type: ignore[arg-type]
    )


def _short(rule: str) -> str:
    """The name of a rule without its settings: `Prefer(endpoint='huly')` is `Prefer`."""
    return rule.partition("(")[0]
