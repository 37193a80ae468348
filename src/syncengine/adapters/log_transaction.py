"""What every transaction that writes to the log does, whatever is written in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncengine.adapters import lease_row
from syncengine.adapters.hash_chain import START, last_seal, last_seals, seal_new_events
from syncengine.adapters.lease import Lease
from syncengine.adapters.log_file import write_transaction
from syncengine.adapters.view_tables import LOOK_AGAIN


@contextmanager
def log_transaction(connection: sqlite3.Connection, path: Path, lease: Lease) -> Iterator[sqlite3.Cursor]:
    """
    A transaction in which only the holder of the lease writes, and whose events get a seal; see `write_transaction`.

    Whether the lease is still ours is asked under the write lock, so nobody can take it before the commit.

    Raises:
        LeaseLost: somebody else took the lease; nothing was stored.
        LogDamaged: the last events are not those that were stored last; nothing was stored.
    """
    with write_transaction(connection) as cursor:
        lease.require(cursor)
        last = last_seal(cursor, path)
        yield cursor
        seal_new_events(cursor, last, lease.epoch)


LOOKED_AT_AGAIN = 3
"""Transactions whose links are looked at once more after a start."""


def enter(connection: sqlite3.Connection, lease: Lease) -> None:
    """
    Take the lease in the log; whoever took it before stores nothing from here on.

    That a link needs no look is a note, and no seal covers notes. When a page of the last transactions did not reach the
    disk, the notes that their links moved are lost without a trace; so these links are looked at again, which costs little.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    with write_transaction(connection) as cursor:
        epoch = lease.enter(cursor)
        seals = [START, *last_seals(cursor, LOOKED_AT_AGAIN + 1)]
        cursor.execute(LOOK_AGAIN, (seals[-min(len(seals), LOOKED_AT_AGAIN + 1)].position,))
    lease.entered(epoch)


def leave(connection: sqlite3.Connection, lease: Lease) -> None:
    """Give the lease back as far as the log can be written; the lock beside it is what the next one waits for."""
    with suppress(sqlite3.Error), write_transaction(connection) as cursor:
        lease_row.give_back(cursor, lease.epoch)
