"""What the engine needs from outside, as protocols: the log, the views beside it, a clock and somebody to tell."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from attrs import field, frozen

from syncengine.connector import Connector
from syncengine.domain.events import Event, Evidence
from syncengine.domain.identity import ContainerId, EndpointName, IntentId, Kind, LinkId, RecordId
from syncengine.domain.records import Cursor, RecordRef, Revision
from syncengine.engine.notes import Note, Work


@frozen(kw_only=True)
class Recorded:
    """
    A stored event in its envelope.

    Attributes:
        position: place in the one order of the whole log, from 1.
        version: place in its stream, from 1.
        recorded_at: aware UTC; when it was stored. Never decides anything.
        caused_by: the `sync_id` of the pass that stored it, or the name of a command.
    """

    stream_id: UUID
    version: int
    event: Event
    recorded_at: datetime
    caused_by: str
    position: int = 0


@frozen(kw_only=True)
class Append:
    """
    Events for one stream.

    Attributes:
        after_version: version of the stream's last event as the writer knows it; 0 for a new stream.
    """

    stream_id: UUID
    after_version: int
    events: tuple[Event, ...]


class EventLog(Protocol):
    """The append-only store."""

    async def append(self, *appends: Append, caused_by: str) -> None:
        """
        Store all these events in one transaction, durable when this returns.

        A cancelled caller's events may be stored all the same.

        Raises:
            ConcurrentAppend: one of the streams is longer than its `after_version`; nothing was stored.
            EventLogError: the log cannot be written.
        """

    async def mark_quiet(self, versions: Mapping[LinkId, int]) -> None:
        """
        Remember that these links need nothing at these versions, so that they are not looked at again.

        A note beside the events and not one of them: losing it costs a second look, nothing else.
        """

    async def note_rules(self, mark: str) -> None:
        """Remember by which rules every link was last looked at; a note beside the events, as `mark_quiet`."""

    async def note_full_listing(self, endpoint: EndpointName, container: ContainerId, *, at: datetime) -> None:
        """
        Remember when a container was last listed from the start (`at`, aware UTC).

        A note beside the events: losing it costs one more full listing, nothing else.
        """

    async def load(self, stream_id: UUID) -> Sequence[Recorded]:
        """
        All events of a stream in order; empty when there are none.

        Raises:
            UnknownEvent, NewerEvent, EventUnreadable: with stream and position.
        """


@frozen(kw_only=True)
class KnownRecord:
    """
    What the views know of a record that belongs to a link.

    Attributes:
        digest: `fingerprint` of the fields as last read.
        gone: how we know that it is not there any more; None while it is.
    """

    ref: RecordRef
    link_id: LinkId
    kind: Kind
    digest: bytes
    revision: Revision | None = None
    label: str | None = None
    gone: Evidence | None = None


@frozen(kw_only=True)
class OpenWrite:
    """
    A saved intent without an outcome.

    Attributes:
        not_before: earliest moment of the next look or attempt; None when nothing was said about it.
        outcome: what the last postponement said: "not_done" or "unknown"; None when there was none.
        attempts: how often it was postponed.
    """

    intent_id: IntentId
    link_id: LinkId
    endpoint: EndpointName
    since: datetime
    not_before: datetime | None = None
    outcome: str | None = None
    attempts: int = 0
    reason: str = ""


@frozen(kw_only=True)
class ParkedItem:
    """
    Something of a link that waits for a person or for a change.

    Attributes:
        subject: "field:NAME" for a conflict, "write:ENDPOINT" for a refused write, "gone:ENDPOINT" for a missing record.
    """

    link_id: LinkId
    subject: str
    reason: str
    since: datetime


@frozen(kw_only=True)
class PausedEndpoint:
    """An endpoint that refuses us."""

    endpoint: EndpointName
    reason: str
    since: datetime


@frozen(kw_only=True)
class PausedPlace:
    """
    An endpoint, a container or an item that is paused.

    Attributes:
        subject: see `syncengine.domain.pauses`.
        by: the person who paused it; empty when it refuses us, which ends by itself.
    """

    subject: str
    reason: str
    by: str
    since: datetime


@frozen(kw_only=True)
class GivenUpHost:
    """A host ("name:port") that failed so often that it is only tried with single calls."""

    host: str
    reason: str
    since: datetime


@frozen(kw_only=True)
class HeldPlan:
    """
    Something that was not done and waits for a person's approval.

    Attributes:
        place: the containers it is about.
        plan: the digest to approve.
    """

    place: str
    plan: str
    reason: str
    since: datetime


@frozen(kw_only=True)
class LogCounts:
    """Numbers for `status`."""

    events: int
    links: int
    records: int
    open_writes: int
    parked: int
    by_endpoint: Mapping[EndpointName, int] = field(factory=dict)


class Views(Protocol):
    """
    Tables that are written in the same transaction as the events; they find, the streams decide.

    All calls are short local reads.
    """

    def known_records(self, endpoint: EndpointName, container: ContainerId) -> Mapping[RecordId, KnownRecord]:
        """Every record of this container that belongs to a link."""

    def known_record(self, ref: RecordRef) -> KnownRecord | None:
        """One record, or None when it belongs to no link."""

    def records_of(self, link_id: LinkId) -> Sequence[KnownRecord]:
        """The records that stand for a link."""

    def find(self, text: str) -> Sequence[KnownRecord]:
        """Records whose label, record id, link id (with or without dashes) or title is exactly this text."""

    def open_writes(self) -> Sequence[OpenWrite]:
        """All saved intents without an outcome, oldest first."""

    def restless(self, endpoint: EndpointName, container: ContainerId) -> Sequence[LinkId]:
        """Links with a record in this container that moved on since they were last marked quiet."""

    def rules(self) -> str | None:
        """What `note_rules` said last; None when it never said anything."""

    def parked(self) -> Sequence[ParkedItem]:
        """Everything that waits, oldest first."""

    def paused(self) -> Sequence[PausedEndpoint]:
        """Endpoints that are paused."""

    def pauses(self) -> Sequence[PausedPlace]:
        """What persons paused, and containers that refuse us; oldest first."""

    def given_up_hosts(self) -> Sequence[GivenUpHost]:
        """Hosts that did not answer when they were last called; oldest first."""

    def held_plans(self) -> Sequence[HeldPlan]:
        """What waits for a person's approval."""

    def is_approved(self, plan: str) -> bool:
        """Whether a person wants the plan with this digest to be carried out."""

    def cursor(self, endpoint: EndpointName, container: ContainerId) -> Cursor | None:
        """Where the listing of this container goes on."""

    def listed_in_full_at(self, endpoint: EndpointName, container: ContainerId) -> datetime | None:
        """What `note_full_listing` said last (aware UTC); None when it never said anything."""

    def feed_version(self, endpoint: EndpointName, container: ContainerId) -> int:
        """Version of the stream that holds the cursor; 0 when there is none."""

    def counts(self) -> LogCounts:
        """Numbers for `status`."""


class Clock(Protocol):
    """Time as the engine sees it; tests bring their own."""

    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment; nobody sets this clock, so only it tells how long something took."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Telemetry(Protocol):
    """Somebody who wants to know what happens (`syncengine.engine.notes`); must not raise."""

    def note(self, note: Note, /) -> None:
        """Something happened; called by the task it happened in, inside the works it belongs to."""

    def within(self, work: Work, /) -> AbstractContextManager[None]:
        """Entered when a piece of work begins and left when it ends, by one task."""


@frozen(kw_only=True)
class Endpoint:
    """An open connector under its configured name."""

    name: EndpointName
    connector: Connector
