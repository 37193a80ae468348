"""
The lease as a row of the log: who may write, and by which taking of the lease.

Every taking has a number, the epoch, and every transaction that writes asks for it. So whoever was paused while somebody
else took the lease finds another epoch in the log when it wakes up, and stores nothing, whatever it believes to hold.
"""

from datetime import datetime, timedelta

from attrs import frozen

from syncengine.adapters.event_converter import time_from_text, time_to_text
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import execute, text_of
from syncengine.adapters.log_place import LEASE_TIME_S

TABLE = """
    CREATE TABLE log_lease (
        slot INTEGER PRIMARY KEY CHECK (slot = 1), epoch INTEGER NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL,
        command TEXT NOT NULL, since TEXT NOT NULL, renewed_at TEXT NOT NULL, expires_at TEXT)"""

# Higher than the last, also when the row was lost: the seals over the events know the epochs, too.
_TAKE = """
    INSERT INTO log_lease (slot, epoch, pid, host, command, since, renewed_at, expires_at)
    VALUES (1, COALESCE((SELECT epoch FROM log_chain ORDER BY position DESC LIMIT 1), 0) + 1, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (slot) DO UPDATE SET
        epoch = CASE WHEN log_lease.epoch < excluded.epoch THEN excluded.epoch ELSE log_lease.epoch + 1 END,
        pid = excluded.pid, host = excluded.host, command = excluded.command,
        since = excluded.since,
        renewed_at = excluded.renewed_at, expires_at = excluded.expires_at"""
EPOCH = "SELECT epoch FROM log_lease"
_ROW = "SELECT epoch, pid, host, command, since, renewed_at, expires_at FROM log_lease"
_RENEW = "UPDATE log_lease SET renewed_at = ?, expires_at = ? WHERE epoch = ?"
_GIVE_BACK = "UPDATE log_lease SET expires_at = NULL WHERE epoch = ?"


@frozen(kw_only=True)
class LeaseHolder:
    """
    Who writes a log.

    Attributes:
        since: aware UTC, ISO 8601.
        command: what people would know the process by.
    """

    pid: int
    host: str
    command: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


@frozen(kw_only=True)
class LeaseRow:
    """
    What the log says about its lease.

    Attributes:
        epoch: number of takings so far; the last one may write.
        renewed_at: aware UTC; when the holder last showed that it lives.
        expires_at: when it counts as gone without another renewal; None when it gave the lease back.
    """

    epoch: int
    holder: LeaseHolder
    renewed_at: datetime
    expires_at: datetime | None


def take(cursor: Cursor, holder: LeaseHolder, now: datetime, *, lasts_s: float = LEASE_TIME_S) -> int:
    """
    Make this holder the one who may write, within a transaction; the epoch, which is its own once that is committed.

    Args:
        lasts_s: seconds without a renewal after which it counts as gone.
    """
    execute(cursor, _TAKE, (holder.pid, holder.host, holder.command, holder.since, *_times(now, lasts_s)))
    ((epoch,),) = cursor.execute(EPOCH).fetchall()
    return int(epoch)


def epoch_in(cursor: Cursor) -> int:
    """The epoch that may write; 0 when the lease was never taken."""
    row = cursor.execute(EPOCH).fetchone()
    return int(row[0]) if row else 0


def lease_row(cursor: Cursor) -> LeaseRow | None:
    """The whole row; None when the lease was never taken."""
    row = cursor.execute(_ROW).fetchone()
    if row is None:
        return None
    epoch, pid, host, command, since, renewed_at, expires_at = row
    return LeaseRow(
        epoch=epoch,
        holder=LeaseHolder(pid=pid, host=text_of(host), command=text_of(command), since=since),
        renewed_at=time_from_text(renewed_at),
        expires_at=time_from_text(expires_at) if expires_at is not None else None,
    )


def renew(cursor: Cursor, epoch: int, now: datetime, *, lasts_s: float = LEASE_TIME_S) -> None:
    """Show that the holder of this epoch lives."""
    cursor.execute(_RENEW, (*_times(now, lasts_s), epoch))


def give_back(cursor: Cursor, epoch: int) -> None:
    """Say that the holder of this epoch is done; somebody else's lease stays as it is."""
    cursor.execute(_GIVE_BACK, (epoch,))


def _times(now: datetime, lasts_s: float) -> tuple[str, str]:
    return time_to_text(now), time_to_text(now + timedelta(seconds=lasts_s))
