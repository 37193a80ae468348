"""All tables of the log's file: made in one transaction, and the views made again when they should be others."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from syncengine.adapters import hash_chain, heartbeat, lease_row
from syncengine.adapters.event_converter import time_to_text
from syncengine.adapters.log_file import LOG_FORMAT, check_format, mark_format, write_transaction
from syncengine.adapters.log_reader import LogReader
from syncengine.adapters.stored_rows import LAST_POSITION, NEXT_PAGE, events_in
from syncengine.adapters.view_schema import VIEWS_VERSION, make_view_tables
from syncengine.adapters.view_tables import write_views
from syncengine.errors import LogMisconfigured

_FACTS = "CREATE TABLE log_facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
_NOTES = {"log_facts": _FACTS, "heartbeat": heartbeat.TABLE}
_SINCE_SEALS = {"log_lease": lease_row.TABLE, "log_chain": hash_chain.TABLE}
_COLUMNS = 'SELECT name, type, "notnull", pk FROM pragma_table_info(?, ?)'
_STATE_VIEWS_VERSION = "INSERT OR REPLACE INTO log_facts (name, value) VALUES ('views_version', ?)"
_PROBED = "INSERT OR REPLACE INTO log_facts (name, value) VALUES ('probed_at', ?)"
_VIEWS_VERSION = "SELECT value FROM log_facts WHERE name = 'views_version'"
NOTE_RULES = "INSERT OR REPLACE INTO log_facts (name, value) VALUES ('rules', ?)"
RULES = "SELECT value FROM log_facts WHERE name = 'rules'"


def prepare(connection: sqlite3.Connection, path: Path, *, event_tables: Sequence[str]) -> None:
    """
    Make the tables of a new log, or see that those of an old one can be used and written; all in one transaction.

    Args:
        event_tables: statements that make the tables of the events.

    Raises:
        NewerEvent: a newer version made the log.
        LogMisconfigured: it is the database of another program.
        sqlite3.Error: the file cannot be written.
    """
    with write_transaction(connection) as cursor:
        made_by = check_format(connection, path)
        if not made_by:
            for statement in (*event_tables, *_NOTES.values()):
                cursor.execute(statement)
            make_view_tables(cursor)
            cursor.execute(_STATE_VIEWS_VERSION, (str(VIEWS_VERSION),))
        if made_by < LOG_FORMAT:
            for statement in _SINCE_SEALS.values():
                cursor.execute(statement)
            hash_chain.seal_old_events(cursor)
            mark_format(cursor)


def changed_tables(connection: sqlite3.Connection, log_format: int) -> list[str]:
    """Names of tables, events and views aside, that have other columns in the database `log` than this version makes."""
    tables = _NOTES if log_format < hash_chain.SEALED_SINCE else _NOTES | _SINCE_SEALS
    with closing(sqlite3.connect(":memory:")) as fresh:
        for statement in tables.values():
            fresh.execute(statement)
        return [
            name
            for name in tables
            if fresh.execute(_COLUMNS, (name, "main")).fetchall() != connection.execute(_COLUMNS, (name, "log")).fetchall()
        ]


def note_tables(log_format: int) -> Sequence[str]:
    """Names of the tables with notes beside events and views, which no seal covers."""
    return [*_NOTES, *(name for name in _SINCE_SEALS if log_format >= hash_chain.SEALED_SINCE and name != "log_chain")]


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """
    The file holds a log that this version can read.

    Raises:
        NewerEvent: a newer version made the log.
        LogMisconfigured: it is the database of another program, or empty.
        sqlite3.Error: the file cannot be read.
    """
    if not check_format(connection, path):
        raise LogMisconfigured(f"the event log {path} is empty; run a sync first or check the path")


def views_are_current(reader: LogReader) -> bool:
    """Whether this version would make the views as they are; raises `EventLogError` when the file cannot be read."""
    return reader.row(_VIEWS_VERSION) == (str(VIEWS_VERSION),)


def note_probe(cursor: sqlite3.Cursor, *, now: datetime) -> None:
    """Write down that somebody tried to write at this time; raises `sqlite3.Error` when the file cannot be written."""
    cursor.execute(_PROBED, (time_to_text(now),))


def rebuild(cursor: sqlite3.Cursor, *, path: Path, progress: Callable[[int, int], object]) -> int:
    """
    Drop the views and make them again from the events, a page at a time; the number of events read.

    Args:
        progress: told how many events of how many are done.

    Raises:
        EventLogError: an event cannot be read.
    """
    make_view_tables(cursor)
    ((last,),) = cursor.execute(LAST_POSITION).fetchall()
    done = after = 0
    while rows := cursor.execute(NEXT_PAGE, (after,)).fetchall():
        write_views(cursor, events_in(rows, path))
        after = rows[-1][0]
        done += len(rows)
        progress(done, last)
    cursor.execute(_STATE_VIEWS_VERSION, (str(VIEWS_VERSION),))
    return done
