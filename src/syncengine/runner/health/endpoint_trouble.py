"""What a monitor remembers of one endpoint: whether its calls work, and how long they take."""

from collections import deque
from collections.abc import Iterator

from attrs import define, field

from syncengine.engine.notes import CallEnded
from syncengine.errors import ConcurrentAppend, ConnectorError, EventLogError, LeaseLost, Remedy, SyncEngineError

LAST_CALLS = 4
"""Successful calls that are looked at."""

SLOW_CALLS = 2
"""
How many of them have to be slow. One pass makes at least as many reads on every endpoint, and after each listing comes a
call that only finds out that there is no further page.
"""

_OF_THE_ENDPOINT = {Remedy.RETRY_LATER, Remedy.JUDGE, Remedy.PAUSE_ENDPOINT}


@define
class EndpointTrouble:
    """
    The calls of one endpoint, as far as they say how it is.

    Attributes:
        connected: its connector was opened; None while nobody said so or the contrary.
        not_connected: why not.
    """

    connected: bool | None = None
    not_connected: str | None = None
    _failed: dict[str, str] = field(factory=dict)
    _took: deque[float] = field(factory=lambda: deque(maxlen=LAST_CALLS))

    def call_ended(self, call: CallEnded) -> None:
        """A call worked, or did not: then its operation is in trouble until it works again, or a pass has no problem."""
        if call.error is None:
            self._took.append(call.duration_s)
            self._failed.pop(call.operation, None)
        elif about_the_endpoint(call.error):
            self._failed[call.operation] = call.error

    def nothing_wrong(self) -> None:
        """A pass had no problem at all, so neither has this endpoint."""
        self._failed.clear()

    @property
    def failing(self) -> str | None:
        """Which operations fail and how, for people; None when none does."""
        said = [f"{operation} failed with {error}" for operation, error in sorted({**self._failed}.items())]
        return ", ".join(said) or None

    def slower_than(self, limit_s: float) -> bool:
        """Whether half of the last answers took longer than this."""
        return sum(took_s > limit_s for took_s in tuple(self._took)) >= SLOW_CALLS


def about_the_endpoint(error: str) -> bool:
    """Whether an error of this class says something about the whole endpoint, and not about one record."""
    kind = next((it for it in _kinds(ConnectorError) if it.__name__ == error), None)
    return kind is None or kind.remedy in _OF_THE_ENDPOINT


def about_the_log(error: str) -> bool:
    """Whether an error of this class says that the log cannot be used; a lost race or lease does not say that."""
    kind = next((it for it in _kinds(EventLogError) if it.__name__ == error), None)
    return kind is not None and not issubclass(kind, ConcurrentAppend | LeaseLost)


def _kinds(root: type[SyncEngineError]) -> Iterator[type[SyncEngineError]]:
    """This class of errors and all below it, also those that connectors made."""
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)
