"""
The judge of a history: it sees every change of every remote and every stored event, and knows what persons wanted.

It has rules of its own and asks nothing of the program: what the program believes is read from the log only where a
promise is about the log (intents, recorded losers, what is parked).
"""

from collections import Counter

from syncengine.connector import EndpointName, FieldName, FieldValues, RecordRef, SyncKey
from syncengine.domain.events import (
    ClaimTaken,
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopySettled,
    Event,
    Operation,
    PlacePaused,
    PlaceResumed,
    SafetyApproved,
    Settlement,
    WritesIntended,
)
from syncengine.domain.identity import IntentId, LinkId, link_id_of
from syncengine.domain.pauses import endpoint_subject, item_subject
from syncengine.domain.policy import DeletionRule, Policy
from syncengine.engine.ports import Recorded
from syncengine.testing.memory_remote import Stored
from syncengine.testing.simulation.broken_promise import BrokenPromise
from syncengine.testing.simulation.copies import Copies
from syncengine.testing.simulation.drawing import FIELDS, STATUS
from syncengine.testing.simulation.intents import Intents
from syncengine.testing.simulation.ledger import TYPED, Item, Ledger, number_in, plain
from syncengine.testing.simulation.sim_remote import Author, SimRemote

_CHOOSING = ("Prefer(", "LatestWrite(", "AskAPerson(")
"""Rules that take a value as somebody typed it; others may make a new one of several."""


class Oracle:
    """
    Watches one history.

    Attributes:
        broken: the first promise that was broken; later ones follow from it.
        windows: writes over a value nobody had read, on remotes that cannot compare and write in one step.
        is_calm: nobody but the program changes anything any more, and everything works.
    """

    def __init__(self, policy: Policy) -> None:
        self.ledger = Ledger()
        self._policy = policy
        self.remotes: dict[EndpointName, SimRemote] = {}
        self.intents = Intents(self._accuse)
        self.item_of: dict[LinkId, Item] = {}
        self.broken: BrokenPromise | None = None
        self.windows = 0
        self.compared: dict[RecordRef, int] = {}
        self.is_calm = False
        self._parked: dict[tuple[LinkId, FieldName], ConflictParked] = {}
        self._copies = Copies(self.ledger)
        self._paused: set[str] = set()
        self._deletes: Counter[EndpointName] = Counter()
        self._approved = False

    def _accuse(self, invariant: str, story: str) -> None:
        self.broken = self.broken or BrokenPromise(invariant, story)

    # What is heard.

    def heard(self, remote: SimRemote, ref: RecordRef, before: Stored | None, after: Stored | None) -> None:
        """A record was made, changed or deleted."""
        ledger = self.ledger
        ledger.changes += 1
        was = remote.split(before)[0] if before else None
        now = remote.split(after)[0] if after else None
        if remote.author is not Author.PROGRAM:
            ledger.person_changed(ref, was, now, from_backup=remote.author is Author.BACKUP)
        elif was is None and now is not None:
            self._created(remote, ref, now, self._key_of(remote, ref, after))
        elif was is not None and now is not None:
            self._updated(remote, ref, was, now)
        elif was is not None:
            self._deleted(ref, was)

    def stored(self, recorded: Recorded) -> None:
        """An event is in the log."""
        if isinstance(recorded.event, ClaimTaken):
            self.learn(recorded.event.link_id, recorded.event.ref)
        else:
            self.saved(recorded.stream_id, recorded.event)

    def overtaken(self, deed: str) -> None:
        """A process did something although another one had taken its place."""
        self._accuse("one writer", f"a process that slept while another one took its place woke up and {deed}")

    def pass_begins(self) -> None:
        """The deletions of a pass are counted."""
        self._deletes.clear()

    def saved(self, stream_id: LinkId, event: Event) -> None:
        """An event is in the log."""
        self.intents.saved(stream_id, event)
        match event:
            case WritesIntended():
                self._decided(stream_id, event)
            case ConflictParked(field=name):
                self._parked[stream_id, name] = event
            case ConflictResolved(field=name, value=value):
                self._chosen(stream_id, name, value)
            case CopyFound(ref=ref, fields=fields):
                self._copies.shown(ref, fields)
            case CopySettled(ref=ref):
                self._copies.settled(event, self.remotes[ref.endpoint], is_of_item=self.is_of(ref, stream_id))
            case PlacePaused(subject=subject, by=by) if by:
                self._paused.add(subject)
            case PlaceResumed(subject=subject):
                self._paused.discard(subject)
            case SafetyApproved():
                self._approved = True
            case _:
                pass

    def _decided(self, link_id: LinkId, event: WritesIntended) -> None:
        item = self._item_of_link(link_id, event)
        if item is not None:
            for settlement in event.settled:
                self._settled(item, settlement)
        for write in event.writes:
            if write.operation is Operation.DELETE:
                self._deletes[write.endpoint] += 1
                self._require_few(write.endpoint)

    def _require_few(self, endpoint: EndpointName) -> None:
        """An approval may have been of any of them; where nobody approved of anything, the limit is the limit."""
        limit = self._policy.safety.allowed(len(self.ledger.of))
        if self._deletes[endpoint] > limit and not self._approved:
            self._accuse("few deletions without approval", f"a pass deletes more than {limit} records on {endpoint}")

    def _chosen(self, link_id: LinkId, name: FieldName, value: object) -> None:
        """A person chose among values, and so has seen them."""
        item, conflict = self.item_of.get(link_id), self._parked.get((link_id, name))
        if item is None or conflict is None:
            return
        item.spellings[name].add(value)
        if name not in TYPED:
            return
        for other in conflict.versions.values():
            item.typed(name, plain(name, value), plain(name, other))

    def _settled(self, item: Item, settlement: Settlement) -> None:
        """A loser is recorded; what a rule makes of several values counts as typed by somebody who saw them all."""
        name, value = settlement.field, plain(settlement.field, settlement.value)
        losers = {plain(name, it) for it in settlement.losers.values()}
        merges = not settlement.rule.startswith(_CHOOSING)
        if name == STATUS and merges:
            item.statuses.add(value)
        item.spellings[name].add(settlement.value)
        if name in TYPED:
            # With a value that loses goes what its author had written over.
            item.lost[name] |= {older for loser in losers for older in item.closure(name, loser)}
            if merges and value not in item.seen[name]:
                item.seen[name][value] = {older for loser in losers for older in item.closure(name, loser)}

    def learn(self, link_id: LinkId, ref: RecordRef) -> None:
        """The log says that a record belongs to a link."""
        item = self.ledger.of.get(ref)
        if item is not None:
            self.item_of.setdefault(link_id, item)

    def is_of(self, ref: RecordRef, link_id: LinkId) -> bool:
        """Whether a record stands for the item of a link."""
        return self.ledger.of.get(ref) is self.item_of.get(link_id)

    def twins(self, ref: RecordRef) -> list[RecordRef]:
        """Other records on its endpoint that stand for the same item."""
        there = self.remotes[ref.endpoint].refs(ref.container)
        return [other for other in there if other != ref and self.ledger.of.get(other) is self.ledger.of[ref]]

    def has_record(self, link_id: LinkId, endpoint: EndpointName) -> bool:
        """Whether the item of a link has a record on an endpoint."""
        item = self.item_of.get(link_id)
        there = self.remotes[endpoint].refs(item.container) if item is not None else []
        return any(self.ledger.of.get(ref) is item for ref in there)

    def _item_of_link(self, link_id: LinkId, event: WritesIntended) -> Item | None:
        for write in event.writes:
            if write.ref is not None:
                self.learn(link_id, write.ref)
        return self.item_of.get(link_id)

    # What the program did.

    def called(
        self, operation: Operation, endpoint: EndpointName, *, ref: RecordRef | None = None, key: SyncKey | None = None
    ) -> IntentId | None:
        """A write arrives at a remote; the intent it belongs to."""
        intent_id = self.intents.called(operation, endpoint, ref=ref, key=key)
        paused = {endpoint_subject(endpoint)}
        if intent_id is not None:
            paused.add(item_subject(self.intents.link_of(intent_id)))
        if paused & self._paused:
            self._accuse("what is paused is left alone", f"{operation.value} on {ref or endpoint} was called")
        return intent_id

    def sent(self, ref: RecordRef, patch: FieldValues) -> None:
        """An update brings these values, which somebody typed just so."""
        item = self.ledger.of.get(ref)
        if item is None:
            return
        for name, value in patch.items():
            if value not in item.spellings[name] and plain(name, value) not in item.orphaned[name]:
                self._accuse("no spelling goes round", f"{name} of {ref} was to be {value!r}, which nobody typed just so")

    def _key_of(self, remote: SimRemote, ref: RecordRef, after: Stored | None) -> SyncKey | None:
        if remote.abilities.key_storage == "none":
            return remote.making
        by_id = ref.record_id.removeprefix("k-") if remote.abilities.key_storage == "id" else None
        return SyncKey(by_id) if by_id else remote.split(after)[1] if after else None

    def _created(self, remote: SimRemote, ref: RecordRef, now: FieldValues, key: SyncKey | None) -> None:
        ledger = self.ledger
        number = number_in(now.get("title"))
        link_id = link_id_of(key) if key is not None else None
        item = ledger.items.get(number) if number else self.item_of.get(link_id) if link_id is not None else None
        if item is None:
            self._accuse("nothing is invented", f"{ref} was created and stands for no item that anybody made: {dict(now)}")
            return
        ledger.of[ref] = item
        if not item.returned and (twins := self.twins(ref)):
            self._accuse("no duplicate", f"item {item.number} now has {ref} beside {twins[0]}")
        if not item.in_two:
            item.deaths = [death for death in item.deaths if death.ref.endpoint != ref.endpoint]
        schema = remote.abilities.schemas[0]
        for name in FIELDS:
            spec = schema.spec(name)
            if spec is not None and plain(name, now.get(name)) == plain(name, spec.initial):
                ledger.left_blank(ref, name)
            else:
                self._require_typed(item, ref, name, now)

    def _require_typed(self, item: Item, ref: RecordRef, name: FieldName, now: FieldValues) -> None:
        value = plain(name, now.get(name))
        known = item.statuses if name == STATUS else item.seen[name].keys()
        if value not in known:
            self._accuse("nothing is invented", f"nobody ever typed {value!r} as {name} of item {item.number} ({ref})")

    def _updated(self, remote: SimRemote, ref: RecordRef, was: FieldValues, now: FieldValues) -> None:
        item = self.ledger.of.get(ref)
        if item is None:
            return
        if number_in(now.get("title")) not in {item.number, None}:
            self._accuse("items are kept apart", f"{ref} of item {item.number} was given the title {now.get('title')!r}")
            return
        if was == now and self.is_calm:
            self._accuse("no needless write", f"{ref} was updated to what it held already: {dict(now)}")
        for name in FIELDS:
            if plain(name, was.get(name)) != plain(name, now.get(name)):
                self._require_typed(item, ref, name, now)
                if name in TYPED:
                    self._require_seen(remote, item, ref, name, was, now)
                self.ledger.blank.discard((ref, name))

    def _require_seen(
        self, remote: SimRemote, item: Item, ref: RecordRef, name: FieldName, was: FieldValues, now: FieldValues
    ) -> None:
        older, newer = plain(name, was.get(name)), plain(name, now.get(name))
        if (ref, name) in self.ledger.blank or item.knows(name, newer, older):
            if older in item.lost[name]:
                item.seen[name].setdefault(newer, set()).update(item.closure(name, older) - {newer})
            return
        edited_at = item.edited_at.get(ref, 0)
        if not remote.abilities.conditional_writes and edited_at > self.compared.get(ref, 0):
            # The remote cannot compare and write in one step, and the edit fell between the two.
            self.windows += 1
            item.lost[name].add(older)
            return
        self._accuse("no lost update", f"{name} of {ref} was {older!r}, which no author of {newer!r} had seen")

    def _deleted(self, ref: RecordRef, was: FieldValues) -> None:
        item = self.ledger.of.get(ref)
        if item is None:
            return
        self.ledger.last[ref] = was
        deaths = [death for death in item.deaths if death.ref.endpoint != ref.endpoint]
        if not deaths:
            self._accuse("no false deletion", f"{ref} was deleted, and nobody deleted item {item.number} anywhere")
            return
        if all(self._policy.deletion_on(death.ref.endpoint) is not DeletionRule.PROPAGATE for death in deaths):
            self._accuse("no false deletion", f"{ref} was deleted, and by the rules it is kept or restored")
        for name in TYPED:
            value = plain(name, was.get(name))
            seen = (ref, name) in self.ledger.blank or value in item.lost[name]
            if not seen and not any(value in death.held[name] for death in deaths):
                self._accuse(
                    "an edit beats a deletion that has not seen it",
                    f"{ref} was deleted with {name} {value!r}, which nobody who deleted item {item.number} had seen",
                )
