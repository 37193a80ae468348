"""Rows of the table of events: how they are read, and what is said when one cannot be."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from uuid import UUID

from syncengine.adapters.event_codec import CODEC
from syncengine.adapters.log_place import LogPlace
from syncengine.engine.ports import Recorded
from syncengine.errors import EventLogError, EventUnreadable

PAGE = 5_000
"""Events that are held at once while the whole log is read."""

Row = tuple[int, str, int, str, bytes]
"""Position, stream, version, name and state of a stored event."""

_COLUMNS = "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events"

ONE_STREAM = f"{_COLUMNS} WHERE originator_id = ? ORDER BY originator_version"
NEXT_PAGE = f"{_COLUMNS} WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}"
AFTER = f"{_COLUMNS} WHERE rowid > ? ORDER BY rowid"
STREAM_VERSION = "SELECT COALESCE(MAX(originator_version), 0) FROM stored_events WHERE originator_id = ?"
LAST_POSITION = "SELECT COALESCE(MAX(rowid), 0) FROM stored_events"


stream_id_of = lru_cache(maxsize=1 << 14)(UUID)
"""The id in a column. Making one costs as much as reading the JSON of an event, and the same ids come again and again."""


def recorded_in(row: Row) -> Recorded:
    """
    The event in a row with its envelope.

    Raises:
        UnknownEvent, NewerEvent, EventUnreadable: saying which event it is.
    """
    position, stream, version, name, state = row
    try:
        decoded = CODEC.decode(name, state)
        return Recorded(
            stream_id=stream_id_of(stream),
            version=version,
            event=decoded.event,
            recorded_at=decoded.recorded_at,
            caused_by=decoded.caused_by,
            position=position,
        )
    except EventLogError as error:
        raise type(error)(f"event {position} (version {version} of stream {stream}): {error}") from error
    except (ValueError, AttributeError) as error:
        raise EventUnreadable(f"event {position} is damaged: {stream!r} is not the name of a stream") from error


def events_in(rows: Iterable[Row], path: LogPlace) -> Iterator[Recorded]:
    """
    The events in these rows of the log at this path.

    Raises:
        UnknownEvent, NewerEvent, EventUnreadable: saying which event of which log, and what to do.
    """
    try:
        for row in rows:
            yield recorded_in(row)
    except EventLogError as error:
        raise cannot_be_read(path, error) from error


def cannot_be_read(path: LogPlace, error: EventLogError) -> EventLogError:
    """What an event that is not understood means for the log at this path."""
    if isinstance(error, EventUnreadable):
        return EventUnreadable(f"the event log {path} is damaged; restore it from a backup ({error})")
    return type(error)(f"the event log {path} cannot be read: {error}")
