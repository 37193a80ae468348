"""
One writer per log, where the log itself is all that says so.

There is no lock of an operating system that a killed process lets go of. So the lease is free when it was given back, or
when its holder was silent for `lease_s` seconds by the clock of the server; and whoever was overtaken that way finds
another epoch in the log, and stores nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from syncengine.adapters import lease_row
from syncengine.adapters.fence import Fence
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.postgres.connection import connect, write_transaction
from syncengine.adapters.postgres.trouble import postgres_trouble
from syncengine.errors import AnotherWriter, LeaseLost

_NOW = "SELECT clock_timestamp()"


class PostgresLease(Fence):
    """
    The right to write a log in a database.

    Args:
        epoch_now: looks up the epoch that may write; raises `psycopg.Error` when it cannot.
    """

    def __init__(
        self, place: PostgresPlace, *, command: str | None, now: Callable[[], datetime], epoch_now: Callable[[], int]
    ) -> None:
        super().__init__(place, command=command, now=now, lasts_s=place.lease_s)
        self._database = place
        self._epoch_now = epoch_now

    def enter(self, cursor: Cursor) -> int:
        """
        Take the lease in the log, within a transaction; see `Fence`.

        Raises:
            AnotherWriter: somebody else holds it; says who and until when.
        """
        require_free(cursor, self._database, but_for=self.epoch)
        return super().enter(cursor)

    def check(self) -> bool:
        """See `Fence`; one question to the server."""
        try:
            if self._epoch_now() == self.epoch:
                return True
        except psycopg.Error:
            return True  # whoever reads or writes the log next finds out what is wrong with it, and says so
        try:
            with connect(self._database) as connection, write_transaction(connection) as cursor:
                epoch = self.enter(cursor)
        except AnotherWriter as error:
            raise LeaseLost(f"{error}; this process writes nothing until then") from error
        except psycopg.Error as error:
            trouble = postgres_trouble(self._database, error)
            raise LeaseLost(f"the lease was lost and cannot be taken again: {trouble}") from error
        self.entered(epoch)
        return False

    def _time(self, cursor: Cursor) -> datetime:
        return server_time(cursor)


def server_time(cursor: Cursor) -> datetime:
    """The time by the clock of the server, aware UTC; those of several computers are never compared."""
    ((now,),) = cursor.execute(_NOW).fetchall()
    time: datetime = now
    return time.astimezone(UTC)


def require_free(cursor: Cursor, place: PostgresPlace, *, but_for: int = 0) -> None:
    """
    See that nobody holds the lease.

    Args:
        but_for: an epoch that may hold it.

    Raises:
        AnotherWriter: somebody does; says who and until when.
    """
    row = lease_row.lease_row(cursor)
    if row is not None and row.epoch != but_for and is_held(row, server_time(cursor)):
        raise AnotherWriter(
            f"the event log {place} is being written by {row.holder}; stop it or use another log; if it is gone already, "
            f"wait until {row.expires_at:%H:%M:%S} UTC"
        )


def is_held(row: lease_row.LeaseRow, now: datetime) -> bool:
    """Whether somebody may still be writing by this lease, at this time of the server."""
    return row.expires_at is not None and now < row.expires_at
