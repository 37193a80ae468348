"""Issues as records of their project's container: making and changing them."""

import asyncio
from contextlib import suppress

from connectors.huly.collaborator import refuse_too_large
from connectors.huly.issues import IssueNow, IssueReader
from connectors.huly.payloads import Issue, Project
from connectors.huly.refusals import DuplicateKey
from connectors.huly.rich_text import Shown, markup_for, normal_markdown
from connectors.huly.transactions import count_up, create_issue, issue_attributes, update_issue, was_applied
from connectors.huly.translate import one_line, rank_for
from connectors.huly.workflow import WORDS
from connectors.huly.workspace import Workspace
from syncengine.connector import FieldValues, Record, RecordId, RecordRef
from syncengine.errors import OutcomeUnknown, RecordInvalid, RecordNotFound, StaleRevision, TransientError

_LOOKS_S = (0.0, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each look for a new issue; a new member was seen to wait 90 ms at most (observed 14)."""


class IssueWriter:
    """Makes and changes issues."""

    def __init__(self, workspace: Workspace, reader: IssueReader) -> None:
        self._workspace = workspace
        self._reader = reader

    async def create(self, container: str, record_id: RecordId, fields: FieldValues) -> Record:
        """
        Make an issue with this id, or return the one that has it.

        Raises:
            OutcomeUnknown: it may have been made; look for its id.
            RecordInvalid: the fields do not fit, or the description is too large.
        """
        project = await self._workspace.readable_project(container)
        there = await self._reader.find(record_id)
        if there is not None:
            return await self._reader.record(there)
        status = self._status_for_new(project, fields)
        markup = self._markup(record_id, fields.get("description"))
        blob = await self._workspace.collaborator.store_snapshot(record_id, markup) if markup else None
        await self._leave_no_old_text(record_id, markup)
        number, identifier = await self._next_number(project)
        attributes = issue_attributes(
            title=one_line(fields.get("title")),
            blob=blob,
            number=number,
            identifier=f"{identifier}-{number}",
            status=status,
            task_type=self._workspace.workflow.task_type_of(project.type_id),
            rank="" if self._workspace.fills_ranks else rank_for(number),
        )
        tx = create_issue(self._workspace.author(), issue=record_id, project=container, attributes=attributes)
        # Refused by its condition or by the key, it exists: an earlier call of ours made it.
        with suppress(DuplicateKey):
            await self._workspace.transactor.apply(tx)
        return await self._reader.record(await self._made(record_id))

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """
        Set these fields while they are as expected: title and status by a condition the server checks, the description by
        looking just before.

        Raises:
            StaleRevision: one of the fields looks otherwise; nothing was written.
            RecordInvalid: the description holds what Markdown cannot, or the new one is too large; nothing was written.
            OutcomeUnknown: it may have been written, or only a part of it.
        """
        now = await self._now(ref, with_text="description" in patch)
        self._refuse_stale(now, patch, expected)
        markup = self._new_markup(now, patch)
        operations = self._operations(now.issue, patch)
        if operations:
            raw = {"title": now.issue.title, "status": now.issue.status}
            if_still = {name: raw[name] for name in operations}
            await self._apply(update_issue(self._workspace.author(), now.issue, operations, if_still=if_still), ref)
        if markup is not None:
            await self._write_text(now.issue, markup, after_fields=bool(operations))
        issue = await self._found(ref)
        return await self._reader.record(issue)

    # Steps of create.

    def _status_for_new(self, project: Project, fields: FieldValues) -> str:
        workflow = self._workspace.workflow
        task_type = workflow.task_type_of(project.type_id)
        word = fields.get("status")
        if word is not None:
            return self._status(str(word), task_type)
        kind = workflow.task_types.get(task_type)
        statuses = kind.statuses if kind else ()
        if not statuses:
            raise RecordInvalid(f"project {project.identifier} has no status that an issue could get")
        return project.default_status if project.default_status in statuses else statuses[0]

    def _status(self, word: str, task_type: str) -> str:
        if word not in WORDS:
            raise RecordInvalid(f"there is no status {word!r}; the words are {', '.join(WORDS)}")
        status = self._workspace.workflow.status_for(word, task_type)
        if status is None:
            raise RecordInvalid(f"issues of the type {task_type or '(none)'} have no status at all")
        return status

    def _markup(self, label: str, description: object) -> str:
        markdown = normal_markdown(description) if isinstance(description, str) else ""
        markup = markup_for(markdown) if markdown else ""
        refuse_too_large(label, markup)
        return markup

    async def _leave_no_old_text(self, record_id: RecordId, markup: str) -> None:
        """
        Replace a text that an issue of before has left behind under this id; it would be shown instead of the new one.

        A deleted issue leaves none by itself, but whoever reads its snapshot a moment later opens it anew (surprise 11).
        It has to be gone before the issue is made: after a crash between the two, it would look like somebody's edit.
        """
        collaborator = self._workspace.collaborator
        if await collaborator.read_text(record_id, None):
            await collaborator.write_text(record_id, markup or markup_for(""))

    async def _next_number(self, project: Project) -> tuple[int, str]:
        # A number that is lost with the answer leaves a gap, which people see every day.
        answer = await self._workspace.transactor.apply(
            count_up(self._workspace.author(), project.record_id), changes=False
        )
        counted = answer.get("object") if isinstance(answer, dict) else None
        number = counted.get("sequence") if isinstance(counted, dict) else None
        if not isinstance(counted, dict) or not isinstance(number, int):
            raise RecordNotFound(f"project {project.identifier} is gone, so it has no next issue number")
        return number, str(counted.get("identifier") or project.identifier)

    async def _made(self, record_id: RecordId) -> Issue:
        for wait_s in _LOOKS_S:
            await asyncio.sleep(wait_s)
            issue = await self._reader.find(record_id)
            if issue is not None:
                return issue
        raise OutcomeUnknown("the issue was made but cannot be read back; is the account still a member?", ref=record_id)

    # Steps of update.

    async def _found(self, ref: RecordRef) -> Issue:
        issue = await self._reader.find(ref.record_id)
        if issue is None:
            await self._workspace.prove_readable(ref.container)
            raise RecordNotFound("the issue was deleted")
        if issue.space != ref.container:
            raise RecordNotFound(f"the issue was moved to another project and is {issue.identifier} now")
        return issue

    async def _now(self, ref: RecordRef, *, with_text: bool) -> IssueNow:
        issue = await self._found(ref)
        if not with_text:
            return IssueNow(issue, Shown(""))
        if issue.description is None:
            # Opens the document, without which a text could not be taken away again (surprise 7).
            await self._workspace.collaborator.read_text(issue.record_id, None)
        return await self._reader.with_text(issue)

    def _refuse_stale(self, now: IssueNow, patch: FieldValues, expected: FieldValues) -> None:
        fields = self._reader.record_of(now).fields
        moved = sorted(name for name in patch if name in expected and expected[name] != fields.get(name))
        if moved:
            raise StaleRevision(f"{', '.join(moved)} of {now.issue.identifier} changed meanwhile")

    def _new_markup(self, now: IssueNow, patch: FieldValues) -> str | None:
        """What to store as the description; None when it stays as it is."""
        if "description" not in patch:
            return None
        wanted = patch["description"]
        markdown = normal_markdown(wanted) if isinstance(wanted, str) else ""
        if markdown == now.text.markdown:
            return None
        if now.text.losses:
            held = ", ".join(now.text.losses)
            raise RecordInvalid(
                f"the description of {now.issue.identifier} in Huly holds {held}, which would be lost. It was not written "
                "over: make this edit in Huly, or remove those parts there"
            )
        markup = markup_for(markdown)
        refuse_too_large(now.issue.identifier, markup)
        return markup

    def _operations(self, issue: Issue, patch: FieldValues) -> dict[str, str]:
        operations = {}
        if "title" in patch and one_line(patch["title"]) != one_line(issue.title):
            operations["title"] = one_line(patch["title"])
        if "status" in patch and patch["status"] != self._reader.word_of(issue):
            task_type = issue.task_type or self._default_task_type(issue)
            operations["status"] = self._status(str(patch["status"]), task_type)
        return {name: value for name, value in operations.items() if value != getattr(issue, name)}

    def _default_task_type(self, issue: Issue) -> str:
        project = self._workspace.projects.get(issue.space)
        return self._workspace.workflow.task_type_of(project.type_id) if project else ""

    async def _apply(self, tx: dict[str, object], ref: RecordRef) -> None:
        if not was_applied(await self._workspace.transactor.apply(tx)):
            issue = await self._found(ref)
            raise StaleRevision(f"{issue.identifier} was changed by somebody else just now")

    async def _write_text(self, issue: Issue, markup: str, *, after_fields: bool) -> None:
        try:
            await self._workspace.collaborator.write_text(issue.record_id, markup)
        except TransientError as error:
            if not after_fields:
                raise
            raise OutcomeUnknown(f"title or status were written, then the description failed: {error.message}") from error
