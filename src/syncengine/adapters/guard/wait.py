"""A wait that nobody sleeps through: begun now, asked later how much of it is left."""

from datetime import timedelta

from syncengine.engine.ports import Clock


class Wait:
    """
    Some seconds by a clock that somebody may set.

    When the clock is set back, the wait begins anew: it may become longer by itself once more, and never by the hours of
    the jump. May be asked from any thread.
    """

    def __init__(self, clock: Clock) -> None:
        """Nothing to wait for so far."""
        self._clock = clock
        # One value, so that another thread never sees half of a change.
        self._span = (clock.now(), timedelta())

    def begin(self, seconds: float) -> None:
        """Wait so many seconds from now; forget what was left before."""
        self._span = (self._clock.now(), timedelta(seconds=seconds))

    def left_s(self) -> float:
        """Seconds that are left, 0 when it is over."""
        span = begun, length = self._span
        if not length:
            return 0.0
        now = self._clock.now()
        if now < begun:
            self._span = (now, length)
            return length.total_seconds()
        left_s = max(0.0, (length - (now - begun)).total_seconds())
        if not left_s and self._span is span:
            self._span = (now, timedelta())
        return left_s
