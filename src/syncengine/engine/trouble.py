"""
Who is in trouble during a pass.

An endpoint that refuses us, or fails again and again, is left alone until the next pass.
"""

from collections.abc import Callable

from attrs import define, field

from syncengine.domain.identity import EndpointName
from syncengine.errors import ConnectorError, Remedy

TROUBLES = 3
"""Failed calls to an endpoint after which a pass leaves it alone."""


@define
class Troubles:
    """
    What went wrong in one pass.

    Attributes:
        problems: one line each, for people.
        tell: called with each new one.
        refusals: endpoints that refused us as a whole.
    """

    problems: list[str] = field(factory=list)
    tell: Callable[[str], None] = lambda _line: None
    refusals: dict[EndpointName, ConnectorError] = field(factory=dict)
    _failures: dict[EndpointName, int] = field(factory=dict)

    @property
    def anybody_left_alone(self) -> bool:
        """Whether this pass did without somebody."""
        return any(self.left_alone(endpoint) for endpoint in self._failures)

    def left_alone(self, endpoint: EndpointName) -> bool:
        """Whether this endpoint is not called any more in this pass."""
        return self._failures.get(endpoint, 0) >= TROUBLES

    def note(self, endpoint: EndpointName, error: ConnectorError, *, fatal: bool = False) -> None:
        """
        Count a failed call.

        Args:
            fatal: without this call nothing can be done on the endpoint.
        """
        if error.remedy in {Remedy.PARK_LINK, Remedy.OBSERVE_AGAIN}:
            return  # about one record; its link says so
        refused = error.remedy is Remedy.PAUSE_ENDPOINT
        self._failures[endpoint] = TROUBLES if fatal or refused else self._failures.get(endpoint, 0) + 1
        self.say(f"{type(error).__name__}: {error}")
        if refused:
            self.refusals[endpoint] = error

    def say(self, line: str) -> None:
        """Remember a problem, once."""
        if not any(known.endswith(line) for known in self.problems):
            self.problems.append(line)
            self.tell(line)
