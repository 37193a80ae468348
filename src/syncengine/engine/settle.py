"""
Finds out what became of writes that were saved as intents and have no outcome.

After a crash nobody knows whether a call was made. The only way to know is to look at the remote; nothing is ever repeated
blind. What this process itself knows to be without effect may simply be sent (again).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from syncengine.domain.events import LinkEvent, Operation, Proof, Write, WriteOvertaken, WritePostponed
from syncengine.domain.identity import EndpointName, sync_key_for
from syncengine.domain.judge import (
    Ambiguous,
    Copied,
    DidNotLand,
    Landed,
    Overtaken,
    TooEarly,
    is_back,
    judge_create,
    judge_delete,
    judge_update,
    may_be_a_copy,
)
from syncengine.domain.link import Link
from syncengine.domain.policy import LONGEST_WAIT_S
from syncengine.domain.side import PendingWrite
from syncengine.engine.calls import asked
from syncengine.engine.carry_out import Carrier, work_on
from syncengine.engine.direct_reads import DirectReads
from syncengine.engine.find_copies import copy_found
from syncengine.engine.links import LinkStore
from syncengine.engine.notes import WriteJudged
from syncengine.engine.outcomes import rejected, seen
from syncengine.engine.ports import Clock, Endpoint, OpenWrite, Telemetry
from syncengine.engine.rules import Rules

Verdict = Landed | DidNotLand | Overtaken | TooEarly | Ambiguous | Copied


class Settler:
    """Judges open writes by looking."""

    def __init__(
        self,
        *,
        endpoints: Mapping[EndpointName, Endpoint],
        links: LinkStore,
        carrier: Carrier,
        reads: DirectReads,
        rules: Rules,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._endpoints = endpoints
        self._links = links
        self._carrier = carrier
        self._reads = reads
        self._rules = rules
        self._clock = clock
        self._telemetry = telemetry
        self._started_at = clock.monotonic()

    def is_due(self, write: OpenWrite) -> bool:
        """Whether it is time to look; also when the clock was set back since it was said when, for then nobody knows."""
        now = self._clock.now()
        if write.not_before is None or write.not_before <= now or now < write.since:
            return True
        longest_s = max(LONGEST_WAIT_S, self._rules.policy.backoff.longest_s)
        return write.not_before > now + timedelta(seconds=longest_s)

    async def settle(self, open_write: OpenWrite) -> bool:
        """
        Settle one open write, or postpone it.

        Returns:
            Whether it was judged by looking (and not merely sent).

        Raises:
            ConnectorError: the remote cannot be looked at now; the write stays open.
        """
        link = await self._links.get(open_write.link_id)
        pending = link.decision.pending.get(open_write.intent_id) if link.decision else None
        if pending is None:
            return False
        if _is_replaced(link, pending.write):
            reason = f"the item has another record there meanwhile, {link.sides[pending.write.endpoint].ref}"
            await self._drop(link, pending.write, reason)
            return False
        if open_write.intent_id in self._carrier.certainly_not_done:
            await self._send(link, pending)
            return False
        with self._telemetry.within(work_on(link, pending, open_since=open_write.since)):
            await self._settle(link, pending)
        return True

    async def _settle(self, link: Link, pending: PendingWrite) -> None:
        write, asked_at = pending.write, self._clock.now()
        verdict = await self._look(link, write)
        judged = WriteJudged(
            link_id=link.link_id,
            intent_id=write.intent_id,
            endpoint=write.endpoint,
            operation=write.operation.value,
            attempt=pending.attempts + 1,
            verdict=type(verdict).__name__,
        )
        self._telemetry.note(judged)
        await self._act(link, pending, verdict, asked_at)

    async def _look(self, link: Link, write: Write) -> Verdict:
        endpoint, began = self._endpoints[write.endpoint], self._clock.monotonic()
        if write.ref is not None:
            judge = judge_delete if write.operation is Operation.DELETE else judge_update
            call = endpoint.connector.fetch(write.ref)
            return judge(write, await asked(write.endpoint, "fetch", call, ref=str(write.ref)))
        search = endpoint.connector.find_by_key(write.container, sync_key_for(link.link_id), write.fields)
        found = await asked(write.endpoint, "find_by_key", search, ref=write.container or None)
        unknown = [it for it in found if link.copies.get(it.ref) is None]  # copies were there before, so they are not ours
        made, back = await self._reads.apart(link, unknown)
        before = link.sides.get(write.endpoint)
        doubtful = [it for it in made if may_be_a_copy(write, it, before.ref if before else None)]
        ours = [it for it in made if it not in doubtful]
        return judge_create(ours, patience_over=began >= self._patient_until(write), back=back, doubtful=doubtful)

    def _patient_until(self, write: Write) -> float:
        """When (`Clock.monotonic`) a record would be seen; a call of an earlier process ended before this one started."""
        called_at = self._carrier.last_call.get(write.intent_id, self._started_at)
        return called_at + self._endpoints[write.endpoint].connector.capabilities.key_lookup_lag_s

    async def _act(self, link: Link, pending: PendingWrite, verdict: Verdict, asked_at: datetime) -> None:
        write = pending.write
        match verdict:
            case Landed(record):
                await self._carrier.confirm(link, write, record, Proof.FOUND)
            case DidNotLand() if self._cannot_search(write):
                reason = (
                    f"nobody can tell whether this was created: {write.endpoint} keeps no key to search for. Look there; "
                    f"if it is missing, `syncengine resume {link.link_id} --create` has it created"
                )
                await self._links.record(link.link_id, rejected(write, reason, "OutcomeUnknown"))
                self._carrier.ended(write, "rejected")
            case DidNotLand():
                looked = self._postponed(write, "not_done", asked_at, "looked: not there; sending it now")
                link = await self._links.record(link.link_id, looked)
                assert link.decision is not None
                await self._send(link, link.decision.pending[write.intent_id])
            case TooEarly():
                left_s = self._patient_until(write) - self._clock.monotonic()
                until = self._clock.now() + timedelta(seconds=max(0.0, left_s))
                later = self._postponed(write, "unknown", until, "looked: not there yet, but it may still show up")
                await self._links.record(link.link_id, later)
            case Overtaken(record, reason):
                ref = record.ref if record is not None else write.ref
                await self._drop(link, write, reason, *seen(link, ref, record, asked_at))
            case Copied(records):
                refs = ", ".join(str(record.ref) for record in records)
                reason = f"{refs} may be a copy of the lost record: the key is there, and other values than were sent"
                copies = (copy_found(link.kind, record, asked_at, looks_alike=False) for record in records)
                await self._drop(link, write, reason, *copies)
            case Ambiguous(records):
                refs = ", ".join(str(record.ref) for record in records)
                reason = f"several records carry the key of this item: {refs}; delete the copies or remove their key line"
                await self._links.record(link.link_id, rejected(write, reason, "AmbiguousKey"))
                self._carrier.ended(write, "rejected")

    async def _send(self, link: Link, pending: PendingWrite) -> None:
        """Make the call, unless the lost record that it was to replace is there again."""
        write, asked_at = pending.write, self._clock.now()
        lost = link.sides.get(write.endpoint) if write.operation is Operation.CREATE else None
        record = None
        if lost is not None:
            call = self._endpoints[write.endpoint].connector.fetch(lost.ref)
            record = await asked(write.endpoint, "fetch", call, ref=str(lost.ref))
        if lost is None or (record is None and lost.gone):
            await self._carrier.send(link, pending)
            return
        await self._drop(link, write, is_back(lost.ref), *seen(link, lost.ref, record, asked_at))

    async def _drop(self, link: Link, write: Write, reason: str, *shown: LinkEvent) -> None:
        """Something else is there: the item is decided anew."""
        await self._links.record(link.link_id, WriteOvertaken(intent_id=write.intent_id, reason=reason), *shown)
        self._carrier.ended(write, "overtaken")

    def _cannot_search(self, write: Write) -> bool:
        no_key = self._endpoints[write.endpoint].connector.capabilities.key_storage == "none"
        return no_key and write.operation is Operation.CREATE

    def _postponed(self, write: Write, outcome: str, until: datetime, reason: str) -> WritePostponed:
        return WritePostponed(
            intent_id=write.intent_id,
            outcome="unknown" if outcome == "unknown" else "not_done",
            not_before=until,
            reason=reason,
        )


def _is_replaced(link: Link, write: Write) -> bool:
    """Whether a write is about a record that the item no longer stands for, because an earlier one has come back."""
    side = link.sides.get(write.endpoint)
    return write.ref is not None and side is not None and side.ref != write.ref
