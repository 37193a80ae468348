"""
The book that the people keep: every value that somebody wrote, and what was on the screen when it was written.

A value that was written over by somebody who saw it is history. What remains are the *heads*: values that nobody has
consciously written over. Each must be on both servers in the end, or be the recorded loser of a conflict.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

TITLE, TEXT, STATUS = FIELDS = ("title", "text", "status")

Content = Mapping[str, str]
"""Title, text and status of an item, in words that both sides share."""


@define(kw_only=True, eq=False)
class Item:
    """
    One item, whatever records stand for it.

    Attributes:
        made_on: the side where a person made it.
        heads: by field, the values that must not be lost, each with the moment and the side where it was written.
        everything: by field, all values that people ever wrote.
        seen_at_deletion: by side, what a person saw of the item when last deleting it there.
        deleted_knowingly: what persons saw at all deletions; an item that was made anew can be deleted again.
    """

    number: int
    made_on: str
    heads: dict[str, dict[str, "Written"]] = field(factory=dict)
    everything: dict[str, set[str]] = field(factory=dict)
    seen_at_deletion: dict[str, Content] = field(factory=dict)
    deleted_knowingly: list[Content] = field(factory=list)

    @property
    def name(self) -> str:
        """The part of the title that no edit changes."""
        return f"item {self.number}"

    def unseen(self) -> Iterator[tuple[str, str, "Written"]]:
        """The heads that nobody who deleted the item had seen, as (field, value, when and where)."""
        for name, heads in self.heads.items():
            for value, written in heads.items():
                if value not in {seen[name] for seen in self.deleted_knowingly}:
                    yield name, value, written


@define(kw_only=True)
class Written:
    """When and where a value was written; the record is the one of Vibe, for writes there."""

    at: float
    side: str
    record: str = ""


@define(eq=False)
class Book:
    """Everything that people did."""

    items: dict[str, Item] = field(factory=dict)
    edits: int = 0
    deletions: int = 0
    revision: int = 0

    def next_number(self) -> int:
        """A number that no value has yet."""
        self.revision += 1
        return self.revision

    def make(self, side: str) -> Item:
        """A new item, still without content."""
        number = len(self.items) + 1
        item = Item(number=number, made_on=side)
        self.items[item.name] = item
        return item

    def write(self, item: Item, name: str, value: str, written: Written, *, seen: str | None = None) -> None:
        """Somebody wrote a value, and it was acknowledged; `seen` is what was there before, on that screen."""
        heads = item.heads.setdefault(name, {})
        if seen is not None:
            heads.pop(seen, None)
        heads[value] = written
        item.everything.setdefault(name, set()).add(value)
        self.edits += seen is not None

    def delete(self, item: Item, side: str, seen: Content) -> None:
        """Somebody deleted a record that looked like this."""
        item.seen_at_deletion[side] = seen
        item.deleted_knowingly.append(seen)
        self.deletions += 1

    def all_heads(self) -> Iterator[tuple[Item, str, str, Written]]:
        """Every value that must not be lost."""
        for item in self.items.values():
            for name, heads in item.heads.items():
                for value, written in heads.items():
                    yield item, name, value, written

    def numbers(self) -> dict[str, Any]:
        """How much was done."""
        return {"items": len(self.items), "edits": self.edits, "deletions": self.deletions}
