"""
The state of one logical item and how events change it.

A *link* is one item and the records that stand for it, one *side* for each endpoint. `evolve` is the only place where this
state changes; `replay` is a fold over it. Its rules:

- `agreed` moves only when the last write of a decision is settled, and then to the basis of that decision. With one step
  for each write, the first confirmation would mark another side's still unsent edit as agreed, and lose it.
- A reading that is older than what is known of that side already, by another reading or by our last write, does not count.
- A record that comes back after it was proved to be gone counts as edited: somebody wants it to be there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import reduce
from typing import assert_never

from attrs import evolve as changed
from attrs import field, frozen

from syncengine.domain.agreement import side_after, without
from syncengine.domain.copies import Copies, Copy
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
from syncengine.domain.identity import EndpointName, FieldName, IntentId, Kind, LinkId
from syncengine.domain.records import NO_FIELDS, FieldValue, FieldValues
from syncengine.domain.side import Decision, PendingWrite, Side, is_lost, is_stale, not_stale
from syncengine.errors import ImpossibleHistory


@frozen(kw_only=True)
class Refusal:
    """
    A write that a remote refused for good, so that the very same is not made again.

    Attributes:
        in_doubt: nobody knows, and nobody can find out, whether it was done after all.
        untold: fields that it would have left at a value of the remote's own.
    """

    operation: Operation
    fields: FieldValues
    reason: str
    in_doubt: bool = False
    untold: frozenset[FieldName] = frozenset()


@frozen(kw_only=True)
class Resolution:
    """
    What a person chose, and the values it was chosen among; it says nothing about values the person did not see.

    Attributes:
        versions: what each side of the conflict held.
    """

    value: FieldValue
    versions: Mapping[EndpointName, FieldValue]


@frozen(kw_only=True)
class Link:
    """
    One logical item.

    Attributes:
        version: number of events it was computed from.
        decision: what is being carried out, if anything.
        refused: the last refused write by endpoint.
        parked: conflicts that wait for a person.
        resolved: choices of persons that are not written yet.
        copies: other records that carry its key.
        closed: why nothing is left to do, if so.
    """

    link_id: LinkId
    version: int = 0
    kind: Kind = Kind("")
    sides: Mapping[EndpointName, Side] = field(factory=dict)
    decision: Decision | None = None
    refused: Mapping[EndpointName, Refusal] = field(factory=dict)
    parked: Mapping[FieldName, ConflictParked] = field(factory=dict)
    resolved: Mapping[FieldName, Resolution] = field(factory=dict)
    copies: Copies = field(factory=Copies)
    closed: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether a record may have been made for it of which nobody knows."""
        return any(refusal.in_doubt for refusal in self.refused.values())

    @property
    def label(self) -> str:
        """What people call it."""
        labels = [side.label for _, side in sorted(self.sides.items()) if side.label]
        return labels[0] if labels else self.link_id.hex[:12]


def replay(link_id: LinkId, events: Iterable[LinkEvent]) -> Link:
    """The link after these events."""
    return reduce(evolve, events, Link(link_id=link_id))


def evolve(link: Link, event: LinkEvent) -> Link:
    """
    The link after one more event.

    Raises:
        ImpossibleHistory: the event cannot follow the ones before it.
    """
    return changed(_applied(link, event), version=link.version + 1)


def _applied(link: Link, event: LinkEvent) -> Link:  # noqa: PLR0911, PLR0912, C901 - one line for each event
    match event:
        case RecordObserved():
            return _observed(link, event)
        case RecordGone():
            return _gone(link, event)
        case WritesIntended():
            return _intended(link, event)
        case WriteConfirmed():
            return _confirmed(link, event)
        case WriteRejected():
            return _rejected(link, event)
        case WritePostponed():
            return _postponed(link, event)
        case WriteOvertaken():
            return _settled(link, event.intent_id, dropped=_fields_of(_pending(link, event.intent_id).write))
        case ConflictParked():
            resolved = without(link.resolved, [event.field])
            return changed(link, parked={**link.parked, event.field: event}, resolved=resolved)
        case ConflictResolved():
            return _resolved(link, event)
        case CopyFound():
            return changed(link, kind=link.kind or event.kind, copies=link.copies.found(event))
        case CopyMissed():
            return _copy_missed(link, event)
        case CopySettled():
            return _copy_settled(link, event)
        case LinkClosed():
            # Whatever waits is moot; should the item come back, all of it is looked at anew.
            return changed(link, closed=event.reason, parked={}, resolved={}, refused={})
        case _:
            assert_never(event)


def _resolved(link: Link, event: ConflictResolved) -> Link:
    conflict = link.parked.get(event.field)
    held = {name: side.observed[event.field] for name, side in link.sides.items() if event.field in side.observed}
    choice = Resolution(value=event.value, versions=conflict.versions if conflict else held)
    parked = without(link.parked, [event.field])
    return changed(link, parked=parked, resolved={**link.resolved, event.field: choice})


def _copy_missed(link: Link, event: CopyMissed) -> Link:
    if link.copies.get(event.ref) is None:
        raise ImpossibleHistory(f"link {link.link_id} knows no copy {event.ref}, so it cannot miss it")
    return changed(link, copies=link.copies.missed(event.ref))


def _copy_settled(link: Link, event: CopySettled) -> Link:
    copy, endpoint = link.copies.get(event.ref), event.ref.endpoint
    if copy is None:
        raise ImpossibleHistory(f"link {link.link_id} knows no copy {event.ref}, so nobody can have decided about it")
    link = changed(link, copies=link.copies.settled(event))
    if event.verdict != "kept":
        return link
    if link.decision is not None:
        raise ImpossibleHistory(f"link {link.link_id} has a decision outstanding and cannot stand for another record")
    before = link.sides.get(endpoint)
    refusal = link.refused.get(endpoint)
    # What a create was in doubt of is here: in fields that it could not set nobody typed what they hold.
    untold = refusal.untold if refusal is not None and refusal.in_doubt else frozenset[FieldName]()
    if before is None:
        made = Side(ref=event.ref, observed=copy.fields, untold=untold, revision=copy.revision, read_at=copy.taken_at)
        return changed(_with_side(link, endpoint, made), closed=None)
    # What a lost record agreed on says nothing about its successor; see `_observed`.
    agreed = NO_FIELDS if is_lost(before) else before.agreed
    now = changed(
        before,
        ref=event.ref,
        observed=copy.fields,
        agreed=agreed,
        untold=before.untold | untold,
        revision=copy.revision,
        gone=None,
        read_at=copy.taken_at,
    )
    # A lost record that comes back is known by that; one that is there is another copy from now on.
    copies = link.copies if is_lost(before) else link.copies.replaced(before.ref, _left_alone(before, copy.taken_at))
    return changed(_with_side(link, endpoint, now), copies=copies, closed=None)


def _left_alone(before: Side, taken_at: datetime) -> Copy:
    return Copy(
        fields=before.observed,
        taken_at=before.read_at or taken_at,
        revision=before.revision,
        label=before.label,
        ignored=True,
    )


def _observed(link: Link, event: RecordObserved) -> Link:
    endpoint = event.ref.endpoint
    side = link.sides.get(endpoint)
    if side is None:
        return changed(link, kind=event.kind, sides={**link.sides, endpoint: _first_sight(event)})
    if side.ref != event.ref and is_lost(side):
        # The replacement of a lost record was lost as well, and the first one is back: the item lives on in it.
        return _back(link, endpoint, _first_sight(event))
    if side.ref != event.ref:
        raise ImpossibleHistory(f"link {link.link_id} stands for {side.ref} and cannot also stand for {event.ref}")
    if is_stale(side, event.taken_at):
        return link
    seen = changed(
        side,
        observed=event.fields,
        revision=event.revision,
        label=event.label or side.label,
        read_at=event.taken_at,
        gone=None,
    )
    if not is_lost(side):
        return _with_side(link, endpoint, seen)
    # Without an agreed value it differs from what was agreed, so nobody deletes it a second time for the same reason.
    return _back(link, endpoint, changed(seen, agreed=NO_FIELDS))


def _back(link: Link, endpoint: EndpointName, side: Side) -> Link:
    """There is a record again where one was lost; what was decided for the lost one, or done to it, says nothing of it."""
    decision = link.decision
    if decision is not None:
        decision = changed(
            decision,
            replaced=decision.replaced | {endpoint},
            done=without(decision.done, [endpoint]),
            untold=without(decision.untold, [endpoint]),
        )
    return changed(_with_side(link, endpoint, side), decision=decision, closed=None)


def _first_sight(event: RecordObserved) -> Side:
    return Side(ref=event.ref, observed=event.fields, revision=event.revision, label=event.label, read_at=event.taken_at)


def _gone(link: Link, event: RecordGone) -> Link:
    side = link.sides.get(event.ref.endpoint)
    if side is None or side.ref != event.ref:
        raise ImpossibleHistory(f"link {link.link_id} does not stand for {event.ref}, so it cannot lose it")
    if is_lost(side) or is_stale(side, event.taken_at):
        return link
    lost = _with_side(link, event.ref.endpoint, changed(side, gone=event.evidence, read_at=event.taken_at))
    return _without_author(lost, event.ref.endpoint) if event.evidence.is_proof else lost


def _without_author(link: Link, author: EndpointName) -> Link:
    """Who is lost takes nothing back; what was written elsewhere on their behalf is an edit of those sides from here on."""
    sides = {
        endpoint: changed(side, unagreed={name: it for name, it in side.unagreed.items() if it.author != author})
        for endpoint, side in link.sides.items()
    }
    return changed(link, sides=sides)


def _intended(link: Link, event: WritesIntended) -> Link:
    if link.decision is not None:
        raise ImpossibleHistory(f"link {link.link_id} has a decision outstanding and cannot make another one")
    names = {name for fields in event.basis.values() for name in fields}
    names |= {name for name in link.parked if f"field:{name}" in event.moot}
    chosen = {
        name for name, choice in link.resolved.items() if any(it.fields.get(name) == choice.value for it in event.writes)
    }
    written = {write.endpoint for write in event.writes}
    written |= {endpoint for endpoint in link.refused if f"write:{endpoint}" in event.moot}
    decided = changed(
        link,
        decision=Decision(
            basis=event.basis,
            pending={write.intent_id: PendingWrite(write=write) for write in event.writes},
            chosen=frozenset(chosen),
        ),
        parked=without(link.parked, names),
        resolved=without(link.resolved, names),
        refused=without(link.refused, written),
    )
    return decided if event.writes else _agreed(decided)


def _pending(link: Link, intent_id: IntentId) -> PendingWrite:
    pending = link.decision.pending.get(intent_id) if link.decision else None
    if pending is None:
        raise ImpossibleHistory(f"link {link.link_id} has no open intent {intent_id}")
    return pending


def _confirmed(link: Link, event: WriteConfirmed) -> Link:
    write = _pending(link, event.intent_id).write
    earlier = side = link.sides.get(write.endpoint)
    if side is not None and write.operation is Operation.CREATE and side.gone:
        side = None  # the item gets a new record there; what the lost one held is history
    if side is not None and side.ref != event.ref:
        raise ImpossibleHistory(f"link {link.link_id} stands for {side.ref}; {event.ref} cannot confirm its write")
    if side is not None and write.operation is Operation.DELETE:
        deleted = changed(side, gone=Evidence.OURS, read_at=not_stale(side, event.written_at))
        return _settled(_without_author(_with_side(link, write.endpoint, deleted), write.endpoint), event.intent_id)
    # A create that was found again settles what we sent, not what is there now: a person may have edited it since.
    found_again = write.operation is Operation.CREATE and event.proof is Proof.FOUND
    spelled = write.stored if found_again else event.fields.only(write.stored)
    left_alone = write.initial if event.proof is Proof.FOUND else write.initial | event.fields.only(write.initial)
    done = spelled | left_alone
    disputed = frozenset[FieldName]()
    if found_again and earlier is not None and earlier.ref == event.ref:
        # Somebody may have brought the lost record back before our create, or have edited ours after it. Nobody can tell.
        disputed = frozenset(name for name, value in done.items() if event.fields.get(name) != value)
    landed = Side(
        ref=event.ref,
        observed=event.fields,
        agreed=side.agreed if side else NO_FIELDS,
        untold=(side.untold if side else frozenset()) - set(write.fields),
        unagreed=without(side.unagreed, write.fields) if side else {},
        revision=event.revision,
        label=event.label or (side.label if side else None),
        read_at=not_stale(side, event.written_at),
    )
    return _settled(
        _with_side(link, write.endpoint, landed),
        event.intent_id,
        done={write.endpoint: done.without(disputed)},
        untold={write.endpoint: write.untold - disputed},
        dropped=disputed,
    )


def _rejected(link: Link, event: WriteRejected) -> Link:
    write = _pending(link, event.intent_id).write
    refusal = Refusal(
        operation=write.operation,
        fields=write.fields,
        reason=event.reason,
        in_doubt=event.in_doubt,
        untold=write.untold,
    )
    refused = changed(link, refused={**link.refused, write.endpoint: refusal})
    return _settled(refused, event.intent_id, dropped=_fields_of(write))


def _fields_of(write: Write) -> frozenset[FieldName]:
    # What a create would have left at its initial value did not come about either.
    return frozenset(write.fields) | frozenset(write.initial)


def _postponed(link: Link, event: WritePostponed) -> Link:
    pending = _pending(link, event.intent_id)
    assert link.decision is not None
    later = changed(pending, outcome=event.outcome, not_before=event.not_before, attempts=pending.attempts + 1)
    decision = changed(link.decision, pending={**link.decision.pending, event.intent_id: later})
    return changed(link, decision=decision)


def _settled(
    link: Link,
    intent_id: IntentId,
    *,
    done: Mapping[EndpointName, FieldValues] | None = None,
    untold: Mapping[EndpointName, frozenset[FieldName]] | None = None,
    dropped: frozenset[FieldName] = frozenset(),
) -> Link:
    _pending(link, intent_id)
    assert link.decision is not None
    decision = changed(
        link.decision,
        pending=without(link.decision.pending, [intent_id]),
        done={**link.decision.done, **(done or {})},
        untold={**link.decision.untold, **(untold or {})},
        dropped=link.decision.dropped | dropped,
    )
    moved = changed(link, decision=decision)
    return moved if decision.pending else _agreed(moved)


def _agreed(link: Link) -> Link:
    """Close the decision: every side now agrees to the basis, or to how it spelled what was written there."""
    decision = link.decision
    assert decision is not None
    return changed(link, sides={it: side_after(link.sides, it, decision) for it in link.sides}, decision=None)


def _with_side(link: Link, endpoint: EndpointName, side: Side) -> Link:
    return changed(link, sides={**link.sides, endpoint: side})
