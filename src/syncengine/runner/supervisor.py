"""Keeps passes going: on a schedule, earlier when a write may be tried again, until somebody wants an end."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from syncengine.engine.notes import Stopped, Stopping
from syncengine.engine.report import PassReport
from syncengine.errors import ConcurrentAppend, LogUnavailable, Remedy, SyncEngineError
from syncengine.runner.stop_signals import Caught, stopping_on_signals
from syncengine.runner.sync import Sync

SHORTEST_WAIT_S = 1.0
"""Seconds between the end of a pass and an early one, so that a write that is due again and again causes no storm."""

RACES = 3
"""Passes in a row that may fail because somebody else appended to the log; more means that something is wrong."""

MOST_PASSES = 20
"""Passes in which everything is expected to become quiet."""

STOP_WITHIN_S = 20.0
"""Seconds the calls in flight get when somebody wants an end."""

_GIVE_UP = {Remedy.STOP, Remedy.FIX_SETTINGS}

OnReport = Callable[[PassReport], None]

Reload = Callable[[], Awaitable[float]]
"""Reads the settings again and puts them to use; answers with the interval in seconds."""


@frozen(kw_only=True)
class Ending:
    """
    How it ended.

    Attributes:
        passes: passes that came to their end.
        skipped: passes that were due while another one was running.
        stopped_by: the signal, or None when the program itself wanted the end.
        last: the report of the last pass, if there was one.
        cut_off: calls in flight did not end in time; what became of them is found out at the next start.
    """

    passes: int
    skipped: int
    stopped_by: signal.Signals | None = None
    last: PassReport | None = None
    cut_off: bool = False


def say_on_stderr(text: str) -> None:
    """One line for people."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


async def run_forever(
    sync: Sync,
    interval_s: float,
    *,
    on_report: OnReport | None = None,
    retry_refused: bool = False,
    catch_signals: bool = True,
    stop: asyncio.Event | None = None,
    stop_within_s: float = STOP_WITHIN_S,
    reload: Reload | None = None,
    say: Callable[[str], None] = say_on_stderr,
) -> Ending:
    """
    Run passes until SIGINT, SIGTERM or `stop`; then the calls in flight finish, and their outcomes are saved.

    Passes start every `interval_s` seconds; one that is due while another is running is skipped and counted. After a pass
    the next one starts early when a postponed write may be tried again. A pass that fails for reasons that may pass (a
    remote, a full disk, a log that somebody else writes) is followed by the next one as if nothing had been.

    Args:
        interval_s: seconds from the start of one pass to the start of the next.
        on_report: called after each pass.
        retry_refused: the first pass makes writes again that a remote refused.
        catch_signals: leave it to SIGINT and SIGTERM to end this; False inside a program with plans of its own.
        stop: set it to end this from inside the program.
        stop_within_s: seconds the calls in flight get then; after that they are cut off, and looked for at the next start.
        reload: called between two passes after a SIGHUP; the next pass starts at once. SIGHUP is left alone without it.
        say: told what is going on when a signal comes.

    Raises:
        EventLogError: the log cannot be used any more; end the process.
        ConfigurationError: the settings do not fit an endpoint that was reached late.
    """
    passes = _Passes(
        sync=sync,
        interval_s=interval_s,
        stop=stop or asyncio.Event(),
        on_report=on_report,
        stop_within_s=stop_within_s,
        reload=reload,
    )
    hang_up = passes.hung_up.set if reload else None
    finishing = asyncio.ensure_future(passes.finish_when_stopped())
    try:
        with stopping_on_signals(passes.stop.set, say, hang_up) if catch_signals else nullcontext(Caught()) as caught:
            await passes.run(retry_refused=retry_refused)
    finally:
        finishing.cancel()
    sync.telemetry.note(Stopped(passes=passes.done, cut_off=passes.cut_off))
    return Ending(
        passes=passes.done,
        skipped=passes.skipped,
        stopped_by=caught.signal,
        last=passes.last,
        cut_off=passes.cut_off,
    )


async def run_until_quiet(
    sync: Sync,
    *,
    on_report: OnReport | None = None,
    retry_refused: bool = False,
    stop: asyncio.Event | None = None,
    most: int = MOST_PASSES,
) -> PassReport:
    """
    Run passes until one had nothing to do and no write is open, but no more than `most`; the report of the last one.

    Between passes it waits for postponed writes. It ends early when an endpoint refuses us.

    Raises:
        EventLogError, ConfigurationError: as `run_forever`.
    """
    passes = _Passes(sync=sync, interval_s=0.0, stop=stop or asyncio.Event())
    finishing = asyncio.ensure_future(passes.finish_when_stopped())
    try:
        for number in range(most):
            report = await sync.run_pass(retry_refused=retry_refused and not number)
            if on_report is not None:
                on_report(report)
            still_open = bool(sync.views.open_writes())
            quiet = report.quiet and not still_open
            if quiet or report.stopped or report.refusals or number + 1 == most:
                break
            wait_s = SHORTEST_WAIT_S if report.problems or still_open else 0.0
            await passes.wait_until(first_due(sync) or sync.clock.now() + timedelta(seconds=wait_s))
        return report
    finally:
        finishing.cancel()


def first_due(sync: Sync) -> datetime | None:
    """When the next postponed write may be tried; those that are due already had their chance in the last pass."""
    now = sync.clock.now()
    try:
        open_writes = sync.views.open_writes()
    except LogUnavailable:
        return None  # then the next pass starts as planned
    return min((it.not_before for it in open_writes if it.not_before and it.not_before > now), default=None)


@define(kw_only=True)
class _Passes:
    """The passes of one `run_forever`."""

    sync: Sync
    interval_s: float
    stop: asyncio.Event = field(repr=False)
    on_report: OnReport | None = None
    stop_within_s: float = STOP_WITHIN_S
    reload: Reload | None = None
    hung_up: asyncio.Event = field(factory=asyncio.Event, repr=False)
    under_way: "asyncio.Future[None] | None" = None
    cut_off: bool = False
    done: int = 0
    skipped: int = 0
    races: int = 0
    last: PassReport | None = None

    async def run(self, *, retry_refused: bool) -> None:
        """One pass after the other until somebody wants an end."""
        starts = self.sync.clock.now()
        while not self.stop.is_set():
            await self._reload_if_wanted()
            work = self._one(retry_refused=retry_refused)
            due = await self._counting_skipped(work, starts + timedelta(seconds=self.interval_s))
            starts = self._next_start(due)
            await self.wait_until(starts)
            starts = min(starts, self.sync.clock.now())
            retry_refused = False

    async def finish_when_stopped(self) -> None:
        """Once somebody wants an end, let the pass under way come to its own, or cut it off."""
        await self.stop.wait()
        self.sync.engine.stop()
        self.sync.telemetry.note(Stopping(within_s=self.stop_within_s))
        await self.sync.clock.sleep(self.stop_within_s)
        if self.under_way is not None:
            self.cut_off = True
            self.under_way.cancel()

    async def wait_until(self, then: datetime) -> None:
        """Wait, but not after somebody wanted an end or other settings."""
        wanted = [asyncio.ensure_future(it.wait()) for it in (self.stop, self.hung_up)]
        try:
            await self._comes_first(then, *wanted)
        finally:
            for waiting in wanted:
                waiting.cancel()

    async def _reload_if_wanted(self) -> None:
        if self.reload is not None and self.hung_up.is_set():
            self.hung_up.clear()
            self.interval_s = await self.reload()

    async def _one(self, *, retry_refused: bool) -> None:
        try:
            report = await self.sync.run_pass(retry_refused=retry_refused)
        except SyncEngineError as error:
            self.races += isinstance(error, ConcurrentAppend)
            if error.remedy in _GIVE_UP or self.races > RACES:
                raise
            return  # the engine has told why; the next pass goes on from what was saved
        self.races = 0
        self.done += 1
        self.last = report
        if self.on_report is not None:
            self.on_report(report)

    async def _counting_skipped(self, work: Awaitable[None], due: datetime) -> datetime:
        """Wait for a pass, counting those that were due meanwhile; when the next one is."""
        self.under_way = task = asyncio.ensure_future(work)
        try:
            while not await self._comes_first(due, task):
                self.skipped += 1
                await self.sync.note_skipped()
                # A computer that slept, or whose clock was set, skipped one pass and not thousands.
                due = max(due, self.sync.clock.now() - timedelta(seconds=self.interval_s))
                due += timedelta(seconds=self.interval_s)
            await task
        except asyncio.CancelledError:
            if not self.cut_off:
                raise
        finally:
            self.under_way = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return due

    async def _comes_first(self, then: datetime, *awaited: "asyncio.Future[Any]") -> bool:
        """Whether something happened before this time."""
        clock = self.sync.clock
        timer = asyncio.ensure_future(clock.sleep(max(0.0, (then - clock.now()).total_seconds())))
        try:
            await asyncio.wait({*awaited, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return any(it.done() for it in awaited)

    def _next_start(self, due: datetime) -> datetime:
        """When the next pass starts: as planned, or earlier for a postponed write."""
        now = self.sync.clock.now()
        # The clock may have been set: nobody waits for a year, or makes up for one.
        due = max(now, min(due, now + timedelta(seconds=self.interval_s)))
        early = first_due(self.sync)
        if early is None:
            return due
        return min(due, max(early, now + timedelta(seconds=SHORTEST_WAIT_S)))
