"""
One link and the records it stands for, without engine, log or connector.

`LinkWorld` does what the engine does with one link: it looks, decides, sends, judges, and keeps every event. A test or a
strategy chooses the order of things. Every state of `link` it reaches is one that can really happen.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from attrs import Factory, define, frozen

from syncengine.domain.decide import decide
from syncengine.domain.events import (
    ConflictParked,
    ConflictResolved,
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
from syncengine.domain.identity import ROOT, EndpointName, FieldName, IntentId, Kind, RecordId, link_id_for
from syncengine.domain.judge import (
    Ambiguous,
    Copied,
    DidNotLand,
    Landed,
    Overtaken,
    TooEarly,
    judge_create,
    judge_delete,
    judge_update,
)
from syncengine.domain.link import Link, evolve
from syncengine.domain.merge import Never
from syncengine.domain.participants import Participant
from syncengine.domain.policy import Policy
from syncengine.domain.records import NO_FIELDS, FieldValue, FieldValues, Record, RecordRef


@frozen(kw_only=True)
class Held:
    """
    What a remote held after something was done to it.

    Attributes:
        edited: the field a person changed; None for our own writes and for records that a person made.
        known: what the link took for the value of that field there before the edit: the agreed and the observed one.
    """

    endpoint: EndpointName
    fields: FieldValues
    edited: FieldName | None = None
    known: tuple[FieldValue | Never, ...] = ()


_FIRST_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


@define(kw_only=True, repr=False)
class LinkWorld:
    """
    A link, its remotes, and everything that happened.

    Attributes:
        participants: what the link may do on each endpoint.
        remotes: what each remote holds; an endpoint without an entry has no record (any more).
        events: all events of the link, oldest first.
        life: every state the remotes were in, oldest first.
        now: aware UTC; moves on with every step.
    """

    policy: Policy
    participants: Mapping[EndpointName, Participant]
    kind: Kind = Kind("issue")
    remotes: dict[EndpointName, FieldValues] = Factory(dict)
    events: list[LinkEvent] = Factory(list)
    life: list[Held] = Factory(list)
    now: datetime = _FIRST_MOMENT
    link: Link = Factory(lambda: Link(link_id=link_id_for(EndpointName("huly"), ROOT, RecordId("1"))))

    def __repr__(self) -> str:
        """The story, one line for each event, so that a failing example can be read."""
        sides = [f"{name}: {_told(participant)}" for name, participant in sorted(self.participants.items())]
        events = [f"{number}. {_told_event(event)}" for number, event in enumerate(self.events, start=1)]
        remotes = [f"{name} holds {dict(fields)}" for name, fields in sorted(self.remotes.items())]
        return "\n  ".join(["LinkWorld", *sides, f"rules: {dict(self.policy.rules[self.kind])}", *events, *remotes])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - the name and arguments Hypothesis asks for
        del cycle
        printer.text(repr(self))

    def ref(self, endpoint: EndpointName) -> RecordRef:
        """Where the record of this endpoint is; one for all its life."""
        return RecordRef(endpoint, self.participants[endpoint].container, RecordId(f"{endpoint}-1"))

    # What persons do.

    def person_makes(self, endpoint: EndpointName, fields: FieldValues) -> None:
        """A person makes the record of this endpoint."""
        self._holds(endpoint, self._defaults(endpoint) | self.participants[endpoint].as_stored(fields))

    def person_edits(self, endpoint: EndpointName, name: FieldName, value: FieldValue) -> None:
        """A person changes one field of a record; nobody has looked yet. Typing the same again is no edit."""
        before = self.remotes[endpoint]
        after = before | self.participants[endpoint].as_stored(FieldValues({name: value}))
        if after != before:
            self._holds(endpoint, after, edited=name)

    def person_deletes(self, endpoint: EndpointName) -> None:
        """A person deletes a record; nobody has looked yet."""
        del self.remotes[endpoint]

    def person_resolves(self, name: FieldName, value: FieldValue) -> None:
        """A person chooses the value of a parked field."""
        self._happened(ConflictResolved(field=name, value=value, by="somebody"))

    # What the engine does.

    def look(self, endpoint: EndpointName) -> None:
        """A record is read and noted if it differs from what is known; a missing one is noted as gone."""
        side = self.link.sides.get(endpoint)
        if endpoint in self.remotes:
            if side is None or side.gone or side.observed != self.remotes[endpoint]:
                self.hear_of(endpoint, self.remotes[endpoint], self._tick())
        elif side is not None and not side.gone:
            gone = RecordGone(ref=self.ref(endpoint), evidence=Evidence.TOMBSTONE, taken_at=self._tick())
            self._happened(gone)

    def hear_of(self, endpoint: EndpointName, fields: FieldValues, taken_at: datetime) -> None:
        """A reading from any time arrives, perhaps an old one."""
        self._happened(RecordObserved(ref=self.ref(endpoint), kind=self.kind, fields=fields, taken_at=taken_at))

    def decide(self, *, retry_refused: bool = False) -> WritesIntended | ConflictParked | LinkClosed | None:
        """Make the next decision, if there is one."""
        event = decide(self.link, self.policy, self.participants, retry_refused=retry_refused)
        if event is not None:
            self._happened(event)
        return event

    @property
    def pending(self) -> dict[IntentId, Write]:
        """The writes of the open decision that have no outcome yet."""
        decision = self.link.decision
        return {key: pending.write for key, pending in decision.pending.items()} if decision else {}

    def send(self, intent_id: IntentId, *, answered: bool = True) -> None:
        """Make a write; the remote refuses it when somebody was faster. Without an answer its outcome is unknown."""
        write = self.pending[intent_id]
        if not self._can_take(write):
            self._overtaken(write)
            return
        if write.operation is Operation.DELETE:
            self.remotes.pop(write.endpoint, None)
        else:
            self._takes_in(write)
        if answered:
            self._confirmed(write, Proof.ANSWER)
        else:
            self.postpone(intent_id, unknown=True)

    def _takes_in(self, write: Write) -> None:
        initial = self._defaults(write.endpoint) if write.operation is Operation.CREATE else NO_FIELDS
        self._holds(write.endpoint, self.remotes.get(write.endpoint, initial) | write.stored)

    def postpone(self, intent_id: IntentId, *, unknown: bool) -> None:
        """A write was not made, and that is certain or not."""
        later = self._tick() + timedelta(seconds=1)
        outcome: Literal["unknown", "not_done"] = "unknown" if unknown else "not_done"
        self._happened(WritePostponed(intent_id=intent_id, outcome=outcome, not_before=later, reason="no answer"))

    def refuse(self, intent_id: IntentId) -> None:
        """The remote refuses a write for good."""
        self._happened(WriteRejected(intent_id=intent_id, reason="these values are not accepted"))

    def judge(self, intent_id: IntentId) -> None:
        """Find out by looking what became of a write; one that did not land is made now."""
        write = self.pending[intent_id]
        there = self.remotes.get(write.endpoint)
        record = Record(ref=self.ref(write.endpoint), fields=there) if there is not None else None
        if write.operation is Operation.CREATE:
            found = (record,) if record else ()
            self._settle(write, judge_create(found, patience_over=True))
        elif write.operation is Operation.DELETE:
            self._settle(write, judge_delete(write, record))
        else:
            self._settle(write, judge_update(write, record))

    def _settle(self, write: Write, verdict: Landed | DidNotLand | Overtaken | TooEarly | Ambiguous | Copied) -> None:
        match verdict:
            case Landed():
                self._confirmed(write, Proof.FOUND)
            case DidNotLand():
                self.send(write.intent_id)
            case Overtaken():
                self._overtaken(write)
            case _:
                raise AssertionError(f"one record cannot be {verdict}")

    def settle(self, *, rounds: int = 20) -> int:
        """
        Judge, look and decide until nothing is left to do.

        Returns:
            the number of decisions that were needed.

        Raises:
            AssertionError: it did not come to rest in so many rounds.
        """
        for decisions in range(rounds):
            for intent_id in list(self.pending):
                self.judge(intent_id)
            for endpoint in self.participants:
                self.look(endpoint)
            if self.decide() is None:
                return decisions
            for intent_id in list(self.pending):
                self.send(intent_id)
        raise AssertionError(f"no rest after {rounds} rounds; the last events were {self.events[-6:]}")

    # Steps of the above.

    def _can_take(self, write: Write) -> bool:
        there = self.remotes.get(write.endpoint)
        if write.operation is Operation.CREATE:
            return there is None
        if write.operation is Operation.DELETE and there is None:
            return True  # gone already is success
        return there is not None and there.only(write.expected) == write.expected

    def _holds(self, endpoint: EndpointName, fields: FieldValues, *, edited: FieldName | None = None) -> None:
        self.remotes[endpoint] = fields
        side = self.link.sides.get(endpoint)
        before = (side.agreed, side.observed) if side and edited else ()
        known = tuple(it.get(edited or "", Never.AGREED) for it in before)
        self.life.append(Held(endpoint=endpoint, fields=fields, edited=edited, known=known))

    def _confirmed(self, write: Write, proof: Proof) -> None:
        fields = self.remotes.get(write.endpoint, NO_FIELDS)
        ref = self.ref(write.endpoint)
        self._happened(
            WriteConfirmed(intent_id=write.intent_id, ref=ref, fields=fields, proof=proof, written_at=self._tick())
        )

    def _overtaken(self, write: Write) -> None:
        self._happened(WriteOvertaken(intent_id=write.intent_id, reason="somebody was faster"))
        self.look(write.endpoint)

    def _defaults(self, endpoint: EndpointName) -> FieldValues:
        schema = self.participants[endpoint].schema
        return FieldValues({spec.name: spec.initial for spec in schema.fields if spec.readable})

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def _happened(self, event: LinkEvent) -> None:
        self.link = evolve(self.link, event)
        self.events.append(event)


def _told(participant: Participant) -> str:
    schema = participant.schema
    flags = {
        "cannot create": not (schema.can_create and participant.may_create),
        "cannot update": not (schema.can_update and participant.writable),
    }
    lacks = [
        f"{spec.name} not {word}"
        for spec in schema.fields
        for word, able in (("readable", spec.readable), ("creatable", spec.creatable), ("updatable", spec.updatable))
        if not able
    ]
    names = ", ".join(spec.name for spec in schema.fields)
    return "; ".join([names, *(text for text, true in flags.items() if true), *lacks, repr(participant.as_stored)])


def _told_event(event: LinkEvent) -> str:
    match event:
        case RecordObserved():
            return f"{event.ref.endpoint} seen at {event.taken_at:%M:%S} with {dict(event.fields)}"
        case WritesIntended():
            writes = [f"{write.operation.value} on {write.endpoint} {dict(write.fields)}" for write in event.writes]
            return f"intended {writes or 'nothing'}, basis { ({key: dict(it) for key, it in event.basis.items()}) }"
        case WriteConfirmed():
            return f"confirmed on {event.ref.endpoint} by {event.proof.value}: {dict(event.fields)}"
        case _:
            return str(event)
