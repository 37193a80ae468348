"""What somebody else does to a log or sees in it, without asking the log; for every kind of log."""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from syncengine.adapters.fence import this_process
from syncengine.adapters.lease_row import lease_row, take
from syncengine.adapters.view_schema import TABLES
from tests.fixtures.postgres_server import cursor_at
from tests.unit.adapters.sample_events import NOON


@contextmanager
def cursor_behind(place):
    """What is done with it is committed."""
    if not isinstance(place, Path):
        with cursor_at(place) as cursor:
            yield cursor
        return
    with closing(sqlite3.connect(place)) as connection:
        yield connection.cursor()
        connection.commit()


def change(place, *statements):
    """Do something behind the back of the log."""
    with cursor_behind(place) as cursor:
        for statement in statements:
            cursor.execute(statement)


def view_rows(place):
    """Every row of the views, as stored."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        for statement in TABLES.values():
            fresh.execute(statement)
        columns = {it: ", ".join(name for _, name, *_ in fresh.execute(f"PRAGMA table_info({it})")) for it in TABLES}
    with cursor_behind(place) as cursor:
        return {it: sorted(cursor.execute(f"SELECT {columns[it]} FROM {it}").fetchall(), key=repr) for it in TABLES}


def row_of(place):
    """The lease as the log has it."""
    with cursor_behind(place) as cursor:
        return lease_row(cursor)


def take_away(place, command="somebody else", now=NOON):
    """Take the lease in the log itself, as a process does that got past whatever kept it out."""
    with cursor_behind(place) as cursor:
        return take(cursor, this_process(command, now), now)
