"""What waits at a link, a conflict or a refused write, and when it has nothing to wait for any more."""

from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet

from syncengine.domain.events import Write
from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.link import Link


def was_refused(link: Link, write: Write) -> bool:
    """Whether the remote refused this very write before."""
    refusal = link.refused.get(write.endpoint)
    return refusal is not None and (refusal.operation, refusal.fields) == (write.operation, write.fields)


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
