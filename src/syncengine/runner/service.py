"""
A synchronisation as a service: log lines, metrics, traces, health, signals and systemd around the passes.

The order of a start is the order in which things are needed: settings, log (with the right to write it), server (so that
health can be asked for while endpoints are still being reached), endpoints, ready.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from attrs import frozen

from syncengine.adapters.event_log import open_log
from syncengine.adapters.guard.breaker import Breakers
from syncengine.adapters.log_place import notes_of
from syncengine.adapters.telemetry.listeners import Everybody
from syncengine.adapters.telemetry.metrics import Metrics, open_metrics
from syncengine.adapters.telemetry.traces import open_traces
from syncengine.engine.notes import ClockJumped, Note, Starting, Work
from syncengine.engine.ports import Clock, Telemetry
from syncengine.engine.report import PassReport
from syncengine.runner.background import running
from syncengine.runner.bootstrap import open_sync_on
from syncengine.runner.clock import SystemClock
from syncengine.runner.clock_watch import ClockWatch
from syncengine.runner.health.monitor import Monitor
from syncengine.runner.log_lines.set_up import LoggedTelemetry
from syncengine.runner.reload import Reloader
from syncengine.runner.server.http_server import Place, serving
from syncengine.runner.settings import Settings
from syncengine.runner.supervisor import Ending, run_forever, say_on_stderr
from syncengine.runner.sync import Sync
from syncengine.runner.systemd import Systemd

CLOCK_LOOK_S = 5.0
"""Seconds between two looks at the clock."""


@frozen(kw_only=True)
class Service:
    """
    A running service; `open_service` makes one.

    Attributes:
        place: where its server listens; None when it is off.
    """

    settings: Settings
    sync: Sync
    monitor: Monitor
    metrics: Metrics
    place: Place | None
    systemd: Systemd


@asynccontextmanager
async def open_service(
    settings: Settings,
    *,
    listeners: tuple[Telemetry, ...] = (),
    clock: Clock | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    environ: Mapping[str, str] | None = None,
    retry_refused: bool = False,
    command: str | None = None,
) -> AsyncIterator[Service]:
    """
    Everything a service needs, open while inside.

    Args:
        listeners: told what happens, beside log lines, metrics, traces and health.
        clock: the time of this computer when None.
        monotonic: seconds of a clock that nobody can set, to notice when the other one is set.
        retry_refused: try credentials once more that were refused before and have not changed since.
        environ: where systemd says that it started us; the variables of the process when None.
        command: what another process that wants the same log is told about this one.

    Raises:
        AnotherWriter, EventLogError, ConnectorError, SettingsInvalid: as `open_sync`.
        ConfigurationError: the server cannot listen where the settings say.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        watchers = _watchers(stack, settings, clock, listeners)
        telemetry, monitor = watchers.telemetry, watchers.monitor
        telemetry.note(Starting(step="settings", detail=settings.source))
        log = await stack.enter_async_context(open_log(settings.log, now=clock.now, command=command))
        telemetry.note(Starting(step="log", detail=f"{settings.log}, {log.durability()}"))
        monitor.log_opened(log)
        server = serving(settings.server, health=monitor.health, metrics=watchers.metrics, log=notes_of(settings.log))
        place = await stack.enter_async_context(server)
        telemetry.note(Starting(step="server", detail=place.url if place else "off"))
        opening = open_sync_on(
            log, settings, telemetry=telemetry, clock=clock, breakers=watchers.breakers, retry_refused=retry_refused
        )
        sync = await stack.enter_async_context(opening)
        monitor.endpoints_open(sync.endpoints)
        connected = [name for name, keeper in sync.keepers.items() if keeper.connector is not None]
        telemetry.note(Starting(step="endpoints", detail=f"{len(connected)} of {len(sync.keepers)} connected"))
        await stack.enter_async_context(running(monitor.watch(), _watch_clock(clock, monotonic, telemetry)))
        systemd = Systemd(os.environ if environ is None else environ)
        await stack.enter_async_context(systemd.watched())
        telemetry.note(Starting(step="ready"))
        yield Service(settings=settings, sync=sync, monitor=monitor, metrics=watchers.metrics, place=place, systemd=systemd)


async def run_service(
    service: Service,
    *,
    load: Callable[[], Settings],
    interval_s: float | None = None,
    on_report: Callable[[PassReport], None] | None = None,
    on_reload: Callable[[Settings], None] = lambda _settings: None,
    retry_refused: bool = False,
) -> Ending:
    """
    Run passes until a signal ends them.

    Args:
        load: reads the settings again, on SIGHUP.
        interval_s: wins over the settings.
        on_report: called after each pass.
        on_reload: told what is in use after a reload.

    Raises:
        EventLogError, ConfigurationError: as `run_forever`.
    """
    monitor, systemd = service.monitor, service.systemd

    def use(settings: Settings) -> None:
        monitor.interval_s = interval_s or settings.interval_s
        monitor.settings = settings.health
        on_reload(settings)

    async def reload() -> float:
        systemd.reloading()
        new_interval_s = await reloader()
        systemd.ready("running with the settings read again")
        return interval_s or new_interval_s

    reloader = Reloader(service.settings, load=load, sync=service.sync, on_change=use)
    monitor.interval_s = interval_s or service.settings.interval_s
    systemd.ready(f"keeping {' and '.join(service.sync.endpoints)} the same")
    try:
        return await run_forever(
            service.sync,
            monitor.interval_s,
            on_report=on_report,
            retry_refused=retry_refused,
            stop_within_s=service.settings.stop_within_s,
            reload=reload,
            say=_say,
        )
    finally:
        systemd.stopping()


def _say(text: str) -> None:
    """For people where somebody sits at a terminal, and a log line like all others where a program reads."""
    if sys.stderr.isatty():
        say_on_stderr(text)
    else:
        logging.getLogger("syncengine.signals").warning(text)


@frozen(kw_only=True)
class _Watchers:
    """Everybody who is told what happens, and who can be asked about it."""

    telemetry: Telemetry
    monitor: Monitor
    metrics: Metrics
    breakers: Breakers


def _watchers(stack: AsyncExitStack, settings: Settings, clock: Clock, listeners: tuple[Telemetry, ...]) -> _Watchers:
    traces = open_traces(settings.traces, version=_version())
    stack.push_async_callback(asyncio.to_thread, traces.close)
    metrics = open_metrics(None, version=_version())
    stack.callback(metrics.close)
    heard = _Heard()  # the monitor is told, and tells everybody, itself too
    breakers = Breakers(clock=clock, telemetry=heard)
    monitor = Monitor(
        clock=clock,
        interval_s=settings.interval_s,
        endpoints=settings.endpoints,
        settings=settings.health,
        telemetry=heard,
        breaker_of=breakers.state_of,
    )
    metrics.watch(monitor)
    metrics.watch_checks(lambda: {it.name: it.ok for it in monitor.health().checks})
    metrics.watch_breakers(breakers.states)
    # Traces first: a log line carries the ids of the span that it is written in.
    heard.by = Everybody(traces.telemetry, LoggedTelemetry(), metrics.telemetry, monitor, *listeners)
    return _Watchers(telemetry=heard.by, monitor=monitor, metrics=metrics, breakers=breakers)


class _Heard:
    """Stands for a telemetry that needs those who need it."""

    by: Telemetry

    def note(self, note: Note, /) -> None:
        """Hand it on."""
        self.by.note(note)

    def within(self, work: Work, /) -> AbstractContextManager[None]:
        """Hand it on."""
        return self.by.within(work)


async def _watch_clock(clock: Clock, monotonic: Callable[[], float], telemetry: Telemetry) -> None:
    watch = ClockWatch(clock.now, monotonic)
    while True:
        await clock.sleep(CLOCK_LOOK_S)
        jumped_s = watch.jumped_s()
        if jumped_s:
            telemetry.note(ClockJumped(by_s=jumped_s))


def _version() -> str:
    try:
        return version("eventsourced-syncengine")
    except PackageNotFoundError:
        return "unknown"
