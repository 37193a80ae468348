"""
The story of one item, told from its events for somebody who does not know this program; pure.

A crash leaves no event. It shows in the next one: each outcome is saved by the pass that made the call, so an intent whose
outcome another pass saved is one whose call nobody saw the end of.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import assert_never, cast

from attrs import define, field, frozen

from syncengine.domain.events import (
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopyMissed,
    CopySettled,
    Evidence,
    LinkClosed,
    LinkEvent,
    Operation,
    Proof,
    RecordGone,
    RecordObserved,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import EndpointName, IntentId, LinkId
from syncengine.domain.link import Link, evolve
from syncengine.domain.losses import EVERYTHING
from syncengine.domain.records import FieldValues
from syncengine.domain.side import Side, is_stale
from syncengine.engine.ports import Recorded
from syncengine.runner.outcome_in_words import Outcome, is_sent_now, outcome_in_words
from syncengine.runner.short_text import Titles, at, copy_in_words, fields_in_words, listed, short, where

CRASHED = "the process stopped before an answer was saved"

_GONE = {
    Evidence.TOMBSTONE: "it was deleted there, {endpoint} itself says so",
    Evidence.ABSENT: "it is no longer listed on {endpoint}, and not there when asked for directly; it may only be hidden",
    Evidence.CONFIRMED: "{endpoint} shows other records and still not this one, so it was deleted there",
    Evidence.OURS: "we deleted it on {endpoint}",
}
_ACTS = {
    Operation.CREATE: "create it on {endpoint}",
    Operation.UPDATE: "change it on {endpoint}",
    Operation.DELETE: "delete it on {endpoint}",
}


@frozen
class Sentence:
    """One thing that happened, and when it was saved (aware UTC)."""

    at: datetime
    text: str

    def __str__(self) -> str:
        return f"{at(self.at)}  {self.text}"


@frozen
class _Call:
    """
    A write, as the last event about it left it.

    Attributes:
        caused_by: the pass that saved that event.
        under_way: that pass makes the call right after saving it.
        undone: the write had certainly not happened then.
    """

    write: Write
    caused_by: str
    under_way: bool
    undone: bool = False

    def was_interrupted(self, event: Outcome, caused_by: str) -> bool:
        """Whether a call was made, or meant to be made, after that event and nobody saved how it ended."""
        if caused_by == self.caused_by:
            return False
        found = isinstance(event, WriteConfirmed) and event.proof is Proof.FOUND
        return self.under_way or (self.undone and found and self.write.operation is Operation.CREATE)


@define
class _Teller:
    link: Link
    titles: Titles = field(factory=dict)
    calls: dict[IntentId, _Call] = field(factory=dict)

    def tell(self, recorded: Recorded) -> Iterator[str]:
        event = cast("LinkEvent", recorded.event)
        before, self.link = self.link, evolve(self.link, event)
        match event:
            case RecordObserved():
                yield _observed(before, event, self.titles)
            case RecordGone():
                yield _gone(before, event)
            case WritesIntended():
                yield from self._intended(event, recorded.caused_by)
            case WriteConfirmed() | WriteRejected() | WritePostponed() | WriteOvertaken():
                yield from self._outcome(event, recorded.caused_by)
            case ConflictParked():
                versions = listed(f"{name} says {short(value)}" for name, value in sorted(event.versions.items()))
                yield f"waits for a person: {event.field} is in conflict, {versions}; {event.rule}: {event.reason}"
            case ConflictResolved():
                yield f"{event.by} chose {short(event.value)} for {event.field}"
            case CopyFound() | CopyMissed() | CopySettled():
                yield copy_in_words(event)
            case LinkClosed():
                yield f"closed: {event.reason}"
            case _:
                assert_never(event)

    def _intended(self, event: WritesIntended, caused_by: str) -> Iterator[str]:
        for settled in event.settled:
            losers = listed(f"{short(value)} of {name}" for name, value in sorted(settled.losers.items()))
            given_up = f"; given up, but kept here: {losers}" if losers else ""
            yield f"conflict in {settled.field}: {settled.rule} decided for {short(settled.value)}{given_up}"
        for subject in sorted(event.moot):
            kind, _, name = subject.partition(":")
            what = f"the conflict in {name}" if kind == "field" else f"the write that {name} refused"
            yield f"nobody waits for {what} any more: the edit was taken back"
        names = sorted({name for fields in event.basis.values() for name in fields})
        if not event.writes and names:
            yield f"agreed: {listed(sorted(event.basis))} hold the same {listed(names)}, nothing had to be written"
        for write in event.writes:
            act = _ACTS[write.operation].format(endpoint=write.endpoint)
            what = f": {fields_in_words(write.fields)}" if write.fields else ""
            yield f"decided to {act}{what}{_because(event, write)}"
            yield f"saved that intent ({_short_id(write)}) before calling {write.endpoint}"
            self.calls[write.intent_id] = _Call(write, caused_by, under_way=True)

    def _outcome(self, event: Outcome, caused_by: str) -> Iterator[str]:
        call = self.calls[event.intent_id]
        if call.was_interrupted(event, caused_by):
            doubt = f"nobody knew whether {call.write.endpoint} had done it"
            yield f"{CRASHED}; the next start found the intent ({_short_id(call.write)}) open, and {doubt}"
        sent_now = isinstance(event, WritePostponed) and is_sent_now(event)
        undone = isinstance(event, WritePostponed) and event.outcome == "not_done"
        self.calls[event.intent_id] = _Call(call.write, caused_by, under_way=sent_now, undone=undone)
        yield outcome_in_words(event, call.write, self.titles)


def story(link_id: LinkId, recorded: Iterable[Recorded]) -> list[str]:
    """
    What happened to one item, one sentence for each thing, with its time; the last sentence says how it stands.

    Args:
        recorded: all events of the link's stream, in order.

    Raises:
        ImpossibleHistory: the events contradict each other.
    """
    return [str(sentence) for sentence in sentences(link_id, recorded)]


def sentences(link_id: LinkId, recorded: Iterable[Recorded], titles: Titles | None = None) -> list[Sentence]:
    """
    The same, each with its time apart.

    Args:
        titles: what people call the containers; their ids are used for others.
    """
    teller = _Teller(Link(link_id=link_id), titles=titles or {})
    told: list[Sentence] = []
    last: datetime | None = None
    for item in recorded:
        last = item.recorded_at
        told += [Sentence(item.recorded_at, text) for text in teller.tell(item)]
    return [*told, Sentence(last, f"now: {standing(teller.link)}")] if last is not None else []


def standing(link: Link) -> str:
    """How an item stands, in one sentence."""
    if link.closed is not None:
        return f"closed, {link.closed}"
    parts = [*_open(link), *_waiting(link)]
    vanished = sorted(name for name, side in link.sides.items() if side.gone is Evidence.ABSENT)
    if vanished:
        parts.append(f"vanished from {listed(vanished)}, so nothing is written about it; bring it back there")
    deleted = sorted(name for name, side in link.sides.items() if side.gone and side.gone.is_proof)
    if deleted:
        parts.append(
            f"deleted on {listed(deleted)}; the next pass decides what follows, or a person has to delete it elsewhere"
        )
    return "; ".join(parts) or f"nothing is open; it is on {listed(_names(link.sides))}"


def _open(link: Link) -> Iterator[str]:
    for pending in link.decision.pending.values() if link.decision else ():
        act = _ACTS[pending.write.operation].format(endpoint=pending.write.endpoint)
        if pending.outcome is None:
            yield f"the intent to {act} has no outcome yet; unless a pass is under way, the next one looks before it sends"
        else:
            yield f"the intent to {act} waits for its next attempt"


def _waiting(link: Link) -> Iterator[str]:
    for name in sorted(link.parked):
        yield f"{name} waits for a person: make it the same everywhere"
    for endpoint, refusal in sorted(link.refused.items()):
        refused = f"the intent to {_ACTS[refusal.operation].format(endpoint=endpoint)} was refused"
        yield refusal.reason if refusal.in_doubt else f"{refused}; remove the cause and use `syncengine resume` on the item"


def _names(sides: Mapping[EndpointName, Side]) -> list[str]:
    return [f"{name} ({side.label})" if side.label else name for name, side in sorted(sides.items())]


def _observed(before: Link, event: RecordObserved, titles: Titles) -> str:
    endpoint = event.ref.endpoint
    side = before.sides.get(endpoint)
    if side is None:
        name = f"as {event.label} " if event.label else ""
        return f"first seen on {endpoint} {name}({where(event.ref, titles)}): {fields_in_words(event.fields)}"
    if is_stale(side, event.taken_at):
        return f"a reading of {endpoint} came in that was older than what was known of it; it did not count"
    again = "is back" if side.gone else "changed"
    changes = _changes(side.observed, event.fields)
    return f"{again} on {endpoint}: {changes}" if changes else f"{again} on {endpoint}, with the same fields as before"


def _gone(before: Link, event: RecordGone) -> str:
    if is_stale(before.sides[event.ref.endpoint], event.taken_at):
        return f"a reading of {event.ref.endpoint} that was older than what was known did not show it; it did not count"
    return f"gone: {_GONE[event.evidence].format(endpoint=event.ref.endpoint)}"


def _changes(before: FieldValues, after: FieldValues) -> str:
    moved = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return ", ".join(f"{name} from {short(before.get(name))} to {short(after.get(name))}" for name in moved)


def _because(event: WritesIntended, write: Write) -> str:
    """The reasons of the fields that are written, those that share one together."""
    if write.operation is Operation.DELETE:
        return f", because it was {event.reasons[EVERYTHING]}"
    shared: dict[str, list[str]] = {}
    for name in sorted(write.fields):
        if name in event.reasons:
            shared.setdefault(event.reasons[name], []).append(name)
    reasons = "; ".join(f"{listed(names)} {reason}" for reason, names in shared.items())
    return f", because {reasons}" if reasons else ""


def _short_id(write: Write) -> str:
    return f"intent {write.intent_id[:8]}"
