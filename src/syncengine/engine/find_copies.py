"""Finds records that carry the key of an item and are not its record; see `syncengine.domain.copies`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from syncengine.domain.events import CopyFound, CopyMissed, CopySettled
from syncengine.domain.identity import EndpointName, Kind, LinkId, SyncKey, link_id_of
from syncengine.domain.records import Record, RecordRef
from syncengine.engine.calls import asked
from syncengine.engine.links import LinkStore, Step
from syncengine.engine.listing import Listing
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Clock, Endpoint, Views


class CopyFinder:
    """Turns copies into events; saves nothing."""

    def __init__(self, *, endpoints: Mapping[EndpointName, Endpoint], views: Views, links: LinkStore, clock: Clock) -> None:
        self._endpoints = endpoints
        self._views = views
        self._links = links
        self._clock = clock

    async def found(
        self,
        kind: Kind,
        link_id: LinkId,
        copies: Iterable[Record],
        listings: Mapping[EndpointName, Listing],
        *,
        looks_alike: bool = False,
    ) -> list[Step]:
        """
        What is new about the copies of an item.

        Args:
            looks_alike: they carry no key, and look like what was sent.
        """
        link = await self._links.get(link_id)
        steps = []
        for record in copies:
            known = link.copies.get(record.ref)
            if known is None or (not known.ignored and (known.missed or known.fields != record.fields)):
                taken_at = listings[record.ref.endpoint].taken_at or self._clock.now()
                steps.append(Step(link_id=link_id, events=(copy_found(kind, record, taken_at, looks_alike=looks_alike),)))
        return steps

    async def became(self, pairing: Pairing, listings: Mapping[EndpointName, Listing]) -> list[Step]:
        """What became of the copies that wait for a person and were not listed; they are few, so each is read."""
        steps = []
        for link_id in {it.link_id for it in self._views.parked() if it.subject.startswith("copy:")}:
            for ref, copy in (await self._links.get(link_id)).copies.waiting.items():
                here = pairing.containers.get(ref.endpoint) == ref.container
                if not here or ref.record_id in listings[ref.endpoint].fresh:
                    continue
                asked_at = self._clock.now()
                call = self._endpoints[ref.endpoint].connector.fetch(ref)
                record = await asked(ref.endpoint, "fetch", call, ref=str(ref))
                if record is None:
                    # That it is not there proves something the second time, in a later pass, as of any record.
                    missed = CopySettled(ref=ref, verdict="gone") if copy.missed else CopyMissed(ref=ref)
                    steps.append(Step(link_id=link_id, events=(missed,)))
                elif copy.missed or record.fields != copy.fields:
                    event = copy_found(pairing.kind, record, asked_at, looks_alike=copy.looks_alike)
                    steps.append(Step(link_id=link_id, events=(event,)))
        return steps

    async def moved(self, records: Mapping[EndpointName, Sequence[Record]]) -> frozenset[RecordRef]:
        """New records that are no copies of their link's record but that very one, in another container now."""
        moved = set()
        for record in (it for each in records.values() for it in each if it.sync_key is not None):
            link_id = link_id_of(record.sync_key or SyncKey(""))
            side = (await self._links.get(link_id)).sides.get(record.ref.endpoint) if link_id is not None else None
            if side is not None and side.ref != record.ref and side.ref.record_id == record.ref.record_id:
                moved.add(record.ref)
        return frozenset(moved)


def copy_found(kind: Kind, record: Record, taken_at: datetime, *, looks_alike: bool) -> CopyFound:
    """The event that says what a copy looked like."""
    return CopyFound(
        ref=record.ref,
        kind=kind,
        fields=record.fields,
        taken_at=taken_at,
        revision=record.revision,
        label=record.label,
        sign="looks" if looks_alike else "key",
    )
