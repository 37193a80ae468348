"""
What a pass may delete without asking: the plan of all deletions in a pairing, measured against the safety limits.

A plan is named by a digest of exactly what would be deleted. A person approves of the digest, so an approval never covers
a record more or another content than that person could see.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from attrs import frozen

from syncengine.domain.events import ConflictParked, LinkClosed, Operation, Write, WritesIntended
from syncengine.domain.identity import ROOT, ContainerId, EndpointName, LinkId
from syncengine.domain.policy import SafetyLimits
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Views

Decision = WritesIntended | ConflictParked | LinkClosed | None


def digest_of(place: str, lines: Iterable[str]) -> str:
    """12 hexadecimal digits that name a plan about this place; the order of the lines does not matter."""
    text = "\n".join([place, *sorted(lines)])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def deletes_of(decision: Decision) -> tuple[Write, ...]:
    """The deletes among the writes of a decision."""
    if not isinstance(decision, WritesIntended):
        return ()
    return tuple(write for write in decision.writes if write.operation is Operation.DELETE)


@frozen(kw_only=True)
class DeletionPlan:
    """
    All deletions that a pass would make in one pairing.

    Attributes:
        writes: by link.
        weights: records that would go on each endpoint, those inside a deleted project included.
        known: records that are known to be there on each endpoint.
    """

    place: str
    writes: Mapping[LinkId, Sequence[Write]]
    weights: Mapping[EndpointName, int]
    known: Mapping[EndpointName, int]

    @property
    def digest(self) -> str:
        """What to approve."""
        writes = (write for each in self.writes.values() for write in each)
        return digest_of(self.place, (f"{write.ref} {fingerprint(write.expected).hex()}" for write in writes))

    def excess(self, limits: SafetyLimits) -> str | None:
        """A sentence about what is too much; None when it is within the limits."""
        for name, weight in sorted(self.weights.items()):
            allowed = limits.allowed(self.known[name])
            if weight > allowed:
                return f"{weight} of {self.known[name]} records would be deleted on {name}, and {allowed} is the limit"
        return None


def excess_in_all(plans: Iterable[DeletionPlan], known: Mapping[EndpointName, int], limits: SafetyLimits) -> str | None:
    """
    A sentence about what is too much in several pairings together, however little it is in each; None when it is not.

    Args:
        known: records that are known to be there on each endpoint, in all pairings.
    """
    weights: Counter[EndpointName] = Counter()
    for plan in plans:
        weights.update(plan.weights)
    excess = DeletionPlan(place="", writes={}, weights=weights, known=known).excess(limits)
    return f"in all projects together, {excess}" if excess else None


def known_in(pairings: Iterable[Pairing], views: Views) -> Mapping[EndpointName, int]:
    """Records that are known to be there on each endpoint, in these pairings."""
    known: Counter[EndpointName] = Counter()
    for pairing in pairings:
        known.update({name: _present(views, name, container) for name, container in pairing.containers.items()})
    return known


def plan_of(pairing: Pairing, decisions: Mapping[LinkId, Decision], views: Views) -> DeletionPlan:
    """What these decisions would delete."""
    writes = {link_id: deletes for link_id, decision in decisions.items() if (deletes := deletes_of(decision))}
    weights: Counter[EndpointName] = Counter()
    for each in writes.values():
        for write in each:
            weights[write.endpoint] += _weight(write, views)
    known = {name: _present(views, name, container) for name, container in pairing.containers.items()}
    return DeletionPlan(place=pairing.ids, writes=writes, weights=weights, known=known)


def _weight(write: Write, views: Views) -> int:
    """Records that go with this one: a project takes its own along."""
    if write.container != ROOT or write.ref is None:
        return 1
    return 1 + _present(views, write.endpoint, ContainerId(write.ref.record_id))


def _present(views: Views, endpoint: EndpointName, container: ContainerId) -> int:
    return sum(it.gone is None for it in views.known_records(endpoint, container).values())
