"""All tables of the log's file: made in one transaction, and the views made again when they should be others."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from syncengine.adapters import hash_chain, heartbeat, lease_row
from syncengine.adapters.event_converter import time_to_text
from syncengine.adapters.log_cursor import Cursor, upsert
from syncengine.adapters.log_file import LOG_FORMAT, check_format, mark_format, write_transaction
from syncengine.adapters.log_place import LogPlace
from syncengine.adapters.log_reader import LogReader
from syncengine.adapters.stored_rows import LAST_POSITION, NEXT_PAGE, events_in
from syncengine.adapters.view_schema import VIEWS_VERSION, make_view_tables
from syncengine.adapters.view_tables import write_views
from syncengine.domain.identity import ContainerId, EndpointName
from syncengine.errors import LogMisconfigured

_FACTS = "CREATE TABLE log_facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
_NOTES = {"log_facts": _FACTS, "heartbeat": heartbeat.TABLE}
_SINCE_SEALS = {"log_lease": lease_row.TABLE, "log_chain": hash_chain.TABLE}
_STATE = upsert("log_facts", key=("name",), values=("value",))
_FORGET = "DELETE FROM log_facts WHERE name = ?"
VIEWS_VERSION_STATED = "SELECT value FROM log_facts WHERE name = 'views_version'"
FACT = "SELECT value FROM log_facts WHERE name = ?"
RULES = "rules"
"""The fact that says by which rules every link was last looked at."""


def prepare(connection: sqlite3.Connection, path: Path, *, event_tables: Sequence[str]) -> None:
    """
    Make the tables of a new log, or see that those of an old one can be used and written; all in one transaction.

    Args:
        event_tables: statements that make the tables of the events.

    Raises:
        NewerEvent: a newer version made the log.
        LogMisconfigured: it is the database of another program.
        Exception: of the database; the log cannot be written.
    """
    with write_transaction(connection) as cursor:
        made_by = check_format(connection, path)
        bring_up_to_date(cursor, made_by, event_tables=event_tables)
        if made_by < LOG_FORMAT:
            mark_format(cursor)


def bring_up_to_date(cursor: Cursor, made_by: int, *, event_tables: Sequence[str]) -> None:
    """
    Make the tables that a log of an older format does not have, within a transaction.

    Args:
        made_by: its format; 0 for a new log.
        event_tables: statements that make the tables of the events.
    """
    if not made_by:
        for statement in (*event_tables, *_NOTES.values()):
            cursor.execute(statement)
        make_view_tables(cursor)
        state(cursor, "views_version", str(VIEWS_VERSION))
    if made_by < LOG_FORMAT:
        for statement in _SINCE_SEALS.values():
            cursor.execute(statement)
        hash_chain.seal_old_events(cursor)


def tables_beside(log_format: int) -> Mapping[str, str]:
    """The tables of a log of this format, events and views aside, and the statements that make them."""
    return _NOTES if log_format < hash_chain.SEALED_SINCE else _NOTES | _SINCE_SEALS


def note_tables(log_format: int) -> Sequence[str]:
    """Names of the tables with notes beside events and views, which no seal covers."""
    return [*_NOTES, *(name for name in _SINCE_SEALS if log_format >= hash_chain.SEALED_SINCE and name != "log_chain")]


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """
    The file holds a log that this version can read.

    Raises:
        NewerEvent: a newer version made the log.
        LogMisconfigured: it is the database of another program, or empty.
        Exception: of the database; the log cannot be read.
    """
    if not check_format(connection, path):
        raise LogMisconfigured(f"the event log {path} is empty; run a sync first or check the path")


def views_are_current(reader: LogReader) -> bool:
    """Whether this version would make the views as they are; raises `EventLogError` when the file cannot be read."""
    return reader.row(VIEWS_VERSION_STATED) == (str(VIEWS_VERSION),)


def state(cursor: Cursor, name: str, value: str) -> None:
    """Write down a fact about the log, in the place of what was said before."""
    cursor.execute(_STATE, (name, value))


def forget(cursor: Cursor, name: str) -> None:
    """Say nothing about this any more."""
    cursor.execute(_FORGET, (name,))


def note_probe(cursor: Cursor, *, now: datetime) -> None:
    """Write down that somebody tried to write at this time; raises what the database raises when it cannot be written."""
    # A row that stays as it is may not be written at all, and then the disk is not asked.
    forget(cursor, "probed_at")
    state(cursor, "probed_at", time_to_text(now))


def note_rules(cursor: Cursor, *, mark: str) -> None:
    """Write down by which rules every link was last looked at."""
    state(cursor, RULES, mark)


def full_listing_of(endpoint: EndpointName, container: ContainerId) -> str:
    """The name of the fact that says when a container was last listed from the start."""
    return f"full_listing {endpoint}/{container}"


def note_full_listing(cursor: Cursor, *, name: str, at: datetime) -> None:
    """Write down when a container was last listed from the start."""
    state(cursor, name, time_to_text(at))


def rebuild(cursor: Cursor, *, path: LogPlace, progress: Callable[[int, int], object]) -> int:
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
    state(cursor, "views_version", str(VIEWS_VERSION))
    return done
