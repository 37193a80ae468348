"""What is asked of appends while they are stored, and what is said when they are refused; for every database."""

from collections.abc import Sequence
from uuid import UUID

from syncengine.adapters.event_codec import CODEC
from syncengine.adapters.log_cursor import Cursor
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import ConcurrentAppend, EventLogError

_EXISTS = "SELECT 1 FROM stored_events WHERE originator_id = ? AND originator_version = ?"


def encoded(recorded: Recorded) -> tuple[str, bytes]:
    """Name and state of an event in its envelope."""
    return CODEC.encode(recorded.event, recorded_at=recorded.recorded_at, caused_by=recorded.caused_by)


def require_predecessors(cursor: Cursor, appends: Sequence[Append]) -> None:
    """
    See that no stream has a gap before what was just stored.

    Raises:
        EventLogError: one is shorter than its append expects.
    """
    for append in appends:
        before = append.stream_id.hex, append.after_version
        if append.after_version and not cursor.execute(_EXISTS, before).fetchone():
            raise EventLogError(
                f"stream {append.stream_id} has no version {append.after_version} to append to; please report this bug"
            )


def appended_first(streams: Sequence[UUID | str]) -> ConcurrentAppend:
    """One of these streams has such a version already."""
    told = ", ".join(sorted({str(stream) for stream in streams}))
    return ConcurrentAppend(f"somebody else appended first to one of the streams {told}")


def still_open(error: Exception) -> EventLogError:
    """The views refuse a second open decision of a link."""
    return EventLogError(
        f"an event was refused because its link still has an open decision; please report this bug ({error})"
    )
