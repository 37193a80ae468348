"""
Two remotes, persons on both sides, bad weather, and a process that dies at any await.

The left remote shows its listings late and takes ids from its clients; the right one rounds what it is given and keeps the
sync key in a marker line. At the end of every story the faults stop and the sides must be the same.
"""

import asyncio

from hypothesis import HealthCheck, assume, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from syncengine.domain.events import RecordObserved, WriteConfirmed, WritesIntended
from syncengine.testing.abilities import Abilities, lossy
from syncengine.testing.faults import SimulatedCrash
from tests.fixtures.two_remotes import World

LEFT = Abilities(key_storage="id", projects=True, natural_keys=("title",), listing_lag_s=3.0)
RIGHT = Abilities(key_storage="marker", projects=True, natural_keys=("title",), spelling=lossy)

STATUSES = ("backlog", "todo", "in_progress", "done")
TEXTS = st.text(alphabet="ab \n", max_size=6)
SIDES = st.sampled_from(["left", "right"])


class TwoRemotes(RuleBasedStateMachine):
    """A story: what persons and the weather do, and where the process dies."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World(left_abilities=LEFT, right_abilities=RIGHT, at=self.at)
        self.countdown = None
        self.action = None
        self.made = 0
        self.edits = {}
        self.typed = 0

    # What happens at every await of the engine.

    async def at(self, point):
        if self.countdown is None:
            return
        self.countdown -= 1
        if self.countdown == 0:
            note(f"at {point}: {self.action}")
            self.countdown = None
            if self.action == "crash":
                raise SimulatedCrash(point)
            self._edit(*self.action)

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    @initialize()
    def one_project(self):
        self.world.left.person_creates("", title="P")
        self.world.clock.advance(10)
        self.run(self.world.settle_down())
        self.left, self.right = self.world.projects()

    # Persons.

    @rule(side=SIDES, status=st.sampled_from(STATUSES), description=TEXTS)
    def create(self, side, status, description):
        self.made += 1
        remote, container = self._there(side)
        remote.person_creates(container, title=f"item {self.made}", status=status, description=description)

    @precondition(lambda self: self.made)
    @rule(
        side=SIDES,
        which=st.integers(0, 20),
        field=st.sampled_from(["title", "description", "status"]),
        text=TEXTS,
        word=st.sampled_from(STATUSES),
    )
    def edit(self, side, which, field, text, word):
        self._edit(side, which, field, word if field == "status" else f"{text}{self.typed}")

    def _edit(self, side, which, field, value):
        remote, container = self._there(side)
        ids = sorted(remote.items(container))
        if not ids:
            return
        record_id = ids[which % len(ids)]
        before = remote.items(container)[record_id][field]
        remote.person_edits(container, record_id, {field: value})
        after = remote.items(container)[record_id][field]
        if after == self.last_seen(side, record_id, field):
            # Changed back before anybody looked: nothing was edited, as far as anybody can know.
            self.edits = {n: it for n, it in self.edits.items() if it[:3] != (side, record_id, field)}
        elif after != before:
            self.edits[self.typed] = (side, record_id, field, value)
        self.typed += 1

    def last_seen(self, side, record_id, field):
        """What the log last says about a field of a record."""
        for rec in reversed(self.world.log.events):
            event = rec.event
            read = isinstance(event, RecordObserved | WriteConfirmed)
            if read and (event.ref.endpoint, event.ref.record_id) == (side, record_id):
                return event.fields[field]
        return None

    @precondition(lambda self: self.made)
    @rule(side=SIDES, which=st.integers(0, 20))
    def touch(self, side, which):
        remote, container = self._there(side)
        ids = sorted(remote.items(container))
        assume(ids)
        remote.touch(container, ids[which % len(ids)])

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 20))
    def remove_the_marker(self, which):
        ids = sorted(self.world.right.items(self.right))
        assume(ids)
        linked = {known.ref.record_id for known in self.world.log.views.known.values() if known.ref.endpoint == "right"}
        record_id = ids[which % len(ids)]
        assume(record_id in linked and not self.world.log.views.open)
        self.world.right.person_removes_key(self.right, record_id)

    # The process and the weather.

    @rule(seconds=st.sampled_from([0.1, 2, 10]))
    def wait(self, seconds):
        self.world.clock.advance(seconds)

    @rule(share=st.sampled_from([0.0, 0.2, 0.6]), seed=st.integers(0, 1000))
    def weather(self, share, seed):
        self.world.left_faults.dial(share, seed=seed)
        self.world.right_faults.dial(share, seed=seed + 1)

    @rule()
    def one_pass(self):
        self.run(self.world.engine.run_pass())

    @rule(points=st.integers(1, 60))
    def die_during_a_pass(self, points):
        self.countdown, self.action = points, "crash"
        try:
            self.run(self.world.engine.run_pass())
        except SimulatedCrash:
            self._bury()
        self.countdown = None

    @precondition(lambda self: self.made)
    @rule(
        points=st.integers(1, 40),
        side=SIDES,
        which=st.integers(0, 20),
        field=st.sampled_from(["title", "status"]),
        word=st.sampled_from(STATUSES),
    )
    def somebody_edits_during_a_pass(self, points, side, which, field, word):
        # Titles stay unique: these remotes take a record of the same title for the same item when they first meet it.
        value = word if field == "status" else f"{word} {self.typed}"
        self.countdown, self.action = points, (side, which, field, value)
        self.run(self.world.engine.run_pass())
        self.countdown = None

    def _bury(self):
        """Everything of the dead process goes, to its last task; the log and the remotes stay."""
        tasks = sorted(asyncio.all_tasks(self.loop), key=lambda task: int(task.get_name().rpartition("-")[2]))
        for task in tasks:
            task.cancel()
        if tasks:
            self.run(asyncio.wait(tasks))
        self.world.start()

    def _there(self, side):
        return (self.world.left, self.left) if side == "left" else (self.world.right, self.right)

    # What must hold in the end.

    def teardown(self):
        if not hasattr(self, "left"):
            self.loop.close()
            return
        try:
            self.countdown = None
            self.world.left_faults.clear()
            self.world.right_faults.clear()
            self.world.clock.advance(30)
            self.run(self.world.settle_down(passes=20))
            self.check_the_end()
        finally:
            self.loop.close()

    def check_the_end(self):
        left, right = self.world.left.items(self.left), self.world.right.items(self.right)
        assert len(left) == len(right) == self.made, "doubled or lost"
        assert not self.world.log.views.open
        pairs = {}
        for known in self.world.log.views.known.values():
            if known.ref.container:
                pairs.setdefault(known.link_id, {})[known.ref.endpoint] = known.ref.record_id
        assert len(pairs) == self.made
        for pair in pairs.values():
            one, two = left[pair["left"]], right[pair["right"]]
            assert {name: lossy(name, value) for name, value in one.items()} == dict(two)
        self.check_the_last_edits(left, right)
        self.check_values(left, right)

    def check_the_last_edits(self, left, right):
        """The last edit of a field is there, or lost a recorded conflict, or was overtaken by an equal one."""
        losers = [
            (rec.stream_id, it.field, lossy(it.field, value))
            for rec in self.world.log.events
            if isinstance(rec.event, WritesIntended)
            for it in rec.event.settled
            for value in it.losers.values()
        ]
        last = {}
        for side, record_id, field, value in self.edits.values():
            known = next(
                (
                    it
                    for it in self.world.log.views.known.values()
                    if (it.ref.endpoint, it.ref.record_id) == (side, record_id)
                ),
                None,
            )
            if known is not None:
                last[known.link_id, field] = (side, record_id, lossy(field, value))
        for (link_id, field), (side, record_id, value) in last.items():
            items = left if side == "left" else right
            there = lossy(field, items[record_id][field]) == value
            assert there or (link_id, field, value) in losers, f"lost: {side} {record_id} {field} {value!r}"

    def check_values(self, left, right):
        """Nothing was invented: every value was typed by somebody, up to the right side's rounding."""
        seen = {
            (name, lossy(name, value))
            for rec in self.world.log.events
            if isinstance(rec.event, RecordObserved | WriteConfirmed)
            for name, value in rec.event.fields.items()
        }
        for items in (left, right):
            assert {(name, lossy(name, value)) for it in items.values() for name, value in it.items()} <= seen


TwoRemotes.TestCase.settings = settings(
    max_examples=settings.default.max_examples,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestTwoRemotes = TwoRemotes.TestCase
