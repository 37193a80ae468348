"""Logs that many processes want to write: how they are opened, taken away, and read afterwards. One class a kind of log."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_check import check_log
from syncengine.adapters.log_place import LEASE_TIME_S, PostgresPlace, is_url, place_of
from tests.fixtures.postgres_server import cursor_at, postgres_server


@frozen
class Stored:
    """An event: its place in the log, the taking of the lease that its seal names, and who says to have stored it."""

    position: int
    epoch: int
    caused_by: str


class Contested(Protocol):
    """A log for a contest; another kind of log needs another class and a line in `opened`."""

    @property
    def address(self) -> str:
        """What a process opens."""

    @property
    def takeover_s(self) -> float:
        """Seconds within which a killed holder must be followed."""

    @property
    def patience_each_s(self) -> float:
        """Seconds by which the longest pause between two attempts grows with each process, so that many ask no more often."""

    def let_others_in(self) -> None:
        """Do what makes a paused holder lose its lease."""

    def is_in_transaction(self) -> bool:
        """Whether somebody is in the middle of a transaction that writes; one who is paused there is followed by nobody."""

    def stored(self) -> Sequence[Stored]:
        """Every event, in order."""

    def troubles(self) -> Sequence[str]:
        """What is wrong with the log as such."""


def opened(address: str, *, command: str) -> AbstractAsyncContextManager[Any]:
    """The log at an address, for writing."""
    return open_log(place_of(address, lease_s=LEASE_S if is_url(address) else None), command=command)


@frozen
class SqliteContested:
    """A log in a file."""

    path: Path
    takeover_s: float = LEASE_TIME_S
    patience_each_s: float = 0.02

    @property
    def address(self) -> str:
        """The path."""
        return str(self.path)

    def let_others_in(self) -> None:
        """As somebody does who tidies up."""
        self.path.with_name(f"{self.path.name}.lock").unlink()

    def is_in_transaction(self) -> bool:
        """Tried out."""
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=0)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
            return False

    def stored(self) -> Sequence[Stored]:
        """From the tables themselves."""
        statement = """
            SELECT rowid, (SELECT epoch FROM log_chain WHERE position >= stored_events.rowid ORDER BY position LIMIT 1),
                json_extract(CAST(state AS TEXT), '$.by')
            FROM stored_events ORDER BY rowid"""
        with closing(sqlite3.connect(self.path)) as connection:
            return [Stored(*row) for row in connection.execute(statement)]

    def troubles(self) -> Sequence[str]:
        """As `syncengine verify`."""
        return [finding.told for finding in check_log(self.path).troubles]


LEASE_S = 3.0
"""Seconds after which a silent holder of a log in a database is followed; short, for a contest has many rounds."""


@frozen
class PostgresContested:
    """A log in a database, where nothing but the time says that a holder is gone."""

    place: PostgresPlace
    takeover_s: float = LEASE_TIME_S
    patience_each_s: float = 0.1  # an attempt costs the server a connection

    @property
    def address(self) -> str:
        """The URL."""
        return self.place.url.reveal()

    def let_others_in(self) -> None:
        """By waiting, which is what everybody does."""

    def is_in_transaction(self) -> bool:
        """As the server says; it ends such a transaction itself, but then nobody sees that the holder was paused."""
        with cursor_at(self.place) as cursor:
            ((number,),) = cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid::bigint = "
                "hashtextextended('syncengine log in ' || current_schema(), 0) & 4294967295"
            ).fetchall()
        return bool(number)

    def stored(self) -> Sequence[Stored]:
        """From the tables themselves."""
        statement = """
            SELECT rowid, (SELECT epoch FROM log_chain WHERE position >= stored_events.rowid ORDER BY position LIMIT 1),
                convert_from(state, 'UTF8')::json->>'by'
            FROM stored_events ORDER BY rowid"""
        with cursor_at(self.place) as cursor:
            return [Stored(*row) for row in cursor.execute(statement).fetchall()]

    def troubles(self) -> Sequence[str]:
        """As `syncengine verify`."""
        return [finding.told for finding in check_log(self.place).troubles]


@contextmanager
def postgres_contested(folder: Path) -> Iterator[PostgresContested]:
    """A log on a server of its own."""
    with postgres_server() as server:
        yield PostgresContested(server.new_place(folder))
