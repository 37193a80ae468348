"""
The event log, in a file or in a PostgreSQL database, on the `eventsourcing` library.

Importing this module does not import the library; opening a log does. See `eventsourcing_bridge` for why that matters.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from attrs import frozen

from syncengine.adapters.fence import Fence, utc_now
from syncengine.adapters.heartbeat import Heartbeat
from syncengine.adapters.inbox import LogInbox
from syncengine.adapters.lease_row import EPOCH, LeaseHolder
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_database import LogDatabase
from syncengine.adapters.log_place import LogPlace, require_postgres
from syncengine.adapters.log_reader import LogReader
from syncengine.adapters.log_tables import (
    full_listing_of,
    note_full_listing,
    note_probe,
    note_rules,
    rebuild,
    views_are_current,
)
from syncengine.adapters.log_transaction import log_transaction
from syncengine.adapters.log_writer import LogWriter, Submit
from syncengine.adapters.sqlite_database import open_sqlite
from syncengine.adapters.stored_rows import LAST_POSITION, NEXT_PAGE, ONE_STREAM, PAGE, STREAM_VERSION, events_in
from syncengine.adapters.view_tables import QUIET
from syncengine.adapters.views import LogViews
from syncengine.domain.identity import ContainerId, EndpointName, LinkId
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import EventLogError, LeaseLost, LogMisconfigured

T = TypeVar("T")

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Told how many events of how many are done."""


@frozen(eq=False, kw_only=True)
class OpenLog:
    """
    An open event log; `open_log` makes one.

    Attributes:
        path: its file, or its database.
        views: the tables beside the events.
        heartbeat: signs of life for `status`.
        inbox: what persons asked for.
        lease: the right to write; None when the log was opened for reading only.
    """

    path: LogPlace
    views: LogViews
    heartbeat: Heartbeat
    inbox: LogInbox
    lease: Fence | None
    _database: LogDatabase
    _reader: LogReader
    _submit: Submit
    _now: Callable[[], datetime]

    async def append(self, *appends: Append, caused_by: str) -> None:
        """
        Store all these events in one transaction, together with what they change in the views; durable on return.

        Appends that wait at the same time share a transaction; one that fails does so alone. A cancelled caller's events
        may be stored all the same.

        Raises:
            ConcurrentAppend: one of the streams is longer than its `after_version`; nothing was stored.
            EventLogError: the log cannot be written, or was opened for reading only.
        """
        events = list(_in_envelopes(appends, recorded_at=self._now(), caused_by=caused_by))
        if events:
            await self._submit(partial(self._database.store, appends=appends, events=events))

    async def mark_quiet(self, versions: Mapping[LinkId, int]) -> None:
        """
        Remember that these links need nothing at these versions; one transaction, none when there are none.

        Raises:
            EventLogError: the log cannot be written.
        """
        if versions:
            rows = [(link_id.hex, version) for link_id, version in versions.items()]
            await self._submit(partial(_quieten, rows))

    async def note_rules(self, mark: str) -> None:
        """
        Remember by which rules every link was last looked at.

        Raises:
            EventLogError: the log cannot be written.
        """
        await self._submit(partial(note_rules, mark=mark))

    async def note_full_listing(self, endpoint: EndpointName, container: ContainerId, *, at: datetime) -> None:
        """
        Remember when a container was last listed from the start (`at`, aware UTC).

        Raises:
            EventLogError: the log cannot be written.
        """
        await self._submit(partial(note_full_listing, name=full_listing_of(endpoint, container), at=at))

    async def load(self, stream_id: UUID) -> Sequence[Recorded]:
        """
        All events of a stream in order; empty when there are none.

        Raises:
            UnknownEvent, NewerEvent, EventUnreadable: with stream and position.
            EventLogError: the file cannot be read.
        """
        return list(events_in(self._reader.rows(ONE_STREAM, (stream_id.hex,)), self.path))

    def all_events(self, start: int = 1) -> Iterator[Recorded]:
        """
        Every event from this position on, in the order of the log; held a page at a time.

        Raises:
            EventLogError: as `load` does, when the event is reached.
        """
        after = start - 1
        while rows := self._reader.rows(NEXT_PAGE, (after,)):
            yield from events_in(rows, self.path)
            after = rows[-1][0]
            if len(rows) < PAGE:
                return

    def stream_version(self, stream_id: UUID) -> int:
        """Version of the last event of a stream; 0 when there is none. One look into an index."""
        ((version,),) = self._reader.rows(STREAM_VERSION, (stream_id.hex,))
        return int(version)

    def max_position(self) -> int:
        """Position of the last event of the log; 0 when it is empty."""
        ((position,),) = self._reader.rows(LAST_POSITION)
        return int(position)

    def require_lease(self) -> None:
        """
        See that nobody took the lease meanwhile; for the last moment before something that cannot be taken back.

        A short local look. Nothing to see on a log that was opened for reading only.

        Raises:
            LeaseLost: somebody did; what is to be done now is theirs.
            EventLogError: the file cannot be read.
        """
        if self.lease is not None and self._reader.row(EPOCH) != (self.lease.epoch,):
            raise LeaseLost(f"somebody else took the event log {self.path} meanwhile; nothing is sent any more")

    async def probe(self) -> None:
        """
        Find out whether the log can be written, by making a note beside the events durable that means nothing.

        Raises:
            EventLogError: it cannot; says why and what to do.
        """
        await self._submit(partial(note_probe, now=self._now()))

    def durability(self) -> str:
        """How commits are made durable, for people: "WAL, synchronous=FULL"."""
        return self._database.durability()

    def writer(self) -> LeaseHolder | None:
        """Who is writing the log now; None when nobody is, as far as can be told from here."""
        return self._database.writer()

    def views_are_current(self) -> bool:
        """Whether this version of the program would make the views as they are; `open_log` sees to it."""
        return views_are_current(self._reader)

    async def rebuild_views(self, progress: Progress | None = None) -> int:
        """
        Drop the views and make them again from the events, in one transaction; the number of events read.

        Args:
            progress: called in the event loop of the caller.

        Raises:
            EventLogError: an event cannot be read, or the log cannot be written; the views are as they were.
        """
        loop = asyncio.get_running_loop()

        def told(done: int, of: int) -> None:
            if progress is not None:
                loop.call_soon_threadsafe(progress, done, of)

        return await self._submit(partial(rebuild, path=self.path, progress=told), alone=True)


@asynccontextmanager
async def open_log(
    path: LogPlace, *, read_only: bool = False, now: Callable[[], datetime] = utc_now, command: str | None = None
) -> AsyncIterator[OpenLog]:
    """
    The log at this place, made when there is none; alone in writing it, while inside.

    Args:
        read_only: only look, also while another process writes; there must be a log.
        now: aware UTC.
        command: what another process that wants to write is told about this one.

    Raises:
        AnotherWriter: another process writes it; says who.
        LogDamaged: it is not as it was stored; says up to where it is.
        NewerEvent: a newer version made it.
        EventLogError: the file cannot be used; says why and what to do.
    """
    with ExitStack() as stack:
        database = _opener_of(path)(stack, read_only=read_only, now=now, command=command)
        log = log_in(database, submit=_writer_for(stack, database), now=now)
        if not database.views_sound:
            _log.warning("the tables beside the events in %s were damaged and are made anew; check the disk", path)
        if not (database.views_sound and log.views_are_current()):
            if read_only:
                raise LogMisconfigured(
                    f"the views of the event log {path} were made by another version; run `syncengine rebuild-views`"
                )
            await log.rebuild_views()
        yield log


def _opener_of(place: LogPlace) -> Callable[..., LogDatabase]:
    if isinstance(place, Path):
        return partial(open_sqlite, path=place)
    require_postgres()
    from syncengine.adapters.postgres.database import open_postgres

    return partial(open_postgres, place=place)


def log_in(database: LogDatabase, *, submit: Submit, now: Callable[[], datetime]) -> OpenLog:
    """
    The log in a database that is open.

    Args:
        submit: how what is to be written gets into a transaction.
        now: aware UTC.
    """
    reader = LogReader(database.cursor, database.trouble)
    return OpenLog(
        path=database.place,
        views=LogViews(reader),
        heartbeat=Heartbeat(reader, submit),
        inbox=LogInbox(reader, submit),
        lease=database.lease,
        database=database,
        reader=reader,
        submit=submit,
        now=now,
    )


def _writer_for(stack: ExitStack, database: LogDatabase) -> Submit:
    lease = database.lease
    if lease is None:
        return _Refuse(database.place)
    transaction = partial(log_transaction, database.transaction, database.place, lease)
    writer = LogWriter(transaction, database.trouble, idle_s=lease.renew_every_s)
    stack.callback(writer.close)
    return writer.submit


@frozen
class _Refuse:
    """In place of a writer, for a log that is only looked at."""

    path: LogPlace

    async def __call__(self, work: Callable[[Cursor], T], *, alone: bool = False) -> T:
        del work, alone
        raise EventLogError(f"the event log {self.path} was opened for reading only")


def _in_envelopes(appends: Iterable[Append], *, recorded_at: datetime, caused_by: str) -> Iterator[Recorded]:
    for append in appends:
        for version, event in enumerate(append.events, start=append.after_version + 1):
            yield Recorded(
                stream_id=append.stream_id, version=version, event=event, recorded_at=recorded_at, caused_by=caused_by
            )


def _quieten(rows: Sequence[tuple[str, int]], cursor: Cursor) -> None:
    cursor.executemany(QUIET, rows)
