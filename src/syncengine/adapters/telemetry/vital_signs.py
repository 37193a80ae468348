"""How a running synchronisation stands at one moment, as values: what health is judged by and what gauges show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol

from attrs import field, frozen

from syncengine.domain.identity import EndpointName
from syncengine.engine.ports import OpenWrite, ParkedItem, PausedEndpoint


@frozen(kw_only=True)
class EndpointSigns:
    """
    One endpoint.

    Attributes:
        connected: its connector was opened.
        trouble: why it does not work at the moment, for people; None while it does.
        paused: the pause that the log knows of, if any.
        breaker: state of the circuit breaker of its host.
        slow: calls answer, but close to the limit of time they have.
    """

    connected: bool
    trouble: str | None = None
    paused: PausedEndpoint | None = None
    breaker: Literal["closed", "open", "half_open"] = "closed"
    slow: bool = False


@frozen(kw_only=True)
class VitalSigns:
    """
    Everything at one moment; all times are aware UTC.

    Attributes:
        started_at: when this process began.
        interval_s: seconds from the start of one pass to the start of the next.
        ready: start-up is over.
        pass_started_at: start of the pass under way; None between passes.
        last_pass_at: end of the last pass that came to its end, whatever it brought.
        last_success_at: end of the last pass without any problem, also of an earlier process.
        open_writes: saved intents without an outcome, oldest first.
        log_position: position of the last event in the log.
        view_position: position up to which the views are written; the same, unless something is wrong.
        log_trouble: why the log could not be written or read when it was last tried; None while it can.
        lease_held: this process may write the log.
        lease_trouble: why not, if not.
        clock_jumped_at: when the clock of this computer was last set, or None.
        clock_jump_s: by how many seconds; negative when it was set back.
    """

    now: datetime
    started_at: datetime
    interval_s: float
    ready: bool
    endpoints: Mapping[EndpointName, EndpointSigns] = field(factory=dict)
    pass_started_at: datetime | None = None
    last_pass_at: datetime | None = None
    last_success_at: datetime | None = None
    open_writes: tuple[OpenWrite, ...] = ()
    parked: tuple[ParkedItem, ...] = ()
    log_position: int = 0
    view_position: int = 0
    log_trouble: str | None = None
    lease_held: bool = True
    lease_trouble: str | None = None
    clock_jumped_at: datetime | None = None
    clock_jump_s: float = 0.0

    @property
    def oldest_open_s(self) -> float:
        """Seconds since the oldest intent without an outcome was saved; 0 when there is none."""
        return max((self.now - self.open_writes[0].since).total_seconds(), 0.0) if self.open_writes else 0.0


class Patient(Protocol):
    """Whoever can be asked for vital signs, at any time and from any thread."""

    def vital_signs(self) -> VitalSigns:
        """How things stand now; must not raise."""
