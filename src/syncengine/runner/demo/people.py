"""People at work on both servers, over HTTP: they fill in, edit and look. Nothing here goes through the engine."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from attrs import frozen

from syncengine.runner.demo import DemoFailed
from syncengine.runner.demo.scenario import Item, Project

_HULY_STATUS = {
    "backlog": "Backlog",
    "todo": "Todo",
    "in_progress": "In Progress",
    "done": "Done",
    "cancelled": "Canceled",
}
_VIBE_STATUS = {
    "backlog": "todo",  # a board has no backlog
    "todo": "todo",
    "in_progress": "inprogress",
    "done": "done",
    "cancelled": "cancelled",
}
_KEY_LINE = re.compile(r"\s*Sync-Key: ([0-9a-f]{32})\s*$")

HELD_S = 60.0
"""Seconds that an answer is held back, unless somebody is killed while waiting for it."""


@frozen(kw_only=True)
class Held:
    """
    An item as one server holds it.

    Attributes:
        project: name of its project.
        status: one of the words of `Item`, with "todo" for "backlog" too.
        words: the words of the description; both sides write the same text in different ways.
        key: the sync key in its description, where there is one.
    """

    record_id: str
    project: str
    title: str
    status: str
    words: tuple[str, ...]
    key: str | None = None


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, without anything that only shapes it."""
    return tuple(re.findall(r"\w+", text))


def comparable(status: str) -> str:
    """A status as both sides can hold it."""
    return "todo" if status == "backlog" else status


@frozen
class HulyPeople:
    """People who work in the Huly sandbox; its control route makes their edits."""

    _session: aiohttp.ClientSession
    _control: str

    async def make_project(self, project: Project) -> None:
        """A new project, without issues."""
        named = {"name": project.name, "identifier": project.identifier, "description": project.description}
        await self._call("create_project", **named)

    async def make_item(self, project: Project, item: Item) -> None:
        """A new issue."""
        text = _markup(item.text) if item.text else None
        status = _HULY_STATUS[item.status]
        await self._call("create_issue", project=project.identifier, title=item.title, description=text, status=status)

    async def edit(self, record_id: str, changes: Mapping[str, str]) -> None:
        """Change title, text or status of an issue."""
        fields = {name: value for name, value in changes.items() if name != "text"}
        if "status" in fields:
            fields["status"] = _HULY_STATUS[fields["status"]]
        if fields:
            await self._call("edit_issue", issue=record_id, **fields)
        if "text" in changes:
            await self._call("set_description", issue=record_id, description=_markup(changes["text"]))

    async def projects(self) -> list[str]:
        """Names of the projects, a doubled one twice."""
        return [project["name"] for project in await self._call("projects")]

    async def items(self) -> list[Held]:
        """All issues."""
        names = {project["id"]: project["name"] for project in await self._call("projects")}
        words = {name: word for word, name in _HULY_STATUS.items()}
        return [
            Held(
                record_id=issue["id"],
                project=names.get(issue["project"], issue["project"]),
                title=issue["title"],
                status=comparable(words.get(issue["status"], issue["status"])),
                words=words_of(issue["text"]),
            )
            for issue in await self._call("issues")
        ]

    async def hold_an_answer(self, *, skip: int) -> None:
        """The create of an issue after the next `skip` ones is done but not answered."""
        fault = {"kind": "delay", "path": "/api/v1/tx/", "body": "TxCreateDoc", "skip": skip, "delay_s": HELD_S}
        await _asked(self._session, "POST", f"{self._control}/faults", json={**fault, "after_effect": True})

    async def answer_again(self) -> None:
        """No further answer is held back."""
        await _asked(self._session, "DELETE", f"{self._control}/faults")

    async def _call(self, method: str, **params: Any) -> Any:
        body = {"method": method, "params": params}
        return (await _asked(self._session, "POST", f"{self._control}/call", json=body))["result"]


@frozen
class VibePeople:
    """People who work in Vibe Kanban, through the API of its own web page; sandbox or real server."""

    _session: aiohttp.ClientSession
    _url: str

    async def make_item(self, item: Item) -> None:
        """A new task; its status is set afterwards, as on the board."""
        (project_id,) = [it["id"] for it in await self._api("GET", "/projects") if it["name"] == item.project]
        body = {"project_id": project_id, "title": item.title, "description": item.text or None}
        task = await self._api("POST", "/tasks", json=body)
        await self._api("PUT", f"/tasks/{task['id']}", json={"status": _VIBE_STATUS[item.status]})

    async def edit(self, record_id: str, changes: Mapping[str, str]) -> None:
        """Change title, text or status of a task; people leave the key line at the end alone."""
        fields = {name: value for name, value in changes.items() if name == "title"}
        if "status" in changes:
            fields["status"] = _VIBE_STATUS[changes["status"]]
        if "text" in changes:
            stored = (await self._api("GET", f"/tasks/{record_id}"))["description"] or ""
            key = _KEY_LINE.search(stored)
            fields["description"] = changes["text"] + (f"\n\nSync-Key: {key[1]}" if key else "")
        await self._api("PUT", f"/tasks/{record_id}", json=fields)

    async def projects(self) -> list[str]:
        """Names of the projects, a doubled one twice."""
        return [project["name"] for project in await self._api("GET", "/projects")]

    async def items(self) -> list[Held]:
        """All tasks."""
        held = []
        for project in await self._api("GET", "/projects"):
            tasks = await self._api("GET", "/tasks", params={"project_id": project["id"]})
            held += [_held(project["name"], task) for task in tasks]
        return held

    async def hold_an_answer(self, *, skip: int) -> None:
        """The create of a task after the next `skip` ones is done but not answered; for the sandbox only."""
        fault = {"kind": "delay", "method": "POST", "path_kind": "tasks", "every": skip + 1, "delay_s": HELD_S}
        await _asked(self._session, "POST", f"{self._url}/_control/faults", json=fault)

    async def answer_again(self) -> None:
        """No further answer is held back; for the sandbox only."""
        await _asked(self._session, "DELETE", f"{self._url}/_control/faults")

    async def _api(self, method: str, path: str, **more: Any) -> Any:
        answer = await _asked(self._session, method, f"{self._url}/api{path}", **more)
        if not answer.get("success"):
            raise DemoFailed(f"Vibe Kanban refused {method} {path}: {answer.get('message')}")
        return answer["data"]


def _held(project: str, task: Mapping[str, Any]) -> Held:
    stored = task["description"] or ""
    key = _KEY_LINE.search(stored)
    words = {name: word for word, name in _VIBE_STATUS.items() if word != "backlog"}
    return Held(
        record_id=task["id"],
        project=project,
        title=task["title"],
        status=words.get(task["status"], task["status"]),
        words=words_of(_KEY_LINE.sub("", stored)),
        key=key[1] if key else None,
    )


async def _asked(session: aiohttp.ClientSession, method: str, url: str, **more: Any) -> Any:
    try:
        async with session.request(method, url, **more) as answer:
            body = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise DemoFailed(f"{method} {url} failed: {type(error).__name__} {error}") from error
    if answer.status != 200:
        raise DemoFailed(f"{method} {url} was answered with {answer.status}: {body}")
    return body


def _markup(text: str) -> str:
    """The text as Huly's editor stores it: paragraphs, and lists of what begins with `* `."""
    blocks = [block.splitlines() for block in text.split("\n\n")]
    content = [_list(lines) if lines[0].startswith("* ") else _paragraph("\n".join(lines)) for lines in blocks]
    return json.dumps({"type": "doc", "content": content}, ensure_ascii=False)


def _list(lines: Sequence[str]) -> dict[str, Any]:
    points = [{"type": "listItem", "content": [_paragraph(line.removeprefix("* "))]} for line in lines]
    return {"type": "bulletList", "content": points}


def _paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}
