"""An inbox in memory, for tests and simulations; it outlives the engine that takes from it."""

from collections.abc import Sequence

from syncengine.engine.ports import Clock
from syncengine.engine.requests import Asked, Request


class MemoryInbox:
    """The inbox."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[int, Asked] = {}
        self._last = 0

    def put(self, request: Request, *, by: str = "somebody") -> None:
        """Leave a request for the next pass."""
        self._last += 1
        self._waiting[self._last] = Asked(number=self._last, request=request, by=by, at=self._clock.now())

    def waiting(self) -> Sequence[Asked]:
        """What waits, oldest first."""
        return tuple(self._waiting.values())

    async def remove(self, asked: Asked) -> None:
        """Forget a request."""
        del self._waiting[asked.number]
