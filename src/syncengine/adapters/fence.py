"""The fence: every transaction asks in the log itself whose lease it is, before it writes anything."""

import os
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncengine.adapters import lease_row
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_place import LEASE_TIME_S, LogPlace
from syncengine.errors import LeaseLost


def utc_now() -> datetime:
    """By the clock of this computer."""
    return datetime.now(UTC)


def this_process(command: str | None, now: datetime) -> LeaseHolder:
    """
    Who we say we are.

    Args:
        command: what to call this process; its program name when None.
    """
    return LeaseHolder(
        pid=os.getpid(),
        host=socket.gethostname(),
        command=command or Path(sys.argv[0]).name or "python",
        since=now.isoformat(timespec="seconds"),
    )


class Fence(ABC):
    """
    The right to write a log, as far as the log knows it.

    Attributes:
        holder: who we say we are.
        epoch: the taking of the lease that is ours; 0 before the log was opened.
        lasts_s: seconds without a renewal after which we count as gone, where nobody can ask us.
    """

    def __init__(
        self, place: LogPlace, *, command: str | None, now: Callable[[], datetime], lasts_s: float = LEASE_TIME_S
    ) -> None:
        self.epoch = 0
        self.lasts_s = lasts_s
        self.holder = this_process(command, now())
        self._place = place
        self._now = now
        self._renewed_at = now()

    @property
    def renew_every_s(self) -> float:
        """Seconds after which the lease is renewed."""
        return self.lasts_s / 3

    def enter(self, cursor: Cursor) -> int:
        """
        Take the lease in the log itself, within a transaction.

        Returns:
            The epoch; `entered` makes it ours once the transaction is committed.
        """
        return lease_row.take(cursor, self.holder, self._time(cursor), lasts_s=self.lasts_s)

    def entered(self, epoch: int) -> None:
        """The taking of this number was committed. One that was not may be somebody else's by now."""
        self.epoch, self._renewed_at = epoch, self._now()

    def require(self, cursor: Cursor) -> None:
        """
        Let a transaction that writes go on, and renew the lease in it from time to time.

        Raises:
            LeaseLost: somebody else took the lease meanwhile; says who.
        """
        if lease_row.epoch_in(cursor) != self.epoch:
            raise LeaseLost(self._taken_away(cursor))
        now = self._now()
        if abs(now - self._renewed_at) >= timedelta(seconds=self.renew_every_s):
            lease_row.renew(cursor, self.epoch, self._time(cursor), lasts_s=self.lasts_s)
            self._renewed_at = now

    @abstractmethod
    def check(self) -> bool:
        """
        Whether the lease was ours all the time; False when it was lost and is ours again, so somebody may have written.

        A short look.

        Raises:
            LeaseLost: another process holds it now; says who.
        """

    def _time(self, cursor: Cursor) -> datetime:
        """The time by which the lease runs out, aware UTC."""
        del cursor
        return self._now()

    def _taken_away(self, cursor: Cursor) -> str:
        row = lease_row.lease_row(cursor)
        if row is None:
            return f"the event log {self._place} does not know its lease any more; restore it from a backup"
        if row.expires_at is None:
            return f"the event log {self._place} was written meanwhile by {row.holder}; the next pass reads it anew"
        return (
            f"the event log {self._place} is being written by {row.holder}; stop it or use another log; "
            "this process writes nothing until then"
        )
