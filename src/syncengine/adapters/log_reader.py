"""Short reads of a log, each seeing everything committed before it began."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from attrs import frozen

from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import execute
from syncengine.errors import EventLogError


@frozen
class LogReader:
    """
    Reads that are never kept waiting by the writer; may be used from any thread.

    Attributes:
        cursor: lends a cursor.
        trouble: turns whatever the database raises into what people are told.
    """

    cursor: Callable[[], AbstractContextManager[Cursor]]
    trouble: Callable[[BaseException], EventLogError]

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """
        All rows of a query.

        Raises:
            EventLogError: the log cannot be read, or is closed.
        """
        try:
            with self.cursor() as cursor:
                return execute(cursor, statement, parameters).fetchall()
        except Exception as error:
            raise self.trouble(error) from error

    def row(self, statement: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None; raises as `rows` does."""
        rows = self.rows(statement, parameters)
        return rows[0] if rows else None
