"""
The recorder of the `eventsourcing` library for PostgreSQL, fitted to our transactions; see `eventsourcing_bridge`.

The library stores ids of streams as texts here, as in our files, so that a log means the same and has the same seals in
every database. Its sequence leaves gaps where a transaction was given up; it is set back before each use, which the lock
for writing makes safe.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
import psycopg_pool
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.composite import register_composite

from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.postgres.connection import CONNECT_WITHIN_S, LOCK_WITHIN_S, PostgresCursor, conninfo_of, set_up
from syncengine.adapters.stored_appends import appended_first, encoded, require_predecessors, still_open
from syncengine.adapters.view_tables import write_views
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import EventLogError

READERS = 4
"""Connections for reading, at most; each is asked whether it lives before it is lent."""

_TABLE = "stored_events"
_SEQUENCE_BACK = """
    SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), COALESCE(MAX(rowid), 0) + 1, false)
    FROM stored_events"""
_NOT_OURS = "CREATE OR REPLACE FUNCTION"


class Datastore(PostgresDatastore):
    """The library's datastore, with connections for readers made from the whole URL."""

    def __init__(self, place: PostgresPlace, *, schema: str) -> None:
        super().__init__("", "", "", "", "", schema=schema, lock_timeout=LOCK_WITHIN_S, originator_id_type="text")
        self.pool = psycopg_pool.ConnectionPool(  # type: ignore[assignment]  # the library's differs in asking for passwords
            conninfo_of(place),
            connection_class=Connection[dict[str, Any]],
            kwargs={"row_factory": dict_row},
            configure=partial(_for_reading, place),
            check=psycopg_pool.ConnectionPool.check_connection,
            min_size=1,
            max_size=READERS,
            timeout=CONNECT_WITHIN_S,
            # Whoever asks after that tries at once; a pool that goes on by itself waits longer from time to time, up to
            # minutes, also when the server has long been back.
            reconnect_timeout=CONNECT_WITHIN_S,
            open=False,
            name="syncengine-log",
        )

    def register_on(self, connection: Connection[Any]) -> None:
        """Let this connection know the types of the library."""
        for info in self.psycopg_type_adapters.values():
            register_composite(info, connection)


class PostgresLogRecorder(PostgresApplicationRecorder):
    """Stores events, and in the same transaction what they change in the views."""

    @property
    def table_statements(self) -> Sequence[str]:
        """What makes the table of the events and what belongs to it; functions that are not used are not made."""
        statements = [statement.as_string() for statement in self.sql_create_statements]
        return [it for it in statements if not it.startswith(_NOT_OURS)]

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Refused: nobody would ask for the lease."""
        del stored_events, kwargs
        raise EventLogError("events are stored by the writer of the log; append them to the log")

    def store(self, cursor: PostgresCursor, *, appends: Sequence[Append], events: Sequence[Recorded]) -> None:
        """See `LogDatabase.store`."""
        rows = [StoredEvent(it.stream_id.hex, it.version, *encoded(it)) for it in events]
        cursor.execute(_SEQUENCE_BACK)
        try:
            self._insert_stored_events(cursor.raw, rows)  # type: ignore[arg-type]  # no rows are read by name
        except psycopg.IntegrityError as error:
            raise appended_first([it.stream_id for it in events]) from error
        try:
            write_views(cursor, events)
        except psycopg.IntegrityError as error:
            raise still_open(error) from error
        require_predecessors(cursor, appends)


def _for_reading(place: PostgresPlace, connection: Connection[Any]) -> None:
    set_up(connection, place)
    connection.execute("SET default_transaction_read_only = on")
