"""A remote of a simulation: tells who changed what, and can be narrowed, locked, backed up and restored."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum

from attrs import evolve as changed

from syncengine.connector import ContainerId, EndpointName, FieldValues, RecordId, RecordRef, SyncKey
from syncengine.testing.abilities import Abilities
from syncengine.testing.memory_remote import MemoryRemote, Stored
from syncengine.testing.simulation.drawing import STATUS, TEXT
from syncengine.testing.simulation.host_clock import HostClock


class Author(Enum):
    """Who changes a record."""

    PROGRAM = "the program"
    PERSON = "somebody"
    AUTOMATION = "the remote's own automation"
    BACKUP = "a restored backup"


Heard = Callable[["SimRemote", RecordRef, Stored | None, Stored | None], None]
"""Told of every change with the record before and after it, in the moment it happens."""


class SimRemote(MemoryRemote):
    """
    A remote in memory under observation.

    Attributes:
        author: who is changing something right now.
        making: the key of the record that is made right now.
        locked: the account has no access.
        narrowed: what a narrowed filter hides from listings.
        unseen: what it does not show for a moment, neither in listings nor when asked for it.
        has_blinked: that moment has been.
    """

    def __init__(
        self,
        name: str,
        abilities: Abilities,
        clock: HostClock,
        *,
        heard: Heard,
        new_text: Callable[[], str] | None = None,
    ) -> None:
        """
        Start empty.

        Args:
            new_text: where the automation takes its texts from; None when there is none.
        """
        super().__init__(abilities, now=clock.true_now)
        self.name = EndpointName(name)
        self.author = Author.PROGRAM
        self.locked = False
        self.narrowed: frozenset[RecordId] = frozenset()
        self.unseen: frozenset[RecordId] = frozenset()
        self.has_blinked = False
        self.bin: list[tuple[RecordRef, Stored]] = []
        self.making: SyncKey | None = None
        self._heard = heard
        self._new_text = new_text
        self._shadow: dict[RecordRef, Stored] = {}
        self._backup: dict[ContainerId, dict[RecordId, Stored]] | None = None
        self._filtering = False
        self._finished: list[RecordRef] = []

    @contextmanager
    def by(self, author: Author) -> Iterator[None]:
        """Whatever is changed inside is changed by this author."""
        before, self.author = self.author, author
        try:
            yield
        finally:
            self.author = before

    def insert(
        self,
        container: ContainerId,
        values: FieldValues,
        *,
        key: SyncKey | None = None,
        record_id: RecordId | None = None,
    ) -> RecordId:
        """As any memory remote, and whoever hears of it can tell for which key, even where none is kept."""
        self.making = key
        try:
            return super().insert(container, values, key=key, record_id=record_id)
        finally:
            self.making = None

    @contextmanager
    def filtering(self) -> Iterator[None]:
        """A listing is made: the narrowed filter applies."""
        self._filtering = True
        try:
            yield
        finally:
            self._filtering = False

    def ref(self, container: str, record_id: str) -> RecordRef:
        """Where a record is."""
        return RecordRef(self.name, ContainerId(container), RecordId(record_id))

    def fields(self, ref: RecordRef) -> FieldValues | None:
        """A record as persons see it; None when it is not there."""
        stored = self.stored(ref.container, ref.record_id)
        return self.split(stored)[0] if stored else None

    def refs(self, container: str) -> list[RecordRef]:
        """The records of a container in a fixed order."""
        return [self.ref(container, record_id) for record_id in sorted(self._records[ContainerId(container)])]

    def visible(self, container: ContainerId, until: datetime) -> dict[RecordId, Stored]:
        """As of any memory remote, without what a narrowed filter hides from listings."""
        shown = super().visible(container, until)
        hidden = self.narrowed | self.unseen if self._filtering else frozenset()
        return {record_id: stored for record_id, stored in shown.items() if record_id not in hidden} if hidden else shown

    def person_copies(self, ref: RecordRef, container: str) -> RecordId:
        """A person copies a record, within its container or to another one; a key that is an id is not copied."""
        if container == ref.container:
            return self.person_clones(ref.container, ref.record_id)
        stored = self._records[ref.container][ref.record_id]
        where = ContainerId(container)
        copy_id = self._new_id(where)
        self._put(where, copy_id, changed(stored, key=None) if self.abilities.key_storage == "id" else stored)
        return copy_id

    def back_up(self) -> None:
        """Keep a copy of everything."""
        self._backup = {container: dict(records) for container, records in self._records.items()}

    def restore_backup(self) -> bool:
        """Make everything as it was in the copy, if there is one."""
        if self._backup is None:
            return False
        with self.by(Author.BACKUP):
            for container, kept in self._backup.items():
                there = self._records[container]
                for record_id in sorted(there.keys() - kept.keys()):
                    self.remove(container, record_id)
                for record_id, stored in sorted(kept.items()):
                    if record_id not in there or there[record_id].raw != stored.raw:
                        self._put(container, record_id, stored)
        return True

    def _note(self, container: ContainerId, record_id: RecordId, after: Stored | None) -> None:
        super()._note(container, record_id, after)
        ref = RecordRef(self.name, container, record_id)
        before = self._shadow.get(ref)
        if after is None:
            self._shadow.pop(ref, None)
        else:
            self._shadow[ref] = after
        if after is None and before is not None and self.author is Author.PERSON:
            self.bin.append((ref, before))
        self._heard(self, ref, before, after)
        if after is not None and self._new_text is not None and self._is_finished(before, after):
            self._finished.append(ref)

    def automate(self) -> None:
        """The automation works, a moment after what it works on, as automations do."""
        finished, self._finished = self._finished, []
        for ref in finished:
            if self._new_text is not None and self.stored(ref.container, ref.record_id) is not None:
                with self.by(Author.AUTOMATION):
                    self.change(ref.container, ref.record_id, FieldValues({TEXT: self._new_text()}))

    def _is_finished(self, before: Stored | None, after: Stored) -> bool:
        was = before.raw.get(STATUS) if before else None
        return after.raw.get(STATUS) == "done" != was and self.author in {Author.PERSON, Author.PROGRAM}
