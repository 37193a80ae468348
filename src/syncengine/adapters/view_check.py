"""Whether the views of a log say what its events say: all events are folded anew, beside the log, and compared."""

import sqlite3
from collections.abc import Sequence
from typing import Protocol

from syncengine.adapters.view_schema import TABLES, VIEWS_VERSION, make_view_tables
from syncengine.adapters.view_tables import write_views
from syncengine.engine.ports import Recorded

FOLDED_AT_ONCE = 1_000
"""Events that are held until they are written."""

_NOTES = "view_restless"
"""Rows are taken out of this table when somebody found nothing to do, which no event tells."""


class Fold:
    """
    Views made anew in the database `main` of a connection to SQLite, whatever database holds the log.

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


class ViewsOfLog(Protocol):
    """The views of a log beside those of a fold."""

    @property
    def no_table(self) -> type[Exception]:
        """What is raised where a table is missing or has other columns."""

    def views_version(self) -> str | None:
        """Which version they are of; None when that is not said."""

    def views_differ(self, table: str, *, one_way: bool) -> bool:
        """
        Whether this table has other rows in the log than in the fold.

        Args:
            one_way: rows that are in the fold only do not count.
        """


def view_trouble(log: ViewsOfLog, fold: Fold) -> str | None:
    """
    What is wrong with the views of a log, given all its events folded; None when nothing is.

    Views of another version are made anew by whoever writes the log next, and are not looked at.
    """
    fold.finish()
    if fold.impossible is not None:
        return fold.impossible
    try:
        if log.views_version() != str(VIEWS_VERSION):
            return None
        wrong = [table for table in TABLES if log.views_differ(table, one_way=table == _NOTES)]
    except log.no_table as error:
        return f"the tables beside the events cannot be read ({error})"
    return f"{', '.join(wrong)} differ from what the events say" if wrong else None


def changed_columns(tables: Sequence[str]) -> str:
    """What is said of tables that have other columns than this version makes."""
    return f"the columns of {', '.join(tables)} are not those that were made"
