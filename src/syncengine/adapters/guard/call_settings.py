"""How often, how long and how patiently an endpoint is called: settings, and the one decision that is made of them."""

from random import Random

from attrs import field, frozen, validators

from syncengine.errors import CircuitOpen, TransientError

LONGEST_S = 86_400.0
"""Seconds; nothing here can be set to more than a day, so "inf" is no value."""

FAIR_CHANCE_S = 1.0
"""Seconds an attempt gets at least; a read that has less left is given up."""

_some_time = validators.and_(validators.gt(0.0), validators.le(LONGEST_S))


@frozen(kw_only=True)
class CallSettings:
    """
    How the calls of one endpoint are made, `[endpoints.NAME.calls]`.

    Attributes:
        attempts: calls of a read in all; a write is made once.
        total_s: seconds one read may take with all attempts and waits, from its first call on. The first attempt may use
            all the time that the connector declares for a call, also when that is more.
        first_wait_s: seconds; the wait before the second attempt is drawn between 0 and this, and each further one
            between 0 and twice as much as the one before.
        longest_wait_s: seconds; no wait is longer. A remote that asks for more is left alone until it is over.
        breaker_failures: failed calls in a row after which a host is not called for a while.
        breaker_open_s: seconds until one call is let through to that host as a probe.
    """

    attempts: int = field(default=4, validator=[validators.ge(1), validators.le(100)])
    total_s: float = field(default=60.0, validator=_some_time)
    first_wait_s: float = field(default=0.25, validator=_some_time)
    longest_wait_s: float = field(default=15.0, validator=_some_time)
    breaker_failures: int = field(default=5, validator=validators.ge(1))
    breaker_open_s: float = field(default=30.0, validator=_some_time)

    def __attrs_post_init__(self) -> None:
        if self.longest_wait_s < self.first_wait_s:
            raise ValueError("longest_wait_s must not be shorter than first_wait_s")


def wait_before_next(
    error: TransientError, *, attempt: int, elapsed_s: float, calls: CallSettings, random: Random
) -> float | None:
    """
    Seconds to wait before a read is tried again, or None when it is given up.

    Args:
        attempt: the number of the one that failed, from 1.
        elapsed_s: seconds since the first one was called.
        random: where the share of the wait comes from.
    """
    asked_s = error.retry_after_s or 0.0
    if isinstance(error, CircuitOpen) or attempt >= calls.attempts or asked_s > calls.longest_wait_s:
        return None
    # Anything between nothing and the bound: clients that failed together do not come back together.
    bound_s = min(calls.longest_wait_s, calls.first_wait_s * 2 ** (attempt - 1))
    wait_s = min(calls.longest_wait_s, asked_s + random.uniform(0.0, bound_s))
    return wait_s if elapsed_s + wait_s + FAIR_CHANCE_S <= calls.total_s else None
