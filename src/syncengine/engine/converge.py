"""
Decides about the links of a pairing and carries the decisions out, until nothing is left to do or something has to wait.

Links are independent of each other: many are worked on at once, and one that fails stops no other.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from syncengine.domain.decide import decide
from syncengine.domain.events import LinkClosed, WritesIntended
from syncengine.domain.identity import EndpointName, LinkId
from syncengine.domain.link import Link
from syncengine.domain.participants import Participant, Participants
from syncengine.engine.calls import each_of
from syncengine.engine.carry_out import Carrier
from syncengine.engine.direct_reads import DirectReads
from syncengine.engine.links import LinkStore
from syncengine.engine.notes import LinkEnded, LinkWork, PairingEnded, PairingStarted
from syncengine.engine.pairings import Pairing
from syncengine.engine.pass_state import PassState
from syncengine.engine.ports import Endpoint, EventLog, Telemetry, Views
from syncengine.engine.rules import Rules
from syncengine.engine.safety import deletes_of
from syncengine.engine.trouble import Troubles
from syncengine.errors import ConnectorError

ROUNDS = 8
"""Decisions about one link in one pass; a link needs one or two, more means that somebody keeps editing it."""

NOTHING: frozenset[LinkId] = frozenset()


class Converger:
    """Makes the sides of links the same."""

    def __init__(
        self,
        *,
        endpoints: Mapping[EndpointName, Endpoint],
        links: LinkStore,
        log: EventLog,
        views: Views,
        carrier: Carrier,
        reads: DirectReads,
        rules: Rules,
        telemetry: Telemetry,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._endpoints = endpoints
        self._links = links
        self._log = log
        self._views = views
        self._carrier = carrier
        self._reads = reads
        self._rules = rules
        self._telemetry = telemetry
        self._is_stopping = is_stopping

    def participants_of(self, pairing: Pairing) -> Participants:
        """What every side of a pairing can do, by its own declaration and by the settings."""
        participants = {}
        for name, container in pairing.containers.items():
            connector = self._endpoints[name].connector
            schema = connector.capabilities.schema(pairing.kind)
            if schema is not None:
                participants[name] = Participant(
                    schema=schema,
                    container=container,
                    as_stored=partial(connector.as_stored, container),
                    may_create=self._rules.policy.may_create(pairing.kind, name),
                )
        return participants

    # -- which links -------------------------------------------------------------------------------------------------

    def waiting_in(self, pairing: Pairing, seen: set[LinkId], state: PassState) -> list[LinkId]:
        """
        Links of a pairing that may have to be decided about, in a fixed order.

        Args:
            seen: links of which something new was seen just now.
        """
        refused = self._refused_in(pairing) if state.retry_refused or state.resumed.items else set()
        if not state.retry_refused:
            refused &= state.resumed.items
        waiting = seen | self.restless_in(pairing, look_at_all=state.look_at_all) | refused
        return sorted((it for it in waiting if not state.paused.hold_item(it)), key=str)

    def restless_in(self, pairing: Pairing, *, look_at_all: bool) -> set[LinkId]:
        """Links of a pairing that moved on; after a change of the rules all of them, for they may decide otherwise."""
        sides = pairing.containers.items()
        if look_at_all:
            return {it.link_id for name, container in sides for it in self._views.known_records(name, container).values()}
        restless = {link_id for name, container in sides for link_id in self._views.restless(name, container)}
        return restless | (self._incomplete_in(pairing) if len(sides) > 2 else set())

    def _incomplete_in(self, pairing: Pairing) -> set[LinkId]:
        """
        Links without a record on every side.

        Of three endpoints two are paired before the third one has the project; what came to rest there has to be looked
        at again when the third one joins.
        """
        sides = pairing.containers.items()
        records = [{it.link_id for it in self._views.known_records(name, container).values()} for name, container in sides]
        return set().union(*records) - records[0].intersection(*records[1:])

    def _refused_in(self, pairing: Pairing) -> set[LinkId]:
        """Links of a pairing with a write that a remote refused; they are quiet until a person asks for them."""
        refused = {item.link_id for item in self._views.parked() if item.subject.startswith("write:")}
        here = (self._views.known_records(name, container) for name, container in pairing.containers.items())
        return refused & {known.link_id for records in here for known in records.values()}

    # -- decide and carry out ----------------------------------------------------------------------------------------

    async def converge(
        self, pairing: Pairing, waiting: Sequence[LinkId], state: PassState, *, may_delete: frozenset[LinkId] = NOTHING
    ) -> None:
        """
        Decide about these links of a pairing and carry it out.

        Args:
            may_delete: links whose deletions were measured and may be made; the others wait with theirs.

        Raises:
            EventLogError: the log cannot be written; nothing more is done.
        """
        name, links = pairing.ids, len(waiting)
        participants = self.participants_of(pairing)
        quiet: dict[LinkId, int] = {}
        self._telemetry.note(PairingStarted(pairing=name, kind=pairing.kind, links=links, title=str(pairing)))

        async def work(link_id: LinkId) -> None:
            with self._telemetry.within(LinkWork(link_id=link_id)):
                at_rest = await self._converge(link_id, participants, state, may_delete)
            if at_rest is not None:
                quiet[link_id] = at_rest
            self._telemetry.note(LinkEnded(pairing=name, link_id=link_id))

        await each_of(waiting, work)
        await self._log.mark_quiet(quiet)
        self._telemetry.note(PairingEnded(pairing=name, kind=pairing.kind, links=links))

    async def _converge(
        self, link_id: LinkId, participants: Participants, state: PassState, may_delete: frozenset[LinkId]
    ) -> int | None:
        """The version at which nothing is left to do for a link; None when something waits."""
        for _ in range(ROUNDS):
            link = await self._links.get(link_id)
            if self._is_stopping() or is_somebody_missing(link, participants, state.troubles):
                return None
            try:
                decision = decide(link, self._rules.policy, participants, retry_refused=state.insists_on(link))
            except ConnectorError as error:  # a value that a side cannot spell; the next edit may be better
                state.troubles.say(f"{link.label}: {type(error).__name__}: {error}")
                return None
            if decision is None:
                return link.version if link.decision is None else None
            if deletes_of(decision) and link_id not in may_delete:
                return None  # held back, or not part of the plan that was measured; the next pass looks again
            back = None
            if isinstance(decision, LinkClosed) and all(side.gone for side in link.sides.values()):
                try:
                    back = await self._reads.returned(link)
                except ConnectorError as error:
                    state.troubles.note(EndpointName(error.endpoint or ""), error)
                    return None  # it is closed when its earlier records can be looked at
            link = await self._links.record(link_id, back or decision, decided_at=link.version)
            if isinstance(decision, WritesIntended) and decision.writes:
                state.written.add(link_id)
                await self._carrier.carry_out(link)
        return None


def is_somebody_missing(link: Link, participants: Participants, troubles: Troubles) -> bool:
    """
    Whether a side of a link cannot be heard now or is in another container; it would not be told what is agreed.

    A copy of a record may be in another container than its item, which is not to be decided there.
    """
    present = {(name, side.ref.container) for name, side in link.sides.items() if not side.gone}
    here = {(name, participant.container) for name, participant in participants.items()}
    return not present <= here or any(map(troubles.left_alone, participants))
