"""Short reads of the log's file, each seeing everything committed before it began."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from attrs import frozen

from syncengine.adapters.log_file import execute, log_trouble


@frozen
class LogReader:
    """Reads on connections that are never kept waiting by the writer; may be used from any thread."""

    path: Path
    connection: Callable[[], AbstractContextManager[sqlite3.Connection]]

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """
        All rows of a query.

        Raises:
            EventLogError: the file cannot be read, or the log is closed.
        """
        try:
            with self.connection() as connection:
                cursor = connection.cursor()
                cursor.row_factory = None
                return execute(cursor, statement, parameters).fetchall()
        except Exception as error:
            raise log_trouble(self.path, error) from error

    def row(self, statement: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None; raises as `rows` does."""
        rows = self.rows(statement, parameters)
        return rows[0] if rows else None
