"""Issues as records of their project's container: reading them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from connectors.huly.payloads import ISSUE, Issue, read
from connectors.huly.rich_text import Shown, shown
from connectors.huly.transactor import SOURCE
from connectors.huly.translate import issue_fields, issue_revision
from connectors.huly.workspace import Workspace
from syncengine.connector import ChangePage, ContainerId, Record, RecordId, RecordRef, Revision, Unchanged

PAGE = 50
"""Issues of a page whose texts have to be read; at 20 requests a second that takes 2.5 s."""

READERS = 4
"""Texts read at once."""

_LISTED = {"projection": dict.fromkeys(("identifier", "title", "status", "description", "kind"), 1)}


@frozen
class IssueNow:
    """An issue as just read, with its text."""

    issue: Issue
    text: Shown


class IssueReader:
    """Reads issues."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._reading = asyncio.Semaphore(READERS)

    async def pages(self, container: str, known: Mapping[RecordId, Revision]) -> AsyncIterator[ChangePage]:
        """
        All issues of a project; a listing in which nothing changed is one request.

        Raises:
            ContainerRefused: we are no member, so the issues are hidden from us.
        """
        await self._workspace.readable_project(container)
        taken_at = self._workspace.services.now()
        issues = await self._list(container)
        if not issues and known:
            await self._workspace.prove_readable(container)
        await self._workspace.learn_new_statuses(issues)
        changed = [issue for issue in issues if known.get(RecordId(issue.record_id)) != self._revision(issue)]
        waiting = {issue.record_id for issue in changed}
        unchanged = tuple(Unchanged(RecordId(each.record_id)) for each in issues if each.record_id not in waiting)
        if not changed:
            yield ChangePage(changes=unchanged, taken_at=taken_at, complete=True)
        for start in range(0, len(changed), PAGE):
            records = await self._records(changed[start : start + PAGE])
            is_last = start + PAGE >= len(changed)
            yield ChangePage(changes=(*(unchanged if start == 0 else ()), *records), taken_at=taken_at, complete=is_last)

    async def find(self, record_id: str) -> Issue | None:
        """The issue of this id, wherever it is; None when we are shown none."""
        issue = await self._workspace.transactor.find(Issue, ISSUE, {"_id": record_id})
        if issue is not None:
            await self._workspace.learn_new_statuses([issue])
        return issue

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The issue as it is now; None when it is not in this project (any more), which is certain then."""
        issue = await self.find(ref.record_id)
        if issue is None:
            await self._workspace.prove_readable(ref.container)
            return None
        return await self.record(issue) if issue.space == ref.container else None

    async def record(self, issue: Issue) -> Record:
        """The issue as a record; reads its text."""
        return self.record_of(await self.with_text(issue))

    async def with_text(self, issue: Issue) -> IssueNow:
        """The issue with its text, the edits in open editors included."""
        if not issue.description:
            return IssueNow(issue, Shown(""))
        markup = await self._workspace.collaborator.read_text(issue.record_id, issue.description)
        return IssueNow(issue, shown(markup))

    def record_of(self, now: IssueNow) -> Record:
        """An issue and its text as a record."""
        issue, word = now.issue, self.word_of(now.issue)
        ref = RecordRef(self._workspace.services.endpoint, ContainerId(issue.space), RecordId(issue.record_id))
        return Record(
            ref=ref,
            fields=issue_fields(issue, word=word, description=now.text.markdown),
            revision=issue_revision(issue, word=word),
            label=issue.identifier or None,
        )

    def word_of(self, issue: Issue) -> str:
        """The shared word for the status of an issue."""
        return self._workspace.workflow.word_of(issue.status)

    def _revision(self, issue: Issue) -> Revision:
        return issue_revision(issue, word=self.word_of(issue))

    async def _list(self, container: str) -> list[Issue]:
        documents = await self._workspace.transactor.find_all(ISSUE, {"space": container}, _LISTED)
        return [read(Issue, document, source=SOURCE) for document in documents]

    async def _records(self, issues: Sequence[Issue]) -> list[Record]:
        async def bounded(issue: Issue) -> Record:
            async with self._reading:
                return await self.record(issue)

        tasks = [asyncio.ensure_future(bounded(issue)) for issue in issues]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
