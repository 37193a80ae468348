"""Troubles that a sandbox can be told to make: which, for which requests, and how often."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

import attrs

from connectors.vibe.sandbox.paths import PathKind


class FaultKind(StrEnum):
    """What goes wrong with a request."""

    LOST = "lost"
    """
    Answered 200 with the new row after the delay, and not stored: the loss under lock contention. A DELETE gets the 500
    of a locked database in its place, as on the real server.
    """
    DROP_BEFORE = "drop-before"
    """The connection is closed without an answer, and nothing was done."""
    DROP_AFTER = "drop-after"
    """The connection is closed without an answer, and all was done."""
    HTML = "html"
    """Answered 200 with the web page; nothing was done."""
    LOCKED = "locked"
    """Answered 500 after the delay, mostly with ``database is locked``; nothing was done."""
    DELAY = "delay"
    """Done at once, answered after the delay."""
    LATE = "late"
    """Done only after the delay, then answered; also done when the client has left by then."""


_DEFAULT_DELAYS_S = {FaultKind.LOST: 5.0, FaultKind.DELAY: 5.0, FaultKind.LATE: 5.0}


def _at_least(least: float) -> Callable[[object, "attrs.Attribute[Any]", float | None], None]:
    def check(_instance: object, attribute: "attrs.Attribute[Any]", value: float | None) -> None:
        if value is not None and value < least:
            raise ValueError(f"{attribute.name} must be at least {least}, but is {value}.")

    return check


@attrs.frozen(kw_only=True)
class Fault:
    """
    A trouble and the requests that meet it.

    `method` and `path_kind` None mean any. Of the matching requests each `every`-th is hit, until `times` were (None:
    without end). `delay_s` is in seconds; None takes the 5 seconds of the real server's busy wait where the kind has a
    delay by nature, else none.

    Raises:
        ValueError: a value that cannot be meant.
    """

    kind: FaultKind = attrs.field(converter=FaultKind)
    method: str | None = None
    path_kind: PathKind | None = attrs.field(default=None, converter=attrs.converters.optional(PathKind))
    times: int | None = attrs.field(default=1, validator=_at_least(1))
    every: int = attrs.field(default=1, validator=_at_least(1))
    delay_s: float | None = attrs.field(default=None, validator=_at_least(0))

    @property
    def wait_s(self) -> float:
        """The seconds that the answer is held back."""
        return _DEFAULT_DELAYS_S.get(self.kind, 0.0) if self.delay_s is None else self.delay_s

    def matches(self, method: str, path_kind: PathKind) -> bool:
        """Whether such a request may meet this trouble."""
        return self.method in (None, method) and self.path_kind in (None, path_kind)


@attrs.define
class PlannedFault:
    """A `Fault` in force, with how many matching requests it saw and how many it hit."""

    fault: Fault
    seen: int = 0
    hit: int = 0

    def hits(self, method: str, path_kind: PathKind) -> bool:
        """Counts this request and says whether it is hit."""
        spent = self.fault.times is not None and self.hit >= self.fault.times
        if spent or not self.fault.matches(method, path_kind):
            return False
        self.seen += 1
        due = self.seen % self.fault.every == 0
        self.hit += due
        return due


class FaultPlan:
    """The troubles in force, oldest first; a request meets at most one, the first that hits."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.planned: list[PlannedFault] = [PlannedFault(fault) for fault in faults]

    def add(self, fault: Fault) -> PlannedFault:
        """Puts a trouble in force; what is returned goes on counting."""
        planned = PlannedFault(fault)
        self.planned.append(planned)
        return planned

    def clear(self) -> None:
        """Ends all troubles; requests already hit still meet theirs."""
        self.planned.clear()

    def next_for(self, method: str, path_kind: PathKind) -> Fault | None:
        """The trouble that this request meets, or None."""
        return next((p.fault for p in self.planned if p.hits(method, path_kind)), None)
