"""
What really happened: every item, every value that somebody typed, and what its author had seen.

The ledger knows nothing of links, agreement or evidence. An *item* is what a person made once; the number in its title
names it, so the ledger knows which item a record stands for without asking the program.
"""

import re
from collections import defaultdict

from attrs import Factory, define, frozen

from syncengine.connector import FieldName, FieldValues, RecordRef
from syncengine.testing.abilities import lossy
from syncengine.testing.simulation.drawing import FIELDS, STATUS, TEXT, TITLE

TYPED = (TITLE, TEXT)
"""Fields in which no two persons ever type the same."""

_NUMBER = re.compile(r"#(\d+)\b")


def plain(name: FieldName, value: object) -> str:
    """A value without the differences in spelling that any of the remotes makes."""
    return str(lossy(name, value)) if isinstance(value, str) else ""


def number_in(title: object) -> int | None:
    """The number of the item a title names."""
    found = _NUMBER.search(title) if isinstance(title, str) else None
    return int(found.group(1)) if found else None


@frozen(kw_only=True)
class Death:
    """
    A record that somebody deleted.

    Attributes:
        held: for each typed field, the value it held and all values its authors had seen.
    """

    ref: RecordRef
    held: dict[FieldName, frozenset[str]]


@define(kw_only=True)
class Item:
    """
    One logical item.

    Attributes:
        seen: for each typed field and value, the values its author had seen before.
        lost: values that lost a recorded conflict.
        statuses: every status that somebody set.
        deaths: deletions by persons that were not undone by the program.
        returned: somebody brought a deleted record back, so it may stand beside its successor.
        edited_at: by record, the last change by anybody but the program.
        spellings: for each field, every value as it stood where somebody typed it.
        orphaned: for each field, what stood or was typed in records that were deleted; how may be gone with them.
        left_alone: somebody said that its record is a copy to be left alone.
        in_two: somebody said that a record of it that came back is an item of its own. The number does not tell which of
            the two a new record is made for, so none takes back what was deleted.
    """

    number: int
    container: str
    seen: dict[FieldName, dict[str, set[str]]] = Factory(lambda: {name: {} for name in TYPED})
    lost: dict[FieldName, set[str]] = Factory(lambda: {name: set() for name in TYPED})
    statuses: set[str] = Factory(set)
    deaths: list[Death] = Factory(list)
    returned: bool = False
    edited_at: dict[RecordRef, int] = Factory(dict)
    spellings: dict[FieldName, set[object]] = Factory(lambda: {name: set() for name in (*TYPED, STATUS)})
    orphaned: dict[FieldName, set[str]] = Factory(lambda: {name: set() for name in (*TYPED, STATUS)})
    left_alone: bool = False
    in_two: bool = False

    def typed(self, name: FieldName, value: str, before: str | None) -> None:
        """Somebody who saw `before` typed a value."""
        had_seen = self.seen[name].setdefault(value, set())
        if before is not None and before != value:
            had_seen |= {before} | self.seen[name].get(before, set())

    def spelled(self, fields: FieldValues) -> None:
        """This is how it stood somewhere after somebody typed it."""
        for name, known in self.spellings.items():
            known.add(fields.get(name))

    def knows(self, name: FieldName, newer: str, older: str) -> bool:
        """
        Whether whoever typed `newer` had seen `older`, or `older` lost a recorded conflict, or was taken back.

        A backup or a bin takes a value back: it puts an older one in its place, which others had seen before.
        """
        if newer == older or older in self.lost[name]:
            return True
        known, more = {newer}, [newer]
        while more:
            fresh = self.seen[name].get(more.pop(), set()) - known
            known |= fresh
            more += fresh
        return older in known

    def closure(self, name: FieldName, value: str) -> frozenset[str]:
        """A value and all that its authors had seen."""
        return frozenset({value} | self.seen[name].get(value, set()))


class Ledger:
    """
    The books of one history.

    Attributes:
        items: by number.
        of: the item each record stands for, also after the record is gone.
        blank: fields that the program left at their first value and nobody has filled since.
        once_blank: fields that were blank at some time; a backup may make them so again.
        typed_in: by record and field, every value that somebody who is not the program gave it.
        last: what each record that was deleted held, whoever deleted it.
        changes: how often anything was changed anywhere.
    """

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.of: dict[RecordRef, Item] = {}
        self.blank: set[tuple[RecordRef, FieldName]] = set()
        self.once_blank: set[tuple[RecordRef, FieldName]] = set()
        self.typed_in: defaultdict[tuple[RecordRef, FieldName], set[str]] = defaultdict(set)
        self.last: dict[RecordRef, FieldValues] = {}
        self.changes = 0
        self._coming: Item | None = None
        self._words = 0

    def new_item(self, container: str) -> Item:
        """The item that the next record made by a person stands for."""
        item = Item(number=len(self.items) + 1, container=container)
        self.items[item.number] = self._coming = item
        return item

    def same_item(self, item: Item) -> None:
        """The next record made by a person stands for an item that exists already."""
        self._coming = item

    def new_text(self) -> str:
        """A text that nobody typed before."""
        self._words += 1
        return f"w{self._words}"

    def title(self, item: Item) -> str:
        """A new title of an item."""
        return f"#{item.number} {self.new_text()}"

    def left_blank(self, ref: RecordRef, name: FieldName) -> None:
        """The program left a field of a new record at its first value."""
        self.blank.add((ref, name))
        self.once_blank.add((ref, name))

    def person_changed(
        self, ref: RecordRef, before: FieldValues | None, after: FieldValues | None, *, from_backup: bool = False
    ) -> None:
        """Somebody who is not the program made, changed or deleted a record."""
        if before is None and after is not None:
            self._made(ref, after)
        elif before is not None and after is not None:
            self._edited(ref, before, after)
            if from_backup:
                self.blank |= {(ref, name) for name in TYPED if not plain(name, after.get(name))} & self.once_blank
        elif before is not None:
            self._died(ref, before)

    def _made(self, ref: RecordRef, after: FieldValues) -> None:
        item = self.of.get(ref)
        if item is not None:
            item.returned = True
        else:
            assert self._coming is not None
            item, self._coming = self._coming, None
            self.of[ref] = item
        # What comes back as it was long ago is an edit of what was there last.
        last = self.last.get(ref)
        self._note_typed(ref, FieldValues(), after)
        for name in TYPED:
            item.typed(name, plain(name, after.get(name)), plain(name, last.get(name)) if last is not None else None)
        item.statuses.add(plain(STATUS, after.get(STATUS)))
        item.spelled(after)
        item.edited_at[ref] = self.changes

    def _edited(self, ref: RecordRef, before: FieldValues, after: FieldValues) -> None:
        item = self.of[ref]
        self._note_typed(ref, before, after)
        for name in TYPED:
            if before.get(name) != after.get(name):
                self.blank.discard((ref, name))
                item.typed(name, plain(name, after.get(name)), plain(name, before.get(name)))
        item.statuses.add(plain(STATUS, after.get(STATUS)))
        item.spelled(after)
        if before != after:
            item.edited_at[ref] = self.changes

    def _note_typed(self, ref: RecordRef, before: FieldValues, after: FieldValues) -> None:
        for name in FIELDS:
            if before.get(name) != after.get(name):
                self.typed_in[ref, name].add(plain(name, after.get(name)))

    def _died(self, ref: RecordRef, before: FieldValues) -> None:
        item = self.of[ref]
        held = {name: item.closure(name, plain(name, before.get(name))) for name in TYPED}
        for name, orphaned in item.orphaned.items():
            orphaned.update(self.typed_in[ref, name], [plain(name, before.get(name))])
        self.last[ref] = before
        item.deaths.append(Death(ref=ref, held=held))
