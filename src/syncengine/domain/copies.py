"""
Records that carry the key of an item that has another record there already.

A person clones a task together with its key, or a restored backup holds one twice. Nobody but a person can say which of
them the item is, so a copy is set aside: it is shown, nothing is written to it, and where the item has no other record,
none is made and nothing is deleted because of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import evolve as changed
from attrs import field, frozen

from syncengine.domain.events import CopyFound, CopySettled
from syncengine.domain.identity import EndpointName
from syncengine.domain.records import FieldValues, RecordRef, Revision


@frozen(kw_only=True)
class Copy:
    """
    A copy as last read.

    Attributes:
        taken_at: aware UTC; when it was read.
        ignored: a person wants it to be left alone.
        missed: it was not there when it was asked for last.
        looks_alike: it carries no key, so it could not be told from a new record if it were left alone.
    """

    fields: FieldValues
    taken_at: datetime
    revision: Revision | None = None
    label: str | None = None
    ignored: bool = False
    missed: bool = False
    looks_alike: bool = False


@frozen
class Copies:
    """The copies of one item, by what they are."""

    _copies: Mapping[RecordRef, Copy] = field(factory=dict)

    def get(self, ref: RecordRef) -> Copy | None:
        """One copy, also one that is ignored."""
        return self._copies.get(ref)

    @property
    def known(self) -> Sequence[RecordRef]:
        """All of them, also those that are ignored."""
        return sorted(self._copies)

    @property
    def waiting(self) -> Mapping[RecordRef, Copy]:
        """Those about which a person has not decided."""
        return {ref: copy for ref, copy in sorted(self._copies.items()) if not copy.ignored}

    def wait_on(self, endpoints: Iterable[EndpointName]) -> bool:
        """Whether a person has to decide about a copy on one of these endpoints."""
        wanted = set(endpoints)
        return any(ref.endpoint in wanted for ref in self.waiting)

    def found(self, event: CopyFound) -> "Copies":
        """With one more, or with one that looks different now; what is ignored stays so."""
        before = self._copies.get(event.ref)
        copy = Copy(
            fields=event.fields,
            taken_at=event.taken_at,
            revision=event.revision,
            label=event.label,
            ignored=before is not None and before.ignored,
            looks_alike=event.looks_alike,
        )
        return Copies({**self._copies, event.ref: copy})

    def missed(self, ref: RecordRef) -> "Copies":
        """With one that was not there; it may only not have shown."""
        return Copies({**self._copies, ref: changed(self._copies[ref], missed=True)})

    def settled(self, event: CopySettled) -> "Copies":
        """After a person decided about one, or it went away."""
        left = {ref: copy for ref, copy in self._copies.items() if ref != event.ref}
        if event.verdict == "ignored" and event.ref in self._copies:
            left[event.ref] = changed(self._copies[event.ref], ignored=True)
        return Copies(left)

    def replaced(self, ref: RecordRef, copy: Copy) -> "Copies":
        """With the record that the item stood for until another one was kept; nobody is asked about it again."""
        return Copies({**self._copies, ref: copy})
