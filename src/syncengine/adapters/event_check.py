"""Whether the stored events are those that were stored: none missing, none changed, each to be understood."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from attrs import define, field, frozen

from syncengine.adapters.hash_chain import Digest, Seal
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.stored_rows import Row, recorded_in
from syncengine.engine.ports import Recorded
from syncengine.errors import EventLogError

_POSITION = "SELECT rowid FROM stored_events WHERE originator_id = ? AND originator_version = ?"


@frozen(kw_only=True)
class Damage:
    """
    The first thing that is wrong with the events.

    Attributes:
        check: "positions", "versions", "chain" or "decoding".
        position: of the first event that is in doubt.
        sound_up_to: position up to which everything is as it was stored; the last one of a transaction.
        told: a sentence for people.
        error: why an event that is as it was stored cannot be understood; None when it is not as it was stored.
    """

    check: str
    position: int
    sound_up_to: int
    told: str
    error: EventLogError | None = None


class _Broken(Exception):
    def __init__(self, check: str, position: int, told: str, error: EventLogError | None = None) -> None:
        super().__init__(told)
        self.check, self.position, self.told, self.error = check, position, told, error


class Versions(Protocol):
    """What is known of the versions of streams."""

    def expected(self, position: int, stream: str, version: int) -> int:
        """The version that this event of this stream must have, to have no gap before it."""


class AllVersions:
    """Follows all streams from the start of the log."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def expected(self, position: int, stream: str, version: int) -> int:
        """One more than the last that was asked about."""
        del position, version
        self._last[stream] = expected = self._last.get(stream, 0) + 1
        return expected


@frozen
class IndexedVersions:
    """Looks into the index, which events are found by; for those who did not see the start of the log."""

    cursor: Cursor

    def expected(self, position: int, stream: str, version: int) -> int:
        """The version asked about, when it is found at this position, and the one before it at an earlier one."""
        fits = self._position(stream, version) == position
        return version if fits and (version == 1 or 0 < self._position(stream, version - 1) < position) else -1

    def _position(self, stream: str, version: int) -> int:
        row = self.cursor.execute(_POSITION, (stream, version)).fetchone()
        return int(row[0]) if row else 0


@define
class EventCheck:
    """
    Goes over events, a transaction at a time, as far as they are sound.

    Attributes:
        sound: the last seal that fits.
        versions: what is known of the streams.
        on_sound: given the events of a transaction once they are known to be sound.
    """

    sound: Seal
    versions: Versions
    on_sound: Callable[[Sequence[Recorded]], object] = field(default=lambda _: None)

    def go_over(self, rows: Iterator[Row], seals: Iterable[Seal]) -> Damage | None:
        """
        What is wrong first, if anything; `sound` tells how far it got.

        Args:
            rows: every event after `sound`, in order.
            seals: every seal after `sound`, in order.

        Raises:
            Exception: of the database; it cannot be read further.
        """
        try:
            for seal in seals:
                self._transaction(rows, seal)
            for position, *_ in rows:
                raise _Broken("chain", position, f"the events from {position} on carry no seal")
        except _Broken as broken:
            return Damage(
                check=broken.check,
                position=broken.position,
                sound_up_to=self.sound.position,
                told=broken.told,
                error=broken.error,
            )
        return None

    def _transaction(self, rows: Iterator[Row], seal: Seal) -> None:
        first = self.sound.position + 1
        if not _is_seal(seal) or seal.position < first or seal.epoch < self.sound.epoch:
            raise _Broken("chain", first, f"the seal over the events from {first} on is damaged")
        digest, events, unreadable = Digest(self.sound, seal.epoch), list[Recorded](), None
        for expected in range(first, seal.position + 1):
            row = _required(next(rows, None), expected)
            digest.add(row)
            self._follow(row)
            try:
                events.append(recorded_in(row))
            except EventLogError as error:
                unreadable = unreadable or _Broken("decoding", expected, str(error), error)
        if seal.digest is not None and digest.value() != seal.digest:
            why = f": {unreadable}" if unreadable else ""
            raise _Broken("chain", first, f"the events {first} to {seal.position} are not as they were stored{why}")
        if unreadable is not None:
            raise unreadable
        self.sound = seal
        self.on_sound(events)

    def _follow(self, row: Row) -> None:
        position, stream, version, _, _ = row
        if self.versions.expected(position, stream, version) != version:
            raise _Broken("versions", position, f"event {position} is not the next of its stream {stream}")


def _required(row: Row | None, expected: int) -> Row:
    if row is None:
        raise _Broken("positions", expected, f"the events from {expected} on are missing")
    position, stream, version, name, state = row
    if position != expected:
        raise _Broken("positions", expected, f"event {expected} is missing, the next one is {position}")
    if (type(stream), type(version), type(name), type(state)) != (str, int, str, bytes):
        raise _Broken("decoding", position, f"event {position} is damaged: it holds values of other kinds than were stored")
    return row


def _is_seal(seal: Seal) -> bool:
    return type(seal.position) is int and type(seal.epoch) is int and isinstance(seal.digest, bytes | None)
