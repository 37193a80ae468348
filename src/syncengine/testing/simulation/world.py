"""Everything that a history consists of: remotes, log, clock, the program under test, and who watches them."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from syncengine.connector import ContainerId, EndpointName, RecordRef
from syncengine.domain.events import SafetyApproved, SafetyStopped, WriteConfirmed
from syncengine.domain.identity import approval_stream
from syncengine.engine.notes import Note, Work
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Append, Endpoint, Recorded
from syncengine.engine.sync_pass import Engine
from syncengine.testing.faults import SimulatedCrash
from syncengine.testing.simulation.connection import Connection, PlannedFaults
from syncengine.testing.simulation.drawing import ISSUE
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.oracle import Oracle
from syncengine.testing.simulation.persons import Persons
from syncengine.testing.simulation.script import Act, Crash, Pass, Setup
from syncengine.testing.simulation.sim_remote import SimRemote
from syncengine.testing.simulation.story import told
from syncengine.testing.simulation.virtual_loop import NothingMoves, VirtualLoop
from syncengine.testing.simulation.watched_log import WatchedLog

LONGEST_LAG_S = 30.0
"""Seconds that no listing of a history lags behind."""
LONGEST_PASS = 20_000
"""Steps of the event loop after which a pass does not end any more."""

Tell = Callable[[str], None]


class World:
    """
    One history in the making.

    Attributes:
        counts: how often each fault, deed and crash point was reached.
    """

    def __init__(self, setup: Setup, *, counts: Counter[str], tell: Tell | None = None) -> None:
        self.setup = setup
        self._is_heard = tell is not None
        tell = tell or _to_nobody
        self.counts = counts
        self.clock = HostClock()
        self.oracle = Oracle()
        self._tell = tell
        self.remotes = [self._remote(name) for name in setup.names]
        self._automatic = [remote for remote in self.remotes if remote.name in setup.automatic]
        self.oracle.remotes = {remote.name: remote for remote in self.remotes}
        self.log = WatchedLog(self.clock, self._at, self.oracle, coded=setup.coded, tell=self._stored)
        self._held: dict[str, SafetyStopped] = {}
        self._faults = [PlannedFaults(remote, counts, tell) for remote in self.remotes]
        self.persons = Persons(
            setup,
            self.remotes,
            self.oracle.ledger,
            self.clock,
            is_known=self._is_known,
            approve=self.approve,
            counts=counts,
            tell=tell,
            set_forward=self._set_forward,
        )
        self._crash: Crash | None = None
        self._acts: list[tuple[int, Act]] = []
        self._steps = 0
        self._points: Counter[str] = Counter()
        self._last_point = "start"
        self._killed = False
        self._recovering = False
        self._is_set_forward = False
        self.start()

    def start(self) -> None:
        """A new process: another loop and another engine on the same log and remotes."""
        self.loop = VirtualLoop(self.clock)
        endpoints = [
            Endpoint(
                name=remote.name,
                connector=Connection(
                    remote,
                    faults=faults,
                    at=self._at,
                    clock=self.clock,
                    oracle=self.oracle,
                    blind=remote.name in self.setup.readable_when_lost,
                ),
            )
            for remote, faults in zip(self.remotes, self._faults, strict=True)
        ]
        pairings = [
            Pairing(kind=ISSUE, containers={remote.name: ContainerId(container) for remote in self.remotes})
            for container in self.setup.containers
        ]
        self.engine = Engine(
            endpoints=endpoints,
            log=self.log,
            views=self.log.views,
            policy=self.setup.policy,
            clock=self.clock,
            telemetry=_NOBODY,
            pairings=pairings,
        )

    def run_pass(self, step: Pass) -> bool:
        """One pass with all that happens during it; whether the process lived to its end."""
        for number, faults in enumerate(self._faults):
            faults.begin({strike.call: strike.pick for strike in step.strikes if strike.side == number})
        self._acts, self._crash = list(step.acts), step.crash
        self._steps, self._killed = 0, False
        self._tell("a pass begins")
        self._points.clear()
        try:
            self.loop.run(self.engine.run_pass(), dies=self._between_steps)
        except SimulatedCrash:
            self._bury()
            return False
        for _, act in self._acts:  # the pass was shorter than they thought
            self.persons.do(act)
        self._recovering = self._is_set_forward = False
        return True

    def approve(self) -> None:
        """A person approves of every plan that is held back, of an emptiness only where it is true."""
        for held in self.log.views.held_plans():
            stopped = self._held[held.plan]
            if stopped.deletions or self._is_really_empty(stopped.place):
                stream = approval_stream(held.plan)
                if not self.log.views.is_approved(held.plan):
                    append = Append(
                        stream_id=stream, after_version=0, events=(SafetyApproved(plan=held.plan, by="somebody"),)
                    )
                    self.loop.run(self.log.append(append, caused_by="approve"), dies=lambda: False)

    # Steps of the above.

    def _remote(self, name: str) -> SimRemote:
        text = self.oracle.ledger.new_text if name in self.setup.automatic else None
        remote = SimRemote(name, self.setup.abilities[name], self.clock, heard=self.oracle.heard, new_text=text)
        for container in self.setup.containers:
            remote.add_container(container)
        return remote

    def _set_forward(self) -> None:
        self._is_set_forward = True

    def _is_known(self, ref: RecordRef) -> bool:
        known = self.log.views.known_record(ref)
        return known is not None and not any(it.link_id == known.link_id for it in self.log.views.open_writes())

    def _is_really_empty(self, place: str) -> bool:
        name, _, container = place.partition("/")
        remote = self.oracle.remotes[EndpointName(name)]
        return not remote.locked and not remote.items(ContainerId(container))

    def _stored(self, recorded: Recorded) -> None:
        if isinstance(recorded.event, SafetyStopped):
            self._held[recorded.event.plan] = recorded.event
        self.counts[f"event {type(recorded.event).__name__}"] += 1
        if self._is_heard and (line := told(recorded)):
            self._tell(line)
        if isinstance(recorded.event, WriteConfirmed):
            self.counts[f"proof {recorded.event.proof.value}"] += 1

    def _between_steps(self) -> bool:
        self._steps += 1
        while self._acts and self._acts[0][0] <= self._steps:
            self.persons.do(self._acts.pop(0)[1])
        for remote in self._automatic:
            remote.automate()
        if self._steps > LONGEST_PASS:
            raise NothingMoves(f"a pass did not end within {LONGEST_PASS} steps")
        here = self._crash is not None and self._crash.point is None and self._steps == self._crash.count
        return here or self._killed

    async def _at(self, point: str) -> None:
        self._last_point = point
        self._points[point] += 1
        crash = self._crash
        if crash is not None and crash.point == point and self._points[point] == crash.count:
            self._killed = True
            await self.loop.create_future()

    def _bury(self) -> None:
        where = f"at {self._last_point}" if self._killed else f"after {self._last_point}"
        self.counts[f"crash {where}"] += 1
        if self._recovering:
            self.counts["crash while recovering"] += 1
        self._tell(f"the process dies {where}")
        if self._is_set_forward:
            # A process that did not live to see that its clock was set cannot know how much the listings lag by it.
            self.clock.advance(LONGEST_LAG_S)
            self._is_set_forward = False
        self.loop.bury()
        self._recovering = True
        self.start()


def _to_nobody(line: str) -> None:
    del line


class _Nobody:
    def note(self, note: Note, /) -> None:
        """Nobody listens."""

    @contextmanager
    def within(self, work: Work, /) -> Iterator[None]:
        """Nobody listens."""
        del work
        yield


_NOBODY = _Nobody()
