"""
Everything that can have happened. The log is the only truth; all other state is computed from these values.

Times inside events are facts of the event (when a page was taken, when a write may be tried again). When an event was
*stored* is a matter of the log's envelope and never decides anything.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Literal

from attrs import field, frozen

from syncengine.domain.identity import ContainerId, EndpointName, FieldName, IntentId, Kind, LinkId
from syncengine.domain.records import NO_FIELDS, Cursor, FieldValue, FieldValues, RecordRef, Revision


class Operation(Enum):
    """What a write does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Proof(Enum):
    """How we know that a write landed."""

    ANSWER = "answer"
    """The remote answered in time."""
    FOUND = "found"
    """The answer was lost; looking at the remote showed our value."""


class Evidence(Enum):
    """How we know that a record is gone."""

    TOMBSTONE = "tombstone"
    ABSENT = "absent"
    """Not in a full listing and not there when asked for directly, once. It may have been hidden from us."""
    CONFIRMED = "confirmed"
    """Absent again in a later pass, in a container that showed other records meanwhile."""
    OURS = "ours"
    """We deleted it ourselves."""

    @property
    def is_proof(self) -> bool:
        """Whether something may follow from it; what merely vanished is shown and waits."""
        return self is not Evidence.ABSENT


@frozen(kw_only=True)
class Write:
    """
    One remote call that was decided.

    Attributes:
        ref: the record to update or delete; None for a create.
        fields: the values to send, in the words of the side they come from; empty for a delete.
        stored: how the remote will spell them (`as_stored` at the time of the decision).
        expected: how these fields looked on that side when it was decided; empty for a create, and all fields for a delete.
        initial: values the remote will give the new record in fields that a create cannot set, or does not because they are
            in dispute.
        untold: fields of `initial` that still have to be told in a second write.
    """

    intent_id: IntentId
    endpoint: EndpointName
    container: ContainerId
    operation: Operation
    ref: RecordRef | None
    fields: FieldValues
    stored: FieldValues
    expected: FieldValues = NO_FIELDS
    initial: FieldValues = NO_FIELDS
    untold: frozenset[FieldName] = frozenset()


@frozen(kw_only=True)
class Settlement:
    """
    A conflict that a rule or a person settled: who won, by which rule, and what the others had.

    Attributes:
        rule: the rule as text, for example `Prefer(endpoint='huly')`.
        value: the value everybody gets.
        losers: the values that were given up, by endpoint.
    """

    field: FieldName
    rule: str
    value: FieldValue
    losers: Mapping[EndpointName, FieldValue]


@frozen(kw_only=True)
class RecordObserved:
    """A record was read and differs from what was known of it."""

    ref: RecordRef
    kind: Kind
    fields: FieldValues
    taken_at: datetime
    revision: Revision | None = None
    label: str | None = None


@frozen(kw_only=True)
class RecordGone:
    """A record is no longer there."""

    ref: RecordRef
    evidence: Evidence
    taken_at: datetime


@frozen(kw_only=True)
class WritesIntended:
    """
    A decision: all its writes, and the basis it was made on.

    Attributes:
        basis: what each side held in the fields that will be agreed once every write is settled.
        reasons: for each field that moves, one sentence for people.
        settled: conflicts a rule settled on the way.
        moot: what waited and has nothing to wait for any more, because people undid it: "field:NAME" for a conflict,
            "write:ENDPOINT" for a refused write.
    """

    basis: Mapping[EndpointName, FieldValues]
    writes: tuple[Write, ...]
    reasons: Mapping[FieldName, str] = field(factory=dict)
    settled: tuple[Settlement, ...] = ()
    moot: frozenset[str] = frozenset()


@frozen(kw_only=True)
class WriteConfirmed:
    """
    A write landed.

    Attributes:
        fields: everything the remote holds in that record now; nothing after a delete.
        written_at: aware UTC; listings taken before it do not count.
    """

    intent_id: IntentId
    ref: RecordRef
    fields: FieldValues
    proof: Proof
    written_at: datetime
    revision: Revision | None = None
    label: str | None = None


@frozen(kw_only=True)
class WriteRejected:
    """
    The remote refused a write for good; it is not made again until something changes.

    Attributes:
        error: the name of the error that says why; "OutcomeUnknown" when nobody can find out whether it was done.
    """

    intent_id: IntentId
    reason: str
    error: str = "RecordRefused"

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been done after all."""
        return self.error == "OutcomeUnknown"


@frozen(kw_only=True)
class WritePostponed:
    """
    A write has to wait.

    Attributes:
        outcome: "not_done" when it certainly did not happen, "unknown" when it has to be judged by looking.
        not_before: aware UTC; earliest moment of the next attempt or look.
    """

    intent_id: IntentId
    outcome: Literal["not_done", "unknown"]
    not_before: datetime
    reason: str


@frozen(kw_only=True)
class WriteOvertaken:
    """Neither the basis nor our value was there any more: the write is dropped and everything decided anew."""

    intent_id: IntentId
    reason: str


@frozen(kw_only=True)
class ConflictParked:
    """A field was changed on several sides and the rule wants a person; `versions` are the values by endpoint."""

    field: FieldName
    rule: str
    reason: str
    versions: Mapping[EndpointName, FieldValue]


@frozen(kw_only=True)
class ConflictResolved:
    """A person chose the value of a parked field."""

    field: FieldName
    value: FieldValue
    by: str


@frozen(kw_only=True)
class CopyFound:
    """
    A record carries the key of an item that it does not stand for, because another one does or several carry that key.

    Attributes:
        fields: what it holds; no part of the item.
        sign: "key" when it carries the key; "looks" when it holds exactly what a create sent of which nobody can find out
            the end.
    """

    ref: RecordRef
    kind: Kind
    fields: FieldValues
    taken_at: datetime
    revision: Revision | None = None
    label: str | None = None
    sign: Literal["key", "looks"] = "key"

    @property
    def looks_alike(self) -> bool:
        """Whether it carries no key, so that only its looks tell of it."""
        return self.sign == "looks"

    @property
    def relation(self) -> str:
        """What it has to do with the item, as words between the two."""
        return "looks like what may have been made for" if self.looks_alike else "carries the key of"


@frozen(kw_only=True)
class CopyMissed:
    """A copy was not there when it was asked for. Once proves nothing; it is gone when a later pass misses it as well."""

    ref: RecordRef


@frozen(kw_only=True)
class CopySettled:
    """
    It is known what a copy is.

    Attributes:
        verdict: "kept" when the item stands for it from now on, "new" when it is an item of its own, "ignored" when it is
            left alone, "gone" when it is not there any more.
        by: the person who decided; empty for what is gone.
    """

    ref: RecordRef
    verdict: Literal["kept", "new", "ignored", "gone"]
    by: str = ""


@frozen(kw_only=True)
class LinkClosed:
    """Nothing is left to keep the same."""

    reason: str


@frozen(kw_only=True)
class ClaimTaken:
    """From now on this record belongs to this link and to no other."""

    ref: RecordRef
    link_id: LinkId


@frozen(kw_only=True)
class ClaimReleased:
    """The record is free again."""

    ref: RecordRef
    link_id: LinkId


@frozen(kw_only=True)
class CursorAdvanced:
    """Everything up to this cursor is in the log."""

    endpoint: EndpointName
    container: ContainerId
    cursor: Cursor


@frozen(kw_only=True)
class EndpointPaused:
    """An endpoint refuses us as a whole."""

    endpoint: EndpointName
    reason: str
    error: str


@frozen(kw_only=True)
class EndpointResumed:
    """An endpoint that was paused works again."""

    endpoint: EndpointName


@frozen(kw_only=True)
class PlacePaused:
    """
    A person paused something, or a container refuses us.

    Attributes:
        subject: see `syncengine.domain.pauses`.
        error: the kind of refusal; empty when a person paused it.
        by: the person; empty for a refusal, which ends by itself.
    """

    subject: str
    reason: str
    error: str = ""
    by: str = ""


@frozen(kw_only=True)
class PlaceResumed:
    """What was paused goes on; `by` is the person who said so, empty when a refusal is over."""

    subject: str
    by: str = ""


@frozen(kw_only=True)
class HostGivenUp:
    """A host failed so often in a row that it is only tried with single calls; `host` is "name:port"."""

    host: str
    reason: str


@frozen(kw_only=True)
class HostAnswered:
    """A host that was given up answers again, or nobody calls it any more."""

    host: str


@frozen(kw_only=True)
class SafetyStopped:
    """
    Something was not done because it could destroy more than the safety limits allow; a person has to look.

    Attributes:
        place: the containers it is about, by their ids.
        plan: digest of exactly what was not done; `SafetyApproved` with the same one lets it be done.
        deletions: the records that would be deleted; empty when there is only an empty listing to be believed.
    """

    place: str
    plan: str
    reason: str
    deletions: tuple[RecordRef, ...] = ()


@frozen(kw_only=True)
class SafetyCleared:
    """Nothing is held back at this place any more."""

    place: str


@frozen(kw_only=True)
class SafetyApproved:
    """A person looked at a plan and wants it to be carried out."""

    plan: str
    by: str


@frozen(kw_only=True)
class PassStarted:
    """A pass found something to do."""

    sync_id: str


@frozen(kw_only=True)
class PassFinished:
    """A pass that found something to do came to its end."""

    sync_id: str
    writes: int
    judged: int
    problems: tuple[str, ...] = ()


LinkEvent = (
    RecordObserved
    | RecordGone
    | WritesIntended
    | WriteConfirmed
    | WriteRejected
    | WritePostponed
    | WriteOvertaken
    | ConflictParked
    | ConflictResolved
    | CopyFound
    | CopyMissed
    | CopySettled
    | LinkClosed
)
ClaimEvent = ClaimTaken | ClaimReleased
SafetyEvent = SafetyStopped | SafetyCleared | SafetyApproved
PauseEvent = EndpointPaused | EndpointResumed | PlacePaused | PlaceResumed | HostGivenUp | HostAnswered
Event = LinkEvent | ClaimEvent | SafetyEvent | PauseEvent | CursorAdvanced | PassStarted | PassFinished
