"""A log in a PostgreSQL database: how it is opened, and what an open log asks of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from typing import Any, cast

from attrs import frozen
from psycopg import Connection
from psycopg.rows import tuple_row

from syncengine.adapters import lease_row
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.adapters.log_check import require_sound, require_sound_tail
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import LOG_FORMAT
from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.log_tables import bring_up_to_date, state
from syncengine.adapters.log_transaction import enter, leave
from syncengine.adapters.postgres.connection import PostgresCursor, connect, durability, schema_of, write_transaction
from syncengine.adapters.postgres.lease import PostgresLease, is_held, require_free, server_time
from syncengine.adapters.postgres.log_format import FORMAT, check_format, require_log
from syncengine.adapters.postgres.recorder import Datastore, PostgresLogRecorder
from syncengine.adapters.postgres.trouble import postgres_trouble
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import EventLogError


class WriterLine:
    """The one connection that writes, made anew when it broke; what was in flight then is not made again."""

    def __init__(self, place: PostgresPlace, datastore: Datastore) -> None:
        self._place = place
        self._datastore = datastore
        self._connection: Connection[Any] | None = None

    def connection(self) -> Connection[Any]:
        """A connection that was whole when it was last used."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._place)
            self._datastore.register_on(self._connection)
        return self._connection

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()


@frozen(eq=False)
class PostgresDatabase:
    """The database behind an open log."""

    place: PostgresPlace
    lease: PostgresLease | None
    views_sound: bool
    _datastore: Datastore
    _recorder: PostgresLogRecorder
    _line: WriterLine

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """See `write_transaction`."""
        with write_transaction(self._line.connection()) as cursor:
            yield cursor

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """On a connection of the pool."""
        with reading(self._datastore) as cursor:
            yield cursor

    def store(self, cursor: Cursor, *, appends: Sequence[Append], events: Sequence[Recorded]) -> None:
        """See `PostgresLogRecorder.store`."""
        self._recorder.store(cast("PostgresCursor", cursor), appends=appends, events=events)

    def trouble(self, error: BaseException) -> EventLogError:
        """See `postgres_trouble`."""
        return postgres_trouble(self.place, error)

    def durability(self) -> str:
        """For example "PostgreSQL 18.1, synchronous_commit=on"."""
        with self._datastore.pool.connection() as connection:
            return durability(connection)

    def writer(self) -> LeaseHolder | None:
        """Who is writing the log now, or was until a moment ago."""
        with self.cursor() as cursor:
            row = lease_row.lease_row(cursor)
            return row.holder if row is not None and is_held(row, server_time(cursor)) else None


@contextmanager
def reading(datastore: Datastore) -> Iterator[PostgresCursor]:
    """A cursor for a short read."""
    with datastore.pool.connection() as connection, connection.cursor(row_factory=tuple_row) as raw:
        yield PostgresCursor(raw)


def open_postgres(
    stack: ExitStack, place: PostgresPlace, *, read_only: bool, now: Callable[[], datetime], command: str | None
) -> PostgresDatabase:
    """
    The log in this database, made when there is none; what is to be closed at the end is left to the stack.

    Raises:
        AnotherWriter, LogDamaged, NewerEvent, EventLogError: as `open_log`.
    """
    try:
        with closing(connect(place)) as first:
            schema = schema_of(first)
            asking = PostgresCursor(first.cursor())
            if check_format(asking, place) and not read_only:
                require_free(asking, place)  # a short answer for one of many who ask
        datastore = Datastore(place, schema=schema)
        datastore.pool.open()
        stack.callback(datastore.close)
        recorder = PostgresLogRecorder(datastore)
        line = WriterLine(place, datastore)
        stack.callback(line.close)
        if read_only:
            with reading(datastore) as cursor:
                require_log(cursor, place)
            require_sound_tail(place)
            return PostgresDatabase(place, None, True, datastore, recorder, line)
        _make_tables(line, place, recorder)
        datastore.register_type_adapters()
        datastore.register_on(line.connection())
        lease = PostgresLease(place, command=command, now=now, epoch_now=lambda: _epoch(datastore))
        database = PostgresDatabase(place, lease, True, datastore, recorder, line)
        enter(database.transaction, lease)
        stack.callback(leave, database.transaction, lease)
        views_sound = require_sound(place)
    except Exception as error:
        raise postgres_trouble(place, error) from error
    return PostgresDatabase(place, lease, views_sound, datastore, recorder, line)


def _make_tables(line: WriterLine, place: PostgresPlace, recorder: PostgresLogRecorder) -> None:
    with write_transaction(line.connection()) as cursor:
        made_by = check_format(cursor, place)
        if made_by < LOG_FORMAT:
            bring_up_to_date(cursor, made_by, event_tables=recorder.table_statements)
            state(cursor, FORMAT, str(LOG_FORMAT))


def _epoch(datastore: Datastore) -> int:
    with reading(datastore) as cursor:
        return lease_row.epoch_in(cursor)
