"""
The tables beside the events, and what each event changes in them.

`changes_of` is a function of the stored event alone. It runs when an event is stored, in the same transaction, and again
when the tables are rebuilt from the log, so both ways end in the same rows.
"""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from syncengine.adapters.event_converter import time_to_text
from syncengine.adapters.log_cursor import Cursor, upsert
from syncengine.adapters.log_file import execute
from syncengine.adapters.view_notices import NOTICES, Change
from syncengine.domain.events import (
    ClaimReleased,
    ClaimTaken,
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopyMissed,
    CopySettled,
    CursorAdvanced,
    Evidence,
    LinkClosed,
    LinkEvent,
    PassFinished,
    PassStarted,
    RecordGone,
    RecordObserved,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import FieldName
from syncengine.domain.records import FieldValues
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.ports import Recorded

_KIND_OF_LINK = "COALESCE((SELECT kind FROM view_records WHERE link_id = ? AND kind <> '' LIMIT 1), '')"

_OBSERVED = """
    INSERT INTO view_records (endpoint, container, record_id, link_id, kind, digest, revision, label, title)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (endpoint, container, record_id) DO UPDATE SET
        link_id = excluded.link_id, kind = excluded.kind, digest = excluded.digest, revision = excluded.revision,
        label = excluded.label, title = excluded.title, gone = NULL"""

# A confirmation does not say what kind of record it is about, and not always its label.
_CONFIRMED = f"""
    INSERT INTO view_records (endpoint, container, record_id, link_id, kind, digest, revision, label, title)
    VALUES (?, ?, ?, ?, {_KIND_OF_LINK}, ?, ?, ?, ?)
    ON CONFLICT (endpoint, container, record_id) DO UPDATE SET
        link_id = excluded.link_id, kind = CASE view_records.kind WHEN '' THEN excluded.kind ELSE view_records.kind END,
        digest = excluded.digest, revision = excluded.revision, label = COALESCE(excluded.label, view_records.label),
        title = excluded.title, gone = NULL"""  # noqa: S608 - a constant

# A record that was claimed but not read yet has an empty digest, which no reading equals.
_CLAIMED = f"""
    INSERT INTO view_records (endpoint, container, record_id, link_id, kind, digest)
    VALUES (?, ?, ?, ?, {_KIND_OF_LINK}, ?)
    ON CONFLICT (endpoint, container, record_id) DO UPDATE SET link_id = excluded.link_id"""  # noqa: S608 - a constant

_RELEASED = "DELETE FROM view_records WHERE endpoint = ? AND container = ? AND record_id = ? AND link_id = ?"
# What was proved stays proved, until the record shows up again.
_GONE = """
    UPDATE view_records SET gone = ? WHERE endpoint = ? AND container = ? AND record_id = ?
    AND (gone IS NULL OR gone = 'absent')"""

_DECIDED = "INSERT INTO view_decisions (link_id, version) VALUES (?, ?)"
_OPENED = "INSERT INTO view_open_writes (intent_id, link_id, endpoint, since) VALUES (?, ?, ?, ?)"
_POSTPONED = """
    UPDATE view_open_writes SET not_before = ?, outcome = ?, attempts = attempts + 1, reason = ? WHERE intent_id = ?"""
_SETTLED = "DELETE FROM view_open_writes WHERE intent_id = ?"
_ALL_SETTLED = """
    DELETE FROM view_decisions
    WHERE link_id = ? AND NOT EXISTS (SELECT 1 FROM view_open_writes WHERE link_id = ?)"""

_PARKED = upsert("view_parked", key=("link_id", "subject"), values=("reason", "since"))
_REFUSED = upsert(
    "view_parked",
    key=("link_id", "subject"),
    values=("reason", "since"),
    given="SELECT link_id, 'write:' || endpoint, ?, ? FROM view_open_writes WHERE intent_id = ?",
)
_UNPARKED = "DELETE FROM view_parked WHERE link_id = ? AND subject IN ({})"
# A copy waits for a person also when the item itself is done with.
_CLOSED = "DELETE FROM view_parked WHERE link_id = ? AND subject NOT LIKE 'copy:%'"

_ADVANCED = upsert("view_cursors", key=("endpoint", "container"), values=("cursor", "version"))

_MOVED = """
    INSERT INTO view_restless (link_id, version) VALUES (?, ?)
    ON CONFLICT (link_id) DO UPDATE SET version = excluded.version"""
QUIET = "DELETE FROM view_restless WHERE link_id = ? AND version = ?"
"""Marks a link as needing nothing, unless it has moved on meanwhile."""

LOOK_AGAIN = """
    INSERT INTO view_restless (link_id, version)
    SELECT originator_id, MAX(originator_version) FROM stored_events WHERE rowid > ? AND topic LIKE 'link.%'
    GROUP BY originator_id
    ON CONFLICT (link_id) DO UPDATE SET version = excluded.version"""
"""Marks every link as moved that has an event after this position, for somebody who does not trust the marks."""

_WRITTEN_TO = "UPDATE view_progress SET position = ?"
_WRITTEN_ON = "UPDATE view_progress SET position = position + ?"

_LINK_EVENTS = frozenset(get_args(LinkEvent))

_TITLE, _NAME = FieldName("title"), FieldName("name")

_WHY_GONE = {
    Evidence.TOMBSTONE: "the remote says that it was deleted",
    Evidence.ABSENT: "it is no longer listed, and not there when asked for; it may be hidden from us",
    Evidence.CONFIRMED: "it was deleted: not listed and not there, while other records are",
    Evidence.OURS: "we deleted it",
}


def changes_of(recorded: Recorded) -> Iterable[Change]:
    """What a stored event changes in the views, as statements to run in this order; `write_views` adds who moved."""
    return _CHANGES[recorded.event.__class__](recorded, recorded.event)


def write_views(cursor: Cursor, events: Iterable[Recorded]) -> None:
    """
    Bring the views up to these events.

    Raises:
        IntegrityError: of the database; a link would get a second open decision.
    """
    moved: dict[str, int] = {}
    number = position = 0
    for recorded in events:
        number, position = number + 1, recorded.position
        for statement, parameters in changes_of(recorded):
            execute(cursor, statement, parameters)
        if recorded.event.__class__ in _LINK_EVENTS:
            moved[recorded.stream_id.hex] = recorded.version
    cursor.executemany(_MOVED, moved.items())
    # Events that are stored just now do not know their position yet; those that are read from the log do.
    cursor.execute(*(_WRITTEN_TO, (position,)) if position else (_WRITTEN_ON, (number,)))


def title_of(fields: FieldValues) -> str | None:
    """The name people would call a record with these fields."""
    title = fields.get(_TITLE)
    if title is None:
        title = fields.get(_NAME)
    return title if isinstance(title, str) else None


def _unparked(link: str, *subjects: str) -> Change:
    return _UNPARKED.format(", ".join("?" * len(subjects))), (link, *subjects)


def _observed(recorded: Recorded, event: RecordObserved) -> list[Change]:
    ref, link = event.ref, recorded.stream_id.hex
    digest, title = fingerprint(event.fields), title_of(event.fields)
    row = (ref.endpoint, ref.container, ref.record_id, link, event.kind, digest, event.revision, event.label, title)
    return [(_OBSERVED, row), _unparked(link, f"gone:{ref.endpoint}")]


def _gone(recorded: Recorded, event: RecordGone) -> list[Change]:
    ref = event.ref
    subject, since = f"gone:{ref.endpoint}", time_to_text(recorded.recorded_at)
    return [
        (_GONE, (event.evidence.value, ref.endpoint, ref.container, ref.record_id)),
        (_PARKED, (recorded.stream_id.hex, subject, _WHY_GONE[event.evidence], since)),
    ]


def _intended(recorded: Recorded, event: WritesIntended) -> list[Change]:
    link, since = recorded.stream_id.hex, time_to_text(recorded.recorded_at)
    changes: list[Change] = [(_DECIDED, (link, recorded.version))] if event.writes else []
    decided_again = {f"field:{name}" for fields in event.basis.values() for name in fields} | event.moot
    for write in event.writes:
        changes.append((_OPENED, (write.intent_id, link, write.endpoint, since)))
        decided_again.add(f"write:{write.endpoint}")
    if decided_again:
        changes.append(_unparked(link, *decided_again))
    return changes


def _confirmed(recorded: Recorded, event: WriteConfirmed) -> list[Change]:
    ref, link = event.ref, recorded.stream_id.hex
    if not event.fields:  # a delete
        gone = _GONE, (Evidence.OURS.value, ref.endpoint, ref.container, ref.record_id)
        return [gone, *_settled(recorded, event)]
    digest, title = fingerprint(event.fields), title_of(event.fields)
    row = (ref.endpoint, ref.container, ref.record_id, link, link, digest, event.revision, event.label, title)
    return [(_CONFIRMED, row), _unparked(link, f"gone:{ref.endpoint}"), *_settled(recorded, event)]


def _settled(recorded: Recorded, event: WriteConfirmed | WriteRejected | WriteOvertaken) -> list[Change]:
    link = recorded.stream_id.hex
    return [(_SETTLED, (event.intent_id,)), (_ALL_SETTLED, (link, link))]


def _rejected(recorded: Recorded, event: WriteRejected) -> list[Change]:
    since = time_to_text(recorded.recorded_at)
    return [(_REFUSED, (event.reason, since, event.intent_id)), *_settled(recorded, event)]


def _postponed(_: Recorded, event: WritePostponed) -> list[Change]:
    return [(_POSTPONED, (time_to_text(event.not_before), event.outcome, event.reason, event.intent_id))]


def _conflict(recorded: Recorded, event: ConflictParked) -> list[Change]:
    since = time_to_text(recorded.recorded_at)
    return [(_PARKED, (recorded.stream_id.hex, f"field:{event.field}", event.reason, since))]


def _resolved(recorded: Recorded, event: ConflictResolved) -> list[Change]:
    return [_unparked(recorded.stream_id.hex, f"field:{event.field}")]


def _copied(recorded: Recorded, event: CopyFound) -> list[Change]:
    since = time_to_text(recorded.recorded_at)
    name = event.label or title_of(event.fields) or event.ref
    reason = f"{name} {event.relation} this item and is another record"
    return [(_PARKED, (recorded.stream_id.hex, f"copy:{event.ref}", reason, since))]


def _copy_settled(recorded: Recorded, event: CopySettled) -> list[Change]:
    return [_unparked(recorded.stream_id.hex, f"copy:{event.ref}")]


def _closed(recorded: Recorded, _: LinkClosed) -> list[Change]:
    return [(_CLOSED, (recorded.stream_id.hex,))]


def _claimed(_: Recorded, event: ClaimTaken) -> list[Change]:
    ref, link = event.ref, event.link_id.hex
    return [(_CLAIMED, (ref.endpoint, ref.container, ref.record_id, link, link, b""))]


def _released(_: Recorded, event: ClaimReleased) -> list[Change]:
    ref = event.ref
    return [(_RELEASED, (ref.endpoint, ref.container, ref.record_id, event.link_id.hex))]


def _advanced(recorded: Recorded, event: CursorAdvanced) -> list[Change]:
    return [(_ADVANCED, (event.endpoint, event.container, event.cursor, recorded.version))]


def _nothing(_: Recorded, __: CopyMissed | PassStarted | PassFinished) -> list[Change]:
    return []


_CHANGES: dict[type[Any], Callable[[Recorded, Any], list[Change]]] = {
    **NOTICES,
    RecordObserved: _observed,
    RecordGone: _gone,
    WritesIntended: _intended,
    WriteConfirmed: _confirmed,
    WriteRejected: _rejected,
    WritePostponed: _postponed,
    WriteOvertaken: _settled,
    ConflictParked: _conflict,
    ConflictResolved: _resolved,
    CopyFound: _copied,
    CopyMissed: _nothing,
    CopySettled: _copy_settled,
    LinkClosed: _closed,
    ClaimTaken: _claimed,
    ClaimReleased: _released,
    CursorAdvanced: _advanced,
    PassStarted: _nothing,
    PassFinished: _nothing,
}
