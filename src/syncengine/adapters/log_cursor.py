"""
What the parts of a log ask of a cursor, whichever database it belongs to.

Statements are written once, in words that SQLite and PostgreSQL both know, with `?` for parameters and `rowid` for the
order in which rows were added; `postgres_dialect` says what becomes of the few that differ.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

TABLE_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table'"
"""The names of all tables; every database has its own words for that."""


class Cursor(Protocol):
    """A cursor whose rows are tuples; `sqlite3.Cursor` is one."""

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> "Cursor":
        """Run a statement; the rows are those of this cursor."""

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run a statement once for each of these parameters."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left."""


def upsert(table: str, *, key: Sequence[str], values: Sequence[str] = (), given: str | None = None) -> str:
    """
    A statement that puts a row in the place of the one with the same key.

    Args:
        key: columns that are unique together.
        values: the other columns.
        given: where the rows come from: a query with one column for each of `key` and `values`; parameters when None.
    """
    columns = (*key, *values)
    rows = given or f"VALUES ({', '.join('?' * len(columns))})"
    change = ", ".join(f"{name} = excluded.{name}" for name in values)
    done = f"UPDATE SET {change}" if change else "NOTHING"
    return f"INSERT INTO {table} ({', '.join(columns)}) {rows} ON CONFLICT ({', '.join(key)}) DO {done}"
