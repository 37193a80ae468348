"""
Makes the deletions of a pass, all together and after measuring them.

A deletion waits until every pairing was read: a few in each of many projects are many. What is more than the safety limits
allow is not made before a person has approved of exactly that plan.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from syncengine.domain.decide import decide
from syncengine.domain.identity import LinkId
from syncengine.engine.converge import Converger, is_somebody_missing
from syncengine.engine.links import LinkStore
from syncengine.engine.pairings import Pairing
from syncengine.engine.pass_state import PassState
from syncengine.engine.ports import Views
from syncengine.engine.rules import Rules
from syncengine.engine.safety import Decision, excess_in_all, known_in, plan_of
from syncengine.errors import ConnectorError, TooManyDeletions


class Deletions:
    """Measures deletions, and makes them or holds them back."""

    def __init__(
        self, *, links: LinkStore, views: Views, rules: Rules, converger: Converger, is_stopping: Callable[[], bool]
    ) -> None:
        self._links = links
        self._views = views
        self._rules = rules
        self._converger = converger
        self._is_stopping = is_stopping

    async def measure(self, pairing: Pairing, waiting: Iterable[LinkId], state: PassState) -> None:
        """Put every delete on the list of what is due that these links of a pairing wait for."""
        participants = self._converger.participants_of(pairing)
        decisions: dict[LinkId, Decision] = {}
        for link_id in waiting:
            link = await self._links.get(link_id)
            lost = any(side.gone for side in link.sides.values())
            if lost and not is_somebody_missing(link, participants, state.troubles):
                with suppress(ConnectorError):  # said when the link is decided
                    decisions[link_id] = decide(
                        link, self._rules.policy, participants, retry_refused=state.insists_on(link)
                    )
        state.due.append((pairing, plan_of(pairing, decisions, self._views)))

    async def make(self, state: PassState) -> None:
        """
        Make what is due in the pairings that were read, unless it is too much in one of them or in all together.

        Raises:
            EventLogError: the log cannot be written.
        """
        limits = self._rules.policy.safety
        due = [(pairing, plan) for pairing, plan in state.due if plan.writes and not self._is_stopping()]
        unapproved = [plan for _, plan in due if not self._views.is_approved(plan.digest)]
        too_many = excess_in_all(unapproved, known_in(state.seen, self._views), limits)
        for pairing, plan in due:
            excess = plan.excess(limits) or too_many
            if excess is None or plan not in unapproved:
                links = sorted(plan.writes, key=str)
                await self._converger.converge(pairing, links, state, may_delete=frozenset(links))
                continue
            way_out = f"look with `syncengine plan`; if that is right, say so with `syncengine approve {plan.digest}`"
            reason = f"{excess}; nothing was deleted. {way_out[0].upper()}{way_out[1:]}"
            state.hold(str(pairing), TooManyDeletions(reason, place=plan.place, plan=plan.digest), plan)
        state.due, state.seen = [], []
