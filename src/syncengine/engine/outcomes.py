"""The events that say what became of a write, from answers, errors and looks; pure."""

from datetime import datetime, timedelta

from syncengine.domain.events import (
    Evidence,
    LinkEvent,
    Operation,
    Proof,
    RecordGone,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
)
from syncengine.domain.link import Link
from syncengine.domain.policy import Policy
from syncengine.domain.records import NO_FIELDS, Record, RecordRef
from syncengine.domain.side import PendingWrite, is_lost, not_stale
from syncengine.engine.direct_reads import observed
from syncengine.errors import ConnectorError, ContractViolation, Remedy, TransientError


def landed(write: Write, record: Record | None, proof: Proof, *, written_at: datetime) -> WriteConfirmed:
    """
    The event that says that a write landed.

    Args:
        record: what the remote holds; None after a delete.
    """
    if record is None:
        assert write.ref is not None
        return WriteConfirmed(
            intent_id=write.intent_id, ref=write.ref, fields=NO_FIELDS, proof=proof, written_at=written_at
        )
    return WriteConfirmed(
        intent_id=write.intent_id,
        ref=record.ref,
        fields=record.fields,
        proof=proof,
        written_at=written_at,
        revision=record.revision,
        label=record.label,
    )


def outcome_of(pending: PendingWrite, error: ConnectorError, *, now: datetime, policy: Policy, lag_s: float) -> LinkEvent:
    """
    What an error means for a write; a pure table over the error's remedy.

    Args:
        lag_s: seconds until a create that did happen is certain to be seen.
    """
    write, attempts = pending.write, pending.attempts + 1
    match error.remedy:
        case Remedy.RETRY_LATER:
            asked_s = error.retry_after_s if isinstance(error, TransientError) else None
            wait_s = max(policy.backoff.wait_s(attempts), asked_s or 0.0)
            return _postponed(write, "not_done", now, wait_s, error)
        case Remedy.OBSERVE_AGAIN if write.operation is not Operation.CREATE:
            return WriteOvertaken(intent_id=write.intent_id, reason=str(error))
        case Remedy.PARK_LINK | Remedy.OBSERVE_AGAIN:
            return rejected(write, str(error), type(error).__name__)
        case Remedy.PAUSE_ENDPOINT if not isinstance(error, ContractViolation):
            return _postponed(write, "not_done", now, policy.backoff.wait_s(attempts), error)
        case _:
            # The first look is free; only a remote that keeps us in the dark is asked less and less often.
            wait_s = lag_s if attempts == 1 else max(lag_s, policy.backoff.wait_s(attempts))
            return _postponed(write, "unknown", now, wait_s, error)


def seen(link: Link, ref: RecordRef | None, record: Record | None, at: datetime) -> tuple[LinkEvent, ...]:
    """
    The event that says what a direct read of a record of a link showed; none when a proof says as much already.

    Args:
        at: aware UTC; when the read began, which was after everything that the link knows of the record.
    """
    assert ref is not None
    side = link.sides.get(ref.endpoint)
    at = not_stale(side, at)
    if record is not None:
        return (observed(link.kind, record, at),)
    return () if side is not None and is_lost(side) else (RecordGone(ref=ref, evidence=Evidence.ABSENT, taken_at=at),)


def _postponed(write: Write, outcome: str, now: datetime, wait_s: float, error: ConnectorError) -> WritePostponed:
    return WritePostponed(
        intent_id=write.intent_id,
        outcome="unknown" if outcome == "unknown" else "not_done",
        not_before=now + timedelta(seconds=wait_s),
        reason=str(error),
    )


def rejected(write: Write, reason: str, error: str) -> WriteRejected:
    """The event that parks a refused write."""
    return WriteRejected(intent_id=write.intent_id, reason=reason, error=error)
