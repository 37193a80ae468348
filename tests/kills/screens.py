"""What people see and do on either side, the same way on both."""

import re
import time
from collections.abc import Mapping
from typing import Protocol

from attrs import frozen

from connectors.huly.rich_text import markup_for
from connectors.huly.sandbox import HulySandbox
from tests.fixtures.vibe_board import VibeBoard
from tests.kills.book import STATUS, TEXT, TITLE, Content
from tests.kills.gate import Gate

HULY, VIBE = "huly", "vibe"
_NAME = re.compile(r"item \d+")
_KEY_LINE = re.compile(r"\s*Sync-Key: (\w+)\s*$")
_TO_HULY = {"todo": "Todo", "inprogress": "In Progress", "done": "Done", "cancelled": "Canceled"}
_FROM_HULY = {"Backlog": "todo", **{word: status for status, word in _TO_HULY.items()}}
STATUSES = tuple(_TO_HULY)


@frozen(kw_only=True)
class Seen:
    """A record on a screen, with the sync key in its text where there is one."""

    record_id: str
    name: str
    content: Content
    key: str | None = None


class Screen(Protocol):
    """One side as people use it; each act looks and writes in one step, so that what was seen is what was written over."""

    side: str

    async def records(self) -> list[Seen]:
        """Everything that is there."""

    async def make(self, project: int, content: Content) -> None:
        """A new record."""

    async def edit(self, record_id: str, name: str, value: str) -> "tuple[Content, float] | None":
        """Set a field; what was there before and when, or None when the record is gone."""

    async def delete(self, record_id: str) -> Content | None:
        """Delete a record; what it held, or None when it is gone."""


@frozen
class HulyScreen:
    """People in Huly, in this process: nothing comes between their look and their write."""

    huly: HulySandbox
    side: str = HULY

    async def records(self) -> list[Seen]:
        return [
            Seen(record_id=issue.id, name=item_name(issue.title), content=self._content(issue))
            for issue in self.huly.issues()
        ]

    async def make(self, project: int, content: Content) -> None:
        status = _TO_HULY[content[STATUS]]
        self.huly.create_issue(f"P{project}", content[TITLE], description=markup_for(content[TEXT]), status=status)

    async def edit(self, record_id: str, name: str, value: str) -> tuple[Content, float] | None:
        before = self._find(record_id)
        if before is None:
            return None
        if name == TEXT:
            self.huly.set_description(record_id, markup_for(value))
        else:
            self.huly.edit_issue(record_id, **{name: _TO_HULY[value] if name == STATUS else value})
        return before, time.monotonic()

    async def delete(self, record_id: str) -> Content | None:
        before = self._find(record_id)
        if before is not None:
            self.huly.remove_issue(record_id)
        return before

    def _find(self, record_id: str) -> Content | None:
        found = [issue for issue in self.huly.issues() if issue.id == record_id]
        return self._content(found[0]) if found else None

    def _content(self, issue: object) -> Content:
        title, text, status = (str(getattr(issue, name)) for name in ("title", "text", "status"))
        return {TITLE: title, TEXT: one_line(text), STATUS: _FROM_HULY[status]}


@frozen
class VibeScreen:
    """People at the real server; while they look and write they keep the runner's requests out."""

    board: VibeBoard
    gate: Gate
    side: str = VIBE

    async def records(self) -> list[Seen]:
        async with self.gate.quiet:
            return [_seen(task) for task in await self.board.all_tasks()]

    async def make(self, project: int, content: Content) -> None:
        async with self.gate.quiet:
            (project_id,) = [it["id"] for it in await self.board.projects() if it["name"] == f"Project {project}"]
            task = await self.board.create_task(project_id, content[TITLE], content[TEXT])
            await self.board.edit_task(task["id"], status=content[STATUS])

    async def edit(self, record_id: str, name: str, value: str) -> tuple[Content, float] | None:
        async with self.gate.quiet:
            task = await self._find(record_id)
            if task is None:
                return None
            if name == TEXT:
                await self.board.edit_text(task, value)
            else:
                await self.board.edit_task(record_id, **{name: value})
            return _seen(task).content, time.monotonic()

    async def delete(self, record_id: str) -> Content | None:
        async with self.gate.quiet:
            task = await self._find(record_id)
            if task is None:
                return None
            await self.board.delete_task(record_id)
            return _seen(task).content

    async def _find(self, record_id: str) -> dict[str, str] | None:
        return next((task for task in await self.board.all_tasks() if task["id"] == record_id), None)


def _seen(task: Mapping[str, str | None]) -> Seen:
    title, description = str(task["title"]), task["description"] or ""
    key = _KEY_LINE.search(description)
    content = {TITLE: title, TEXT: one_line(_KEY_LINE.sub("", description)), STATUS: str(task["status"])}
    return Seen(record_id=str(task["id"]), name=item_name(title), content=content, key=key[1] if key else None)


def item_name(title: str) -> str:
    """The part of a title that no edit changes."""
    found = _NAME.match(title)
    return found[0] if found else title


def one_line(text: str) -> str:
    """The words of a text; both sides write the same text in different ways."""
    return " ".join(re.findall(r"\w+", text))
