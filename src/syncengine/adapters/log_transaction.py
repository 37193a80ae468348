"""What every transaction that writes to the log does, whatever is written in it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import blake2b

from syncengine.adapters import lease_row
from syncengine.adapters.fence import Fence
from syncengine.adapters.hash_chain import START, last_seal, last_seals, seal_new_events
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_place import LogPlace
from syncengine.adapters.log_tables import forget, state
from syncengine.adapters.view_tables import LOOK_AGAIN

Begin = Callable[[], AbstractContextManager[Cursor]]
"""Begins a transaction that holds the lock for writing from its start; see `write_transaction`."""


@contextmanager
def log_transaction(begin: Begin, place: LogPlace, lease: Fence) -> Iterator[Cursor]:
    """
    A transaction in which only the holder of the lease writes, and whose events get a seal.

    Whether the lease is still ours is asked under the lock for writing, so nobody can take it before the commit.

    Raises:
        LeaseLost: somebody else took the lease; nothing was stored.
        LogDamaged: the last events are not those that were stored last; nothing was stored.
    """
    with begin() as cursor:
        lease.require(cursor)
        last = last_seal(cursor, place)
        yield cursor
        seal_new_events(cursor, last, lease.epoch)


LOOKED_AT_AGAIN = 3
"""Transactions whose links are looked at once more after a start that cannot trust the notes about them."""

_NOTES = "SELECT link_id, version FROM view_restless ORDER BY link_id"
_DIGEST = "SELECT value FROM log_facts WHERE name = 'notes'"
_LEFT_WITH = "notes"


def enter(begin: Begin, lease: Fence) -> None:
    """
    Take the lease in the log; whoever took it before stores nothing from here on.

    Which links need no look is a note, and no seal covers notes. When a page of the last transactions did not reach the
    disk, the notes that their links moved are lost without a trace. So the notes are believed as the last holder left them;
    after one that did not come to leave them, the links of the last transactions are looked at again.

    Raises:
        AnotherWriter: the log itself says that somebody holds it, where nothing else does.
        Exception: of the database; it cannot be written.
    """
    with begin() as cursor:
        epoch = lease.enter(cursor)
        if cursor.execute(_DIGEST).fetchall() != [(_digest_of_notes(cursor),)]:
            seals = [START, *last_seals(cursor, LOOKED_AT_AGAIN + 1)]
            cursor.execute(LOOK_AGAIN, (seals[-min(len(seals), LOOKED_AT_AGAIN + 1)].position,))
        forget(cursor, _LEFT_WITH)
    lease.entered(epoch)


def leave(begin: Begin, lease: Fence) -> None:
    """Give the lease back as far as the log can be written."""
    # Whatever is wrong with the database was told to those who wanted something of it.
    with suppress(Exception), begin() as cursor:
        if lease_row.epoch_in(cursor) == lease.epoch:
            lease_row.give_back(cursor, lease.epoch)
            state(cursor, _LEFT_WITH, _digest_of_notes(cursor))


def _digest_of_notes(cursor: Cursor) -> str:
    digest = blake2b(digest_size=16)
    for link_id, version in cursor.execute(_NOTES):
        digest.update(f"{link_id}:{version};".encode())
    return digest.hexdigest()
