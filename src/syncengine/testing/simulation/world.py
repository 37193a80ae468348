"""Everything that a history consists of: remotes, log, clock, the program under test, and who watches them."""

from collections import Counter
from collections.abc import Callable

from syncengine.connector import ContainerId, EndpointName, RecordRef
from syncengine.domain.events import SafetyStopped, WriteConfirmed
from syncengine.engine.ports import Recorded
from syncengine.testing.faults import SimulatedCrash
from syncengine.testing.simulation.connection import PlannedFaults
from syncengine.testing.simulation.file_log import FileLog
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.oracle import Oracle
from syncengine.testing.simulation.persons import Persons
from syncengine.testing.simulation.process import HeldLog, Process, SimLog
from syncengine.testing.simulation.script import Act, Crash, Pass, Setup
from syncengine.testing.simulation.sim_remote import SimRemote
from syncengine.testing.simulation.story import told
from syncengine.testing.simulation.virtual_loop import NothingMoves
from syncengine.testing.simulation.watched_log import WatchedLog
from syncengine.testing.simulation.wishes import Wishes

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
        stored: events in the log.
        process: the one that runs now.
    """

    def __init__(self, setup: Setup, *, counts: Counter[str], tell: Tell | None = None) -> None:
        self.setup = setup
        self._is_heard = tell is not None
        tell = tell or _to_nobody
        self.counts = counts
        self.stored = 0
        self.clock = HostClock()
        self.oracle = Oracle(setup.policy)
        self._tell = tell
        self.remotes = [self._remote(name) for name in setup.names]
        self._automatic = [remote for remote in self.remotes if remote.name in setup.automatic]
        self.oracle.remotes = {remote.name: remote for remote in self.remotes}
        self._log = self._new_log()
        self._wishes = Wishes(
            setup.names,
            ask=self._log.ask,
            is_true=self._is_true,
            is_of=self.oracle.is_of,
            twins=self.oracle.twins,
            has_record=self.oracle.has_record,
        )
        self._faults = [
            # An empty page between two cursors says that nothing changed; nobody could know better.
            PlannedFaults(remote, counts, tell, empties=not setup.keeps_hidden(remote.name))
            for remote in self.remotes
        ]
        self.persons = Persons(
            setup,
            self.remotes,
            self.oracle.ledger,
            self.clock,
            is_known=self._is_known,
            wishes=self._wishes,
            views=lambda: self.log.views,
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
        self._set_forward_at = float("-inf")
        self._sleeper: Process | None = None
        self._wakes_at = 0
        self.process = self._start()

    def run_pass(self, step: Pass) -> bool:
        """One pass with all that happens during it; whether the process lived to its end."""
        for number, faults in enumerate(self._faults):
            faults.begin({strike.call: strike.pick for strike in step.strikes if strike.side == number})
        self._acts, self._crash = list(step.acts), step.crash
        self._steps, self._killed = 0, False
        self._tell("a pass begins")
        self.oracle.pass_begins()
        self._points.clear()
        try:
            self.process.run_pass(self._between_steps)
        except SimulatedCrash:
            self._end_of_the_process()
            return False
        finally:
            for remote in self.remotes:
                remote.unseen = frozenset()
        for _, act in self._acts:  # the pass was shorter than they thought
            self.persons.do(act)
        if self._sleeper is not None:
            self._wake(self._sleeper)
        self._crash = None
        self._recovering = False
        return True

    def close(self) -> None:
        """The history is over."""
        self.process.bury()
        if self._sleeper is not None:
            self._sleeper.bury()
        self._log.close()

    @property
    def log(self) -> HeldLog:
        """The log as the present process has it."""
        return self.process.log

    # Steps of the above.

    def _new_log(self) -> SimLog:
        if self.setup.on_disk:
            return FileLog(self.clock, tell=self._stored, overtaken=self.oracle.overtaken)
        return WatchedLog(self.clock, coded=self.setup.coded, tell=self._stored)

    def _start(self) -> Process:
        """A new process on the same log and remotes."""
        return Process(
            self.setup,
            remotes=self.remotes,
            faults=self._faults,
            log=self._log,
            clock=self.clock,
            oracle=self.oracle,
            is_halted_at=self._is_halted_at,
        )

    def _remote(self, name: str) -> SimRemote:
        text = self.oracle.ledger.new_text if name in self.setup.automatic else None
        remote = SimRemote(name, self.setup.abilities[name], self.clock, heard=self.oracle.heard, new_text=text)
        for container in self.setup.containers:
            remote.add_container(container)
        return remote

    def _set_forward(self) -> None:
        self._set_forward_at = self.clock.monotonic()

    def _is_known(self, ref: RecordRef) -> bool:
        known = self.log.views.known_record(ref)
        return known is not None and not any(it.link_id == known.link_id for it in self.log.views.open_writes())

    def _is_true(self, held: SafetyStopped) -> bool:
        """What would be deleted is shown to whoever approves of it; an emptiness has to be looked at."""
        if held.deletions:
            return True
        name, _, container = held.place.partition("/")
        remote = self.oracle.remotes[EndpointName(name)]
        return not remote.locked and not remote.items(ContainerId(container))

    def _stored(self, recorded: Recorded) -> None:
        self.stored += 1
        self.oracle.stored(recorded)
        self._wishes.stored(recorded)
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
        if self._sleeper is not None and self._steps >= self._wakes_at:
            self._wake(self._sleeper)
        here = self._crash is not None and self._crash.point is None and self._steps == self._crash.count
        return here or self._killed

    def _is_halted_at(self, point: str) -> bool:
        self._last_point = point
        self._points[point] += 1
        crash = self._crash
        here = crash is not None and crash.point == point and self._points[point] == crash.count
        self._killed = self._killed or here
        return here

    def _end_of_the_process(self) -> None:
        """It dies, or is stopped for so long that another one takes its place."""
        where = f"at {self._last_point}" if self._killed else f"after {self._last_point}"
        self.counts[f"crash {where}"] += 1
        if self._recovering:
            self.counts["crash while recovering"] += 1
        if self.clock.monotonic() - self._set_forward_at < LONGEST_LAG_S:
            # The next one does not know that the clock was set, so it cannot know how much the listings lag by it.
            self.clock.advance(LONGEST_LAG_S)
        self._put_to_sleep_or_bury(where)
        self._recovering = True
        self.process = self._start()

    def _put_to_sleep_or_bury(self, where: str) -> None:
        assert self._crash is not None
        if self._sleeper is not None:
            self._sleeper.bury()
            self._sleeper = None
        if self._crash.sleeps and self.setup.on_disk and not self.process.is_writing:
            self.counts["process put to sleep"] += 1
            self._tell(f"the process is stopped {where}, and another one takes its place")
            self._sleeper, self._wakes_at = self.process, self._crash.count
        else:
            self._tell(f"the process dies {where}")
            self.process.bury()

    def _wake(self, sleeper: Process) -> None:
        self._sleeper = None
        self._tell("the process that was stopped wakes up")
        sleeper.wake()
        self.counts["process woken up"] += 1


def _to_nobody(line: str) -> None:
    del line
