"""What must hold at the end of a history, when everything works again and the program had its time."""

from syncengine.connector import EndpointName, RecordRef
from syncengine.domain.policy import DeletionRule
from syncengine.testing.simulation.broken_promise import BrokenPromise
from syncengine.testing.simulation.drawing import FIELDS
from syncengine.testing.simulation.ledger import Item, plain
from syncengine.testing.simulation.persons import alive
from syncengine.testing.simulation.world import World

_SHOWN = ("write:", "gone:", "copy:")
"""What waits for a person and holds back an item as a whole."""


def require_the_end(world: World) -> None:
    """
    Compare what is there with what persons wanted.

    Raises:
        BrokenPromise: something is open, missing, different, or came back for no reason.
    """
    open_writes = world.log.views.open_writes()
    if open_writes:
        raise BrokenPromise("no open intent at the end", f"{len(open_writes)} writes are open: {open_writes[0]}")
    for item in world.oracle.ledger.items.values():
        _Judgement(world, item).require()


class _Judgement:
    """The verdict on one item."""

    def __init__(self, world: World, item: Item) -> None:
        self._world = world
        self._item = item
        self._refs = alive(world.remotes, item, world.oracle.ledger)
        self._waiting = self._waits()

    def require(self) -> None:
        item = self._item
        if item.left_alone:
            return  # somebody said so
        if item.returned and len({ref.endpoint for ref in self._refs}) < len(self._refs):
            return  # a person brought a record back beside its successor; the program says so in every pass
        if not self._refs:
            if not item.deaths:
                raise BrokenPromise("no false deletion", f"item {item.number} is gone, and nobody deleted it")
            return
        self._require_presence()
        self._require_equality()
        self._require_reason_to_live()

    def _waits(self) -> set[str]:
        """What of this item is parked, by the subjects of the log."""
        views = self._world.log.views
        mine = {ref for ref, item in self._world.oracle.ledger.of.items() if item is self._item}
        links = {known.link_id for known in map(views.known_record, mine) if known is not None}
        waiting = {it.subject for it in views.parked() if it.link_id in links}
        # A copied record belongs to no link before a person has said what it is.
        waiting |= {it.subject for it in views.parked() if it.subject in {f"copy:{ref}" for ref in mine}}
        return waiting | {"plan" for held in views.held_plans() if f"/{self._item.container}" in held.place}

    def _require_presence(self) -> None:
        lacking = {remote.name for remote in self._world.remotes} - {ref.endpoint for ref in self._refs}
        if not lacking:
            return
        rules = self._world.setup.policy
        kept = any(rules.deletion_on(death.ref.endpoint) is DeletionRule.KEEP for death in self._item.deaths)
        shown = any(subject == "plan" or subject.startswith(_SHOWN) for subject in self._waiting)
        if not kept and not shown and not self._title_waits():
            raise BrokenPromise(
                "everything that is not parked finishes",
                f"item {self._item.number} is {self._listed()} and not on {', '.join(sorted(lacking))}",
            )

    def _title_waits(self) -> bool:
        return {f"field:{name}" for name in FIELDS} <= self._waiting

    def _require_equality(self) -> None:
        if any(subject.startswith(_SHOWN) or subject == "plan" for subject in self._waiting):
            return
        if any(
            self._world.setup.policy.deletion_on(death.ref.endpoint) is DeletionRule.KEEP for death in self._item.deaths
        ):
            return
        for name in FIELDS:
            values = {ref: plain(name, (self._fields(ref) or {}).get(name)) for ref in self._refs}
            if len(set(values.values())) > 1 and f"field:{name}" not in self._waiting:
                told = ", ".join(f"{value!r} on {ref}" for ref, value in values.items())
                raise BrokenPromise(
                    "everything that is not parked finishes", f"{name} of item {self._item.number} is {told}"
                )

    def _require_reason_to_live(self) -> None:
        """What somebody deleted is gone, unless a rule, an edit or a return speaks for it."""
        item, policy = self._item, self._world.setup.policy
        if not item.deaths or item.returned or self._waiting:
            return
        if any(policy.deletion_on(death.ref.endpoint) is not DeletionRule.PROPAGATE for death in item.deaths):
            return
        if not any(self._speaks_against(ref, death.ref.endpoint) for death in item.deaths for ref in item.edited_at):
            raise BrokenPromise("nothing comes back by itself", f"item {item.number} is {self._listed()} although deleted")

    def _speaks_against(self, edited: RecordRef, endpoint: EndpointName) -> bool:
        return edited.endpoint != endpoint

    def _fields(self, ref: RecordRef) -> dict[str, object] | None:
        fields = self._world.oracle.remotes[ref.endpoint].fields(ref)
        return dict(fields) if fields is not None else None

    def _listed(self) -> str:
        return "on " + ", ".join(map(str, self._refs))
