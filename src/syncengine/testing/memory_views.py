"""The views of a log in memory: what each event changes in them, written a second time and simply."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from attrs import evolve as changed

from syncengine.domain.events import (
    ClaimReleased,
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopySettled,
    CursorAdvanced,
    EndpointPaused,
    EndpointResumed,
    Evidence,
    HostAnswered,
    HostGivenUp,
    LinkClosed,
    PlacePaused,
    PlaceResumed,
    RecordGone,
    RecordObserved,
    SafetyApproved,
    SafetyCleared,
    SafetyStopped,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import ContainerId, EndpointName, IntentId, Kind, LinkId, RecordId, feed_stream
from syncengine.domain.records import Cursor, RecordRef
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.ports import (
    GivenUpHost,
    HeldPlan,
    KnownRecord,
    LogCounts,
    OpenWrite,
    ParkedItem,
    PausedEndpoint,
    PausedPlace,
    Recorded,
)
from syncengine.errors import EventLogError


class MemoryViews:
    """What the log shows, in dictionaries."""

    def __init__(self) -> None:
        self.known: dict[RecordRef, KnownRecord] = {}
        self.titles: dict[RecordRef, str] = {}
        self.open: dict[IntentId, OpenWrite] = {}
        self.waiting: dict[tuple[LinkId, str], ParkedItem] = {}
        self.stopped: dict[EndpointName, PausedEndpoint] = {}
        self.cursors: dict[UUID, tuple[Cursor, int]] = {}
        self.versions: dict[LinkId, int] = {}
        self.quiet: dict[LinkId, int] = {}
        self.mark: str | None = None
        self.full_listings: dict[tuple[EndpointName, ContainerId], datetime] = {}
        self.places: dict[str, PausedPlace] = {}
        self.hosts: dict[str, GivenUpHost] = {}
        self.held: dict[str, HeldPlan] = {}
        self.approvals: set[str] = set()

    def known_records(self, endpoint: EndpointName, container: ContainerId) -> Mapping[RecordId, KnownRecord]:
        """Every record of this container that belongs to a link."""
        here = (endpoint, container)
        return {ref.record_id: it for ref, it in self.known.items() if (ref.endpoint, ref.container) == here}

    def known_record(self, ref: RecordRef) -> KnownRecord | None:
        """One record."""
        return self.known.get(ref)

    def records_of(self, link_id: LinkId) -> Sequence[KnownRecord]:
        """The records that stand for a link."""
        return [it for it in self.known.values() if it.link_id == link_id]

    def find(self, text: str) -> Sequence[KnownRecord]:
        """Records that people may mean by this text."""
        return [
            it
            for ref, it in self.known.items()
            if text in {it.label, ref.record_id, it.link_id.hex, str(it.link_id), self.titles.get(ref)}
        ]

    def open_writes(self) -> Sequence[OpenWrite]:
        """Saved intents without an outcome, oldest first."""
        return tuple(self.open.values())

    def restless(self, endpoint: EndpointName, container: ContainerId) -> Sequence[LinkId]:
        """Links that moved on since they were last marked quiet."""
        links = {it.link_id for it in self.known_records(endpoint, container).values()}
        return [link_id for link_id in links if self.quiet.get(link_id) != self.versions.get(link_id)]

    def rules(self) -> str | None:
        """By which rules every link was last looked at."""
        return self.mark

    def parked(self) -> Sequence[ParkedItem]:
        """Everything that waits."""
        return tuple(self.waiting.values())

    def paused(self) -> Sequence[PausedEndpoint]:
        """Endpoints that are paused."""
        return tuple(self.stopped.values())

    def pauses(self) -> Sequence[PausedPlace]:
        """What persons paused, and containers that refuse us."""
        return tuple(self.places.values())

    def given_up_hosts(self) -> Sequence[GivenUpHost]:
        """Hosts that did not answer when they were last called."""
        return tuple(self.hosts.values())

    def held_plans(self) -> Sequence[HeldPlan]:
        """What waits for a person's approval."""
        return tuple(self.held.values())

    def is_approved(self, plan: str) -> bool:
        """Whether a person wants this plan to be carried out."""
        return plan in self.approvals

    def cursor(self, endpoint: EndpointName, container: ContainerId) -> Cursor | None:
        """Where the listing goes on."""
        found = self.cursors.get(feed_stream(endpoint, container))
        return found[0] if found else None

    def listed_in_full_at(self, endpoint: EndpointName, container: ContainerId) -> datetime | None:
        """When a container was last listed from the start."""
        return self.full_listings.get((endpoint, container))

    def feed_version(self, endpoint: EndpointName, container: ContainerId) -> int:
        """Version of the stream that holds the cursor."""
        return self.cursors.get(feed_stream(endpoint, container), (None, 0))[1]

    def counts(self) -> LogCounts:
        """Numbers."""
        by_endpoint: dict[EndpointName, int] = defaultdict(int)
        for ref in self.known:
            by_endpoint[ref.endpoint] += 1
        return LogCounts(
            events=sum(self.versions.values()),
            links=len({it.link_id for it in self.known.values()}),
            records=len(self.known),
            open_writes=len(self.open),
            parked=len(self.waiting),
            by_endpoint=dict(by_endpoint),
        )

    def show(self, recorded: Recorded) -> None:  # noqa: C901, PLR0912, PLR0915 - one branch for each event
        """Take one more event in."""
        link_id, event = recorded.stream_id, recorded.event
        self.versions[link_id] = recorded.version
        match event:
            case RecordObserved():
                self._know(link_id, event)
                self._unpark(link_id, [f"gone:{event.ref.endpoint}"])
            case WriteConfirmed(fields=fields) if not fields:  # a delete
                self.known[event.ref] = changed(self.known[event.ref], gone=Evidence.OURS)
                del self.open[event.intent_id]
            case WriteConfirmed():
                self._know(link_id, event)
                self._unpark(link_id, [f"gone:{event.ref.endpoint}"])
                del self.open[event.intent_id]
            case RecordGone():
                self.known[event.ref] = changed(self.known[event.ref], gone=event.evidence)
                self._park(recorded, f"gone:{event.ref.endpoint}", f"{event.ref} is no longer there")
            case WritesIntended():
                self._intend(recorded, event)
            case WriteRejected():
                write = self.open.pop(event.intent_id)
                self._park(recorded, f"write:{write.endpoint}", event.reason)
            case WriteOvertaken():
                del self.open[event.intent_id]
            case WritePostponed():
                self._postpone(event)
            case ConflictParked():
                self._park(recorded, f"field:{event.field}", event.reason)
            case ConflictResolved():
                self._unpark(link_id, [f"field:{event.field}"])
            case CopyFound():
                self._park(recorded, f"copy:{event.ref}", f"{event.ref} carries the key of this item")
            case CopySettled():
                self._unpark(link_id, [f"copy:{event.ref}"])
            case ClaimReleased():
                self.known.pop(event.ref, None)
            case LinkClosed():
                mine = [subject for link, subject in self.waiting if link == link_id]
                self._unpark(link_id, [subject for subject in mine if not subject.startswith("copy:")])
            case CursorAdvanced():
                self.cursors[recorded.stream_id] = (event.cursor, recorded.version)
            case EndpointPaused():
                self.stopped[event.endpoint] = PausedEndpoint(
                    endpoint=event.endpoint, reason=event.reason, since=recorded.recorded_at
                )
            case EndpointResumed():
                self.stopped.pop(event.endpoint, None)
            case PlacePaused(subject=subject, reason=reason, by=by):
                self.places[subject] = PausedPlace(subject=subject, reason=reason, by=by, since=recorded.recorded_at)
            case PlaceResumed():
                self.places.pop(event.subject, None)
            case HostGivenUp(host=host, reason=reason):
                self.hosts[host] = GivenUpHost(host=host, reason=reason, since=recorded.recorded_at)
            case HostAnswered():
                self.hosts.pop(event.host, None)
            case SafetyStopped(place=place, plan=plan, reason=reason):
                self.held[place] = HeldPlan(place=place, plan=plan, reason=reason, since=recorded.recorded_at)
            case SafetyCleared():
                self.held.pop(event.place, None)
            case SafetyApproved():
                self.approvals.add(event.plan)
            case _:
                pass

    def _know(self, link_id: LinkId, event: RecordObserved | WriteConfirmed) -> None:
        before = self.known.get(event.ref)
        kind = event.kind if isinstance(event, RecordObserved) else self._kind_of(link_id)
        self.known[event.ref] = KnownRecord(
            ref=event.ref,
            link_id=link_id,
            kind=kind,
            digest=fingerprint(event.fields),
            revision=event.revision,
            label=event.label or (before.label if before else None),
        )
        title = event.fields.get("title", event.fields.get("name"))
        self.titles[event.ref] = str(title)

    def _kind_of(self, link_id: LinkId) -> Kind:
        return self.records_of(link_id)[0].kind

    def _intend(self, recorded: Recorded, event: WritesIntended) -> None:
        link_id = recorded.stream_id
        if event.writes and any(write.link_id == link_id for write in self.open.values()):
            raise EventLogError(f"link {link_id} has a decision outstanding")
        for write in event.writes:
            self.open[write.intent_id] = OpenWrite(
                intent_id=write.intent_id, link_id=link_id, endpoint=write.endpoint, since=recorded.recorded_at
            )
        names = {name for fields in event.basis.values() for name in fields}
        self._unpark(link_id, [f"field:{name}" for name in names])
        self._unpark(link_id, [f"write:{write.endpoint}" for write in event.writes])
        self._unpark(link_id, sorted(event.moot))

    def _postpone(self, event: WritePostponed) -> None:
        write = self.open[event.intent_id]
        self.open[event.intent_id] = changed(
            write,
            not_before=event.not_before,
            outcome=event.outcome,
            attempts=write.attempts + 1,
            reason=event.reason,
        )

    def _park(self, recorded: Recorded, subject: str, reason: str) -> None:
        item = ParkedItem(link_id=recorded.stream_id, subject=subject, reason=reason, since=recorded.recorded_at)
        self.waiting[recorded.stream_id, subject] = item

    def _unpark(self, link_id: LinkId, subjects: Iterable[str]) -> None:
        for subject in subjects:
            self.waiting.pop((link_id, subject), None)
