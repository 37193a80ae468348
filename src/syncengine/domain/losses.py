"""
What follows when an item lost a record, by evidence, policy and edits.

| here | there | what follows |
| --- | --- | --- |
| vanished (no proof) | whatever | nothing; it is shown and waits |
| gone | gone | the item is closed |
| gone | edited since it was agreed | the edit wins: it is made anew here |
| gone, and making it anew was refused | whatever | it is still wanted: nothing is deleted |
| gone | as agreed | the rule of the endpoint where it was deleted: propagate, keep or restore |

A deletion never removes an edit it has not seen: the delete says what it expects to find.
"""

from collections.abc import Iterable

from attrs import frozen

from syncengine.domain.events import Evidence, Operation, Write, WritesIntended
from syncengine.domain.identity import EndpointName, FieldName, intent_id_for
from syncengine.domain.link import Link
from syncengine.domain.merge import Never, Takes
from syncengine.domain.participants import Participants
from syncengine.domain.policy import DeletionRule, Policy
from syncengine.domain.records import NO_FIELDS
from syncengine.domain.side import Side
from syncengine.domain.waiting import was_refused

EVERYTHING = FieldName("*")
"""Stands for all fields in the reasons of a decision that deletes."""


@frozen
class Wait:
    """Nothing follows yet."""


@frozen
class Close:
    """Nothing is left to keep the same; the reason is a sentence."""

    reason: str


@frozen
class Recreate:
    """The item is made anew wherever it was lost."""


@frozen
class Delete:
    """The item is deleted on these endpoints too."""

    endpoints: frozenset[EndpointName]
    reason: str


def follow_a_loss(link: Link, policy: Policy, participants: Participants) -> Wait | Close | Recreate | Delete:
    """What follows for a link of which at least one record is gone."""
    lost = {name: side.gone for name, side in link.sides.items() if side.gone}
    left = frozenset(link.sides) - lost.keys()
    if not all(evidence.is_proof for evidence in lost.values()) or not link.sides.keys() <= participants.keys():
        return Wait()
    if link.copies.wait_on(lost):
        return Wait()  # one of the copies may be what the lost record has become
    if not left:
        return Close(f"deleted on {_listed(link.sides)}")
    by_people = [name for name, evidence in lost.items() if evidence is not Evidence.OURS]
    where = f"deleted on {_listed(by_people or lost)}"
    shared = {name for endpoint in lost for name in participants[endpoint].schema.readable}
    rule = _mildest(policy.deletion_on(name) for name in by_people)
    edited = any(_is_edited(link.sides[name], shared) for name in left)
    if rule is DeletionRule.RESTORE or edited or any(_was_wanted_back(link, name) for name in lost):
        stuck = [name for name in lost if not participants[name].can_make_records]
        kept = f"{where}, kept on {_listed(left)}: it cannot be made anew on {_listed(stuck)}"
        return Close(kept) if stuck else Recreate()
    if rule is DeletionRule.KEEP:
        return Close(f"{where}, kept on {_listed(left)} by the settings")
    return Delete(left, where) if all(participants[name].can_delete_records for name in left) else Wait()


def deletion_of(
    link: Link, endpoints: Iterable[EndpointName], reason: str, *, retry_refused: bool
) -> WritesIntended | None:
    """The decision that deletes an item on these endpoints; None when they refused that before."""
    drafts = [_delete(link, endpoint) for endpoint in sorted(endpoints)]
    writes = tuple(write for write in drafts if retry_refused or not was_refused(link, write))
    return WritesIntended(basis={}, writes=writes, reasons={EVERYTHING: reason}) if writes else None


def untold_by_the_lost(link: Link) -> dict[FieldName, Takes]:
    """Values of the lost records that no other side was told yet; what those hold in that field is nobody's wish."""
    left = [side for side in link.sides.values() if not side.gone]
    return {
        name: Takes(value=value, source=endpoint, reason=f"not yet told by {endpoint}")
        for endpoint, side in sorted(link.sides.items())
        if side.gone
        for name, value in side.observed.items()
        if all(name in other.untold and other.observed.get(name) == other.agreed.get(name) for other in left)
    }


def _delete(link: Link, endpoint: EndpointName) -> Write:
    side = link.sides[endpoint]
    return Write(
        intent_id=intent_id_for(link.link_id, link.version + 1, endpoint),
        endpoint=endpoint,
        container=side.ref.container,
        operation=Operation.DELETE,
        ref=side.ref,
        fields=NO_FIELDS,
        stored=NO_FIELDS,
        expected=side.observed,
    )


def _is_edited(side: Side, shared: Iterable[FieldName]) -> bool:
    """Whether somebody changed a field since all sides were last the same, or nobody ever agreed on it."""
    return any(side.agreed.get(name, Never.AGREED) != side.observed[name] for name in shared if name in side.observed)


def _was_wanted_back(link: Link, endpoint: EndpointName) -> bool:
    """
    Whether the remote refused to make a lost record anew.

    The edit it was wanted for may have been agreed with a third side meanwhile; it is worth no less for that.
    """
    refusal = link.refused.get(endpoint)
    return refusal is not None and refusal.operation is Operation.CREATE


def _mildest(rules: Iterable[DeletionRule]) -> DeletionRule:
    """Of several deletions, the rule that destroys least."""
    asked = set(rules)
    for rule in (DeletionRule.RESTORE, DeletionRule.KEEP):
        if rule in asked:
            return rule
    return DeletionRule.PROPAGATE


def _listed(names: Iterable[EndpointName]) -> str:
    return " and ".join(sorted(names))
