"""A client that hides nothing: it sends what it is given and shows the answer as it came."""

import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import attrs
from yarl import URL


@attrs.frozen
class Answer:
    """An answer as it came over the wire."""

    status: int
    content_type: str | None
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        """What a successful answer holds; fails the test if it was none."""
        assert (self.status, self.content_type) == (200, "application/json"), self
        whole = self.json
        assert whole == {"success": True, "data": whole["data"], "error_data": None, "message": None}
        return whole["data"]

    @property
    def refusal(self) -> str:
        """The message of a business rule; fails the test if the answer was another."""
        assert (self.status, self.content_type) == (200, "application/json"), self
        return self._message()

    @property
    def failure(self) -> str:
        """The message of a 500; fails the test if the answer was another."""
        assert (self.status, self.content_type) == (500, "application/json"), self
        return self._message()

    def _message(self) -> str:
        whole = self.json
        message: str = whole["message"]
        assert whole == {"success": False, "data": None, "error_data": None, "message": message}
        return message

    @property
    def complaint(self) -> tuple[int, str]:
        """Status and text of a complaint in plain text; fails the test if the answer was another."""
        assert self.content_type == "text/plain; charset=utf-8", self
        return self.status, self.text

    @property
    def bare_status(self) -> int:
        """The status of an answer without type and body; fails the test if it has one."""
        assert (self.content_type, self.text) == (None, ""), self
        return self.status

    @property
    def is_web_page(self) -> bool:
        return (self.status, self.content_type) == (200, "text/html") and self.text.startswith("<!DOCTYPE html>")


@attrs.frozen
class Wire:
    """Calls to one server, and the shortest way to a project and a task on it."""

    session: aiohttp.ClientSession
    base_url: str
    root: Path

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Sends `body` as JSON, or the bytes `raw`; `path` and everything else go out as given."""
        sent = dict(headers or {})
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None and content_type is not None:
            sent["Content-Type"] = content_type
        async with self.session.request(
            method,
            URL(self.base_url + path, encoded=True),
            data=None if data is None else io.BytesIO(data),
            headers=sent,
            skip_auto_headers=["Content-Type", "Accept-Encoding", "User-Agent"],
        ) as answer:
            return Answer(
                answer.status,
                answer.headers.get("Content-Type"),
                await answer.text(),
                {name.lower(): value for name, value in answer.headers.items()},
            )

    def path(self, name: str) -> str:
        """A path below the server's folder, in which nothing is yet."""
        return str(self.root / "made-by-tests" / name)

    async def project(self, name: str = "Demo", **more: Any) -> dict[str, Any]:
        """A new project with a new repository."""
        body = {"name": name, "git_repo_path": self.path(f"repo-{name[:40]}"), "use_existing_repo": False, **more}
        made: dict[str, Any] = (await self.call("POST", "/api/projects", body)).data
        return made

    async def task(self, project: dict[str, Any], title: str = "First", **more: Any) -> dict[str, Any]:
        """A new task."""
        body = {"project_id": project["id"], "title": title, **more}
        made: dict[str, Any] = (await self.call("POST", "/api/tasks", body)).data
        return made

    async def tasks(self, project: dict[str, Any]) -> list[dict[str, Any]]:
        """The project's list of tasks."""
        listed: list[dict[str, Any]] = (await self.call("GET", f"/api/tasks?project_id={project['id']}")).data
        return listed
