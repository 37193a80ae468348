"""What the engine asks the tables beside the events; see `view_tables` for how they are written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import field, frozen

from syncengine.adapters.event_converter import time_from_text
from syncengine.adapters.log_file import text_of
from syncengine.adapters.log_reader import LogReader
from syncengine.adapters.log_tables import FACT, RULES, full_listing_of
from syncengine.adapters.stored_rows import LAST_POSITION, stream_id_of
from syncengine.domain.events import Evidence
from syncengine.domain.identity import ContainerId, EndpointName, IntentId, LinkId, RecordId
from syncengine.domain.records import Cursor, RecordRef
from syncengine.engine.ports import (
    GivenUpHost,
    HeldPlan,
    KnownRecord,
    LogCounts,
    OpenWrite,
    ParkedItem,
    PausedEndpoint,
    PausedPlace,
)

_KNOWN = "record_id, link_id, kind, digest, revision, label, gone FROM view_records"
_IN_CONTAINER = f"SELECT {_KNOWN} WHERE endpoint = ? AND container = ?"
_ONE = f"{_IN_CONTAINER} AND record_id = ?"
_RECORDS = f"SELECT endpoint, container, {_KNOWN}"
_OF_LINK = f"{_RECORDS} WHERE link_id = ? ORDER BY endpoint, container, record_id"
_FOUND = f"{_RECORDS} WHERE label = ? OR record_id = ? OR title = ? OR link_id = ? ORDER BY endpoint, container, record_id"
_OPEN_WRITES = """
    SELECT intent_id, link_id, endpoint, since, not_before, outcome, attempts, reason
    FROM view_open_writes ORDER BY rowid"""
_CURSOR = "SELECT cursor, version FROM view_cursors WHERE endpoint = ? AND container = ?"
_COUNTS = f"""
    SELECT ({LAST_POSITION}), (SELECT COUNT(DISTINCT link_id) FROM view_records WHERE gone IS NULL),
        (SELECT COUNT(*) FROM view_open_writes), (SELECT COUNT(*) FROM view_parked)"""  # noqa: S608 - a constant
_PROGRESS = f"SELECT ({LAST_POSITION}), COALESCE((SELECT position FROM view_progress), 0)"  # noqa: S608 - a constant
_RESTLESS = """
    SELECT DISTINCT moved.link_id FROM view_restless AS moved JOIN view_records AS record USING (link_id)
    WHERE record.endpoint = ? AND record.container = ?"""
_BY_ENDPOINT = "SELECT endpoint, COUNT(*) FROM view_records WHERE gone IS NULL GROUP BY endpoint ORDER BY endpoint"


KEPT_RECORDS = 200_000
"""Known records kept in memory between passes, at about 600 bytes each."""


@frozen
class _Kept:
    """What was read of a container, and how long the log was then."""

    position: int
    records: Mapping[RecordId, KnownRecord]


@frozen
class LogViews:
    """
    Short reads of the views.

    A record that was claimed for a link but never read has an empty kind or digest; the digest equals no reading's.
    Every method raises `EventLogError` when the file cannot be read.
    """

    _reader: LogReader
    _kept: dict[tuple[EndpointName, ContainerId], _Kept] = field(factory=dict, init=False, repr=False)

    def known_records(self, endpoint: EndpointName, container: ContainerId) -> Mapping[RecordId, KnownRecord]:
        """
        Every record of this container that belongs to a link, those that are gone included; not to be changed.

        As long as the log does not grow the same mapping is given again, so that a quiet pass reads no rows.
        """
        (position,) = self._reader.row(LAST_POSITION) or (0,)
        kept = self._kept.get((endpoint, container))
        if kept is not None and kept.position == position:
            return kept.records
        rows = self._reader.rows(_IN_CONTAINER, (endpoint, container))
        records = {known.ref.record_id: known for known in [_known(endpoint, container, row) for row in rows]}
        if sum(len(it.records) for it in self._kept.values()) + len(records) > KEPT_RECORDS:
            self._kept.clear()
        self._kept[endpoint, container] = _Kept(position, records)
        return records

    def known_record(self, ref: RecordRef) -> KnownRecord | None:
        """One record, or None when it belongs to no link."""
        row = self._reader.row(_ONE, (ref.endpoint, ref.container, ref.record_id))
        return _known(ref.endpoint, ref.container, row) if row else None

    def records_of(self, link_id: LinkId) -> Sequence[KnownRecord]:
        """The records that stand for a link, those that are gone included."""
        return _all_known(self._reader.rows(_OF_LINK, (link_id.hex,)))

    def find(self, text: str) -> Sequence[KnownRecord]:
        """Records whose label, record id, link id (with or without dashes) or title is exactly this text; looks at all."""
        link = text.strip().replace("-", "").lower()
        return _all_known(self._reader.rows(_FOUND, (text, text, text, link)))

    def open_writes(self) -> Sequence[OpenWrite]:
        """All saved intents without an outcome, oldest first."""
        return [_open_write(row) for row in self._reader.rows(_OPEN_WRITES)]

    def restless(self, endpoint: EndpointName, container: ContainerId) -> Sequence[LinkId]:
        """Links with a record in this container that moved on since they were last marked quiet."""
        return [UUID(text_of(link)) for (link,) in self._reader.rows(_RESTLESS, (endpoint, container))]

    def parked(self) -> Sequence[ParkedItem]:
        """Everything that waits, oldest first."""
        rows = self._reader.rows("SELECT link_id, subject, reason, since FROM view_parked ORDER BY since, rowid")
        return [
            ParkedItem(link_id=UUID(link), subject=text_of(subject), reason=text_of(reason), since=time_from_text(since))
            for link, subject, reason, since in rows
        ]

    def paused(self) -> Sequence[PausedEndpoint]:
        """Endpoints that are paused, oldest first."""
        rows = self._reader.rows("SELECT endpoint, reason, since FROM view_paused ORDER BY since, rowid")
        return [
            PausedEndpoint(endpoint=EndpointName(text_of(endpoint)), reason=text_of(reason), since=time_from_text(since))
            for endpoint, reason, since in rows
        ]

    def pauses(self) -> Sequence[PausedPlace]:
        """What persons paused, and containers that refuse us; oldest first."""
        rows = self._reader.rows("SELECT subject, reason, paused_by, since FROM view_pauses ORDER BY since, rowid")
        return [
            PausedPlace(subject=text_of(subject), reason=text_of(reason), by=text_of(by), since=time_from_text(since))
            for subject, reason, by, since in rows
        ]

    def given_up_hosts(self) -> Sequence[GivenUpHost]:
        """Hosts that did not answer when they were last called; oldest first."""
        rows = self._reader.rows("SELECT host, reason, since FROM view_hosts ORDER BY since, rowid")
        return [
            GivenUpHost(host=text_of(host), reason=text_of(reason), since=time_from_text(since))
            for host, reason, since in rows
        ]

    def held_plans(self) -> Sequence[HeldPlan]:
        """What waits for a person's approval, oldest first."""
        rows = self._reader.rows("SELECT place, plan, reason, since FROM view_safety ORDER BY since, place")
        return [
            HeldPlan(place=text_of(place), plan=plan, reason=text_of(reason), since=time_from_text(since))
            for place, plan, reason, since in rows
        ]

    def is_approved(self, plan: str) -> bool:
        """Whether a person wants the plan with this digest to be carried out."""
        return self._reader.row("SELECT plan FROM view_approvals WHERE plan = ?", (plan,)) is not None

    def rules(self) -> str | None:
        """By which rules every link was last looked at; None when that was never said."""
        row = self._reader.row(FACT, (RULES,))
        return str(row[0]) if row else None

    def cursor(self, endpoint: EndpointName, container: ContainerId) -> Cursor | None:
        """Where the listing of this container goes on."""
        row = self._reader.row(_CURSOR, (endpoint, container))
        return Cursor(text_of(row[0])) if row else None

    def listed_in_full_at(self, endpoint: EndpointName, container: ContainerId) -> datetime | None:
        """When this container was last listed from the start (aware UTC); None when that was never said."""
        row = self._reader.row(FACT, (full_listing_of(endpoint, container),))
        return time_from_text(row[0]) if row else None

    def feed_version(self, endpoint: EndpointName, container: ContainerId) -> int:
        """Version of the stream that holds the cursor; 0 when there is none."""
        row = self._reader.row(_CURSOR, (endpoint, container))
        return int(row[1]) if row else 0

    def progress(self) -> tuple[int, int]:
        """
        Position of the last event of the log, and of the last one that is in the views, at one moment.

        They are written together, so a difference means that somebody else changed the file, or a bug; a rebuild helps.
        """
        ((log, views),) = self._reader.rows(_PROGRESS)
        return int(log), int(views)

    def counts(self) -> LogCounts:
        """Numbers for `status`; records and links that are gone do not count."""
        by_endpoint = {EndpointName(text_of(name)): int(count) for name, count in self._reader.rows(_BY_ENDPOINT)}
        ((events, links, open_writes, parked),) = self._reader.rows(_COUNTS)
        return LogCounts(
            events=events,
            links=links,
            records=sum(by_endpoint.values()),
            open_writes=open_writes,
            parked=parked,
            by_endpoint=by_endpoint,
        )


def _all_known(rows: Iterable[tuple[Any, ...]]) -> list[KnownRecord]:
    return [
        _known(EndpointName(text_of(endpoint)), ContainerId(text_of(container)), rest)
        for endpoint, container, *rest in rows
    ]


def _known(endpoint: EndpointName, container: ContainerId, row: Sequence[Any]) -> KnownRecord:
    # Runs for every record of a container in every pass.
    record_id, link, kind, digest, revision, label, gone = row
    if bytes in (record_id.__class__, kind.__class__, revision.__class__, label.__class__):
        record_id, kind, revision, label = map(_text, (record_id, kind, revision, label))
    return KnownRecord(
        ref=RecordRef(endpoint, container, record_id),
        link_id=stream_id_of(link),
        kind=kind,
        digest=digest,
        revision=revision,
        label=label,
        gone=None if gone is None else Evidence(gone),
    )


def _text(column: Any) -> Any:
    return text_of(column) if column is not None else None


def _open_write(row: tuple[Any, ...]) -> OpenWrite:
    intent_id, link, endpoint, since, not_before, outcome, attempts, reason = row
    return OpenWrite(
        intent_id=IntentId(text_of(intent_id)),
        link_id=UUID(link),
        endpoint=EndpointName(text_of(endpoint)),
        since=time_from_text(since),
        not_before=_time(not_before),
        outcome=outcome,
        attempts=attempts,
        reason=text_of(reason),
    )


def _time(column: str | None) -> datetime | None:
    return time_from_text(column) if column is not None else None
