"""The links as the engine holds them: loaded from their streams, kept at hand, appended to one step at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import cast

from attrs import frozen

from syncengine.domain.events import ClaimTaken, LinkEvent, RecordGone
from syncengine.domain.identity import LinkId, claim_stream
from syncengine.domain.link import Link, evolve, replay
from syncengine.domain.records import RecordRef
from syncengine.engine.ports import Append, EventLog, Telemetry
from syncengine.engine.saved_notes import notes_about
from syncengine.errors import ConcurrentAppend

KEPT = 20_000
"""Links kept in memory; a link costs about a kilobyte, and loading one again costs one short read."""


STEPS_A_TRANSACTION = 500


@frozen(kw_only=True)
class Step:
    """
    Events for one link.

    Attributes:
        claims: records that the link gains with these events.
    """

    link_id: LinkId
    events: tuple[LinkEvent, ...]
    claims: tuple[RecordRef, ...] = ()


def one_step_a_link(steps: Iterable[Step]) -> Iterable[Step]:
    """Both sides of one link may have been edited; their events go to its stream together."""
    merged: dict[LinkId, Step] = {}
    for step in steps:
        before = merged.get(step.link_id, Step(link_id=step.link_id, events=()))
        merged[step.link_id] = Step(
            link_id=step.link_id, events=before.events + step.events, claims=before.claims + step.claims
        )
    return merged.values()


class LinkStore:
    """Loads links and appends to them; nobody else appends to link streams."""

    def __init__(self, log: EventLog, telemetry: Telemetry) -> None:
        self._log = log
        self._telemetry = telemetry
        self._kept: OrderedDict[LinkId, Link] = OrderedDict()
        self._locks: dict[LinkId, asyncio.Lock] = {}
        self._caused_by = "engine"
        self.missed: set[RecordRef] = set()
        """Records that were noted as not there in this pass; a second look in the same pass would prove no more."""

    def begin(self, *, caused_by: str) -> None:
        """A pass begins, to which everything that is stored from here on belongs."""
        self._caused_by = caused_by
        self.missed.clear()

    async def get(self, link_id: LinkId) -> Link:
        """The link as it is now; a link without events when the log has none."""
        kept = self._kept.get(link_id)
        if kept is not None:
            self._kept.move_to_end(link_id)
            return kept
        recorded = await self._log.load(link_id)
        link = replay(link_id, (cast("LinkEvent", item.event) for item in recorded))
        self._keep(link)
        return link

    async def record(
        self,
        link_id: LinkId,
        *events: LinkEvent,
        claims: Iterable[RecordRef] = (),
        decided_at: int | None = None,
    ) -> Link:
        """
        Append events to a link, in one transaction with the claims of the records it gains.

        Args:
            decided_at: the version the events were decided on; anything newer refuses them.

        Raises:
            ConcurrentAppend: the link moved on, or a record belongs to another link; nothing was stored.
        """
        async with self._locks.setdefault(link_id, asyncio.Lock()):
            link = await self.get(link_id)
            if decided_at is not None and link.version != decided_at:
                raise ConcurrentAppend(f"link {link_id} moved from version {decided_at} to {link.version}")
            after = link
            for event in events:
                after = evolve(after, event)
            appends = [Append(stream_id=link_id, after_version=link.version, events=tuple(events))]
            appends += [claim(ref, link_id) for ref in claims]
            try:
                await self._log.append(*appends, caused_by=self._caused_by)
            except BaseException:
                # A cancelled append may be stored all the same, and a refused one says that we know too little.
                self._kept.pop(link_id, None)
                raise
            self._keep(after)
            self._tell(link, events)
            return after

    async def record_all(self, steps: Sequence[Step], *, beside: Sequence[Append] = ()) -> None:
        """
        Append to many links, hundreds in one transaction; nobody else may be at work on them.

        Args:
            beside: appends of other streams, stored with the last of the steps and never before them.

        Raises:
            ConcurrentAppend: as `record`; the transactions before the refused one are stored.
        """
        chunks = [steps[at : at + STEPS_A_TRANSACTION] for at in range(0, len(steps), STEPS_A_TRANSACTION)]
        for number, chunk in enumerate(chunks or [()], start=1):
            appends: list[Append] = []
            before: list[Link] = []
            after: list[Link] = []
            for step in chunk:
                link = await self.get(step.link_id)
                appends.append(Append(stream_id=step.link_id, after_version=link.version, events=step.events))
                appends += [claim(ref, step.link_id) for ref in step.claims]
                before.append(link)
                after.append(reduce(evolve, step.events, link))
            if number >= len(chunks):
                appends += beside
            if appends:
                await self._log.append(*appends, caused_by=self._caused_by)
            for link in after:
                self._keep(link)
            for link, step in zip(before, chunk, strict=True):
                self._tell(link, step.events)

    async def owner(self, ref: RecordRef) -> LinkId | None:
        """The link a record belongs to, straight from its claim stream."""
        recorded = await self._log.load(claim_stream(ref.endpoint, ref.container, ref.record_id))
        last = recorded[-1].event if recorded else None
        return last.link_id if isinstance(last, ClaimTaken) else None

    def forget(self) -> None:
        """Load every link from its stream again."""
        self._kept.clear()

    def forget_idle_locks(self) -> None:
        """Drop the locks nobody holds; called between passes."""
        self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()}

    def _tell(self, link: Link, events: Sequence[LinkEvent]) -> None:
        """Once they are durable: nobody hears of an event that a crash could still take back."""
        self.missed.update(event.ref for event in events if isinstance(event, RecordGone))
        for event in events:
            for note in notes_about(link, event):
                self._telemetry.note(note)
            link = evolve(link, event)

    def _keep(self, link: Link) -> None:
        self._kept[link.link_id] = link
        self._kept.move_to_end(link.link_id)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def claim(ref: RecordRef, link_id: LinkId) -> Append:
    """The append that takes a record for a link; it fails when another link was first."""
    stream = claim_stream(ref.endpoint, ref.container, ref.record_id)
    return Append(stream_id=stream, after_version=0, events=(ClaimTaken(ref=ref, link_id=link_id),))
