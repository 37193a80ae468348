"""A log in a file: how it is opened, and what an open log asks of it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from syncengine.adapters.lease import Lease, hold_lease, writer_of
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.adapters.log_check import require_sound, require_sound_tail
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import check_path, durability, log_trouble, write_transaction
from syncengine.adapters.log_tables import check_readable, prepare
from syncengine.adapters.log_transaction import enter, leave
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import EventLogError

if TYPE_CHECKING:
    from syncengine.adapters.eventsourcing_bridge import LogApplication


@frozen(eq=False)
class SqliteDatabase:
    """The file behind an open log."""

    place: Path
    lease: Lease | None
    views_sound: bool
    _application: "LogApplication"
    _connection: sqlite3.Connection

    def transaction(self) -> AbstractContextManager[Cursor]:
        """See `write_transaction`."""
        return write_transaction(self._connection)

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """On a connection of the pool."""
        with self._application.datastore.raw_connection() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            yield cursor

    def store(self, cursor: Cursor, *, appends: Sequence[Append], events: Sequence[Recorded]) -> None:
        """See `LogRecorder.store`."""
        rows = [self._application.mapper.to_stored_event(event) for event in events]  # type: ignore[arg-type]
        self._application.log_recorder.store(cursor, appends=appends, rows=rows, events=events)

    def trouble(self, error: BaseException) -> EventLogError:
        """See `log_trouble`."""
        return log_trouble(self.place, error)

    def durability(self) -> str:
        """For example "WAL, synchronous=FULL"."""
        with self._application.datastore.raw_connection() as connection:
            return durability(connection)

    def writer(self) -> LeaseHolder | None:
        """See `writer_of`."""
        return writer_of(self.place)


def open_sqlite(
    stack: ExitStack, path: Path, *, read_only: bool, now: Callable[[], datetime], command: str | None
) -> SqliteDatabase:
    """
    The log in this file, made when there is none; what is to be closed at the end is left to the stack.

    Raises:
        AnotherWriter, LogDamaged, NewerEvent, EventLogError: as `open_log`.
    """
    from syncengine.adapters.eventsourcing_bridge import LogApplication

    check_path(path, read_only=read_only)
    lease = None if read_only else stack.enter_context(hold_lease(path, command=command, now=now))
    views_sound = True
    try:
        application = LogApplication(path, read_only=read_only)
        stack.callback(application.close)
        # A writer keeps this connection as long as the log is open; see `LogConnectionPool`.
        connection = stack.enter_context(application.datastore.raw_connection(writer=not read_only))
        if lease is None:
            check_readable(connection, path)
            require_sound_tail(path)
        else:
            begin = partial(write_transaction, connection)
            prepare(connection, path, event_tables=application.log_recorder.create_table_statements)
            views_sound = require_sound(path)
            enter(begin, lease)
            stack.callback(leave, begin, lease)
    except Exception as error:
        raise log_trouble(path, error) from error
    return SqliteDatabase(path, lease, views_sound, application, connection)
