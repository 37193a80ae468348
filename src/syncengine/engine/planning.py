"""What a pass would decide now: everything is read and nothing is written, neither on a remote nor in the log."""

from collections.abc import Iterable
from functools import reduce

from syncengine.domain.decide import decide
from syncengine.domain.link import evolve
from syncengine.engine.converge import Converger, is_somebody_missing
from syncengine.engine.links import LinkStore
from syncengine.engine.observe import Observation, Observer
from syncengine.engine.pairings import Pairing
from syncengine.engine.pass_state import PassState
from syncengine.engine.ports import Views
from syncengine.engine.report import Plan, PlannedStep
from syncengine.engine.rules import Rules
from syncengine.errors import ConnectorError, SafetyStop


class Planner:
    """Plans."""

    def __init__(self, *, links: LinkStore, views: Views, observer: Observer, converger: Converger, rules: Rules) -> None:
        self._links = links
        self._views = views
        self._observer = observer
        self._converger = converger
        self._rules = rules

    async def plan(self, pairings: Iterable[Pairing], state: PassState) -> Plan:
        """The next step of every link in these pairings; one that cannot be read is a problem of the plan."""
        steps: list[PlannedStep] = []
        for pairing in pairings:
            if state.paused.hold_any(pairing.containers.items()):
                continue
            try:
                observation = await self._observer.look(pairing)
            except (ConnectorError, SafetyStop) as error:
                state.troubles.say(f"{pairing}: {error}")
                continue
            state.report.count_listed(observation.listed)
            steps += await self._steps(pairing, observation, state)
        return Plan(
            steps=tuple(steps),
            open_writes=tuple(self._views.open_writes()),
            problems=tuple(state.report.problems),
            listed=state.report.listed,
        )

    async def _steps(self, pairing: Pairing, observation: Observation, state: PassState) -> list[PlannedStep]:
        participants = self._converger.participants_of(pairing)
        fresh = {step.link_id: step.events for step in observation.steps}
        restless = self._converger.restless_in(pairing, look_at_all=state.look_at_all)
        fresh |= {link_id: () for link_id in restless if link_id not in fresh}
        steps = []
        for link_id in sorted((it for it in fresh if not state.paused.hold_item(it)), key=str):
            link = reduce(evolve, fresh[link_id], await self._links.get(link_id))
            if is_somebody_missing(link, participants, state.troubles):
                continue
            decision = decide(link, self._rules.policy, participants)
            if decision is not None:
                steps.append(PlannedStep(pairing=pairing, link=link, decision=decision))
        return steps
