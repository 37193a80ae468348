"""What persons and circumstances do to the remotes and the host of a history."""

from collections import Counter
from collections.abc import Callable

from syncengine.connector import FieldValues, RecordRef
from syncengine.engine.ports import Views
from syncengine.testing.simulation.drawing import STATUS, TEXT, TITLE
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.ledger import Item, Ledger
from syncengine.testing.simulation.script import Act, Deed, Setup
from syncengine.testing.simulation.sim_remote import Author, SimRemote
from syncengine.testing.simulation.wishes import Wishes

_WORDS = ("backlog", "todo", "in_progress", "done")
_FRAMES = ("{}", "{}", "  {}", "{}\n")
"""White space around what persons type: some remotes drop it."""

MayStrip = Callable[[RecordRef], bool]


class Persons:
    """Carries acts out; an act for which there is no record does nothing."""

    def __init__(
        self,
        setup: Setup,
        remotes: list[SimRemote],
        ledger: Ledger,
        clock: HostClock,
        *,
        is_known: MayStrip,
        wishes: Wishes,
        views: Callable[[], Views],
        counts: Counter[str],
        tell: Callable[[str], None],
        set_forward: Callable[[], None],
    ) -> None:
        """
        Put people in front of these remotes.

        Args:
            is_known: whether the program has read a record, and has nothing open there.
            wishes: how they ask the program for something.
            views: what the log shows them.
            counts: how often each deed was done.
            set_forward: told when somebody sets the clock of the host forward.
        """
        self._setup = setup
        self._remotes = remotes
        self._ledger = ledger
        self._clock = clock
        self._is_known = is_known
        self._wishes = wishes
        self._views = views
        self._counts = counts
        self._tell = tell
        self._set_forward = set_forward
        self._deeds: dict[Deed, Callable[[Act, SimRemote], str | None]] = {
            Deed.CREATE: self._create,
            Deed.EDIT: self._edit,
            Deed.MARK: self._mark,
            Deed.DELETE: self._delete,
            Deed.MOVE: self._move,
            Deed.CLONE: self._clone,
            Deed.BRING_BACK: self._bring_back,
            Deed.STRIP: self._strip,
            Deed.TOUCH: self._touch,
            Deed.WAIT: self._wait,
            Deed.SET_CLOCK: self._set_clock,
            Deed.LOSE_ACCESS: self._lose_access,
            Deed.GET_ACCESS: self._get_access,
            Deed.NARROW: self._narrow,
            Deed.WIDEN: self._widen,
            Deed.BLINK: self._blink,
            Deed.BACKUP: self._back_up,
            Deed.RESTORE: self._restore,
            Deed.APPROVE: lambda _act, _remote: self.approve(),
            Deed.CHOOSE: lambda act, _remote: wishes.choose(act, views()),
            Deed.SETTLE_COPY: lambda act, _remote: wishes.settle_copy(act, views()),
            Deed.PAUSE: self._pause,
            Deed.RESUME: lambda _act, _remote: wishes.resume(),
        }

    def do(self, act: Act) -> None:
        """Carry one act out."""
        remote = self._remotes[act.side % len(self._remotes)]
        with remote.by(Author.PERSON):
            story = self._deeds[act.deed](act, remote)
        if story is not None:
            self._counts[act.deed.name.lower()] += 1
            self._tell(story)

    def heal(self) -> None:
        """Everything works again."""
        for remote in self._remotes:
            remote.locked = False
            remote.narrowed = remote.unseen = frozenset()
        self.answer()

    def answer(self) -> None:
        """Somebody approves of what is held back, looks after creates in doubt, and resumes what is paused."""
        self.approve()
        self._wishes.clear_doubts(self._views())
        self._wishes.resume()

    # Records.

    def _create(self, act: Act, remote: SimRemote) -> str:
        container = self._setup.containers[act.pick % len(self._setup.containers)]
        item = self._ledger.new_item(container)
        fields = {TITLE: self._ledger.title(item), STATUS: _WORDS[act.pick % 4]}
        if act.pick % 3:
            fields[TEXT] = self._framed(act, self._ledger.new_text())
        record_id = remote.person_creates(container, FieldValues(fields))
        return f"somebody makes {remote.ref(container, record_id)}: {fields}"

    def _edit(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        if ref is None:
            return None
        item = self._ledger.of[ref]
        name = (TITLE, TEXT)[act.pick % 2]
        text = self._ledger.title(item) if name == TITLE else self._ledger.new_text()
        return self._type(remote, ref, name, self._framed(act, text))

    def _mark(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        return None if ref is None else self._type(remote, ref, STATUS, _WORDS[act.pick % 4])

    def _type(self, remote: SimRemote, ref: RecordRef, name: str, value: str) -> str:
        remote.person_edits(ref.container, ref.record_id, {name: value})
        return f"somebody sets {name} of {ref} to {value!r}"

    def _delete(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        if ref is None:
            return None
        remote.person_deletes(ref.container, ref.record_id)
        return f"somebody deletes {ref}"

    def _clone(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        if ref is None or not self._is_known(ref):
            return None
        return f"somebody copies {ref}; the copy is {self._copied(remote, ref, ref.container)}"

    def _copied(self, remote: SimRemote, ref: RecordRef, container: str) -> RecordRef:
        """A copy has the marker of its original; it is another item, so it gets another title in the same breath."""
        item = self._ledger.new_item(container)
        copy = remote.ref(container, remote.person_copies(ref, container))
        self._type(remote, copy, TITLE, self._ledger.title(item))
        return copy

    def _move(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        others = [it for it in self._setup.containers if ref is not None and it != ref.container]
        if ref is None or not others or not self._is_known(ref):
            return None
        moved = self._copied(remote, ref, others[act.pick % len(others)])
        remote.person_deletes(ref.container, ref.record_id)
        return f"somebody moves {ref}; it is {moved} now"

    def _bring_back(self, act: Act, remote: SimRemote) -> str | None:
        there = [(ref, stored) for ref, stored in remote.bin if remote.stored(ref.container, ref.record_id) is None]
        if not there:
            return None
        ref, stored = there[act.pick % len(there)]
        remote.restore(ref.container, ref.record_id, stored)
        return f"somebody takes {ref} out of the bin"

    def _strip(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        if ref is None or remote.abilities.key_storage in {"id", "none"} or not self._is_known(ref):
            return None
        remote.person_removes_key(ref.container, ref.record_id)
        return f"somebody removes the marker of {ref}"

    def _touch(self, act: Act, remote: SimRemote) -> str | None:
        ref = self._some_record(act, remote)
        if ref is None:
            return None
        remote.touch(ref.container, ref.record_id)
        return f"something touches {ref}"

    def _some_record(self, act: Act, remote: SimRemote) -> RecordRef | None:
        there = [ref for container in self._setup.containers for ref in remote.refs(container)]
        if remote.abilities.key_storage == "none":
            # Nobody could tell what the program made there from what somebody else made, once it looks otherwise.
            there = [ref for ref in there if ref in self._ledger.of[ref].edited_at or self._is_known(ref)]
        return there[act.pick // 2 % len(there)] if there else None

    def _framed(self, act: Act, text: str) -> str:
        return _FRAMES[act.pick // 7 % len(_FRAMES)].format(text)

    # Circumstances.

    def _wait(self, act: Act, remote: SimRemote) -> str:
        del remote
        self._clock.advance(act.seconds)
        return f"{act.seconds:g} seconds pass"

    def _set_clock(self, act: Act, remote: SimRemote) -> str:
        del remote
        self._clock.set_by(act.seconds)
        if act.seconds > 0:
            self._set_forward()
        return f"somebody sets the clock of the host by {act.seconds:+g} seconds"

    def _lose_access(self, act: Act, remote: SimRemote) -> str | None:
        del act
        if remote.locked:
            return None
        remote.locked = True
        return f"the account loses its access to {remote.name}"

    def _get_access(self, act: Act, remote: SimRemote) -> str | None:
        del act
        if not remote.locked:
            return None
        remote.locked = False
        return f"the account gets its access to {remote.name} back"

    def _narrow(self, act: Act, remote: SimRemote) -> str | None:
        if self._setup.keeps_hidden(remote.name) or remote.narrowed:
            return None  # nobody could know better
        refs = [ref for container in self._setup.containers for ref in remote.refs(container)]
        remote.narrowed = frozenset(ref.record_id for number, ref in enumerate(refs) if (number + act.pick) % 2)
        return f"listings of {remote.name} do not show {sorted(remote.narrowed)} any more"

    def _widen(self, act: Act, remote: SimRemote) -> str | None:
        del act
        if not remote.narrowed:
            return None
        remote.narrowed = frozenset()
        return f"listings of {remote.name} show everything again"

    def _blink(self, act: Act, remote: SimRemote) -> str | None:
        """Once in a history: a second time it would look like a deletion, and nobody could know better."""
        blind = remote.name in self._setup.readable_when_lost
        if blind or remote.has_blinked or self._setup.keeps_hidden(remote.name):
            return None
        refs = [ref for container in self._setup.containers for ref in remote.refs(container)]
        remote.unseen = frozenset(ref.record_id for number, ref in enumerate(refs) if (number + act.pick) % 2)
        remote.has_blinked = bool(remote.unseen)
        return f"{remote.name} does not show {sorted(remote.unseen)} until the next pass is over" if remote.unseen else None

    def _back_up(self, act: Act, remote: SimRemote) -> str:
        del act
        remote.back_up()
        return f"a backup of {remote.name} is made"

    def _restore(self, act: Act, remote: SimRemote) -> str | None:
        del act
        return f"the backup of {remote.name} is restored" if remote.restore_backup() else None

    # Wishes.

    def approve(self) -> str:
        """Somebody approves of all that is held back and true."""
        plans = self._wishes.approve(self._views().held_plans())
        return f"somebody looks at what is held back and approves of {', '.join(plans) or 'nothing'}"

    def _pause(self, act: Act, remote: SimRemote) -> str:
        ref = self._some_record(act, remote)
        known = self._views().known_record(ref) if ref is not None else None
        return self._wishes.pause(act, known.link_id if known is not None else None)


def alive(remotes: list[SimRemote], item: Item, ledger: Ledger) -> list[RecordRef]:
    """The records that stand for an item now."""
    return [ref for remote in remotes for ref in remote.refs(item.container) if ledger.of.get(ref) is item]
