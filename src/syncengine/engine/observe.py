"""
Turns what the containers of a pairing show into events, and saves them together with the cursors.

A *pairing* is one container on each endpoint whose records are kept the same. All sides are read before anything is
concluded: a new record may be the counterpart of a new record on the other side.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from syncengine.domain.events import (
    Evidence,
    RecordGone,
    RecordObserved,
)
from syncengine.domain.identity import (
    EndpointName,
    Kind,
    LinkId,
    link_id_of,
)
from syncengine.domain.records import Record, RecordRef
from syncengine.domain.side import is_lost
from syncengine.engine.calls import together
from syncengine.engine.direct_reads import DirectReads, gone, is_present_in, observed
from syncengine.engine.doubtful_creates import DoubtfulCreates, told_apart
from syncengine.engine.find_copies import CopyFinder
from syncengine.engine.identify import LoneRecord, Newcomers, identify
from syncengine.engine.links import LinkStore, Step, one_step_a_link
from syncengine.engine.listing import Listing, read_listing
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Append, Clock, Endpoint, EventLog, KnownRecord, Views
from syncengine.engine.rules import Rules
from syncengine.engine.trusted_times import TrustedTimes


@frozen(kw_only=True)
class Observation:
    """
    Everything newly seen in a pairing.

    Attributes:
        full_listings: of containers that can be listed from a cursor on, those that were listed from the start.
    """

    steps: tuple[Step, ...]
    cursors: tuple[Append, ...]
    full_listings: tuple[Listing, ...] = ()
    listed: Mapping[EndpointName, int] = field(factory=dict)
    problems: tuple[str, ...] = ()


class Observer:
    """Reads pairings; saves nothing before `save` is called."""

    def __init__(
        self,
        *,
        endpoints: Mapping[EndpointName, Endpoint],
        log: EventLog,
        views: Views,
        links: LinkStore,
        reads: DirectReads,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._endpoints = endpoints
        self._log = log
        self._views = views
        self._links = links
        self._clock = clock
        self._times = TrustedTimes(clock)
        self._reads = reads
        self._rules = rules
        self._doubts = DoubtfulCreates(endpoints=endpoints, views=views, links=links)
        self._copies = CopyFinder(endpoints=endpoints, views=views, links=links, clock=clock)

    async def look(self, pairing: Pairing, *, silent: frozenset[EndpointName] = frozenset()) -> Observation:
        """
        Read every side of a pairing.

        Args:
            silent: sides that cannot be read now. What is new on the others waits for them, for it may have its
                counterpart there; cursors wait with it.

        Raises:
            ConnectorError: a side could not be read; nothing is concluded about any side.
            SuspiciousListing: a side shows nothing although it should.
        """
        listings = await self._read(pairing, silent)
        self._times.watch()
        problems = [line for listing in listings.values() for line in await self._set_aside(listing)]
        steps: list[Step] = []
        if not silent:
            steps = [*await self._newcomers(pairing, listings), *await self._copies.became(pairing, listings)]
        for listing in listings.values():
            steps += await self._edits(pairing.kind, listing)
            steps += await self._losses(pairing.kind, listing)
        return Observation(
            steps=tuple(one_step_a_link(steps)),
            cursors=() if silent else tuple(filter(None, (it.advance(self._views) for it in listings.values()))),
            full_listings=() if silent else tuple(it for it in listings.values() if it.counts_as_full),
            listed={name: listing.listed for name, listing in listings.items()},
            problems=tuple(problems),
        )

    async def save(self, observation: Observation) -> None:
        """Store what was seen and the cursors behind it; a cursor is never stored before what it stands for."""
        await self._links.record_all(observation.steps, beside=observation.cursors)
        for listing in observation.full_listings:
            await self._log.note_full_listing(listing.endpoint.name, listing.container, at=self._clock.now())

    async def _read(self, pairing: Pairing, silent: frozenset[EndpointName]) -> dict[EndpointName, Listing]:
        names = sorted(pairing.containers.keys() - silent)
        every_s, now = self._rules.policy.full_listing_every_s, self._clock.now()
        reads = [
            read_listing(self._endpoints[name], pairing.containers[name], self._views, now=now, in_full_every_s=every_s)
            for name in names
        ]
        return dict(zip(names, await together(*reads), strict=True))

    async def _newcomers(self, pairing: Pairing, listings: Mapping[EndpointName, Listing]) -> list[Step]:
        if not any(listing.fresh for listing in listings.values()):
            return []
        by_doubt = await self._doubts.sort(pairing, listings)
        records = {name: it.free for name, it in by_doubt.items()}
        lone = await self._lone(pairing, listings, records)
        taken = await self._taken(records, lone)
        newcomers = Newcomers(
            records=records,
            lone=lone,
            taken=lambda link_id: taken.get(link_id, frozenset()),
            moved=await self._copies.moved(records),
        )
        connectors = {name: self._endpoints[name].connector for name in pairing.containers}
        found = identify(newcomers, pairing.containers, connectors)
        links, alike = told_apart(found.links, by_doubt.values())
        steps = []
        for link_id, members in links.items():
            link = await self._links.get(link_id)
            own = [it for it in members if it.ref.endpoint not in link.sides]
            events = tuple(_observed(pairing.kind, it, listings[it.ref.endpoint]) for it in own)
            steps.append(Step(link_id=link_id, events=events, claims=tuple(it.ref for it in own)))
            # The record the item began with, which is a copy since a person kept another one.
            steps += await self._copies.found(pairing.kind, link_id, [it for it in members if it not in own], listings)
        for link_id, copies in found.copies.items():
            steps += await self._copies.found(pairing.kind, link_id, copies, listings)
        for link_id, copies in alike:
            steps += await self._copies.found(pairing.kind, link_id, copies, listings, looks_alike=True)
        return [step for step in steps if step.events]

    async def _lone(
        self, pairing: Pairing, listings: Mapping[EndpointName, Listing], records: Mapping[EndpointName, Sequence[Record]]
    ) -> list[LoneRecord]:
        """Records of links that miss an endpoint; only where natural names are used at all."""
        guessed = any(
            self._endpoints[judge].connector.natural_keys(pairing.containers[judge], it.fields)
            for judge in pairing.containers
            for each in records.values()
            for it in each[:1]
        )
        if not guessed:
            return []
        there: dict[LinkId, set[EndpointName]] = defaultdict(set)
        for name, listing in listings.items():
            for known in listing.known.values():
                there[known.link_id].add(name)
        lone = []
        for link_id, names in there.items():
            if len(names) < len(pairing.containers):
                sides = (await self._links.get(link_id)).sides
                here = [sides[name] for name in sorted(names) if name in sides]
                lone += [LoneRecord(link_id=link_id, record=Record(ref=it.ref, fields=it.observed)) for it in here]
        return lone

    async def _taken(
        self, records: Mapping[EndpointName, Sequence[Record]], lone: list[LoneRecord]
    ) -> dict[LinkId, frozenset[EndpointName]]:
        keys = [link_id_of(it.sync_key) for each in records.values() for it in each if it.sync_key is not None]
        taken = {}
        for link_id in {*(key for key in keys if key is not None), *(it.link_id for it in lone)}:
            link = await self._links.get(link_id)
            pending = link.decision.pending.values() if link.decision else ()
            taken[link_id] = frozenset(link.sides) | {waiting.write.endpoint for waiting in pending}
        return taken

    async def _set_aside(self, listing: Listing) -> list[str]:
        """Take out what came back although its item has another record: made anew meanwhile, or back as well."""
        back = [listing.known[record_id] for record_id in listing.edited if listing.known[record_id].gone]
        heirs: dict[LinkId, RecordRef] = {}
        problems = []
        for known in back:
            side = await self._reads.side(known)
            if side is None:
                continue
            is_there = not is_lost(side) or any(it.ref == side.ref for it in back)
            heir = heirs.setdefault(known.link_id, side.ref if is_there else known.ref)
            if heir != known.ref:
                del listing.edited[known.ref.record_id]
                problems.append(f"{known.ref} is back, but its item has another record there, {heir}; delete one of them")
        return problems

    async def _edits(self, kind: Kind, listing: Listing) -> list[Step]:
        steps = []
        for record_id, record in listing.edited.items():
            known = listing.known[record_id]
            event = await self._as_of_now(kind, listing, known, record)
            if event is not None:
                steps.append(Step(link_id=known.link_id, events=(event,)))
        return steps

    async def _as_of_now(
        self, kind: Kind, listing: Listing, known: KnownRecord, record: Record
    ) -> RecordObserved | RecordGone | None:
        """What an edited record shows; a page from before our last write there is not believed, the record is read."""
        if await self._is_stale(listing, known):
            return await self._reads.one(kind, known, self._absence(known))
        return _observed(kind, record, listing)

    async def _is_stale(self, listing: Listing, known: KnownRecord) -> bool:
        """Whether a listing may not yet show our last write to this record."""
        side = await self._reads.side(known)
        return side is not None and listing.taken_at is not None and self._times.is_doubtful(side, listing.taken_at)

    async def _losses(self, kind: Kind, listing: Listing) -> list[Step]:
        taken_at = listing.taken_at or self._clock.now()
        steps = []
        for known in listing.removed:
            if await self._is_stale(listing, known):
                # It may tell of an earlier record of that id, so that it is not there now proves as little as ever.
                steps += await self._looked_for(kind, listing, known, self._absence(known))
            else:
                steps += await self._lost(kind, listing, known, gone(known, Evidence.TOMBSTONE, taken_at))
        for known in listing.missing:
            if known.ref in self._links.missed:
                continue
            # Where all of it may be hidden from us, one more look would prove nothing.
            if known.gone is None or listing.proves_access:
                steps += await self._looked_for(kind, listing, known, self._absence(known))
        return steps

    def _absence(self, known: KnownRecord) -> Evidence:
        """What it proves that a record is not there when asked for directly: something the second time, in a later pass."""
        return Evidence.CONFIRMED if known.gone and known.ref not in self._links.missed else Evidence.ABSENT

    async def _looked_for(self, kind: Kind, listing: Listing, known: KnownRecord, evidence: Evidence) -> list[Step]:
        """What a direct read of a record shows that may be gone; that it is not there proves as much as `evidence`."""
        event = await self._reads.one(kind, known, evidence)
        if isinstance(event, RecordGone):
            return await self._lost(kind, listing, known, event)
        return [] if event is None else [Step(link_id=known.link_id, events=(event,))]

    async def _lost(self, kind: Kind, listing: Listing, known: KnownRecord, event: RecordGone) -> list[Step]:
        """A loss; and when an earlier record of the item has come back meanwhile, the item lives on in that one."""
        if not is_present_in(await self._reads.side(known), known):
            return []  # it was replaced long ago
        events: list[RecordObserved | RecordGone] = [event]
        mine = [it for it in listing.known.values() if it.link_id == known.link_id and it.ref != known.ref]
        for earlier in mine if event.evidence.is_proof else ():
            again = await self._reads.one(kind, earlier, Evidence.CONFIRMED)
            events += [again] if isinstance(again, RecordObserved) else []
        return [Step(link_id=known.link_id, events=tuple(events[:2]))]


def _observed(kind: Kind, record: Record, listing: Listing) -> RecordObserved:
    assert listing.taken_at is not None
    return observed(kind, record, listing.taken_at)
