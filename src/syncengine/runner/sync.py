"""Everything that belongs to a running synchronisation, in one value."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import field, frozen

from syncengine.adapters.event_log import OpenLog
from syncengine.adapters.guard.breaker import Breakers
from syncengine.domain.identity import EndpointName
from syncengine.engine.notes import LeaseBack, PassSkipped
from syncengine.engine.notes import LeaseLost as LeaseLostNote
from syncengine.engine.ports import Clock, Endpoint, Telemetry, Views
from syncengine.engine.report import PassReport
from syncengine.engine.sync_pass import Engine
from syncengine.errors import LeaseLost, LogUnavailable
from syncengine.runner.hosts import remember_hosts
from syncengine.runner.late_connector import EndpointKeeper


@frozen(kw_only=True, eq=False)
class Sync:
    """
    An engine with its log, its views and its open endpoints; `open_sync` makes one.

    Attributes:
        keepers: those who hold the endpoints open; empty when somebody else does.
        breakers: the circuit breakers of their hosts; None for somebody who calls no host.
        hosts: what the endpoints call, as "name:port".
    """

    engine: Engine
    log: OpenLog
    views: Views
    endpoints: Mapping[EndpointName, Endpoint]
    clock: Clock
    telemetry: Telemetry
    keepers: Mapping[EndpointName, EndpointKeeper] = field(factory=dict)
    breakers: Breakers | None = None
    hosts: frozenset[str] = frozenset()

    async def run_pass(self, *, retry_refused: bool = False) -> PassReport:
        """
        Run one pass, and leave word of it for `syncengine status`.

        Args:
            retry_refused: make writes again that a remote refused.

        Raises:
            LeaseLost: somebody else writes the log now.
            EventLogError: the log cannot be used any more.
        """
        self._require_the_lease()
        report = await self.engine.run_pass(retry_refused=retry_refused)
        if report.skipped:
            await self.log.heartbeat.note_skipped()
            return report
        if self.breakers is not None:
            await remember_hosts(self.log, self.breakers, self.hosts, caused_by=report.sync_id)
        await self.log.heartbeat.note_pass(
            sync_id=report.sync_id,
            started_at=report.started_at,
            finished_at=report.finished_at or self.clock.now(),
            summary=summary_of(report),
        )
        return report

    def _require_the_lease(self) -> None:
        """Nothing is written while somebody else may be writing, and what they wrote is read anew."""
        lease = self.log.lease
        try:
            ours = lease is None or lease.check()
        except LeaseLost as error:
            self.telemetry.note(LeaseLostNote(reason=str(error)))
            raise
        if not ours:
            self.engine.forget()
            self.telemetry.note(LeaseBack())

    async def note_skipped(self) -> None:
        """Count a pass that was due while another one was running."""
        self.telemetry.note(PassSkipped())
        with suppress(LogUnavailable):  # the pass that is running has said so, and only a number is lost
            await self.log.heartbeat.note_skipped()


def summary_of(report: PassReport) -> dict[str, Any]:
    """A report as plain data, for `status` and for programs."""
    return {
        "pairings": report.pairings,
        "listed": dict(report.listed),
        "changed": report.observed,
        "writes": dict(report.writes),
        "judged": report.judged,
        "problems": list(report.problems),
        "left_out": list(report.left_out),
        "stopped": report.stopped,
    }
