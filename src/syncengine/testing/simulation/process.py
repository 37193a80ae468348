"""One life of the simulated program, from a start to the next death: loop, connections, its hold on the log, engine."""

from asyncio import Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Protocol

from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.connector import ContainerId
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Endpoint, EventLog, Views
from syncengine.engine.requests import Inbox, Request
from syncengine.engine.sync_pass import Engine
from syncengine.errors import EventLogError
from syncengine.testing.memory_log import CrashPoint
from syncengine.testing.simulation.connection import Connection, PlannedFaults
from syncengine.testing.simulation.drawing import ISSUE
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.oracle import Oracle
from syncengine.testing.simulation.script import Setup
from syncengine.testing.simulation.sim_remote import SimRemote
from syncengine.testing.simulation.virtual_loop import VirtualLoop


class HeldLog(EventLog, Protocol):
    """The log as one process has it open."""

    @property
    def views(self) -> Views:
        """The tables beside the events."""

    @property
    def inbox(self) -> Inbox:
        """What persons ask for."""

    def require_lease(self) -> None:
        """See `OpenLog.require_lease`."""


class SimLog(Protocol):
    """The log of a history, which outlives every process."""

    def open(self, at: CrashPoint) -> HeldLog:
        """Open it for the next process; `at` is awaited before and after everything that is stored."""

    def ask(self, request: Request) -> None:
        """Somebody leaves a request for the next pass."""

    def close(self) -> None:
        """The history is over."""


class Process:
    """
    A process.

    Attributes:
        loop: where everything of it runs.
        log: its hold on the log.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        remotes: Sequence[SimRemote],
        faults: Sequence[PlannedFaults],
        log: SimLog,
        clock: HostClock,
        oracle: Oracle,
        is_halted_at: Callable[[str], bool],
    ) -> None:
        """
        Start.

        Args:
            is_halted_at: told of every named point that is reached; True when it goes no further.
        """
        self.loop = VirtualLoop(clock)
        self.log = log.open(self._at)
        self._is_halted_at = is_halted_at
        self._halt: Future[None] | None = None
        self._is_overtaken = False
        self._connections = [
            Connection(
                remote,
                faults=planned,
                at=self._at,
                clock=clock,
                oracle=oracle,
                blind=remote.name in setup.readable_when_lost,
                guarded=setup.guarded,
                is_overtaken=lambda: self._is_overtaken,
            )
            for remote, planned in zip(remotes, faults, strict=True)
        ]
        self._engine = Engine(
            endpoints=[
                Endpoint(name=it.endpoint, connector=self._guarded(it, clock) if setup.guarded else it)
                for it in self._connections
            ],
            log=self.log,
            views=self.log.views,
            policy=setup.policy,
            clock=clock,
            telemetry=Silence(),
            inbox=self.log.inbox,
            pairings=[
                Pairing(kind=ISSUE, containers={remote.name: ContainerId(container) for remote in remotes})
                for container in setup.containers
            ],
        )

    @property
    def is_writing(self) -> bool:
        """Whether a write was sent and has no answer yet; it happens whatever becomes of the process."""
        return any(it.writing for it in self._connections)

    def run_pass(self, dies: Callable[[], bool]) -> None:
        """
        Run a pass to its end.

        Raises:
            SimulatedCrash: it died, or was stopped.
            NothingMoves: it does not end.
        """
        self.loop.run(self._engine.run_pass(), dies=dies)

    def wake(self) -> None:
        """It was stopped, another one has taken its place, and now it goes on until it notices."""
        self._is_overtaken = True
        if self._halt is not None:
            self._halt.set_result(None)
        with suppress(EventLogError):  # it says that somebody else writes the log now, and ends
            self.loop.go_on(dies=lambda: False)
        self.bury()

    def bury(self) -> None:
        """Nothing of it runs again."""
        self.loop.bury()

    async def _at(self, point: str) -> None:
        if not self._is_overtaken and self._is_halted_at(point):
            self._halt = self.loop.create_future()
            await self._halt

    def _guarded(self, connection: Connection, clock: HostClock) -> GuardedConnector:
        return GuardedConnector(
            connection,
            endpoint=connection.endpoint,
            plugin="simulated",
            clock=clock,
            random=Random(connection.endpoint),
            may_write=self.log.require_lease,
        )
