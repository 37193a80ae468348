"""A log in a file as it is at one moment, for checking it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

from syncengine.adapters.hash_chain import Seal
from syncengine.adapters.log_file import BUSY_TIMEOUT_S, check_format
from syncengine.adapters.log_report import CHECKS
from syncengine.adapters.log_tables import note_tables, tables_beside
from syncengine.adapters.stored_rows import AFTER, Row
from syncengine.adapters.view_check import Fold, changed_columns

_MOST_TROUBLES = 3
_COLUMNS = 'SELECT name, type, "notnull", pk FROM pragma_table_info(?, ?)'
_VIEWS_VERSION = "SELECT value FROM log.log_facts WHERE name = 'views_version'"
_DIFFERENT = "SELECT 1 FROM (SELECT * FROM {} EXCEPT SELECT * FROM {}) LIMIT 1"


@frozen
class SqliteSnapshot:
    """The log as `log` beside an empty database `main` that nobody else sees."""

    path: Path
    _connection: sqlite3.Connection
    no_table: type[Exception] = sqlite3.OperationalError
    file_sound: str = CHECKS["file"]

    def log_format(self) -> int:
        """See `check_format`."""
        return check_format(self._connection, self.path, schema="log")

    def cursor(self) -> sqlite3.Cursor:
        """For reading the log."""
        return self._connection.cursor()

    def rows_after(self, seal: Seal) -> Iterator[Row]:
        """Every event after those under this seal, in order."""
        return self.cursor().execute(AFTER, (seal.position,))

    def file_trouble(self, log_format: int) -> str | None:
        """What is wrong with the pages and indexes of the file, or with the columns of the tables beside the events."""
        return self._page_trouble() or self._table_trouble(log_format)

    def _page_trouble(self) -> str | None:
        rows = self._connection.execute(f"PRAGMA log.integrity_check({_MOST_TROUBLES})").fetchall()
        told = "; ".join(str(trouble) for (trouble,) in rows)
        return None if told == "ok" else told.replace("\n", " ")

    def _table_trouble(self, log_format: int) -> str | None:
        tables = tables_beside(log_format)
        with closing(sqlite3.connect(":memory:")) as fresh:
            for statement in tables.values():
                fresh.execute(statement)
            changed = [
                name
                for name in tables
                if fresh.execute(_COLUMNS, (name, "main")).fetchall()
                != self._connection.execute(_COLUMNS, (name, "log")).fetchall()
            ]
        if changed:
            return changed_columns(changed)
        try:
            for name in note_tables(log_format):
                self._connection.execute(f"SELECT * FROM log.{name}").fetchall()  # noqa: S608 - one of our own names
        except sqlite3.OperationalError as error:  # a text that is none
            return f"the notes in {name} cannot be read ({error})"
        return None

    def fold(self) -> Fold:
        """Views to be made anew beside the log."""
        return Fold(self.cursor())

    def views_version(self) -> str | None:
        """What the log says."""
        row = self.cursor().execute(_VIEWS_VERSION).fetchone()
        return str(row[0]) if row else None

    def views_differ(self, table: str, *, one_way: bool) -> bool:
        """See `ViewsOfLog`."""
        there, anew = f"log.{table}", f"main.{table}"
        pairs = [(there, anew)] if one_way else [(there, anew), (anew, there)]
        columns = [self.cursor().execute(_COLUMNS, (table, schema)).fetchall() for schema in ("main", "log")]
        if columns[0] != columns[1]:
            return True
        return any(self.cursor().execute(_DIFFERENT.format(*pair)).fetchone() for pair in pairs)


@contextmanager
def sqlite_snapshot(path: Path) -> Iterator[SqliteSnapshot]:
    """
    The log in this file; somebody may write it meanwhile.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """
    connection = sqlite3.connect("", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    with closing(connection):
        connection.execute("ATTACH ? AS log", (path.absolute().as_uri() + "?mode=ro",))
        connection.execute("BEGIN")
        yield SqliteSnapshot(path, connection)
