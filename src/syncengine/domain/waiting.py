"""What waits at a link, a conflict, a person's choice or a refused write, and when nothing is waited for any more."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet

from syncengine.domain.events import Write
from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.link import Link
from syncengine.domain.merge import FieldState, Never


def was_refused(link: Link, write: Write) -> bool:
    """Whether the remote refused this very write before; what may have been done is not made again with other values."""
    refusal = link.refused.get(write.endpoint)
    if refusal is None or refusal.operation is not write.operation:
        return False
    return refusal.in_doubt or refusal.fields == write.fields


def moot(
    link: Link, *, unchanged: AbstractSet[FieldName], speakers: Collection[EndpointName], writes: Iterable[Write]
) -> frozenset[str]:
    """
    What waits for nothing any more: both sides of a conflict, or the edit that was refused, were taken back.

    Args:
        unchanged: fields that nobody edited since they were agreed.
        speakers: endpoints that could be heard; about others nothing is said.
        writes: what is written now, and so forgotten anyway.
    """
    conflicts = {f"field:{name}" for name in link.parked if name in unchanged}
    refusals = {
        f"write:{endpoint}"
        for endpoint, refusal in link.refused.items()
        if endpoint in speakers and endpoint in link.sides and unchanged >= set(refusal.fields)
    }
    return frozenset(conflicts | refusals - {f"write:{write.endpoint}" for write in writes})


def choice_stands(link: Link, name: FieldName, states: Mapping[EndpointName, FieldState]) -> bool:
    """Whether a person chose a value and nobody has edited the field since, on any side, the conflict the person saw."""
    choice = link.resolved.get(name)
    if choice is None:
        return False
    others = [state for endpoint, state in states.items() if endpoint not in choice.versions]
    return not any(_may_be_typed(state) for state in others) and all(
        link.sides[endpoint].observed.get(name) == value
        for endpoint, value in choice.versions.items()
        if endpoint in link.sides  # on a side that is lost nobody edits anything
    )


def _may_be_typed(state: FieldState) -> bool:
    """Whether somebody may have typed what a side holds since all sides agreed."""
    return state.changed or (state.agreed is Never.AGREED and not state.untold)
