"""
Which logical item a record stands for when it is seen for the first time.

Never by similarity. A record belongs to a link because it carries the link's key, because its id is the one that the key
derives, or (once, for records without any link) because it shares a natural name with a counterpart and no endpoint has
two of that name. Where several records carry one key, or the link has another record on that endpoint, they are copies: a
person says which of them it is.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from attrs import evolve as changed
from attrs import frozen

from syncengine.connector import Connector
from syncengine.domain.identity import ContainerId, EndpointName, LinkId, link_id_for, link_id_of, sync_key_for
from syncengine.domain.records import FieldValues, Record, RecordRef


@frozen(kw_only=True)
class LoneRecord:
    """A record of a link that has no counterpart on some endpoint yet."""

    link_id: LinkId
    record: Record


@frozen(kw_only=True)
class Newcomers:
    """
    What there is to identify in one pairing.

    Attributes:
        records: records that belong to no link, by endpoint.
        lone: records of links that miss at least one endpoint of the pairing.
        taken: endpoints that already have a record, or a create on its way, by link.
        moved: records that their link has in another container; there they are gone, here they start an item.
    """

    records: Mapping[EndpointName, Sequence[Record]]
    lone: Sequence[LoneRecord]
    taken: Callable[[LinkId], frozenset[EndpointName]]
    moved: frozenset[RecordRef] = frozenset()


@frozen(kw_only=True)
class Identified:
    """
    What the new records are.

    Attributes:
        links: the new records of each link, at most one an endpoint.
        copies: records that carry the key of a link and are not its record, by that link.
    """

    links: Mapping[LinkId, Sequence[Record]]
    copies: Mapping[LinkId, Sequence[Record]]


def identify(
    newcomers: Newcomers, containers: Mapping[EndpointName, ContainerId], connectors: Mapping[EndpointName, Connector]
) -> Identified:
    """The link of every new record, or the link whose key it only carries."""
    groups = _Groups(newcomers.taken)
    copies = _place_by_key(groups, newcomers)
    rest = {name: [it for it in records if it.ref in groups.link_of] for name, records in newcomers.records.items()}
    newcomers = changed(newcomers, records=rest)
    _join_by_derived_id(groups, newcomers, containers, connectors)
    _join_by_natural_key(groups, newcomers, containers, connectors)
    return Identified(links=groups.links, copies=copies)


def _place_by_key(groups: "_Groups", newcomers: Newcomers) -> dict[LinkId, list[Record]]:
    """Put every record where its key says, or at the start of a link of its own; what is left over are copies."""
    by_key: dict[tuple[LinkId, EndpointName], list[Record]] = defaultdict(list)
    for endpoint in sorted(newcomers.records):
        for record in newcomers.records[endpoint]:
            wanted = link_id_of(record.sync_key) if record.sync_key else None
            if wanted is None or record.ref in newcomers.moved:
                groups.place(record, None)
            else:
                by_key[wanted, endpoint].append(record)
    copies: dict[LinkId, list[Record]] = defaultdict(list)
    for (wanted, endpoint), records in by_key.items():
        if len(records) == 1 and groups.has_room(wanted, endpoint):
            groups.place(records[0], wanted)
        else:
            copies[wanted] += records
    return copies


class _Groups:
    """Links under construction; every new record is in exactly one."""

    def __init__(self, taken: Callable[[LinkId], frozenset[EndpointName]]) -> None:
        self._taken = taken
        self.links: dict[LinkId, list[Record]] = {}
        self.link_of: dict[RecordRef, LinkId] = {}

    def place(self, record: Record, wanted: LinkId | None) -> None:
        """Put a record into the wanted link, which has room for it, or into the link it starts itself."""
        own = link_id_for(record.ref.endpoint, record.ref.container, record.ref.record_id)
        link_id = own if wanted is None else wanted
        previous = self.link_of.pop(record.ref, None)
        if previous is not None:
            self.links[previous].remove(record)
            if not self.links[previous]:
                del self.links[previous]
        self.links.setdefault(link_id, []).append(record)
        self.link_of[record.ref] = link_id

    def has_room(self, link_id: LinkId, endpoint: EndpointName) -> bool:
        """Whether the link has no record on this endpoint yet."""
        here = {record.ref.endpoint for record in self.links.get(link_id, ())}
        return endpoint not in here | self._taken(link_id)

    def is_alone(self, record: Record) -> bool:
        """Whether a new record shares its link with no other record yet."""
        link_id = self.link_of[record.ref]
        return len(self.links[link_id]) == 1 and not self._taken(link_id)


def _join_by_derived_id(
    groups: _Groups,
    newcomers: Newcomers,
    containers: Mapping[EndpointName, ContainerId],
    connectors: Mapping[EndpointName, Connector],
) -> None:
    """Find records that were created for another new record before the log was lost."""
    for endpoint in sorted(newcomers.records):
        by_id = {record.ref.record_id: record for record in newcomers.records[endpoint]}
        for link_id in [link_id for link_id in groups.links if groups.has_room(link_id, endpoint)]:
            expected = connectors[endpoint].record_id_for(containers[endpoint], sync_key_for(link_id))
            made_for_it = by_id.get(expected) if expected is not None else None
            if made_for_it is not None and groups.is_alone(made_for_it):
                groups.place(made_for_it, link_id)


def _join_by_natural_key(
    groups: _Groups,
    newcomers: Newcomers,
    containers: Mapping[EndpointName, ContainerId],
    connectors: Mapping[EndpointName, Connector],
) -> None:
    everybody = [record for records in newcomers.records.values() for record in records]
    for judge in sorted(connectors):
        names = partial(connectors[judge].natural_keys, containers[judge])
        alone = [LoneRecord(link_id=groups.link_of[it.ref], record=it) for it in everybody if groups.is_alone(it)]
        _pair_up(groups, alone, newcomers.lone, names)


def _pair_up(
    groups: _Groups,
    candidates: Sequence[LoneRecord],
    known: Sequence[LoneRecord],
    names: Callable[[FieldValues], Sequence[str]],
) -> None:
    linked = frozenset(it.link_id for it in known)
    holders: dict[str, list[LoneRecord]] = defaultdict(list)
    for lone in (*known, *candidates):
        for name in names(lone.record.fields):
            holders[name].append(lone)
    for lone in candidates:
        for name in names(lone.record.fields):
            others = [other for other in holders[name] if other is not lone]
            if others and _are_one(holders[name], linked) and groups.is_alone(lone.record):
                # One of a known link, if there is any: what joined another new record could not join that link any more.
                _adopt(groups, lone, others[0])
                break


def _are_one(namesakes: Sequence[LoneRecord], linked: frozenset[LinkId]) -> bool:
    """Whether records of one name are one thing: no endpoint has two of them, and no two are linked to different ones."""
    endpoints = {it.record.ref.endpoint for it in namesakes}
    return len(endpoints) == len(namesakes) and len(linked.intersection(it.link_id for it in namesakes)) <= 1


def _adopt(groups: _Groups, lone: LoneRecord, other: LoneRecord) -> None:
    link_id = groups.link_of.get(other.record.ref, other.link_id)
    if link_id != groups.link_of[lone.record.ref] and groups.has_room(link_id, lone.record.ref.endpoint):
        groups.place(lone.record, link_id)
