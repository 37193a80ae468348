"""A log in a PostgreSQL database as it is at one moment, for checking it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from attrs import frozen
from psycopg import Connection, IsolationLevel
from psycopg.rows import tuple_row

from syncengine.adapters.hash_chain import Seal
from syncengine.adapters.log_file import storable
from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.log_tables import VIEWS_VERSION_STATED, tables_beside
from syncengine.adapters.postgres.connection import PostgresCursor, connect
from syncengine.adapters.postgres.log_format import check_format
from syncengine.adapters.stored_rows import NEXT_PAGE, Row
from syncengine.adapters.view_check import Fold, changed_columns

_MADE = "SELECT name FROM pragma_table_info(?)"
_THERE = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
_ORDER = "rowid"
"""A column that SQLite has without being told."""


@frozen
class PostgresSnapshot:
    """The log beside an empty database in memory that nobody else sees."""

    place: PostgresPlace
    _connection: Connection[tuple[Any, ...]]
    _beside: sqlite3.Connection
    no_table: type[Exception] = psycopg.errors.UndefinedTable
    file_sound: str = "the tables are those that were made; the server looks after its pages itself"

    def log_format(self) -> int:
        """See `check_format`."""
        return check_format(self.cursor(), self.place)

    def cursor(self) -> PostgresCursor:
        """For reading the log."""
        return PostgresCursor(self._connection.cursor(row_factory=tuple_row))

    def rows_after(self, seal: Seal) -> Iterator[Row]:
        """Every event after those under this seal, in order; held a page at a time."""
        after = seal.position
        while rows := self.cursor().execute(NEXT_PAGE, (after,)).fetchall():
            yield from rows
            after = rows[-1][0]

    def file_trouble(self, log_format: int) -> str | None:
        """What is wrong with the columns of the tables beside the events; the server looks after its pages."""
        tables = tables_beside(log_format)
        for statement in tables.values():
            self._beside.execute(statement)
        changed = [name for name in tables if self._columns_there(name) != self._columns_made(name)]
        return changed_columns(changed) if changed else None

    def fold(self) -> Fold:
        """Views to be made anew beside the log."""
        return Fold(self._beside.cursor())

    def views_version(self) -> str | None:
        """What the log says."""
        row = self.cursor().execute(VIEWS_VERSION_STATED).fetchone()
        return str(row[0]) if row else None

    def views_differ(self, table: str, *, one_way: bool) -> bool:
        """See `ViewsOfLog`; holds both tables in memory."""
        columns = self._columns_made(table)
        if self._columns_there(table) != columns:
            return True
        query = f"SELECT {', '.join(sorted(columns))} FROM {table}"  # noqa: S608 - constants
        anew = set(self._beside.execute(query))
        there = {tuple(storable(value) for value in row) for row in self.cursor().execute(query)}
        return bool(there - anew) if one_way else there != anew

    def _columns_made(self, table: str) -> set[str]:
        return {str(name) for (name,) in self._beside.execute(_MADE, (table,))}

    def _columns_there(self, table: str) -> set[str]:
        return {str(name) for (name,) in self.cursor().execute(_THERE, (table,))} - {_ORDER}


@contextmanager
def postgres_snapshot(place: PostgresPlace) -> Iterator[PostgresSnapshot]:
    """
    The log in this database; somebody may write it meanwhile.

    Raises:
        psycopg.Error: it cannot be read.
    """
    with closing(connect(place)) as connection, closing(sqlite3.connect("", isolation_level=None)) as beside:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            yield PostgresSnapshot(place, connection, beside)
