"""Settings of the rules: who wins, where records may be made, how long to wait, how much may be lost at once."""

from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen, validators

from syncengine.domain.conflict_rules import ConflictRule
from syncengine.domain.identity import EndpointName, FieldName, Kind
from syncengine.errors import SettingsInvalid

LONGEST_WAIT_S = 3600.0
"""Seconds; no write waits longer than this or the backoff, whatever a remote asks for. The guard keeps its rest."""

DAY_S = 86_400.0


@frozen(kw_only=True)
class Backoff:
    """
    How long to wait before a write is tried again.

    Attributes:
        first_s: seconds before the second attempt.
        factor: each further wait is this many times longer.
        longest_s: seconds; no wait is longer.
    """

    first_s: float = field(default=2.0, validator=validators.gt(0))
    factor: float = field(default=2.0, validator=validators.ge(1))
    longest_s: float = field(default=300.0, validator=validators.gt(0))

    def wait_s(self, attempts: int) -> float:
        """Seconds to wait after this many attempts (1 = the first one failed)."""
        # The exponent is capped so that a write that has failed for weeks does not overflow a float.
        return min(self.longest_s, self.first_s * self.factor ** min(attempts - 1, 64))


class DeletionRule(Enum):
    """What becomes of an item whose record was deleted on an endpoint, while nobody edited it elsewhere."""

    PROPAGATE = "propagate"
    """Its other records are deleted too."""
    KEEP = "keep"
    """Its other records stay, and are not synced any more."""
    RESTORE = "restore"
    """It is made anew where it was deleted."""


@frozen(kw_only=True)
class SafetyLimits:
    """
    What no pass may exceed without a person.

    Attributes:
        deletions: this many are always allowed.
        share: this part of the known records of a container is allowed, if that is more.
    """

    deletions: int = field(default=5, validator=validators.ge(0))
    share: float = field(default=0.1, validator=[validators.ge(0), validators.le(1)])

    def allowed(self, known: int) -> int:
        """How many of this many known records may go in one pass."""
        return max(self.deletions, int(known * self.share))


@frozen(kw_only=True)
class Policy:
    """
    The rules for all links.

    Attributes:
        rules: for each kind and field, who wins a conflict.
        creates: for each kind, the endpoints where missing records are made; a kind not listed is made everywhere.
        deletions: by the endpoint where somebody deleted a record; an endpoint not listed propagates.
        full_listing_every_s: seconds after which a container whose listings go on at a cursor is listed from the start.
    """

    rules: Mapping[Kind, Mapping[FieldName, ConflictRule]]
    creates: Mapping[Kind, frozenset[EndpointName]] = field(factory=dict)
    deletions: Mapping[EndpointName, DeletionRule] = field(factory=dict)
    backoff: Backoff = field(factory=Backoff)
    safety: SafetyLimits = field(factory=SafetyLimits)
    full_listing_every_s: float = field(default=DAY_S, validator=validators.gt(0))

    def as_text(self) -> str:
        """The rules as text, the same for equal rules in every process."""
        rules = {str(kind): {str(it): repr(rule) for it, rule in fields.items()} for kind, fields in self.rules.items()}
        creates = {str(kind): sorted(map(str, names)) for kind, names in self.creates.items()}
        deletions = sorted((str(name), rule.value) for name, rule in self.deletions.items())
        return repr([(kind, sorted(rules[kind].items())) for kind in sorted(rules)] + sorted(creates.items()) + deletions)

    def rule_for(self, kind: Kind, name: FieldName) -> ConflictRule:
        """
        The rule of a field.

        Raises:
            SettingsInvalid: there is none; a silent default would decide about people's edits.
        """
        rule = self.rules.get(kind, {}).get(name)
        if rule is None:
            place = f"sync.rules.{kind}.{name}"
            raise SettingsInvalid([f'{place}: no conflict rule; name one, for example {{rule = "ask_a_person"}}'])
        return rule

    def deletion_on(self, endpoint: EndpointName) -> DeletionRule:
        """What follows from a deletion on this endpoint."""
        return self.deletions.get(endpoint, DeletionRule.PROPAGATE)

    def may_create(self, kind: Kind, endpoint: EndpointName) -> bool:
        """Whether missing records of this kind are made on this endpoint."""
        allowed = self.creates.get(kind)
        return allowed is None or endpoint in allowed
