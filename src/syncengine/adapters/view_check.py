"""Whether the views of a log say what its events say: all events are folded anew, beside the log, and compared."""

import sqlite3
from collections.abc import Sequence

from syncengine.adapters.view_schema import TABLES, VIEWS_VERSION, make_view_tables
from syncengine.adapters.view_tables import write_views
from syncengine.engine.ports import Recorded

FOLDED_AT_ONCE = 1_000
"""Events that are held until they are written."""

_VIEWS_VERSION = "SELECT value FROM log.log_facts WHERE name = 'views_version'"
_DIFFERENT = "SELECT 1 FROM (SELECT * FROM {} EXCEPT SELECT * FROM {}) LIMIT 1"
_COLUMNS = "SELECT name, type FROM pragma_table_info(?, ?)"
_NOTES = "view_restless"
"""Rows are taken out of this table when somebody found nothing to do, which no event tells."""


class Fold:
    """
    Views made anew in the database `main` of a connection to which the log is attached as `log`.

    Attributes:
        impossible: why the events cannot be folded, if so.
    """

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.impossible: str | None = None
        self._cursor = cursor
        self._waiting: list[Recorded] = []
        make_view_tables(cursor)

    def add(self, events: Sequence[Recorded]) -> None:
        """The next events."""
        self._waiting += events
        if len(self._waiting) >= FOLDED_AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Write what was added so far."""
        if self._waiting and self.impossible is None:
            try:
                write_views(self._cursor, self._waiting)
            except sqlite3.IntegrityError as error:
                first, last = self._waiting[0].position, self._waiting[-1].position
                self.impossible = f"the events {first} to {last} contradict each other ({error})"
        self._waiting = []


def view_trouble(cursor: sqlite3.Cursor, fold: Fold) -> str | None:
    """
    What is wrong with the views of the attached log, given all its events folded; None when nothing is.

    Views of another version are made anew by whoever writes the log next, and are not looked at.
    """
    fold.finish()
    if fold.impossible is not None:
        return fold.impossible
    try:
        if cursor.execute(_VIEWS_VERSION).fetchall() != [(str(VIEWS_VERSION),)]:
            return None
        wrong = [table for table in TABLES if _differs(cursor, table)]
    except sqlite3.OperationalError as error:
        return f"the tables beside the events cannot be read ({error})"
    return f"{', '.join(wrong)} differ from what the events say" if wrong else None


def _differs(cursor: sqlite3.Cursor, table: str) -> bool:
    there, anew = f"log.{table}", f"main.{table}"
    pairs = [(there, anew)] if table == _NOTES else [(there, anew), (anew, there)]
    if cursor.execute(_COLUMNS, (table, "main")).fetchall() != cursor.execute(_COLUMNS, (table, "log")).fetchall():
        return True
    return any(cursor.execute(_DIFFERENT.format(*pair)).fetchone() for pair in pairs)
