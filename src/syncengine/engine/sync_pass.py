"""
One pass: settle, observe, decide, carry out.

First what persons asked for is granted, and every open intent is settled, by looking. Then the projects are kept the same,
because a linked pair of projects is what pairs two containers; then the records in each pair of containers. An endpoint
that is in trouble is left alone until the next pass. Deletions are made last, all together.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

from syncengine.connector import Container
from syncengine.domain.events import Write
from syncengine.domain.identity import ROOT, ContainerId, EndpointName, LinkId
from syncengine.domain.policy import Policy
from syncengine.engine.calls import asked, each_of, together
from syncengine.engine.carry_out import Carrier
from syncengine.engine.converge import Converger
from syncengine.engine.deletions import Deletions
from syncengine.engine.direct_reads import DirectReads
from syncengine.engine.grant import Granter
from syncengine.engine.links import LinkStore
from syncengine.engine.notes import PassFailed, PassProblem, PassSkipped, PassWork
from syncengine.engine.notes import PassStarted as PassBegan
from syncengine.engine.observe import Observer
from syncengine.engine.pairings import Containers, Pairing, child_pairings, left_out, root_pairing
from syncengine.engine.pass_end import PassEnd, ended
from syncengine.engine.pass_state import PassState
from syncengine.engine.planning import Planner
from syncengine.engine.ports import Clock, Endpoint, EventLog, OpenWrite, Telemetry, Views
from syncengine.engine.report import PassReport, Plan
from syncengine.engine.requests import Inbox, NoInbox
from syncengine.engine.rules import Rules
from syncengine.engine.settle import Settler
from syncengine.engine.trouble import Troubles
from syncengine.errors import ConnectorError, SafetyStop, SyncEngineError


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
        self._clock = clock
        self._telemetry = telemetry
        self._rules = Rules(policy=policy, pairings=tuple(pairings))
        self._links = LinkStore(log, telemetry)
        self._granter = Granter(inbox=inbox or NoInbox(), links=self._links, log=log, views=views)
        reads = DirectReads(endpoints=self._endpoints, views=views, links=self._links, clock=clock)
        self._observer = Observer(
            endpoints=self._endpoints,
            log=log,
            views=views,
            links=self._links,
            reads=reads,
            rules=self._rules,
            clock=clock,
        )
        self._carrier = Carrier(
            endpoints=self._endpoints,
            links=self._links,
            clock=clock,
            rules=self._rules,
            telemetry=telemetry,
            on_trouble=self._note_trouble,
            on_outcome=self._note_outcome,
            is_stopping=self._is_stopping,
        )
        self._settler = Settler(
            endpoints=self._endpoints,
            links=self._links,
            carrier=self._carrier,
            reads=reads,
            rules=self._rules,
            clock=clock,
            telemetry=telemetry,
        )
        self._converger = Converger(
            endpoints=self._endpoints,
            links=self._links,
            log=log,
            views=views,
            carrier=self._carrier,
            reads=reads,
            rules=self._rules,
            telemetry=telemetry,
            is_stopping=self._is_stopping,
        )
        self._deletions = Deletions(
            links=self._links,
            views=views,
            rules=self._rules,
            converger=self._converger,
            is_stopping=self._is_stopping,
        )
        self._planner = Planner(
            links=self._links, views=views, observer=self._observer, converger=self._converger, rules=self._rules
        )
        self._end = PassEnd(log=log, views=views, telemetry=telemetry)
        self._state = self._begun(PassReport(sync_id="", started_at=clock.now()))
        self._seen_at: dict[EndpointName, Mapping[ContainerId, Container]] = {}
        self._running = False
        self._stopping = False

    def stop(self) -> None:
        """Let the pass under way finish its calls in flight, save their outcomes, and start nothing new."""
        self._stopping = True

    def use(self, *, policy: Policy, pairings: Sequence[Pairing]) -> None:
        """Decide by these rules from now on; between two passes only."""
        self._rules.policy, self._rules.pairings = policy, tuple(pairings)

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
        self._state = self._begun(report, retry_refused=retry_refused)
        self._links.begin(caused_by=report.sync_id)
        try:
            with self._telemetry.within(PassWork(sync_id=report.sync_id)):
                await self._told_pass(self._state)
        finally:
            self._running = False
            self._links.forget_idle_locks()
        return report

    def _begun(self, report: PassReport, *, retry_refused: bool = False) -> PassState:
        troubles = Troubles(problems=report.problems, tell=lambda line: self._telemetry.note(PassProblem(problem=line)))
        return PassState(report=report, troubles=troubles, retry_refused=retry_refused)

    async def _told_pass(self, state: PassState) -> None:
        report = state.report
        self._telemetry.note(PassBegan(sync_id=report.sync_id))
        try:
            await self._pass(state)
        except SyncEngineError as error:
            took_s = (self._clock.now() - report.started_at).total_seconds()
            self._telemetry.note(PassFailed(error=type(error).__name__, reason=str(error), duration_s=took_s))
            raise
        report.refusals = dict(state.troubles.refusals)
        report.stopped = self._stopping
        report.finished_at = self._clock.now()
        self._telemetry.note(ended(report, report.finished_at))

    async def _pass(self, state: PassState) -> None:
        state.resumed = await self._granter.grant_all(state.troubles, caused_by=state.report.sync_id)
        state.paused = self._granter.paused()
        mark = self._rules.mark
        state.look_at_all = self._views.rules() != mark
        await self._settle(state)
        containers = await self._discover(state)
        root = root_pairing(containers)
        if root is not None:
            await self._sync_pairing(root, state)
            await self._deletions.make(state)
            if state.report.writes:
                containers = await self._discover(state)  # projects were made or renamed just now
        for pairing in (*self._rules.pairings, *self._child_pairings(root, containers, state)):
            if not self._stopping:
                await self._sync_pairing(pairing, state)
        await self._deletions.make(state)
        if state.look_at_all and not self._stopping and not state.troubles.anybody_left_alone:
            await self._log.note_rules(mark)
        await self._end.remember(state)

    # -- settle ------------------------------------------------------------------------------------------------------

    async def _settle(self, state: PassState) -> None:
        """Judge the writes that are open and due, several at once, one after the other within a link."""
        by_link: dict[LinkId, list[OpenWrite]] = {}
        for write in self._views.open_writes():
            if write.endpoint in self._endpoints and self._settler.is_due(write) and not self._is_held(write, state):
                by_link.setdefault(write.link_id, []).append(write)

        async def settle(writes: Sequence[OpenWrite]) -> None:
            for write in writes:
                if self._stopping or state.troubles.left_alone(write.endpoint):
                    return
                try:
                    judged = await self._settler.settle(write)
                except ConnectorError as error:
                    state.troubles.note(write.endpoint, error)
                else:
                    state.report.judged += judged

        await each_of(by_link.values(), settle)

    def _is_held(self, write: OpenWrite, state: PassState) -> bool:
        """Whether a person paused the item or one of the places that its records are in."""
        if not state.paused.subjects:
            return False  # as nearly always; nothing is read for it
        records = self._views.records_of(write.link_id)
        places = [(it.ref.endpoint, it.ref.container) for it in records]
        return state.paused.hold_item(write.link_id) or state.paused.hold_any([*places, (write.endpoint, ROOT)])

    # -- observe -----------------------------------------------------------------------------------------------------

    async def _discover(self, state: PassState) -> Containers:
        """The containers of every endpoint; of one that does not answer those it had when it last did."""
        found: dict[EndpointName, dict[ContainerId, Container]] = {}

        async def ask(endpoint: Endpoint) -> None:
            try:
                containers = await asked(endpoint.name, "discover", endpoint.connector.discover())
            except ConnectorError as error:
                state.troubles.note(endpoint.name, error, fatal=True)
            else:
                found[endpoint.name] = self._seen_at[endpoint.name] = {it.container_id: it for it in containers}
                state.answered.add(endpoint.name)

        await together(
            *(
                ask(endpoint)
                for endpoint in self._endpoints.values()
                if not state.troubles.left_alone(endpoint.name) and not state.paused.hold_endpoint(endpoint.name)
            )
        )
        silent = {name: seen for name, seen in self._seen_at.items() if state.troubles.left_alone(name)}
        return {**silent, **found}

    def _child_pairings(self, root: Pairing | None, containers: Containers, state: PassState) -> list[Pairing]:
        roots = root.containers if root else {}
        projects = {name: self._views.known_records(name, ROOT) for name in roots}
        state.report.left_out = left_out(projects, containers)
        return child_pairings(projects, containers)

    async def _sync_pairing(self, pairing: Pairing, state: PassState) -> None:
        silent = state.silent_in(pairing)
        if silent >= pairing.containers.keys() or state.paused.hold_any(pairing.containers.items()):
            return
        try:
            observation = await self._observer.look(pairing, silent=silent)
        except ConnectorError as error:
            state.note_failure(pairing, error)
            return
        except SafetyStop as error:
            state.hold(str(pairing), error)
            return
        state.note_read(pairing, observation, silent=silent)
        await self._observer.save(observation)
        if not silent:
            seen = {step.link_id for step in observation.steps}
            waiting = self._converger.waiting_in(pairing, seen, state)
            if waiting:
                await self._deletions.measure(pairing, waiting, state)
                await self._converger.converge(pairing, waiting, state)

    # -- what happened to writes -------------------------------------------------------------------------------------

    def _is_stopping(self) -> bool:
        return self._stopping

    def _note_trouble(self, endpoint: EndpointName, error: ConnectorError) -> None:
        self._state.troubles.note(endpoint, error)

    def _note_outcome(self, _write: Write, outcome: str) -> None:
        self._state.report.count(outcome)

    # -- plan --------------------------------------------------------------------------------------------------------

    async def plan(self) -> Plan:
        """
        What a pass would decide now. Reads every side and writes nothing, neither there nor in the log.

        Records of a project that does not exist on the other side yet are not planned before that project is made.
        """
        state = self._state = self._begun(PassReport(sync_id="plan", started_at=self._clock.now()))
        self._links.begin(caused_by=state.report.sync_id)
        state.look_at_all = self._views.rules() != self._rules.mark
        state.paused = self._granter.paused()
        containers = await self._discover(state)
        root = root_pairing(containers)
        roots = [root] if root else []
        children = self._child_pairings(root, containers, state)
        return await self._planner.plan((*roots, *self._rules.pairings, *children), state)
