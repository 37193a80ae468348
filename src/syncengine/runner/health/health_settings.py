"""The section [health] of the settings: what counts as too old, too many and too slow."""

from attrs import field, frozen, validators


@frozen(kw_only=True)
class HealthSettings:
    """
    When health leaves "healthy".

    Attributes:
        pass_grace_s: seconds that the last pass without problems may be older than two intervals.
        long_pass_s: seconds after which a pass counts as stuck; three intervals where that is more.
        open_intent_s: seconds a write may stay without an outcome.
        parked_items: items that may wait for a person.
        slow_s: seconds after which an answer counts as slow; half of the time limit of the endpoint when left out.
    """

    pass_grace_s: float = field(default=30.0, validator=validators.ge(0))
    long_pass_s: float = field(default=1800.0, validator=validators.gt(0))
    open_intent_s: float = field(default=900.0, validator=validators.gt(0))
    parked_items: int = field(default=0, validator=validators.ge(0))
    slow_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
