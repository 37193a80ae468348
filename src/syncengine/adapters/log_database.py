"""What an open log needs of the database that holds it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from syncengine.adapters.fence import Fence
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_place import LogPlace
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import EventLogError


class LogDatabase(Protocol):
    """A database that was found to hold a log, or was made to hold one."""

    @property
    def place(self) -> LogPlace:
        """Where it is."""

    @property
    def lease(self) -> Fence | None:
        """The right to write; None when it was opened for reading only."""

    @property
    def views_sound(self) -> bool:
        """Whether the tables beside the events say what the events say, as far as somebody looked."""

    def transaction(self) -> AbstractContextManager[Cursor]:
        """A transaction that holds the lock for writing from its start; for one thread at a time."""

    def cursor(self) -> AbstractContextManager[Cursor]:
        """A cursor for a short read, in any thread."""

    def store(self, cursor: Cursor, *, appends: Sequence[Append], events: Sequence[Recorded]) -> None:
        """
        Store these appends, whose events these are, and what they change in the views, within a transaction.

        Raises:
            ConcurrentAppend: a stream is longer than an append expects.
            EventLogError: a stream is shorter than an append expects, or a decision of the link is still open.
        """

    def trouble(self, error: BaseException) -> EventLogError:
        """What a failure of the database means, and what to do about it."""

    def durability(self) -> str:
        """How commits are made durable, for people."""

    def writer(self) -> LeaseHolder | None:
        """Who is writing the log now; None when nobody is, as far as can be told from here."""
