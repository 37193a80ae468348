"""Whether the times of listings can be believed: not for a while after the clock of this host was set forward."""

from datetime import datetime

from syncengine.domain.side import Side, is_stale
from syncengine.engine.ports import Clock

JUMP_S = 1.0
"""Seconds by which a clock that is only slewed never moves between two looks."""

LONGEST_LAG_S = 300.0
"""Seconds that no listing lags behind."""


class TrustedTimes:
    """
    Judges whether a listing may show less than is known.

    A listing that lags says which moment it shows, by the clock of this host. When that was set forward meanwhile, the
    listing claims to be newer than it is.
    """

    def __init__(self, clock: Clock) -> None:
        """Look at the clock for the first time."""
        self._clock = clock
        self._ahead_s = self._ahead()
        self._trust_after_s = clock.monotonic()

    def watch(self) -> None:
        """Look at the clock; called after each reading of listings."""
        before_s, self._ahead_s = self._ahead_s, self._ahead()
        if self._ahead_s - before_s > JUMP_S:
            self._trust_after_s = self._clock.monotonic() + LONGEST_LAG_S

    def is_doubtful(self, side: Side, taken_at: datetime) -> bool:
        """Whether a listing taken at this time (aware UTC) may not yet show what is known of a side."""
        return is_stale(side, taken_at) or self._clock.monotonic() < self._trust_after_s

    def _ahead(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
