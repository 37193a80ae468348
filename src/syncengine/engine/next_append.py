"""Appends to streams that only the engine itself writes, whatever their length is."""

from uuid import UUID

from syncengine.domain.events import Event
from syncengine.engine.ports import Append, EventLog


async def next_append(log: EventLog, stream_id: UUID, *events: Event) -> Append:
    """
    These events as the next ones of their stream; somebody who appends first makes it fail.

    Raises:
        EventLogError: the stream cannot be read.
    """
    return Append(stream_id=stream_id, after_version=len(await log.load(stream_id)), events=events)
