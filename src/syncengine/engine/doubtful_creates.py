"""
New records that may be what a create made of which nobody has seen the end.

While the create is open they wait, for its outcome will be found out. Where an endpoint keeps no key to search for, nobody
can find it out. Then a new record that holds exactly what was sent is shown as a copy of the item, and a person says what
it is; it would begin an item of its own otherwise, and be made once more on the other endpoints.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from attrs import field, frozen

from syncengine.domain.events import Operation
from syncengine.domain.identity import ContainerId, EndpointName, LinkId, sync_key_for
from syncengine.domain.records import FieldValues, Record, RecordRef
from syncengine.engine.links import LinkStore
from syncengine.engine.listing import Listing
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Endpoint, Views


@frozen(kw_only=True)
class Doubt:
    """
    A create that may have made a record.

    Attributes:
        fields: what was sent.
        stored: how the remote spells it.
        is_open: what became of it will be found out.
    """

    link_id: LinkId
    endpoint: EndpointName
    container: ContainerId
    fields: FieldValues
    stored: FieldValues
    is_open: bool


@frozen(kw_only=True)
class Sorted:
    """
    The new records of a listing.

    Attributes:
        free: those that no create can have made, or that have a name which may tell what they are.
        named: of those with a name, the link whose create may have made them; its outcome nobody can find out.
        alike: those without a name that look like what such a create made, by its link.
    """

    free: Sequence[Record]
    named: Mapping[RecordRef, LinkId] = field(factory=dict)
    alike: Mapping[LinkId, Sequence[Record]] = field(factory=dict)


class DoubtfulCreates:
    """Knows creates that are in doubt, and what they may have made."""

    def __init__(self, *, endpoints: Mapping[EndpointName, Endpoint], views: Views, links: LinkStore) -> None:
        self._endpoints = endpoints
        self._views = views
        self._links = links

    async def sort(self, pairing: Pairing, listings: Mapping[EndpointName, Listing]) -> Mapping[EndpointName, Sorted]:
        """What is new in the listings of a pairing; where something waits, its listing is told to hold its cursor back."""
        doubts = [*await self._open(pairing), *await self._given_up(pairing)]
        return {name: self._sorted(listing, doubts, await self._asked_about(listing)) for name, listing in listings.items()}

    async def _asked_about(self, listing: Listing) -> Mapping[RecordRef, LinkId]:
        """New records that a person was asked about before, with their links; their items may be closed by now."""
        if not listing.fresh or not self._keeps_no_key(listing.endpoint.name):
            return {}
        refs = {f"copy:{record.ref}": record.ref for record in listing.fresh.values()}
        asked = {refs[it.subject]: it.link_id for it in self._views.parked() if it.subject in refs}
        copies = {ref: (await self._links.get(link_id)).copies.get(ref) for ref, link_id in asked.items()}
        return {ref: asked[ref] for ref, copy in copies.items() if copy is not None and copy.looks_alike}

    def _sorted(self, listing: Listing, doubts: Sequence[Doubt], asked: Mapping[RecordRef, LinkId]) -> Sorted:
        here = [it for it in doubts if it.endpoint == listing.endpoint.name]
        free, named, alike = [], dict[RecordRef, LinkId](), defaultdict[LinkId, list[Record]](list)
        for record in listing.fresh.values():
            if record.ref in asked:
                alike[asked[record.ref]].append(record)
                continue
            doubt = next((it for it in here if self._may_have_made(it, record)), None)
            if doubt is None:
                free.append(record)
            elif doubt.is_open:
                listing.held_back = True  # it has to be listed again
            elif self._names(doubt, record.fields):
                free.append(record)
                named[record.ref] = doubt.link_id
            else:
                alike[doubt.link_id].append(record)
        return Sorted(free=free, named=named, alike=alike)

    async def _open(self, pairing: Pairing) -> list[Doubt]:
        found = []
        for link_id in {it.link_id for it in self._views.open_writes()}:
            decision = (await self._links.get(link_id)).decision
            for waiting in decision.pending.values() if decision else ():
                write = waiting.write
                if write.operation is Operation.CREATE and pairing.containers.get(write.endpoint) == write.container:
                    doubt = Doubt(
                        link_id=link_id,
                        endpoint=write.endpoint,
                        container=write.container,
                        fields=write.fields,
                        stored=write.stored,
                        is_open=True,
                    )
                    found.append(doubt)
        return found

    async def _given_up(self, pairing: Pairing) -> list[Doubt]:
        found = []
        waiting = self._views.parked() if any(map(self._keeps_no_key, pairing.containers)) else ()
        for item in waiting:
            name = EndpointName(item.subject.removeprefix("write:"))
            if not item.subject.startswith("write:") or name not in pairing.containers or not self._keeps_no_key(name):
                continue
            link, container = await self._links.get(item.link_id), pairing.containers[name]
            refusal = link.refused.get(name)
            here = any(pairing.containers.get(other) == side.ref.container for other, side in link.sides.items())
            if refusal is not None and refusal.in_doubt and here:
                doubt = Doubt(
                    link_id=link.link_id,
                    endpoint=name,
                    container=container,
                    fields=refusal.fields,
                    stored=self._endpoints[name].connector.as_stored(container, refusal.fields),
                    is_open=False,
                )
                found.append(doubt)
        return found

    def _keeps_no_key(self, endpoint: EndpointName) -> bool:
        return self._endpoints[endpoint].connector.capabilities.key_storage == "none"

    def _may_have_made(self, doubt: Doubt, record: Record) -> bool:
        if record.sync_key is not None:
            return record.sync_key == sync_key_for(doubt.link_id)
        connector = self._endpoints[doubt.endpoint].connector
        if connector.record_id_for(doubt.container, sync_key_for(doubt.link_id)) == record.ref.record_id:
            return True
        names = self._names(doubt, record.fields)
        if names and doubt.is_open:
            return bool(names & self._names(doubt, doubt.fields))
        return self._keeps_no_key(doubt.endpoint) and record.fields.only(doubt.stored) == doubt.stored

    def _names(self, doubt: Doubt, fields: FieldValues) -> set[str]:
        return set(self._endpoints[doubt.endpoint].connector.natural_keys(doubt.container, fields))


def told_apart(
    identified: Mapping[LinkId, Sequence[Record]], sorts: Collection[Sorted]
) -> tuple[Mapping[LinkId, Sequence[Record]], Sequence[tuple[LinkId, Sequence[Record]]]]:
    """
    What new records are once their names have been asked.

    Returns:
        the links that they begin or join; and those that look like what a create made, with its link. A record whose name
        leads to another link than that is one of these: the item may have been renamed since.
    """
    named = {ref: link_id for it in sorts for ref, link_id in it.named.items()}
    alike = [pair for it in sorts for pair in it.alike.items()]
    links = {}
    for link_id, members in identified.items():
        maker = named.get(members[0].ref) if len(members) == 1 else None
        if maker is None or maker == link_id:
            links[link_id] = members
        else:
            alike.append((maker, members))
    return links, alike
