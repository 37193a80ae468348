"""
Three-way merge of one field over all sides.

Each side is compared with what *it* held when all were last the same, never with another side: remotes rewrite values, and
comparing two spellings of one value would see an edit that nobody made.
"""

from collections.abc import Callable, Mapping
from enum import Enum

from attrs import frozen

from syncengine.domain.identity import EndpointName
from syncengine.domain.records import FieldValue


class Never(Enum):
    """The agreed value of a field that was never agreed; None is a value a field can have."""

    AGREED = "never agreed"


@frozen(kw_only=True)
class FieldState:
    """
    One side's view of a field.

    Attributes:
        agreed: what it held when all sides were last the same.
        untold: the others' agreed value has not been written here yet.
    """

    value: FieldValue
    agreed: FieldValue | Never = Never.AGREED
    untold: bool = False

    @property
    def changed(self) -> bool:
        """Somebody edited the field here since all sides were last the same."""
        return self.agreed is not Never.AGREED and self.value != self.agreed


@frozen
class Settled:
    """Nothing to do."""


@frozen(kw_only=True)
class Takes:
    """
    One value for all.

    Attributes:
        source: the side that holds it.
        reason: one sentence for people.
        told: sides that have it already, each in its own spelling; they are not written.
    """

    value: FieldValue
    source: EndpointName
    reason: str
    told: frozenset[EndpointName] = frozenset()


@frozen
class Conflicts:
    """These sides hold different new values."""

    versions: Mapping[EndpointName, FieldState]


Same = Callable[[EndpointName, FieldValue, EndpointName, FieldValue], bool]
"""Whether two sides' values are one value in two spellings."""


def merge_field(states: Mapping[EndpointName, FieldState], same: Same) -> Settled | Takes | Conflicts:
    """
    What becomes of a field.

    Args:
        states: the sides that hold the field; at least one.
        same: equality across spellings.
    """
    if any(state.agreed is Never.AGREED for state in states.values()):
        # First contact: nobody knows who edited what, so every side counts that somebody may have typed something on.
        typed = {name: state for name, state in states.items() if state.changed or not state.untold}
        return _agree(typed, same, reason="first seen")
    changed = {name: state for name, state in states.items() if state.changed}
    if changed:
        return _agree(changed, same, reason="changed")
    told = {name: state for name, state in states.items() if not state.untold}
    if told and len(told) < len(states):
        return _tell(told, same)
    return Settled()


def _tell(told: Mapping[EndpointName, FieldState], same: Same) -> Takes:
    agreement = _agree(told, same, reason="agreed")
    source = agreement.source if isinstance(agreement, Takes) else min(told)
    reason = f"not yet told by {source}"
    return Takes(value=told[source].value, source=source, reason=reason, told=frozenset(told))


def _agree(states: Mapping[EndpointName, FieldState], same: Same, *, reason: str) -> Takes | Conflicts:
    names = sorted(states)
    for name in names:
        # The richest spelling wins among equals: "backlog" where the other side can only say "todo".
        if all(same(name, states[name].value, other, states[other].value) for other in names):
            return Takes(value=states[name].value, source=name, reason=f"{reason} on {' and '.join(names)}")
    return Conflicts(dict(states))
