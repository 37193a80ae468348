"""What became of a write, told in one line for somebody who does not know this program; pure."""

from syncengine.domain.events import (
    Operation,
    Proof,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
)
from syncengine.domain.records import FieldValue, FieldValues
from syncengine.runner.short_text import Titles, at, fields_in_words, where

LOOKED = "looked: "
"""How the reason of a postponement starts that was decided by looking."""

Outcome = WriteConfirmed | WriteRejected | WritePostponed | WriteOvertaken

_DONE = {Operation.CREATE: "created", Operation.UPDATE: "changed", Operation.DELETE: "deleted"}


def outcome_in_words(event: Outcome, write: Write, titles: Titles) -> str:
    """
    What became of a write, and what follows.

    Args:
        titles: what people call the containers; their ids are used for others.
    """
    endpoint = write.endpoint
    match event:
        case WriteConfirmed():
            return _confirmed(event, write, titles)
        case WriteRejected(in_doubt=True):
            return event.reason
        case WriteRejected():
            return f"{endpoint} refuses for good: {event.reason}; the same is not sent again"
        case WriteOvertaken():
            return f"dropped: on {endpoint} somebody else was faster ({event.reason}); everything is decided anew"
        case WritePostponed():
            return _postponed(event, write)


def is_sent_now(event: WritePostponed) -> bool:
    """Whether somebody looked, did not find it, and the call is made right after this."""
    return event.outcome == "not_done" and event.reason.startswith(LOOKED)


def _postponed(event: WritePostponed, write: Write) -> str:
    endpoint, done, then = write.endpoint, _DONE[write.operation], f"not before {at(event.not_before)}"
    if is_sent_now(event):
        return f"looked on {endpoint}: it had not been {done}, so it is sent now"
    if event.reason.startswith(LOOKED):
        return f"looked on {endpoint}: {event.reason.removeprefix(LOOKED)}; looks again {then}"
    if event.outcome == "not_done":
        return f"not {done} on {endpoint} ({event.reason}); tried again {then}"
    return f"not known whether it was {done} on {endpoint} ({event.reason}); looks there {then}"


def _confirmed(event: WriteConfirmed, write: Write, titles: Titles) -> str:
    place = where(event.ref, titles)
    name = f"{event.label} ({place})" if event.label else place
    if write.operation is Operation.DELETE:
        return (
            f"{write.endpoint} answered: deleted"
            if event.proof is Proof.ANSWER
            else f"looked on {write.endpoint}: it is gone"
        )
    stored = event.fields.only(write.fields)
    sent = write.fields.only(stored)
    spelled = f"; it keeps this as {fields_in_words(FieldValues(_differing(stored, sent)))}" if stored != sent else ""
    done = _DONE[write.operation]
    if event.proof is Proof.ANSWER:
        return f"{write.endpoint} answered: {done}, {name}{spelled}"
    return f"looked on {write.endpoint}: it had been {done}, {name}; nothing was sent again{spelled}"


def _differing(stored: FieldValues, sent: FieldValues) -> dict[str, FieldValue]:
    return {name: value for name, value in stored.items() if value != sent[name]}
