"""
Seals over the events: one row beside them for each transaction, a digest of its events and of the seal before it.

Whoever changes, drops, adds or reorders a stored event leaves seals behind that do not fit. A seal says also by which
taking of the lease its events were stored.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from attrs import field, frozen

from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import damaged
from syncengine.adapters.log_place import LogPlace
from syncengine.adapters.stored_rows import AFTER, LAST_POSITION, Row

TABLE = "CREATE TABLE log_chain (position INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, digest BLOB NOT NULL)"

SEALED_SINCE = 2
"""The log format from which on every transaction carries a seal."""

DIGEST_SIZE = 32
"""Bytes."""

SEALED_AT_ONCE = 1_000
"""Events under one seal when a log gets its seals later than its events."""

_LAST = "SELECT position, epoch, digest FROM log_chain ORDER BY position DESC LIMIT ?"
_ALL = "SELECT position, epoch, digest FROM log_chain ORDER BY position"
_ADD = "INSERT INTO log_chain (position, epoch, digest) VALUES (?, ?, ?)"


@frozen(kw_only=True)
class Seal:
    """
    A row of the chain.

    Attributes:
        position: of the last event it covers; those after the seal before it are covered.
        epoch: the taking of the lease by which they were stored; 0 when that is not known.
        digest: of the events and of the seal before; None when there is nothing to compare.
    """

    position: int
    epoch: int
    digest: bytes | None = field(repr=lambda digest: digest.hex() if digest is not None else "None")


START = Seal(position=0, epoch=0, digest=b"")
"""What the first seal builds on."""


class Digest:
    """The digest of a transaction, fed with its events in order."""

    def __init__(self, before: Seal, epoch: int) -> None:
        self._hash = blake2b(before.digest or b"", digest_size=DIGEST_SIZE)
        self._hash.update(b"%d:%d:" % (before.position, epoch))

    def add(self, row: Row) -> None:
        """Lengths go in, too, so that no two lists of events look the same."""
        position, stream, version, name, state = row
        head = f"{position}:{version}:{len(stream)}:{len(name)}:{len(state)}:{stream}{name}"
        self._hash.update(head.encode("utf-8", "surrogatepass"))
        self._hash.update(state)

    def value(self) -> bytes:
        """Of what was added so far."""
        return self._hash.digest()


def seal_of(before: Seal, epoch: int, rows: Iterable[Row]) -> Seal:
    """The seal over these events, of which there is at least one."""
    digest, position = Digest(before, epoch), before.position
    for row in rows:
        digest.add(row)
        position = row[0]
    return Seal(position=position, epoch=epoch, digest=digest.value())


def last_seals(cursor: Cursor, number: int) -> list[Seal]:
    """The last seals, in order."""
    rows = cursor.execute(_LAST, (number,)).fetchall()
    return [Seal(position=position, epoch=epoch, digest=digest) for position, epoch, digest in reversed(rows)]


def all_seals(cursor: Cursor) -> Iterator[Seal]:
    """Every seal, in order; the cursor is busy until the last one."""
    for position, epoch, digest in cursor.execute(_ALL):
        yield Seal(position=position, epoch=epoch, digest=digest)


def last_seal(cursor: Cursor, path: LogPlace) -> Seal:
    """
    The seal that the next one builds on, over everything that is stored.

    Raises:
        LogDamaged: the last events carry no seal, or are not there any more.
    """
    seal = next(iter(last_seals(cursor, 1)), START)
    ((position,),) = cursor.execute(LAST_POSITION).fetchall()
    if position != seal.position:
        told = f"its last event is {position}, but {seal.position} by its last seal: something else has changed it"
        raise damaged(path, told, sound_up_to=None)
    return seal


def seal_new_events(cursor: Cursor, before: Seal, epoch: int) -> None:
    """Put a seal over whatever was stored after this one, if anything was."""
    rows = cursor.execute(AFTER, (before.position,)).fetchall()
    if rows:
        add_seals(cursor, [seal_of(before, epoch, rows)])


def seal_old_events(cursor: Cursor) -> None:
    """Put seals over all events of a log that has none yet."""
    before = START
    while rows := cursor.execute(f"{AFTER} LIMIT {SEALED_AT_ONCE}", (before.position,)).fetchall():
        before = seal_of(before, 0, rows)
        add_seals(cursor, [before])


def add_seals(cursor: Cursor, seals: Iterable[Seal]) -> None:
    """Put seals down that were made before."""
    cursor.executemany(_ADD, ((seal.position, seal.epoch, seal.digest) for seal in seals))
