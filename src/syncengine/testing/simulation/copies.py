"""What follows for the books of a history when a person tells the program what a copy is."""

from syncengine.connector import FieldValues, RecordRef
from syncengine.domain.events import CopySettled
from syncengine.testing.simulation.ledger import TYPED, Item, Ledger, plain
from syncengine.testing.simulation.sim_remote import SimRemote


class Copies:
    """The copies that the program has shown to persons."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._shown: dict[RecordRef, FieldValues] = {}

    def shown(self, ref: RecordRef, fields: FieldValues) -> None:
        """A person can see this copy."""
        self._shown[ref] = fields

    def settled(self, event: CopySettled, remote: SimRemote, *, is_of_item: bool) -> None:
        """
        A person said what a copy is, or it went away.

        Args:
            remote: where it is.
            is_of_item: it stands for the very item that it was shown for.
        """
        item = self._ledger.of[event.ref]
        match event.verdict:
            case "kept":
                self._kept(item, event.ref, remote)
            case "ignored":
                item.left_alone = True
            case "new":
                item.in_two |= is_of_item
            case "gone":
                pass

    def _kept(self, item: Item, ref: RecordRef, remote: SimRemote) -> None:
        """Whoever keeps a copy has seen the other records of the item beside it, also those that were deleted since."""
        ledger = self._ledger
        others = [it for it, stands_for in ledger.of.items() if stands_for is item and it != ref]
        for other in (it for it in others if it.endpoint == ref.endpoint):
            held = remote.fields(other) or ledger.last.get(other) or FieldValues()
            for name in TYPED:
                item.typed(name, plain(name, self._shown[ref].get(name)), plain(name, held.get(name)))
