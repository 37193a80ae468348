"""
Grants what persons asked for, as events, at the start of a pass.

A request is removed after its event is durable. A crash between the two grants it once more, so granting twice is the same
as granting once. What a person saw may have changed meanwhile; then nothing is done, and the pass says so.
"""

from typing import assert_never

from syncengine.domain.events import ConflictResolved, SafetyApproved
from syncengine.domain.identity import approval_stream
from syncengine.engine.links import LinkStore
from syncengine.engine.ports import Append, EventLog, Views
from syncengine.engine.requests import ApprovePlan, Asked, ChooseValue, Inbox
from syncengine.engine.trouble import Troubles


class Granter:
    """Takes requests out of an inbox."""

    def __init__(self, *, inbox: Inbox, links: LinkStore, log: EventLog, views: Views) -> None:
        self._inbox = inbox
        self._links = links
        self._log = log
        self._views = views

    async def grant_all(self, troubles: Troubles, *, caused_by: str) -> None:
        """
        Grant everything that waits, oldest first.

        Args:
            troubles: told what is outdated.

        Raises:
            EventLogError: the log cannot be written; what is left waits for the next pass.
        """
        for asked in self._inbox.waiting():
            outdated = await self._grant(asked, caused_by)
            if outdated is not None:
                troubles.say(f"{asked.by} asked to {asked.request}, which was not done: {outdated}")
            await self._inbox.remove(asked)

    async def _grant(self, asked: Asked, caused_by: str) -> str | None:
        """None when it is done; otherwise why not, and what to do."""
        match asked.request:
            case ApprovePlan(plan=plan):
                return await self._approve(plan, asked.by, caused_by)
            case ChooseValue():
                return await self._choose(asked.request, asked.by)
            case _:
                assert_never(asked.request)

    async def _approve(self, plan: str, by: str, caused_by: str) -> str | None:
        if self._views.is_approved(plan):
            return None
        if all(held.plan != plan for held in self._views.held_plans()):
            return "it is not held back any more; `syncengine status` shows what is"
        stream = approval_stream(plan)
        append = Append(
            stream_id=stream,
            after_version=len(await self._log.load(stream)),
            events=(SafetyApproved(plan=plan, by=by),),
        )
        await self._log.append(append, caused_by=caused_by)
        return None

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
