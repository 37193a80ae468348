"""
One pass: settle, observe, decide, carry out.

First what persons asked for is granted, and every open intent is settled, by looking. Then the projects are kept the same,
because a linked pair of projects is what pairs two containers; then the records in each pair of containers. Links are
independent of each other: one that fails stops no other. A link whose endpoint is in trouble is left alone until the next
pass.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial, reduce
from hashlib import sha256
from typing import TypeVar
from uuid import UUID, uuid4

from syncengine.connector import Container
from syncengine.domain.decide import decide
from syncengine.domain.events import (
    EndpointPaused,
    EndpointResumed,
    Event,
    LinkClosed,
    PassFinished,
    PassStarted,
    PlacePaused,
    PlaceResumed,
    SafetyCleared,
    SafetyStopped,
    Write,
    WritesIntended,
)
from syncengine.domain.identity import (
    ROOT,
    ContainerId,
    EndpointName,
    LinkId,
    endpoint_stream,
    pass_stream,
    pause_stream,
    safety_stream,
)
from syncengine.domain.link import Link, evolve
from syncengine.domain.participants import Participant, Participants
from syncengine.domain.pauses import Pauses, container_subject
from syncengine.domain.policy import Policy
from syncengine.engine.calls import asked, together
from syncengine.engine.carry_out import Carrier
from syncengine.engine.grant import Granter
from syncengine.engine.links import LinkStore
from syncengine.engine.next_append import next_append
from syncengine.engine.notes import (
    EndpointStopped,
    EndpointWorksAgain,
    LinkEnded,
    LinkWork,
    PairingEnded,
    PairingStarted,
    PassEnded,
    PassFailed,
    PassProblem,
    PassSkipped,
    PassWork,
)
from syncengine.engine.notes import PassStarted as PassBegan
from syncengine.engine.observe import Observation, Observer
from syncengine.engine.pairings import Containers, Pairing, child_pairings, left_out, root_pairing
from syncengine.engine.ports import Clock, Endpoint, EventLog, OpenWrite, Telemetry, Views
from syncengine.engine.report import PassReport, Plan, PlannedStep
from syncengine.engine.requests import Inbox, NoInbox
from syncengine.engine.safety import Decision, DeletionPlan, deletes_of, excess_in_all, known_in, plan_of
from syncengine.engine.settle import Settler
from syncengine.engine.trouble import Troubles
from syncengine.errors import ConnectorError, ContainerRefused, SafetyStop, SyncEngineError, TooManyDeletions

Item = TypeVar("Item")

LINKS_AT_ONCE = 64
"""Links worked on at once; the writes in flight are bounded by what each endpoint declares, this bounds the memory."""

ROUNDS = 8
"""Decisions about one link in one pass; a link needs one or two, more means that somebody keeps editing it."""


class Engine:
    """
    Keeps the records of some endpoints the same.

    One engine writes one log. `run_pass` never overlaps itself: a call while another pass is under way returns at once with
    a report whose `skipped` is True.
    """

    def __init__(
        self,
        *,
        endpoints: Iterable[Endpoint],
        log: EventLog,
        views: Views,
        policy: Policy,
        clock: Clock,
        telemetry: Telemetry,
        pairings: Sequence[Pairing] = (),
        inbox: Inbox | None = None,
    ) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._log = log
        self._views = views
        self._policy = policy
        self._clock = clock
        self._telemetry = telemetry
        self._pairings = tuple(pairings)
        self._links = LinkStore(log, telemetry)
        self._granter = Granter(inbox=inbox or NoInbox(), links=self._links, log=log, views=views)
        self._observer = Observer(
            endpoints=self._endpoints, log=log, views=views, links=self._links, clock=clock, policy=policy
        )
        self._carrier = Carrier(
            endpoints=self._endpoints,
            links=self._links,
            clock=clock,
            policy=policy,
            telemetry=telemetry,
            on_trouble=self._note_trouble,
            on_outcome=self._note_outcome,
            is_stopping=lambda: self._stopping,
        )
        self._settler = Settler(
            endpoints=self._endpoints,
            links=self._links,
            carrier=self._carrier,
            clock=clock,
            telemetry=telemetry,
        )
        self._report = PassReport(sync_id="", started_at=clock.now())
        self._troubles = Troubles()
        self._answered: set[EndpointName] = set()
        self._seen_at: dict[EndpointName, Mapping[ContainerId, Container]] = {}
        self._quiet: dict[LinkId, int] = {}
        self._may_delete: frozenset[LinkId] = frozenset()
        self._due: list[tuple[Pairing, Participants, DeletionPlan]] = []
        self._seen_pairings: list[Pairing] = []
        self._held: dict[str, SafetyStopped] = {}
        self._refusing: dict[str, ContainerRefused] = {}
        self._paused = Pauses()
        self._looked_at: set[str] = set()
        self._look_at_all = False
        self._running = False
        self._stopping = False

    def stop(self) -> None:
        """Let the pass under way finish its calls in flight, save their outcomes, and start nothing new."""
        self._stopping = True

    def use(self, *, policy: Policy, pairings: Sequence[Pairing]) -> None:
        """Decide by these rules from now on; between two passes only."""
        self._policy = self._carrier.policy = self._observer.policy = policy
        self._pairings = tuple(pairings)

    def forget(self) -> None:
        """Read everything anew: somebody else may have written the log."""
        self._links.forget()
        self._carrier.certainly_not_done.clear()

    async def run_pass(self, *, retry_refused: bool = False) -> PassReport:
        """
        Run one pass.

        Args:
            retry_refused: make writes again that a remote refused, for a person who has removed the cause.

        Raises:
            EventLogError: the log cannot be written or read; nothing more is done.
        """
        report = PassReport(sync_id=uuid4().hex, started_at=self._clock.now())
        if self._running:
            report.skipped = True
            self._telemetry.note(PassSkipped())
            return report
        self._running = True
        self._begin(report)
        self._links.caused_by = report.sync_id
        try:
            with self._telemetry.within(PassWork(sync_id=report.sync_id)):
                await self._told_pass(report, retry_refused=retry_refused)
        finally:
            self._running = False
            self._links.forget_idle_locks()
        return report

    def _begin(self, report: PassReport) -> None:
        self._report = report
        self._troubles = Troubles(
            problems=report.problems, tell=lambda line: self._telemetry.note(PassProblem(problem=line))
        )
        self._answered = set()
        self._held = {}
        self._due, self._seen_pairings, self._may_delete = [], [], frozenset()
        self._refusing = {}
        self._looked_at = set()

    async def _told_pass(self, report: PassReport, *, retry_refused: bool) -> None:
        self._telemetry.note(PassBegan(sync_id=report.sync_id))
        try:
            await self._pass(retry_refused=retry_refused)
        except SyncEngineError as error:
            took_s = (self._clock.now() - report.started_at).total_seconds()
            self._telemetry.note(PassFailed(error=type(error).__name__, reason=str(error), duration_s=took_s))
            raise
        report.refusals = dict(self._troubles.refusals)
        report.stopped = self._stopping
        report.finished_at = self._clock.now()
        self._telemetry.note(_ended(report, report.finished_at))

    async def _pass(self, *, retry_refused: bool) -> None:
        await self._granter.grant_all(self._troubles, caused_by=self._report.sync_id)
        self._paused = self._granter.paused()
        mark = rules_mark(self._policy, self._pairings)
        self._look_at_all = self._views.rules() != mark
        await self._settle()
        containers = await self._discover()
        root = root_pairing(containers)
        if root is not None:
            await self._sync_pairing(root, retry_refused=retry_refused)
            await self._delete_together(retry_refused=retry_refused)
            if self._report.writes:
                containers = await self._discover()  # projects were made or renamed just now
        for pairing in (*self._pairings, *self._child_pairings(root, containers)):
            if not self._stopping:
                await self._sync_pairing(pairing, retry_refused=retry_refused)
        await self._delete_together(retry_refused=retry_refused)
        if self._look_at_all and not self._stopping and not self._troubles.anybody_left_alone:
            await self._log.note_rules(mark)
        await self._remember_the_end()

    # -- settle ------------------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Judge the writes that are open and due, several at once, one after the other within a link."""
        by_link: dict[LinkId, list[OpenWrite]] = {}
        for write in self._views.open_writes():
            if write.endpoint in self._endpoints and self._settler.is_due(write) and not self._is_held(write):
                by_link.setdefault(write.link_id, []).append(write)
        await self._each(by_link.values(), self._settle_link)

    def _is_held(self, write: OpenWrite) -> bool:
        """Whether a person paused the item or one of the places that its records are in."""
        if not self._paused.subjects:
            return False  # as nearly always; nothing is read for it
        records = self._views.records_of(write.link_id)
        places = [(it.ref.endpoint, it.ref.container) for it in records]
        return self._paused.hold_item(write.link_id) or self._paused.hold_any([*places, (write.endpoint, ROOT)])

    async def _settle_link(self, writes: Sequence[OpenWrite]) -> None:
        for write in writes:
            if self._stopping or self._troubles.left_alone(write.endpoint):
                return
            try:
                judged = await self._settler.settle(write)
            except ConnectorError as error:
                self._troubles.note(write.endpoint, error)
            else:
                self._report.judged += judged

    # -- pairings ----------------------------------------------------------------------------------------------------

    async def _discover(self) -> Containers:
        """The containers of every endpoint; of one that does not answer those it had when it last did."""
        found: dict[EndpointName, dict[ContainerId, Container]] = {}

        async def ask(endpoint: Endpoint) -> None:
            try:
                containers = await asked(endpoint.name, "discover", endpoint.connector.discover())
            except ConnectorError as error:
                self._troubles.note(endpoint.name, error, fatal=True)
            else:
                found[endpoint.name] = self._seen_at[endpoint.name] = {it.container_id: it for it in containers}
                self._answered.add(endpoint.name)

        await together(
            *(
                ask(endpoint)
                for endpoint in self._endpoints.values()
                if not self._troubles.left_alone(endpoint.name) and not self._paused.hold_endpoint(endpoint.name)
            )
        )
        silent = {name: seen for name, seen in self._seen_at.items() if self._troubles.left_alone(name)}
        return {**silent, **found}

    def _child_pairings(self, root: Pairing | None, containers: Containers) -> list[Pairing]:
        roots = root.containers if root else {}
        projects = {name: self._views.known_records(name, ROOT) for name in roots}
        self._report.left_out = left_out(projects, containers)
        return child_pairings(projects, containers)

    async def _sync_pairing(self, pairing: Pairing, *, retry_refused: bool) -> None:
        silent = frozenset(filter(self._troubles.left_alone, pairing.containers))
        if silent >= pairing.containers.keys() or self._paused.hold_any(pairing.containers.items()):
            return
        try:
            observation = await self._observer.look(pairing, silent=silent)
        except ConnectorError as error:
            self._troubles.say(f"{pairing}: {type(error).__name__}: {error}")
            self._troubles.note(EndpointName(error.endpoint or ""), error)
            self._note_refusal(pairing, error)
            return
        except SafetyStop as error:
            self._hold(str(pairing), error)
            return
        read = {f"{name}/{container}" for name, container in pairing.containers.items() if name not in silent}
        self._looked_at |= read if silent else {pairing.ids, *read}
        for line in observation.problems:
            self._troubles.say(line)
        await self._observer.save(observation)
        self._report.pairings += 1
        self._report.observed += len(observation.steps)
        for name, number in observation.listed.items():
            self._report.listed[name] = self._report.listed.get(name, 0) + number
        if not silent:
            self._seen_pairings.append(pairing)
            seen = {step.link_id for step in observation.steps}
            await self._converge_all(pairing, seen, retry_refused=retry_refused)

    def _note_refusal(self, pairing: Pairing, error: ConnectorError) -> None:
        """Which container it was, when one refused us."""
        endpoint = EndpointName(error.endpoint or "")
        if isinstance(error, ContainerRefused) and endpoint in pairing.containers:
            self._refusing[container_subject(endpoint, pairing.containers[endpoint])] = error

    # -- decide and carry out ----------------------------------------------------------------------------------------

    async def _converge_all(self, pairing: Pairing, seen: set[LinkId], *, retry_refused: bool) -> None:
        restless = self._restless_in(pairing)
        refused = self._refused_in(pairing) if retry_refused or self._granter.insisted else set()
        if not retry_refused:
            refused &= self._granter.insisted
        waiting = sorted((it for it in seen | restless | refused if not self._paused.hold_item(it)), key=str)
        if not waiting:
            return
        participants = self._participants(pairing)
        plan = await self._deletions_due(pairing, waiting, participants, retry_refused=retry_refused)
        self._due.append((pairing, participants, plan))
        await self._converge_each(pairing, waiting, participants, retry_refused=retry_refused)

    async def _converge_each(
        self, pairing: Pairing, waiting: Sequence[LinkId], participants: Participants, *, retry_refused: bool
    ) -> None:
        name, links = pairing.ids, len(waiting)
        self._telemetry.note(PairingStarted(pairing=name, kind=pairing.kind, links=links, title=str(pairing)))

        async def converge(link_id: LinkId) -> None:
            with self._telemetry.within(LinkWork(link_id=link_id)):
                insist = retry_refused or link_id in self._granter.insisted
                await self._converge(link_id, participants, retry_refused=insist)
            self._telemetry.note(LinkEnded(pairing=name, link_id=link_id))

        await self._each(waiting, converge)
        await self._log.mark_quiet(self._quiet)
        self._quiet = {}
        self._telemetry.note(PairingEnded(pairing=name, kind=pairing.kind, links=links))

    def _restless_in(self, pairing: Pairing) -> set[LinkId]:
        """Links of a pairing that moved on; after a change of the rules all of them, for they may decide otherwise."""
        sides = pairing.containers.items()
        if self._look_at_all:
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

    async def _converge(self, link_id: LinkId, participants: Participants, *, retry_refused: bool) -> None:
        """Decide and carry out until nothing is left to decide, or something has to wait."""
        for _ in range(ROUNDS):
            link = await self._links.get(link_id)
            if self._stopping or self._is_somebody_missing(link, participants):
                return
            try:
                decision = decide(link, self._policy, participants, retry_refused=retry_refused)
            except ConnectorError as error:  # a value that a side cannot spell; the next edit may be better
                self._troubles.say(f"{link.label}: {type(error).__name__}: {error}")
                return
            if decision is None:
                if link.decision is None:
                    self._quiet[link_id] = link.version
                return
            if deletes_of(decision) and link_id not in self._may_delete:
                return  # held back, or not part of the plan that was measured; the next pass looks again
            back = None
            if isinstance(decision, LinkClosed) and all(side.gone for side in link.sides.values()):
                try:
                    back = await self._observer.returned(link)
                except ConnectorError as error:
                    self._troubles.note(EndpointName(error.endpoint or ""), error)
                    return  # it is closed when its earlier records can be looked at
            link = await self._links.record(link_id, back or decision, decided_at=link.version)
            if isinstance(decision, WritesIntended) and decision.writes:
                link = await self._carrier.carry_out(link)

    def _is_somebody_missing(self, link: Link, participants: Participants) -> bool:
        """
        Whether a side of a link cannot be heard now or is in another container; it would not be told what is agreed.

        A copy of a record may be in another container than its item, which is not to be decided there.
        """
        present = {(name, side.ref.container) for name, side in link.sides.items() if not side.gone}
        here = {(name, participant.container) for name, participant in participants.items()}
        return not present <= here or any(map(self._troubles.left_alone, participants))

    async def _deletions_due(
        self, pairing: Pairing, links: Iterable[LinkId], participants: Participants, *, retry_refused: bool
    ) -> DeletionPlan:
        """Every delete that the links of a pairing wait for."""
        decisions: dict[LinkId, Decision] = {}
        for link_id in links:
            link = await self._links.get(link_id)
            if any(side.gone for side in link.sides.values()) and not self._is_somebody_missing(link, participants):
                with suppress(ConnectorError):  # said when the link is decided
                    decisions[link_id] = decide(link, self._policy, participants, retry_refused=retry_refused)
        return plan_of(pairing, decisions, self._views)

    async def _delete_together(self, *, retry_refused: bool) -> None:
        """Make the deletes that are due in the pairings looked at, unless they are too many in one of them or in all."""
        due = [it for it in self._due if it[2].writes and not self._stopping]
        unapproved = [plan for _, _, plan in due if not self._views.is_approved(plan.digest)]
        too_many = excess_in_all(unapproved, known_in(self._seen_pairings, self._views), self._policy.safety)
        for pairing, participants, plan in due:
            excess = plan.excess(self._policy.safety) or too_many
            if excess is None or plan not in unapproved:
                self._may_delete = frozenset(plan.writes)
                await self._converge_each(pairing, sorted(plan.writes, key=str), participants, retry_refused=retry_refused)
                continue
            way_out = f"look with `syncengine plan`; if that is right, say so with `syncengine approve {plan.digest}`"
            reason = f"{excess}; nothing was deleted. {way_out[0].upper()}{way_out[1:]}"
            self._hold(str(pairing), TooManyDeletions(reason, place=plan.place, plan=plan.digest), plan)
        self._due, self._seen_pairings, self._may_delete = [], [], frozenset()

    def _hold(self, where: str, error: SafetyStop, plan: DeletionPlan | None = None) -> None:
        """Note that something is not done until a person approves of it."""
        self._troubles.say(f"{where}: {type(error).__name__}: {error}")
        self._report.safety_stops.append(f"{where}: {error}")
        writes = [write for each in plan.writes.values() for write in each] if plan else []
        self._held[error.place] = SafetyStopped(
            place=error.place,
            plan=error.plan,
            reason=f"{where}: {error}",
            deletions=tuple(sorted(write.ref for write in writes if write.ref is not None)),
        )

    def _participants(self, pairing: Pairing) -> Participants:
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
                    may_create=self._policy.may_create(pairing.kind, name),
                )
        return participants

    async def _each(self, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """Work on all items, a bounded number at once; when one fails for good the others are finished first."""
        room = asyncio.Semaphore(LINKS_AT_ONCE)

        async def bounded(item: Item) -> None:
            async with room:
                await work(item)

        results = await asyncio.gather(*(bounded(item) for item in items), return_exceptions=True)
        for failure in (result for result in results if isinstance(result, BaseException)):
            raise failure

    # -- outcomes ----------------------------------------------------------------------------------------------------

    def _note_trouble(self, endpoint: EndpointName, error: ConnectorError) -> None:
        self._troubles.note(endpoint, error)

    def _note_outcome(self, _write: Write, outcome: str) -> None:
        self._report.count(outcome)

    # -- the end of a pass -------------------------------------------------------------------------------------------

    async def _remember_the_end(self) -> None:
        """A pass that did something leaves a trace in the log; a quiet one leaves none."""
        paused = {it.endpoint for it in self._views.paused()}
        for name, error in sorted(self._troubles.refusals.items()):
            if name not in paused:
                event = EndpointPaused(endpoint=name, reason=str(error), error=type(error).__name__)
                await self._append(endpoint_stream(name), event)
                self._telemetry.note(EndpointStopped(endpoint=name, error=event.error, reason=event.reason))
        for name in sorted(paused - set(self._troubles.refusals)):
            if name in self._answered:
                await self._append(endpoint_stream(name), EndpointResumed(endpoint=name))
                self._telemetry.note(EndpointWorksAgain(endpoint=name))
        await self._remember_held_plans()
        await self._remember_refusing_containers()
        report = self._report
        if report.observed or report.writes or report.judged:
            written = report.writes.get("confirmed", 0) + report.writes.get("found", 0)
            await self._append(
                pass_stream(report.sync_id),
                PassStarted(sync_id=report.sync_id),
                PassFinished(sync_id=report.sync_id, writes=written, judged=report.judged, problems=tuple(report.problems)),
            )

    async def _remember_held_plans(self) -> None:
        """What is held back is said once, and once more when it is another plan or over."""
        known = {it.place: it.plan for it in self._views.held_plans()}
        for place, stopped in self._held.items():
            if known.get(place) != stopped.plan:
                await self._append(safety_stream(place), stopped)
        for place in sorted(known.keys() & self._looked_at - self._held.keys()):
            await self._append(safety_stream(place), SafetyCleared(place=place))

    async def _remember_refusing_containers(self) -> None:
        """A container that refuses us is paused until it does not; the others go on."""
        known = {it.subject for it in self._views.pauses() if not it.by}
        for subject, error in sorted(self._refusing.items()):
            if subject not in known:
                paused = PlacePaused(subject=subject, reason=str(error), error=type(error).__name__)
                await self._append(pause_stream(subject), paused)
        looked_at = {f"container:{place}" for place in self._looked_at}
        for subject in sorted(known & looked_at - self._refusing.keys()):
            await self._append(pause_stream(subject), PlaceResumed(subject=subject))

    async def _append(self, stream_id: UUID, *events: Event) -> None:
        await self._log.append(await next_append(self._log, stream_id, *events), caused_by=self._report.sync_id)

    # -- plan --------------------------------------------------------------------------------------------------------

    async def plan(self) -> Plan:
        """
        What a pass would decide now. Reads every side and writes nothing, neither there nor in the log.

        Records of a project that does not exist on the other side yet are not planned before that project is made.
        """
        self._look_at_all = self._views.rules() != rules_mark(self._policy, self._pairings)
        self._begin(PassReport(sync_id="plan", started_at=self._clock.now()))
        self._paused = self._granter.paused()
        containers = await self._discover()
        root = root_pairing(containers)
        pairings = [*([root] if root else []), *self._pairings, *self._child_pairings(root, containers)]
        steps: list[PlannedStep] = []
        listed: dict[EndpointName, int] = {}
        for pairing in pairings:
            if self._paused.hold_any(pairing.containers.items()):
                continue
            try:
                observation = await self._observer.look(pairing)
            except (ConnectorError, SafetyStop) as error:
                self._troubles.say(f"{pairing}: {error}")
                continue
            for name, number in observation.listed.items():
                listed[name] = listed.get(name, 0) + number
            steps += await self._plan_pairing(pairing, observation)
        return Plan(
            steps=tuple(steps),
            open_writes=tuple(self._views.open_writes()),
            problems=tuple(self._report.problems),
            listed=listed,
        )

    async def _plan_pairing(self, pairing: Pairing, observation: Observation) -> list[PlannedStep]:
        participants = self._participants(pairing)
        fresh = {step.link_id: step.events for step in observation.steps}
        fresh |= {link_id: () for link_id in self._restless_in(pairing) if link_id not in fresh}
        steps = []
        for link_id in sorted((it for it in fresh if not self._paused.hold_item(it)), key=str):
            link = reduce(evolve, fresh[link_id], await self._links.get(link_id))
            if self._is_somebody_missing(link, participants):
                continue
            decision = decide(link, self._policy, participants)
            if decision is not None:
                steps.append(PlannedStep(pairing=pairing, link=link, decision=decision))
        return steps


def rules_mark(policy: Policy, pairings: Sequence[Pairing]) -> str:
    """Short text that changes when the rules or the pairings do."""
    text = policy.as_text() + repr(sorted(f"{pairing.kind} {pairing.ids}" for pairing in pairings))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _ended(report: PassReport, finished_at: datetime) -> PassEnded:
    """What there is to tell about a pass that came to its end."""
    return PassEnded(
        sync_id=report.sync_id,
        status="stopped" if report.stopped else "error" if report.problems else "success",
        duration_s=(finished_at - report.started_at).total_seconds(),
        pairings=report.pairings,
        listed={str(name): number for name, number in report.listed.items()},
        changed=report.observed,
        writes=dict(report.writes),
        judged=report.judged,
        problems=len(report.problems),
        quiet=report.quiet,
    )
