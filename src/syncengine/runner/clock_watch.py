"""Notices when the clock of this computer is set, or the computer slept."""

import time
from collections.abc import Callable
from datetime import datetime

TOLERANCE_S = 5.0
"""Seconds that the two clocks may drift apart between two looks; slewing by a time server stays far below."""


class ClockWatch:
    """Compares the time of day with a clock that nobody can set."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Look for the first time."""
        self._now = now
        self._monotonic = monotonic
        self._last = now(), monotonic()

    def jumped_s(self) -> float:
        """Seconds by which the clock was set since the last look, negative when set back; 0 when it was not."""
        then, started = self._last
        self._last = now, ticks = self._now(), self._monotonic()
        by_s = (now - then).total_seconds() - (ticks - started)
        return by_s if abs(by_s) > TOLERANCE_S else 0.0
