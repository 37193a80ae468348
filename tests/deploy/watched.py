"""A run as `syncengine run` puts it together, in virtual time, with a Prometheus that scrapes it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from attrs import Factory, define

from syncengine.adapters.event_log import open_log
from syncengine.adapters.guard.breaker import Breakers
from syncengine.adapters.telemetry.listeners import Everybody
from syncengine.adapters.telemetry.metrics import Metrics, open_metrics
from syncengine.engine.notes import ClockJumped
from syncengine.errors import SyncEngineError
from syncengine.runner.bootstrap import open_sync_on
from syncengine.runner.clock_watch import ClockWatch
from syncengine.runner.health.monitor import Monitor
from syncengine.runner.settings import Settings
from syncengine.runner.sync import Sync
from tests.deploy.alerting import EVERY_S
from tests.deploy.scraped_clock import START, ScrapedClock
from tests.deploy.series import Scrape


@define(kw_only=True)
class Watched:
    """
    A run and everything that was scraped of it.

    Attributes:
        alive: the process answers scrapes and makes passes.
        scrapes: in order of time, in seconds since the epoch.
    """

    sync: Sync
    clock: ScrapedClock
    metrics: Metrics
    monitor: Monitor
    clock_watch: ClockWatch
    interval_s: float
    alive: bool = True
    scrapes: list[Scrape] = Factory(list)
    _next_pass_s: float = 0.0

    @property
    def at(self) -> float:
        """Now, in seconds since the epoch as Prometheus counts them."""
        return START.timestamp() + self.clock.elapsed_s

    def scrape(self) -> None:
        """Now, whatever is under way."""
        text = self.metrics.exposition().decode() if self.alive else None
        self.scrapes.append(Scrape(self.at, text))

    async def minutes(self, number: float) -> None:
        """Let passes go on for this long, and whatever looks after them."""
        until_s = self.clock.elapsed_s + number * 60
        while self.clock.elapsed_s < until_s:
            if self.alive:
                await self._look()
                if self.clock.elapsed_s >= self._next_pass_s:
                    self._next_pass_s = self.clock.elapsed_s + self.interval_s
                    await self._pass()
            self.clock.advance(min(EVERY_S, max(until_s - self.clock.elapsed_s, 0.0)))

    async def _look(self) -> None:
        await self.monitor.probe()
        jumped_s = self.clock_watch.jumped_s()
        if jumped_s:
            self.sync.telemetry.note(ClockJumped(by_s=jumped_s))

    async def _pass(self) -> None:
        try:
            await self.sync.run_pass()
        except SyncEngineError:
            return  # as `run_forever` does: the engine has told why, and the next pass goes on


@asynccontextmanager
async def watched(settings: Settings, clock: ScrapedClock) -> AsyncIterator[Watched]:
    """A run that has not begun its first pass; connected as `syncengine.runner.service` connects it."""
    async with AsyncExitStack() as stack:
        metrics = open_metrics(None, version="1.2.3")
        stack.callback(metrics.close)
        breakers = Breakers(clock=clock, telemetry=metrics.telemetry)
        monitor = Monitor(
            clock=clock, interval_s=settings.interval_s, endpoints=settings.endpoints, breaker_of=breakers.state_of
        )
        log = await stack.enter_async_context(open_log(settings.log, now=clock.now))
        monitor.log_opened(log)
        metrics.watch(monitor)
        metrics.watch_checks(lambda: {it.name: it.ok for it in monitor.health().checks})
        metrics.watch_breakers(breakers.states)
        telemetry = Everybody(metrics.telemetry, monitor)
        opening = open_sync_on(log, settings, telemetry=telemetry, clock=clock, breakers=breakers)
        sync = await stack.enter_async_context(opening)
        monitor.endpoints_open(sync.endpoints)
        run = Watched(
            sync=sync,
            clock=clock,
            metrics=metrics,
            monitor=monitor,
            clock_watch=ClockWatch(clock.now, clock.monotonic),
            interval_s=settings.interval_s,
        )
        clock.call_each_time(run.scrape)
        yield run
