"""
Sends the writes of a saved decision, one remote call each, and saves what became of each one.

What an error means is a pure table (`engine.outcomes`); the rest is the call. A write is never repeated here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import assert_never

from syncengine.domain.events import (
    LinkEvent,
    Operation,
    Proof,
    Write,
    WriteOvertaken,
    WritePostponed,
)
from syncengine.domain.identity import EndpointName, IntentId, sync_key_for
from syncengine.domain.link import Link
from syncengine.domain.records import Record, RecordRef
from syncengine.domain.side import PendingWrite
from syncengine.engine.calls import asked
from syncengine.engine.links import LinkStore
from syncengine.engine.notes import WriteSent, WriteWork
from syncengine.engine.outcomes import landed, outcome_of, rejected, seen
from syncengine.engine.ports import Clock, Endpoint, Telemetry
from syncengine.engine.rules import Rules
from syncengine.errors import ConcurrentAppend, ConnectorError, ContractViolation


class _NotSent(Enum):
    STOPPED = "the program was told to stop before it was this write's turn"


_NOT_SENT = _NotSent.STOPPED


class Carrier:
    """Carries writes out."""

    def __init__(
        self,
        *,
        endpoints: Mapping[EndpointName, Endpoint],
        links: LinkStore,
        clock: Clock,
        rules: Rules,
        telemetry: Telemetry,
        on_trouble: Callable[[EndpointName, ConnectorError], None],
        on_outcome: Callable[[Write, str], None],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._endpoints = endpoints
        self._links = links
        self._clock = clock
        self._rules = rules
        self._telemetry = telemetry
        self._on_trouble = on_trouble
        self._on_outcome = on_outcome
        self._is_stopping = is_stopping
        self._room: dict[EndpointName, asyncio.Semaphore] = {}
        self.certainly_not_done: set[IntentId] = set()
        """Intents this process knows to be without effect; after a restart nothing is certain and one has to look."""
        self.last_call: dict[IntentId, float] = {}
        """When (`Clock.monotonic`) this process last had a call of an intent under way, for those that are still open."""

    async def carry_out(self, link: Link) -> Link:
        """Send every pending write of the decision, different endpoints at once; the link with their outcomes."""
        assert link.decision is not None
        await asyncio.gather(*(self.send(link, pending) for pending in link.decision.pending.values()))
        return await self._links.get(link.link_id)

    async def send(self, link: Link, pending: PendingWrite) -> None:
        """Make the one call of a write, as soon as there is room, and save its outcome."""
        with self._telemetry.within(work_on(link, pending)):
            await self._send(link, pending)

    async def _send(self, link: Link, pending: PendingWrite) -> None:
        write = pending.write
        try:
            answer = await self._call_in_turn(link, pending)
        except ConnectorError as error:
            self.last_call[write.intent_id] = self._clock.monotonic()
            self._on_trouble(write.endpoint, error)
            await self._failed(link, pending, error)
        else:
            if answer is _NOT_SENT:
                await self._put_off(link, write)
                return
            # The log may refuse the outcome; then the write is looked for, and not before everybody can see it.
            self.last_call[write.intent_id] = self._clock.monotonic()
            await self.confirm(link, write, answer, self._proof_of(link, pending))
            self.last_call.pop(write.intent_id, None)

    def _proof_of(self, link: Link, pending: PendingWrite) -> Proof:
        """
        What the answer to a write proves.

        Where we choose the ids, making a record that is there already is answered with that record. It may be our own of an
        earlier call, or a lost one that came back, and a person may have edited it since: it was found, and shows more than
        what we sent.
        """
        write = pending.write
        ids_are_ours = self._endpoints[write.endpoint].connector.capabilities.key_storage == "id"
        again = write.operation is Operation.CREATE and (pending.attempts > 0 or write.endpoint in link.sides)
        return Proof.FOUND if again and ids_are_ours else Proof.ANSWER

    async def _call_in_turn(self, link: Link, pending: PendingWrite) -> "Record | _NotSent | None":
        """The answer; `_NOT_SENT` when the program was told to stop before it was this write's turn."""
        write = pending.write
        async with self._room_at(write.endpoint):
            if self._is_stopping():
                return _NOT_SENT
            self.certainly_not_done.discard(write.intent_id)
            sent = WriteSent(
                link_id=link.link_id,
                intent_id=write.intent_id,
                endpoint=write.endpoint,
                operation=write.operation.value,
                attempt=pending.attempts + 1,
            )
            self._telemetry.note(sent)
            return await self._call(link, write)

    def _room_at(self, endpoint: EndpointName) -> asyncio.Semaphore:
        """Room for a call; writes wait here and not in the connector, so that those who wait can still be put off."""
        if endpoint not in self._room:
            at_once = self._endpoints[endpoint].connector.capabilities.max_concurrent_writes
            self._room[endpoint] = asyncio.Semaphore(at_once)
        return self._room[endpoint]

    async def _put_off(self, link: Link, write: Write) -> None:
        reason = "the program was stopped before this was sent"
        waits = WritePostponed(intent_id=write.intent_id, outcome="not_done", not_before=self._clock.now(), reason=reason)
        await self._links.record(link.link_id, waits)
        self.certainly_not_done.add(write.intent_id)
        self.ended(write, "not_done")

    async def _call(self, link: Link, write: Write) -> Record | None:
        """The one call of a write; the record as the remote stored it, None after a delete."""
        connector = self._endpoints[write.endpoint].connector
        call: Awaitable[Record | None]
        match write.operation:
            case Operation.CREATE:
                call = connector.create(write.container, sync_key_for(link.link_id), write.fields)
            case Operation.UPDATE:
                assert write.ref is not None
                call = connector.update(write.ref, write.fields, expected=write.expected)
            case Operation.DELETE:
                assert write.ref is not None
                call = connector.delete(write.ref, expected=write.expected)
            case _:
                assert_never(write.operation)
        record = await asked(write.endpoint, write.operation.value, call, ref=str(write.ref or write.container))
        if record is None:
            return None
        if record.ref.endpoint != write.endpoint or (write.ref is not None and record.ref != write.ref):
            message = f"the connector answered with {record.ref}; a bug in the connector, please report it"
            raise ContractViolation(message, endpoint=write.endpoint, operation=write.operation.value)
        return record

    async def confirm(self, link: Link, write: Write, record: Record | None, proof: Proof) -> None:
        """Save that a write landed, with the claim on the record it made."""
        link = await self._links.get(link.link_id)
        if record is not None and (back := _came_back(link, write)) not in {None, record.ref}:
            reason = f"{back} is back; {record.ref} was made in its place meanwhile and is a copy now"
            await self._links.record(link.link_id, WriteOvertaken(intent_id=write.intent_id, reason=reason))
            self.ended(write, "overtaken")
            return
        event = landed(write, record, proof, written_at=self._clock.now())
        claims = (event.ref,) if write.operation is Operation.CREATE and not _had(link, event.ref) else ()
        try:
            await self._links.record(link.link_id, event, claims=claims)
        except ConcurrentAppend:
            owner = await self._links.owner(event.ref)
            if owner is None or (owner == link.link_id and not claims):
                raise
            if owner != link.link_id:
                reason = f"{event.ref} already belongs to another item ({owner}); see `syncengine explain {owner}`"
                await self._links.record(link.link_id, rejected(write, reason, "AlreadyLinked"))
                self.ended(write, "rejected")
                return
            await self._links.record(link.link_id, event)  # it was this item's before, under the same id
        self.ended(write, "confirmed" if proof is Proof.ANSWER else "found")

    async def _failed(self, link: Link, pending: PendingWrite, error: ConnectorError) -> None:
        write = pending.write
        lag_s = self._endpoints[write.endpoint].connector.capabilities.key_lookup_lag_s
        event = outcome_of(pending, error, now=self._clock.now(), policy=self._rules.policy, lag_s=lag_s)
        if isinstance(event, WritePostponed) and event.outcome == "not_done":
            self.certainly_not_done.add(write.intent_id)
        if isinstance(event, WriteOvertaken):
            await self._look_again(link, write, event)
        else:
            await self._links.record(link.link_id, event)
        self.ended(write, _word_for(event))

    def ended(self, write: Write, outcome: str) -> None:
        """Tell what became of a write."""
        self._on_outcome(write, outcome)

    async def _look_again(self, link: Link, write: Write, event: WriteOvertaken) -> None:
        """Drop the write together with what is there now, so that the next decision knows it."""
        assert write.ref is not None
        asked_at = self._clock.now()
        try:
            call = self._endpoints[write.endpoint].connector.fetch(write.ref)
            record = await asked(write.endpoint, "fetch", call, ref=str(write.ref))
        except ConnectorError as error:
            later = asked_at + timedelta(seconds=self._rules.policy.backoff.wait_s(1))
            waits = WritePostponed(
                intent_id=write.intent_id, outcome="unknown", not_before=later, reason=f"{event.reason}; {error}"
            )
            await self._links.record(link.link_id, waits)
            return
        await self._links.record(link.link_id, event, *seen(link, write.ref, record, asked_at))


def _came_back(link: Link, write: Write) -> RecordRef | None:
    """The lost record that a create was to replace, when it is there again; somebody took it out of a bin, for example."""
    side = link.sides.get(write.endpoint) if write.operation is Operation.CREATE else None
    return side.ref if side is not None and not side.gone else None


def _had(link: Link, ref: RecordRef) -> bool:
    """Whether a record that was made anew has the id of the one that was lost; then it is claimed already."""
    side = link.sides.get(ref.endpoint)
    return side is not None and side.ref == ref


def work_on(link: Link, pending: PendingWrite, *, open_since: datetime | None = None) -> WriteWork:
    """The piece of work that a write is, for those who want to know."""
    return WriteWork(
        link_id=link.link_id,
        intent_id=pending.write.intent_id,
        endpoint=pending.write.endpoint,
        operation=pending.write.operation.value,
        attempt=pending.attempts + 1,
        open_since=open_since,
    )


def _word_for(event: LinkEvent) -> str:
    if isinstance(event, WritePostponed):
        return event.outcome
    return "overtaken" if isinstance(event, WriteOvertaken) else "rejected"
