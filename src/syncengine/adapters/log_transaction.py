"""What every transaction that writes to the log does, whatever is written in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
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
"""Transactions whose links are looked at once more after a start that cannot trust the notes about them."""

_NOTES = "SELECT link_id, version FROM view_restless ORDER BY link_id"
_DIGEST = "SELECT value FROM log_facts WHERE name = 'notes'"
_LEFT_WITH = "INSERT OR REPLACE INTO log_facts (name, value) VALUES ('notes', ?)"
_NOT_LEFT = "DELETE FROM log_facts WHERE name = 'notes'"


def enter(connection: sqlite3.Connection, lease: Lease) -> None:
    """
    Take the lease in the log; whoever took it before stores nothing from here on.

    Which links need no look is a note, and no seal covers notes. When a page of the last transactions did not reach the
    disk, the notes that their links moved are lost without a trace. So the notes are believed as the last holder left them;
    after one that did not come to leave them, the links of the last transactions are looked at again.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    with write_transaction(connection) as cursor:
        epoch = lease.enter(cursor)
        if cursor.execute(_DIGEST).fetchall() != [(_digest_of_notes(cursor),)]:
            seals = [START, *last_seals(cursor, LOOKED_AT_AGAIN + 1)]
            cursor.execute(LOOK_AGAIN, (seals[-min(len(seals), LOOKED_AT_AGAIN + 1)].position,))
        cursor.execute(_NOT_LEFT)
    lease.entered(epoch)


def leave(connection: sqlite3.Connection, lease: Lease) -> None:
    """Give the lease back as far as the log can be written; the lock beside it is what the next one waits for."""
    with suppress(sqlite3.Error), write_transaction(connection) as cursor:
        if lease_row.epoch_in(cursor) == lease.epoch:
            lease_row.give_back(cursor, lease.epoch)
            cursor.execute(_LEFT_WITH, (_digest_of_notes(cursor),))


def _digest_of_notes(cursor: sqlite3.Cursor) -> str:
    digest = blake2b(digest_size=16)
    for link_id, version in cursor.execute(_NOTES):
        digest.update(f"{link_id}:{version};".encode())
    return digest.hexdigest()
