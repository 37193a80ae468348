"""
What goes wrong between a program and a memory remote, on purpose.

Faults are planned for an operation ("list", "fetch", "find_by_key", "discover", "create", "update", "delete"), or drawn
from a seeded dial. The plan outlives the connector, so a test can crash the program and go on with the same weather.
"""

import random
from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import field, frozen

from syncengine.errors import (
    AuthenticationFailed,
    ConnectorError,
    ContractViolation,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    RecordInvalid,
    RemoteBusy,
    TransientError,
    Unreachable,
)

WRITES = frozenset({"create", "update", "delete"})
"""The operations that change something."""


class Weather(Enum):
    """One way in which a call can go wrong."""

    REFUSED = "the connection was refused"
    """Nothing was done."""
    DROPPED_BEFORE = "the connection was dropped before the remote did anything"
    DROPPED_AFTER = "the connection was dropped after the remote had done it"
    RATE_LIMITED = "too many requests"
    BUSY = "the remote is busy"
    SLOW = "the answer is slow"
    LOST_ROW = "the answer is good and slow, but nothing was stored"
    INVALID = "the remote does not accept these values"
    UNAUTHORISED = "the credentials are wrong"
    FORBIDDEN = "the account may not do this"
    SERVER_ERROR = "the remote failed inside before it had done anything"
    WEB_PAGE = "a web page came instead of an answer; the remote had done it"
    TRUNCATED = "the listing breaks off after its first page"
    EMPTY_LISTING = "the listing is complete and empty, although there are records"


@frozen(kw_only=True)
class Fault:
    """
    One thing that goes wrong.

    Attributes:
        retry_after_s: seconds the remote asks to wait, with `RATE_LIMITED`.
        delay_s: seconds until the answer, with `SLOW` and `LOST_ROW`.
    """

    weather: Weather
    retry_after_s: float | None = None
    delay_s: float = 5.0


TRANSIENT = (Weather.REFUSED, Weather.DROPPED_BEFORE, Weather.DROPPED_AFTER, Weather.RATE_LIMITED, Weather.BUSY)
"""What a dial draws from when it is not told otherwise: everything that passes by itself."""


class Faults:
    """The plan of what goes wrong; empty at first."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[Fault]] = {}
        self._always: dict[str, Fault] = {}
        self._dial: _Dial | None = None
        self.happened: list[tuple[str, Weather]] = []

    def plan(self, operation: str, *faults: Fault | Weather | None) -> None:
        """The next calls of this operation go like this, one after the other; None is a call without a fault."""
        queue = self._planned.setdefault(operation, deque())
        queue.extend(_as_fault(fault) for fault in faults)

    def always(self, operation: str, fault: Fault | Weather) -> None:
        """Every call of this operation goes like this until `clear`."""
        self._always[operation] = _as_fault(fault)

    def dial(
        self,
        share: float,
        *,
        seed: int,
        among: Iterable[Fault | Weather] = TRANSIENT,
        operations: Iterable[str] | None = None,
    ) -> None:
        """From now on this share (0 to 1) of the calls goes wrong; the same seed gives the same faults."""
        self._dial = _Dial(
            share=share,
            source=random.Random(seed),
            among=tuple(_as_fault(fault) for fault in among),
            operations=None if operations is None else frozenset(operations),
        )

    def clear(self) -> None:
        """From now on nothing goes wrong."""
        self._planned.clear()
        self._always.clear()
        self._dial = None

    def draw(self, operation: str) -> Fault | None:
        """What the next call of this operation meets; a planned fault is used up by it."""
        queue = self._planned.get(operation)
        fault = queue.popleft() if queue else self._always.get(operation) or self._drawn(operation)
        if fault is None or fault is _FINE:
            return None
        self.happened.append((operation, fault.weather))
        return fault

    def _drawn(self, operation: str) -> Fault | None:
        return self._dial.draw(operation) if self._dial else None


_FINE = Fault(weather=Weather.SLOW, delay_s=0.0)


def _as_fault(fault: Fault | Weather | None) -> Fault:
    if fault is None:
        return _FINE
    return Fault(weather=fault) if isinstance(fault, Weather) else fault


@frozen(kw_only=True)
class _Dial:
    share: float
    source: random.Random
    among: tuple[Fault, ...]
    operations: frozenset[str] | None = field(default=None)

    def draw(self, operation: str) -> Fault | None:
        if self.operations is not None and operation not in self.operations:
            return None
        return self.source.choice(self.among) if self.source.random() < self.share else None


def error_before(fault: Fault | None, operation: str) -> ConnectorError | None:
    """The error of a call that ends before the remote does anything, or None when it goes on."""
    if fault is None:
        return None
    if fault.weather is Weather.DROPPED_BEFORE:
        return _lost(operation)
    message = fault.weather.value
    if fault.weather is Weather.SERVER_ERROR:
        # A program cannot know that nothing was done.
        return OutcomeUnknown("the remote failed") if operation in WRITES else RemoteBusy("the remote failed")
    if fault.weather is Weather.WEB_PAGE and operation not in WRITES:
        return ContractViolation("the answer is a web page")
    if fault.weather in _TRY_LATER:
        return _TRY_LATER[fault.weather](message, retry_after_s=fault.retry_after_s)
    return _FOR_GOOD[fault.weather](message) if fault.weather in _FOR_GOOD else None


def error_after(fault: Fault | None, operation: str) -> ConnectorError | None:
    """The error of a call whose answer is lost, or is none, after the remote did its part."""
    if fault is not None and fault.weather is Weather.WEB_PAGE and operation in WRITES:
        return OutcomeUnknown("the answer is a web page")
    return _lost(operation) if fault is not None and fault.weather is Weather.DROPPED_AFTER else None


def delay_of(fault: Fault | None) -> float:
    """Seconds until the answer comes."""
    slow = fault is not None and fault.weather in {Weather.SLOW, Weather.LOST_ROW}
    return fault.delay_s if fault is not None and slow else 0.0


def _lost(operation: str) -> ConnectorError:
    # Nobody can tell the two ways of losing a connection apart, so both give the same error.
    if operation in WRITES:
        return OutcomeUnknown("connection lost; the request may have been done")
    return Unreachable("connection lost")


_TRY_LATER: Mapping[Weather, type[TransientError]] = {
    Weather.REFUSED: Unreachable,
    Weather.RATE_LIMITED: RateLimited,
    Weather.BUSY: RemoteBusy,
}
_FOR_GOOD: Mapping[Weather, type[ConnectorError]] = {
    Weather.INVALID: RecordInvalid,
    Weather.UNAUTHORISED: AuthenticationFailed,
    Weather.FORBIDDEN: PermissionDenied,
}


class SimulatedCrash(BaseException):
    """The process dies here; no `Exception`, so that no handler for errors survives its own death."""
