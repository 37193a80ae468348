"""Reads single records, where a listing does not say enough, and says as events what they showed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from syncengine.domain.events import Evidence, RecordGone, RecordObserved
from syncengine.domain.identity import EndpointName, Kind
from syncengine.domain.link import Link
from syncengine.domain.records import Record
from syncengine.domain.side import Side, not_stale
from syncengine.engine.calls import asked
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.links import LinkStore
from syncengine.engine.ports import Clock, Endpoint, KnownRecord, Views


class DirectReads:
    """
    Looks at records one by one; saves nothing.

    Every method raises `ConnectorError` when a record cannot be looked at now.
    """

    def __init__(self, *, endpoints: Mapping[EndpointName, Endpoint], views: Views, links: LinkStore, clock: Clock) -> None:
        self._endpoints = endpoints
        self._views = views
        self._links = links
        self._clock = clock

    async def side(self, known: KnownRecord) -> Side | None:
        """The side of its link that a record is, or was before it was replaced."""
        return (await self._links.get(known.link_id)).sides.get(known.ref.endpoint)

    async def one(self, kind: Kind, known: KnownRecord, evidence: Evidence) -> RecordObserved | RecordGone | None:
        """
        What a known record looks like now; None when it is as it is known, or is a record of long ago that is still gone.

        Args:
            evidence: what it proves when it is not there.
        """
        side = await self.side(known)
        asked_at = not_stale(side, self._clock.now())
        record = await self._fetched(known)
        if record is None:
            return gone(known, evidence, asked_at) if is_present_in(side, known) else None
        if fingerprint(record.fields) == known.digest and not known.gone:
            return None
        return observed(kind, record, asked_at)

    async def returned(self, link: Link) -> RecordObserved | None:
        """An earlier record of an item that has no other one left; somebody may have brought it back meanwhile."""
        own = {side.ref for side in link.sides.values()}
        for known in self._views.records_of(link.link_id):
            if known.ref in own or known.ref.endpoint not in self._endpoints:
                continue
            asked_at = not_stale(link.sides.get(known.ref.endpoint), self._clock.now())
            record = await self._fetched(known)
            if record is not None:
                return observed(link.kind, record, asked_at)
        return None

    async def apart(self, link: Link, found: Sequence[Record]) -> tuple[list[Record], list[Record]]:
        """
        What a search for what a create has made found, without records that are gone; one that lags shows them for a while.

        Returns:
            records that it may have made, and those that the item had before its present one and that are there again.
        """
        known = {it.ref: it for it in self._views.records_of(link.link_id)} if found else {}
        made: list[Record] = []
        back: list[Record] = []
        for record in found:
            before, side = known.get(record.ref), link.sides.get(record.ref.endpoint)
            now = await self._fetched(before) if before is not None and before.gone else record
            if now is not None:
                is_earlier = before is not None and not is_present_in(side, before)
                (back if is_earlier else made).append(now)
        return made, back

    async def _fetched(self, known: KnownRecord) -> Record | None:
        call = self._endpoints[known.ref.endpoint].connector.fetch(known.ref)
        return await asked(known.ref.endpoint, "fetch", call, ref=str(known.ref))


def is_present_in(side: Side | None, known: KnownRecord) -> bool:
    """Whether the item stands for this record, and not for another one by which it was replaced."""
    return side is None or side.ref == known.ref


def observed(kind: Kind, record: Record, taken_at: datetime) -> RecordObserved:
    """The event that says what a record looked like."""
    return RecordObserved(
        ref=record.ref,
        kind=kind,
        fields=record.fields,
        taken_at=taken_at,
        revision=record.revision,
        label=record.label,
    )


def gone(known: KnownRecord, evidence: Evidence, taken_at: datetime) -> RecordGone:
    """The event that says that a known record is not there."""
    return RecordGone(ref=known.ref, evidence=evidence, taken_at=taken_at)
