"""Listens to what happens, looks at the log, and so knows at any moment how a synchronisation stands."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal

from attrs import field, frozen

from syncengine.adapters.event_log import OpenLog
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.adapters.telemetry.vital_signs import EndpointSigns, VitalSigns
from syncengine.domain.identity import EndpointName
from syncengine.engine.notes import (
    CallEnded,
    ClockJumped,
    EndpointConnected,
    EndpointNotConnected,
    HealthChanged,
    LeaseBack,
    LeaseLost,
    Note,
    PassEnded,
    PassFailed,
    PassWork,
    Starting,
    Work,
)
from syncengine.engine.ports import Clock, Endpoint, OpenWrite, ParkedItem, PausedEndpoint, Telemetry
from syncengine.errors import EventLogError, SyncEngineError
from syncengine.redaction import redact
from syncengine.runner.health.endpoint_trouble import EndpointTrouble, about_the_log
from syncengine.runner.health.health import Health, Status, check
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.short_text import cut

BreakerState = Literal["closed", "open", "half_open"]

PROBE_WITHIN_S = 10.0
"""Seconds a write to the log may take; a disk that hangs answers nothing at all."""

LONGEST_LOOK_S = 30.0
"""Seconds between two looks, however long the interval is."""

USUAL_CALL_TIMEOUT_S = 30.0
"""Seconds; stands for the time limit of an endpoint that was never connected."""


@frozen(kw_only=True)
class _LogSigns:
    """What the log says."""

    open_writes: tuple[OpenWrite, ...] = ()
    parked: tuple[ParkedItem, ...] = ()
    paused: Mapping[EndpointName, PausedEndpoint] = field(factory=dict)
    positions: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, log: OpenLog) -> "_LogSigns":
        """Raises `EventLogError` when the log cannot be read."""
        views = log.views
        return cls(
            open_writes=tuple(views.open_writes()),
            parked=tuple(views.parked()),
            paused={it.endpoint: it for it in views.paused()},
            positions=views.progress(),
        )


class Monitor:
    """
    A telemetry that remembers what health needs, and a patient that can be asked for it at any time, from any thread.

    Attributes:
        interval_s: seconds from the start of one pass to the start of the next; may be changed at any time.
        settings: what counts as too old, too many and too slow; may be changed at any time.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        interval_s: float,
        endpoints: Iterable[str] = (),
        settings: HealthSettings | None = None,
        telemetry: Telemetry | None = None,
        breaker_of: Callable[[str], BreakerState] = lambda _endpoint: "closed",
    ) -> None:
        """
        Nothing is known yet; `log_opened` and `endpoints_open` add what there is to look at.

        Args:
            endpoints: the configured names, also of those that are not connected yet.
            telemetry: told when the overall health changes.
            breaker_of: state of the circuit breaker of an endpoint's host.
        """
        self.interval_s = interval_s
        self.settings = settings or HealthSettings()
        self._clock = clock
        self._telemetry = telemetry or Silence()
        self._breaker_of = breaker_of
        self._troubles = {EndpointName(name): EndpointTrouble() for name in endpoints}
        self._opened: Mapping[EndpointName, Endpoint] = {}
        self._log: OpenLog | None = None
        self._ready = False
        self._started_at = clock.now()
        self._pass_started_at: datetime | None = None
        self._last_pass_at: datetime | None = None
        self._last_success_at: datetime | None = None
        self._probe_trouble: str | None = None
        self._pass_trouble: str | None = None
        self._lease_trouble: str | None = None
        self._jumped_at: datetime | None = None
        self._jump_s = 0.0
        self._told: Status = "healthy"

    # -- what there is to look at ----------------------------------------------------------------------------------------

    def log_opened(self, log: OpenLog) -> None:
        """Look at this log from now on; it also knows of the last pass of an earlier process."""
        self._log = log
        try:
            last = log.heartbeat.last_pass()
        except EventLogError as error:
            self._probe_trouble = str(error)
            return
        if last is not None:
            self._last_pass_at = last.finished_at
            if not last.summary.get("problems") and not last.summary.get("stopped"):
                self._last_success_at = last.finished_at

    def endpoints_open(self, endpoints: Mapping[EndpointName, Endpoint]) -> None:
        """These are the endpoints, each with its connector or with whoever stands for it until it is connected."""
        self._opened = dict(endpoints)
        for name in endpoints:
            self._trouble_of(name)

    # -- what happens ----------------------------------------------------------------------------------------------------

    def note(self, note: Note, /) -> None:
        """Remember what it means for health."""
        match note:
            case CallEnded():
                self._trouble_of(note.endpoint).call_ended(note)
            case EndpointConnected():
                self._connected(note.endpoint, why_not=None)
            case EndpointNotConnected():
                self._connected(note.endpoint, why_not=note.reason)
            case PassEnded():
                self._pass_ended(note)
            case PassFailed() if about_the_log(note.error):
                self._pass_trouble = note.reason
            case Starting(step="ready"):
                self._ready = True
            case LeaseLost():
                self._lease_trouble = note.reason
            case LeaseBack():
                self._lease_trouble = None
            case ClockJumped():
                self._clock_jumped(note.by_s)

    @contextmanager
    def within(self, work: Work, /) -> Iterator[None]:
        """Remember since when a pass is under way; whoever makes passes has started."""
        if not isinstance(work, PassWork):
            yield
            return
        self._ready = True
        self._pass_started_at = self._clock.now()
        try:
            yield
        finally:
            self._pass_started_at = None

    def _trouble_of(self, endpoint: str) -> EndpointTrouble:
        return self._troubles.setdefault(EndpointName(endpoint), EndpointTrouble())

    def _connected(self, endpoint: str, *, why_not: str | None) -> None:
        trouble = self._trouble_of(endpoint)
        trouble.connected, trouble.not_connected = why_not is None, why_not

    def _pass_ended(self, note: PassEnded) -> None:
        self._last_pass_at = self._clock.now()
        self._pass_trouble = None
        if note.status == "success":
            self._last_success_at = self._last_pass_at
            for trouble in self._troubles.values():
                trouble.nothing_wrong()

    def _clock_jumped(self, by_s: float) -> None:
        """What was remembered is as long ago as before, by the clock as it goes now."""
        self._jumped_at, self._jump_s = self._clock.now(), by_s
        jump = timedelta(seconds=by_s)
        self._started_at += jump
        self._pass_started_at = self._pass_started_at and self._pass_started_at + jump
        self._last_pass_at = self._last_pass_at and self._last_pass_at + jump
        self._last_success_at = self._last_success_at and self._last_success_at + jump

    # -- how it stands ---------------------------------------------------------------------------------------------------

    def vital_signs(self) -> VitalSigns:
        """How things stand now; a log that cannot be read is one of the signs."""
        trouble = self._pass_trouble or self._probe_trouble
        try:
            seen = _LogSigns.of(self._log) if self._log is not None else _LogSigns()
        except Exception as error:  # noqa: BLE001 - whoever asks how things stand gets an answer whatever happened
            seen, trouble = _LogSigns(), trouble or f"the event log cannot be read: {error}"
        return VitalSigns(
            now=self._clock.now(),
            started_at=self._started_at,
            interval_s=self.interval_s,
            ready=self._ready,
            endpoints={name: self._endpoint_signs(name, seen.paused.get(name)) for name in tuple(self._troubles)},
            pass_started_at=self._pass_started_at,
            last_pass_at=self._last_pass_at,
            last_success_at=self._last_success_at,
            open_writes=seen.open_writes,
            parked=seen.parked,
            log_position=seen.positions[0],
            view_position=seen.positions[1],
            log_trouble=_for_people(trouble),
            lease_held=self._lease_trouble is None,
            lease_trouble=_for_people(self._lease_trouble),
            clock_jumped_at=self._jumped_at,
            clock_jump_s=self._jump_s,
        )

    def health(self) -> Health:
        """How well it is now."""
        return check(self.vital_signs(), self.settings)

    def _endpoint_signs(self, name: EndpointName, paused: PausedEndpoint | None) -> EndpointSigns:
        trouble, limit_s = self._troubles[name], self._call_timeout_s(name)
        slow_s = self.settings.slow_s or (limit_s or USUAL_CALL_TIMEOUT_S) / 2
        return EndpointSigns(
            connected=limit_s is not None if trouble.connected is None else trouble.connected,
            trouble=_for_people(trouble.not_connected or trouble.failing),
            paused=paused,
            breaker=self._breaker_of(name),
            slow=trouble.slower_than(slow_s),
        )

    def _call_timeout_s(self, name: EndpointName) -> float | None:
        """Seconds one call may take; None when it is not connected."""
        endpoint = self._opened.get(name)
        if endpoint is None:
            return None
        try:
            return endpoint.connector.capabilities.call_timeout_s
        except SyncEngineError:
            return None

    # -- looking again and again -----------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Try to write to the log and tell when the overall health changed, twice in each interval, until cancelled."""
        while True:
            await self.probe()
            self.tell_changes()
            await self._clock.sleep(min(self.interval_s / 2, LONGEST_LOOK_S))

    async def probe(self) -> None:
        """Find out whether the log can be written, also while nothing has to be written; does not raise."""
        if self._log is None or self._lease_trouble is not None:
            return
        try:
            async with asyncio.timeout(PROBE_WITHIN_S):
                await self._log.probe()
        except TimeoutError:
            self._probe_trouble = (
                f"the event log {self._log.path} took no write within {PROBE_WITHIN_S:g} seconds; check its disk"
            )
        except EventLogError as error:
            self._probe_trouble = str(error)
        else:
            self._probe_trouble = None

    def tell_changes(self) -> None:
        """Note `HealthChanged` when the overall health is another one than the last time; not before the start is over."""
        if not self._ready:
            return
        health = self.health()
        if health.status != self._told:
            self._told = health.status
            self._telemetry.note(HealthChanged(status=health.status, reasons=health.reasons))


def _for_people(text: str | None) -> str | None:
    return None if text is None else cut(redact(text), longest=400)
