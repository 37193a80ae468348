"""
Whether a running synchronisation is well, judged by its vital signs alone.

Health follows from what was achieved: a pass that had problems is no success, however quickly it ended. Whatever stands in
the way of one endpoint makes "degraded", all of them at once too: a restart would not bring a remote back. "unhealthy" is
what nobody but a person can end: the log, the right to write it, or passes that no longer come to their end.

Neither is a reason to restart the process. Whoever restarts by health asks `/health/live`, which looks at nothing but the
event loop.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from attrs import frozen

from syncengine.adapters.telemetry.vital_signs import EndpointSigns, VitalSigns
from syncengine.domain.identity import EndpointName
from syncengine.redaction import redact
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.short_text import age, at, cut

Status = Literal["healthy", "degraded", "unhealthy"]

STATUSES: tuple[Status, ...] = ("healthy", "degraded", "unhealthy")
"""From good to bad."""

LONGEST_REASON = 600
"""Characters."""

MISSED_PASSES = 2
"""Intervals without a successful pass that are no trouble yet: one pass may have a problem that the next one does not."""

LOST_PASSES = 10
"""Intervals without any pass coming to its end, after which something is wrong with the process itself."""


@frozen(kw_only=True)
class Check:
    """
    One thing that was looked at.

    Attributes:
        name: "last_pass", "pass_running", "log", "lease", "views", "endpoint:NAME", "open_intents", "parked" or "clock".
        reason: what is wrong and what to do next, as a sentence; empty when nothing is. Never holds a field value.
        since: when it began, where that is known.
    """

    name: str
    status: Status = "healthy"
    reason: str = ""
    since: datetime | None = None

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return self.status == "healthy"


@frozen(kw_only=True)
class Health:
    """
    How well a synchronisation is.

    Attributes:
        status: that of the worst check.
        ready: start-up is over, and the log can be written by this process.
        uptime_s: seconds since the process began.
    """

    status: Status
    checks: tuple[Check, ...]
    ready: bool
    uptime_s: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is wrong, the worst first; empty when nothing is."""
        wrong = sorted((it for it in self.checks if not it.ok), key=lambda it: -STATUSES.index(it.status))
        return tuple(it.reason for it in wrong)


def check(signs: VitalSigns, settings: HealthSettings) -> Health:
    """The health these signs mean; worse signs never make it better."""
    named = {name: look(signs, settings) for name, look in _LOOKS.items()}
    named |= {f"endpoint:{name}": _endpoint(name, it) for name, it in sorted(signs.endpoints.items())}
    checks = tuple(
        Check(name=name, status=it.status, reason=cut(redact(it.reason), longest=LONGEST_REASON), since=it.since)
        for name, it in named.items()
    )
    return Health(
        status=max((it.status for it in checks), key=STATUSES.index),
        checks=checks,
        ready=signs.ready and named["log"].status == named["lease"].status == "healthy",
        uptime_s=max((signs.now - signs.started_at).total_seconds(), 0.0),
    )


@frozen
class _Found:
    """A check without its name."""

    status: Status = "healthy"
    reason: str = ""
    since: datetime | None = None


_WELL = _Found()


def _last_pass(signs: VitalSigns, settings: HealthSettings) -> _Found:
    # A new process gets the time of a first pass, however long ago the one before it was stopped.
    ended_s = _age(signs, max(signs.last_pass_at or signs.started_at, signs.started_at))
    succeeded_s = _age(signs, max(signs.last_success_at or signs.started_at, signs.started_at))
    if ended_s > max(LOST_PASSES * signs.interval_s, settings.long_pass_s) + settings.pass_grace_s:
        return _Found(
            "unhealthy",
            f"no pass came to its end for {age(ended_s)}; the log lines pass.started and pass.failed say why, "
            "and where there are none the process has to be restarted",
            signs.last_pass_at,
        )
    if succeeded_s > MISSED_PASSES * signs.interval_s + settings.pass_grace_s:
        return _Found(
            "degraded",
            f"no pass was without problems for {age(succeeded_s)}, and one is due every {age(signs.interval_s)}; "
            "`syncengine status` lists the problems of the last one",
            signs.last_success_at,
        )
    if not signs.ready:
        text = "the start is not over; wait, the log lines start.step say how far it is"
        return _Found("degraded", text, signs.started_at)
    return _WELL


def _pass_running(signs: VitalSigns, settings: HealthSettings) -> _Found:
    if signs.pass_started_at is None:
        return _WELL
    running_s = _age(signs, signs.pass_started_at)
    if running_s > max(3 * signs.interval_s, settings.long_pass_s):
        return _Found(
            "unhealthy",
            f"the pass under way does not come to an end, it has been running for {age(running_s)}; the log lines "
            "call.ended say which remote hangs; stop the process with SIGTERM and start it again, or raise "
            "[health] long_pass_s",
            signs.pass_started_at,
        )
    if running_s >= signs.interval_s:
        return _Found(
            "degraded",
            f"the pass under way has been running for {age(running_s)}, longer than [sync] interval_s; wait if it is the "
            "first one or much had changed, and raise interval_s if it is always so",
            signs.pass_started_at,
        )
    return _WELL


def _log(signs: VitalSigns, _: HealthSettings) -> _Found:
    if signs.log_trouble is None:
        return _WELL
    return _Found("unhealthy", f"{signs.log_trouble}; it is tried again by itself, nothing has to be restarted")


def _lease(signs: VitalSigns, _: HealthSettings) -> _Found:
    if signs.lease_held:
        return _WELL
    why = f" ({signs.lease_trouble})" if signs.lease_trouble else ""
    return _Found(
        "unhealthy",
        f"this process may not write the event log{why}; stop the other process, `syncengine status` names it, "
        "and this one goes on by itself",
    )


def _views(signs: VitalSigns, _: HealthSettings) -> _Found:
    behind = signs.log_position - signs.view_position
    if not behind:
        return _WELL
    how = f"{behind} events behind the log" if behind > 0 else f"{-behind} events ahead of the log"
    return _Found("degraded", f"the views are {how}; stop this process, run `syncengine rebuild-views` and start it again")


def _open_intents(signs: VitalSigns, settings: HealthSettings) -> _Found:
    if signs.oldest_open_s <= settings.open_intent_s:
        return _WELL
    number = len(signs.open_writes)
    writes = f"{number} writes have no outcome yet, the oldest for" if number > 1 else "1 write has had no outcome for"
    return _Found(
        "degraded",
        f"{writes} {age(signs.oldest_open_s)}, longer than [health] open_intent_s; `syncengine status` lists them "
        "and says what each waits for",
        signs.open_writes[0].since,
    )


def _parked(signs: VitalSigns, settings: HealthSettings) -> _Found:
    number = len(signs.parked)
    if number <= settings.parked_items:
        return _WELL
    wait = "1 item waits for a person" if number == 1 else f"{number} items wait for a person"
    most = f", and [health] parked_items allows {settings.parked_items}" if settings.parked_items else ""
    since = min(it.since for it in signs.parked)
    return _Found("degraded", f"{wait}{most}; `syncengine status` lists them with the way out of each", since)


def _clock(signs: VitalSigns, _: HealthSettings) -> _Found:
    jumped_at = signs.clock_jumped_at
    if jumped_at is None or _age(signs, jumped_at) >= signs.interval_s:
        return _WELL
    way = "back" if signs.clock_jump_s < 0 else "forward"
    return _Found(
        "degraded",
        f"the clock of this computer went {way} by {age(abs(signs.clock_jump_s))} at {at(jumped_at)}; check its time "
        "synchronisation, for example with `timedatectl`; nothing is decided by the clock alone, so nothing is lost",
        jumped_at,
    )


def _endpoint(name: EndpointName, signs: EndpointSigns) -> _Found:
    section = f"[endpoints.{name}]"
    why = f": {signs.trouble}" if signs.trouble else ""
    if signs.paused is not None:
        text = f"{name} refuses us: {signs.paused.reason}; check the credentials, the rights and the address in {section}"
        return _Found("degraded", text, signs.paused.since)
    reachable = f"check that it is running, and its address in {section}; it is tried again by itself"
    if not signs.connected:
        return _Found("degraded", f"{name} is not connected{why}; {reachable}")
    if signs.breaker != "closed":
        return _Found("degraded", f"{name} failed again and again and is left alone for a while{why}; {reachable}")
    if signs.trouble is not None:
        return _Found("degraded", f"{name} is in trouble{why}; {reachable}")
    if signs.slow:
        text = f"{name} answers, but close to the limit of time it has; check its load, or what [health] slow_s allows"
        return _Found("degraded", text)
    return _WELL


def _age(signs: VitalSigns, moment: datetime) -> float:
    """Seconds since then; 0 when it is in the future, after the clock was set back."""
    return max((signs.now - moment).total_seconds(), 0.0)


_LOOKS: dict[str, Callable[[VitalSigns, HealthSettings], _Found]] = {
    "last_pass": _last_pass,
    "pass_running": _pass_running,
    "log": _log,
    "lease": _lease,
    "views": _views,
    "open_intents": _open_intents,
    "parked": _parked,
    "clock": _clock,
}

NAMES = tuple(_LOOKS)
"""The checks there are besides those of endpoints."""
