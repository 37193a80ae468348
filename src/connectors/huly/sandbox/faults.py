"""Faults that a test or the demo plans: lost connections, refusals, slow answers, late commits."""

from typing import Literal

from attrs import Factory, define, field, frozen, validators

FaultKind = Literal["drop", "status", "html", "delay", "late_commit"]


@frozen(kw_only=True)
class Fault:
    """What happens to the next requests that fit.

    Attributes:
        kind: `drop` closes the connection without an answer, `status` answers with `status` and `text`, `html` answers
            200 with a web page, `delay` waits `delay_s` seconds, `late_commit` makes a write take effect `delay_s`
            seconds after its time stamp.
        after_effect: the request takes effect first; for `drop`, `status`, `html` and `delay`.
        path: part of the path that the request must have, such as `/api/v1/tx/`.
        body: part of the body that the request must have, such as `TxCreateDoc`.
        times: how many requests it hits; `None` for all that follow.
        skip: how many fitting requests pass first.
        every: hits each n-th fitting request.
        text: body of a `status` answer; a rate limit or server error body if empty.
        retry_after_ms: the header of a 429 answer.
    """

    kind: FaultKind = field(validator=validators.in_(("drop", "status", "html", "delay", "late_commit")))
    after_effect: bool = False
    path: str = ""
    body: str = ""
    times: int | None = 1
    skip: int = 0
    every: int = field(default=1, validator=validators.gt(0))
    status: int = 500
    text: str = ""
    retry_after_ms: int = 1000
    delay_s: float = 0.0

    def fits(self, path: str, body: str) -> bool:
        """Whether a request is one that the fault is meant for."""
        return self.path in path and self.body in body


@define
class _Planned:
    fault: Fault
    fitting: int = 0
    hits: int = 0

    def hit(self, path: str, body: str) -> bool:
        """Counts a request and says whether the fault hits it."""
        if self._is_spent() or not self.fault.fits(path, body):
            return False
        self.fitting += 1
        turn = self.fitting - self.fault.skip
        if turn <= 0 or turn % self.fault.every != 0:
            return False
        self.hits += 1
        return True

    def _is_spent(self) -> bool:
        return self.fault.times is not None and self.hits >= self.fault.times


@define
class Faults:
    """The planned faults, and how often they hit."""

    _planned: list[_Planned] = Factory(list)

    @property
    def hits(self) -> int:
        """How many times a fault hit since they were last cleared."""
        return sum(planned.hits for planned in self._planned)

    def add(self, fault: Fault) -> None:
        """Plans a fault; several may hit the same request."""
        self._planned.append(_Planned(fault))

    def clear(self) -> None:
        """Forgets all faults."""
        self._planned.clear()

    def for_request(self, path: str, body: str) -> list[Fault]:
        """The faults that hit this request."""
        return [planned.fault for planned in self._planned if planned.hit(path, body)]
