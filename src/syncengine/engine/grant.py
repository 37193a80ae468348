"""
Grants what persons asked for, as events, at the start of a pass.

A request is removed after its event is durable. A crash between the two grants it once more, so granting twice is the same
as granting once. What a person saw may have changed meanwhile; then nothing is done, and the pass says so.
"""

from typing import assert_never
from uuid import UUID

from attrs import field, frozen

from syncengine.domain.copies import Copy
from syncengine.domain.events import (
    ClaimEvent,
    ClaimReleased,
    ClaimTaken,
    ConflictResolved,
    CopySettled,
    Event,
    PlacePaused,
    PlaceResumed,
    RecordObserved,
    SafetyApproved,
)
from syncengine.domain.identity import LinkId, approval_stream, claim_stream, link_id_for, pause_stream
from syncengine.domain.link import Link
from syncengine.domain.pauses import Pauses
from syncengine.domain.records import RecordRef
from syncengine.domain.side import is_lost
from syncengine.engine.links import LinkStore, Step
from syncengine.engine.next_append import next_append
from syncengine.engine.ports import Append, EventLog, Views
from syncengine.engine.requests import ApprovePlan, Asked, ChooseValue, Inbox, PausePlace, ResumePlace, SettleCopy
from syncengine.engine.trouble import Troubles


@frozen
class Resumed:
    """
    Items that persons asked to go on with.

    Attributes:
        items: writes of them that a remote refused are made again.
        missing: of these, the ones whose create is in doubt and whose record a person has looked for in vain.
    """

    items: set[LinkId] = field(factory=set)
    missing: set[LinkId] = field(factory=set)


class Granter:
    """Takes requests out of an inbox."""

    def __init__(self, *, inbox: Inbox, links: LinkStore, log: EventLog, views: Views) -> None:
        self._inbox = inbox
        self._links = links
        self._log = log
        self._views = views
        self._resumed = Resumed()

    async def grant_all(self, troubles: Troubles, *, caused_by: str) -> Resumed:
        """
        Grant everything that waits, oldest first.

        Args:
            troubles: told what is outdated.

        Returns:
            the items to go on with in this pass.

        Raises:
            EventLogError: the log cannot be written; what is left waits for the next pass.
        """
        self._resumed = Resumed()
        for asked in self._inbox.waiting():
            outdated = await self._grant(asked, caused_by)
            if outdated is not None:
                troubles.say(f"{asked.by} asked to {asked.request}, which was not done: {outdated}")
            await self._inbox.remove(asked)
        return self._resumed

    async def _grant(self, asked: Asked, caused_by: str) -> str | None:
        """None when it is done; otherwise why not, and what to do."""
        match asked.request:
            case ApprovePlan(plan=plan):
                return await self._approve(plan, asked.by, caused_by)
            case ChooseValue():
                return await self._choose(asked.request, asked.by)
            case SettleCopy():
                return await self._settle_copy(asked.request, asked.by)
            case PausePlace():
                await self._pause(asked.request, asked.by, caused_by)
            case ResumePlace():
                await self._resume(asked.request, asked.by, caused_by)
            case _:
                assert_never(asked.request)
        return None

    async def _approve(self, plan: str, by: str, caused_by: str) -> str | None:
        if self._views.is_approved(plan):
            return None
        if all(held.plan != plan for held in self._views.held_plans()):
            return "it is not held back any more; `syncengine status` shows what is"
        await self._append(approval_stream(plan), SafetyApproved(plan=plan, by=by), caused_by)
        return None

    async def _pause(self, wish: PausePlace, by: str, caused_by: str) -> None:
        if wish.subject not in self.paused().subjects:
            paused = PlacePaused(subject=wish.subject, reason=wish.reason or "paused by hand", by=by)
            await self._append(pause_stream(wish.subject), paused, caused_by)

    async def _resume(self, wish: ResumePlace, by: str, caused_by: str) -> None:
        subject = wish.subject
        kind, _, name = subject.partition(":")
        if kind == "item":
            link_id = UUID(hex=name)
            self._resumed.items.add(link_id)
            # Whoever asked has seen what is in doubt by now, and nothing that comes to be so in this pass.
            if wish.in_doubt == "create" and (await self._links.get(link_id)).in_doubt:
                self._resumed.missing.add(link_id)
        if any(it.subject == subject for it in self._views.pauses()):
            await self._append(pause_stream(subject), PlaceResumed(subject=subject, by=by), caused_by)

    def paused(self) -> Pauses:
        """What persons have paused."""
        return Pauses(frozenset(it.subject for it in self._views.pauses() if it.by))

    async def _append(self, stream: UUID, event: Event, caused_by: str) -> None:
        await self._log.append(await next_append(self._log, stream, event), caused_by=caused_by)

    async def _choose(self, choice: ChooseValue, by: str) -> str | None:
        link = await self._links.get(choice.link_id)
        resolved = link.resolved.get(choice.field)
        if resolved is not None and resolved.value == choice.value:
            return None
        parked = link.parked.get(choice.field)
        if parked is None:
            return "nobody has to choose there any more"
        if dict(parked.versions) != dict(choice.among):
            return "the values have changed since; look again with `syncengine status`"
        await self._links.record(link.link_id, ConflictResolved(field=choice.field, value=choice.value, by=by))
        return None

    async def _settle_copy(self, wish: SettleCopy, by: str) -> str | None:
        link = await self._links.get(wish.link_id)
        copy = link.copies.get(wish.ref)
        if copy is None:
            is_done = await self._links.owner(wish.ref) is not None
            return None if is_done else f"{wish.ref} is no copy any more; see `syncengine explain {link.link_id}`"
        if (problem := await self._why_not(wish, copy)) is not None:
            return problem
        settled = CopySettled(ref=wish.ref, verdict=wish.verdict, by=by)
        match wish.verdict:
            case "ignored":
                if not copy.ignored:
                    await self._links.record(link.link_id, settled)
                return None
            case "kept":
                return await self._keep(link, settled, copy)
            case "new":
                return await self._make_new(link, settled, copy)

    async def _why_not(self, wish: SettleCopy, copy: Copy) -> str | None:
        """Why this cannot be done with a copy; None when it can."""
        if wish.verdict == "ignored":
            without_a_key = f"{wish.ref} carries no key to know it by later; keep it, or make it an item of its own"
            return without_a_key if copy.looks_alike else None
        if copy.missed:
            return f"{wish.ref} was not there when the last pass asked for it; ask again if it is there"
        owner = await self._links.owner(wish.ref)
        if owner in {None, wish.link_id}:
            return None
        return f"{wish.ref} belongs to another item by now; see `syncengine explain {owner}`"

    async def _keep(self, link: Link, settled: CopySettled, copy: Copy) -> str | None:
        """The item stands for the copy from now on; a record of before is free, unless it is lost and may come back."""
        if link.decision is not None:
            return "a write of that item is still open; ask again when it has ended"
        side = link.sides.get(settled.ref.endpoint)
        before = side.ref if side is not None and not is_lost(side) else None
        if before is not None and copy.looks_alike:
            # Freed, it would begin an item of its own: nothing tells that it was a record of this one.
            return f"the item has a record there, {before}; delete that one first, or make {settled.ref} an item of its own"
        events = settled, self._seen(link, settled.ref, copy)
        claims = [await self._claimed(settled.ref, link.link_id)]
        if before is not None:
            claims.append(await self._appended_to_claim(before, ClaimReleased(ref=before, link_id=link.link_id)))
        await self._links.record_all([Step(link_id=link.link_id, events=events)], beside=claims)
        return None

    async def _make_new(self, link: Link, settled: CopySettled, copy: Copy) -> str | None:
        """The copy starts an item of its own."""
        ref = settled.ref
        own = link_id_for(ref.endpoint, ref.container, ref.record_id)
        if (await self._links.get(own)).version:
            return f"{ref} is what an item began with, so it cannot begin another one; keep it or ignore it"
        steps = [
            Step(link_id=link.link_id, events=(settled,)),
            Step(link_id=own, events=(self._seen(link, ref, copy),)),
        ]
        await self._links.record_all(steps, beside=[await self._claimed(ref, own)])
        return None

    def _seen(self, link: Link, ref: RecordRef, copy: Copy) -> RecordObserved:
        return RecordObserved(
            ref=ref,
            kind=link.kind,
            fields=copy.fields,
            taken_at=copy.taken_at,
            revision=copy.revision,
            label=copy.label,
        )

    async def _claimed(self, ref: RecordRef, link_id: LinkId) -> Append:
        return await self._appended_to_claim(ref, ClaimTaken(ref=ref, link_id=link_id))

    async def _appended_to_claim(self, ref: RecordRef, event: ClaimEvent) -> Append:
        """A record that was free before may have been claimed and released earlier."""
        return await next_append(self._log, claim_stream(ref.endpoint, ref.container, ref.record_id), event)
