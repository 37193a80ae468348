"""
A circuit breaker for each host: one that fails again and again is left alone, then tried with a single call.

The package `circuitbreaker` keeps the state: closed, open, half open. What it leaves to its users is here: only one call is
let through to a half open host; a call that was cancelled, or that began before the last change, says nothing; the time is
that of the engine's clock; and every change is told.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from circuitbreaker import STATE_OPEN, CircuitBreaker
from yarl import URL

from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.guard.wait import Wait
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.engine.notes import BreakerChanged
from syncengine.engine.ports import Clock, Telemetry
from syncengine.errors import CircuitOpen, OutcomeUnknown, RemoteBusy, Unreachable

BreakerState = Literal["closed", "open", "half_open"]

COUNTED = (Unreachable, RemoteBusy, OutcomeUnknown)
"""
Errors that speak against a host. Success speaks for it. All other errors do neither, for many of them are raised before
anything is sent.
"""


class HostBreaker(CircuitBreaker):  # type: ignore[misc] # the package has no types
    """
    The breaker of one host.

    Ask `admit` before a call and tell `ended` how it went; the package's own ways in are not used, because they let
    everybody through (`with`) or know of one process-wide registry (the decorator).
    """

    def __init__(self, host: str, *, calls: CallSettings, clock: Clock, telemetry: Telemetry) -> None:
        """Closed."""
        super().__init__(failure_threshold=calls.breaker_failures, expected_exception=COUNTED, name=host)
        self._host = host
        self._failure_threshold: int = calls.breaker_failures
        self._open_s = calls.breaker_open_s
        self._telemetry = telemetry
        self._wait = Wait(clock)
        self._told: BreakerState = "closed"
        self._why = ""
        self._probing = False
        # Counts how often it opened, so that the end of a call that began before the last time is known to be one.
        self._era = 0

    @property
    def open_remaining(self) -> float:
        """Seconds until a probe may be made, by the engine's clock; the package would take that of the computer."""
        return self._wait.left_s()

    @property
    def refuses(self) -> bool:
        """Whether a call would not be let through now."""
        state = self.state
        return state == "open" or (state == "half_open" and self._probing)

    def heed(self, everybody: Sequence[CallSettings]) -> None:
        """Use the settings of all endpoints on this host: the smallest number of failures, the longest time."""
        self._failure_threshold = min(it.breaker_failures for it in everybody)
        self._open_s = max(it.breaker_open_s for it in everybody)

    @property
    def why(self) -> str | None:
        """Why the host was given up; None while it is not."""
        return None if self._told == "closed" else self._why

    def recall(self, why: str) -> None:
        """Open, because an earlier process gave the host up; a probe may be made at once."""
        self._state, self._failure_count = STATE_OPEN, self._failure_threshold
        self._era += 1
        self._why = why
        self._tell("open", why)

    def require_open_door(self) -> None:
        """
        Returns when a call would be let through now.

        Raises:
            CircuitOpen: it would not; says in how many seconds the next probe may be made.
        """
        if self.refuses:
            # While a probe is under way, the next one may be made when this one has failed and the wait is over again.
            seconds = self._open_s if self._probing else self._wait.left_s()
            raise CircuitOpen(f"not called: {self._host} had {self._why}", retry_after_s=seconds)

    def admit(self) -> int:
        """
        Let one call through; give what this returns to `ended`, however the call ends.

        Raises:
            CircuitOpen: nothing may be called now.
        """
        if self._told == "closed":
            return self._era
        self.require_open_door()
        self._probing = True
        if self._told != "half_open":
            self._tell("half_open", "one call is let through as a probe")
        return self._era

    def ended(self, admission: int, error: BaseException | None) -> None:
        """Take note of how a call that was let through ended."""
        if admission != self._era:
            return  # it began before the host was given up, so it says nothing about now
        self._probing = False
        if error is not None and not isinstance(error, COUNTED):
            return
        # The error itself stays out of the package, which would keep it alive with all that its traceback holds.
        super().__exit__(error and type(error), None, None)
        if error is None:
            self._close()
        elif not self.closed:
            self._open(error)

    def _close(self) -> None:
        if self._told != "closed":
            self._tell("closed", "the probe was answered")

    def _open(self, error: BaseException) -> None:
        self._era += 1
        self._wait.begin(self._open_s)
        self._why = f"{self.failure_count} failures in a row, the last one {type(error).__name__} ({error})"
        self._tell("open", self._why)

    def _tell(self, state: BreakerState, reason: str) -> None:
        self._told = state
        self._telemetry.note(BreakerChanged(host=self._host, state=state, reason=reason))


class Breakers:
    """The breakers of all hosts that one synchronisation calls; endpoints on the same host share one."""

    def __init__(self, *, clock: Clock, telemetry: Telemetry | None = None) -> None:
        """None so far; `telemetry` is told of each change."""
        self._clock = clock
        self._telemetry = telemetry or Silence()
        self._by_host: dict[str, HostBreaker] = {}
        self._users: dict[str, tuple[str, CallSettings]] = {}
        self._recalled: dict[str, str] = {}

    def of(self, host: str, *, endpoint: str, calls: CallSettings) -> HostBreaker:
        """The breaker of a host, which this endpoint uses from now on, and no other; a host without users is forgotten."""
        self._users[endpoint] = (host, calls)
        if host not in self._by_host:
            self._by_host[host] = HostBreaker(host, calls=calls, clock=self._clock, telemetry=self._telemetry)
            if host in self._recalled:
                self._by_host[host].recall(self._recalled.pop(host))
        used = {it for it, _ in self._users.values()}
        self._by_host = {it: breaker for it, breaker in self._by_host.items() if it in used}
        for name, breaker in self._by_host.items():
            breaker.heed([theirs for it, theirs in self._users.values() if it == name])
        return self._by_host[host]

    def recall(self, given_up: Mapping[str, str]) -> None:
        """Hosts that an earlier process gave up, and why; heeded when they are first used."""
        self._recalled = dict(given_up)

    def given_up(self) -> Mapping[str, str]:
        """The hosts that are only tried with single calls now, and why."""
        return {host: breaker.why for host, breaker in self._by_host.items() if breaker.why is not None}

    def state_of(self, endpoint: str) -> BreakerState:
        """The state for an endpoint; "closed" when it was never connected. May be asked from any thread."""
        host, _ = self._users.get(endpoint, ("", None))
        return self.state_of_host(host)

    def state_of_host(self, host: str) -> BreakerState:
        """The state for a host; "closed" when nobody uses it."""
        breaker = self._by_host.get(host)
        return "closed" if breaker is None else cast("BreakerState", breaker.state)

    def states(self) -> Mapping[str, BreakerState]:
        """The state for every host."""
        return {host: self.state_of_host(host) for host in tuple(self._by_host)}


def host_of(settings: object, *, otherwise: str) -> str:
    """
    The host that an endpoint calls, as "name:port", from the `url` of its connector's settings.

    Args:
        otherwise: the name of the endpoint, which stands for its host where there is no such `url`.
    """
    url = getattr(settings, "url", None)
    try:
        parts = URL(url) if isinstance(url, str) else URL()
        host, port = parts.host, parts.port
    except ValueError:
        return otherwise
    if not host:
        return otherwise
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
