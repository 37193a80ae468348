"""A connector to the server under test, and a person who edits the board behind its back."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from connectors.vibe import VibeSettings, plugin
from connectors.vibe.real_server import RealVibeServer
from connectors.vibe.sandbox import VibeSandbox
from syncengine.connector import EndpointName, Services

SERVICES = Services(endpoint=EndpointName("vibe"))


class Person:
    """Somebody at the board: plain requests, as the web app makes them."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._api = f"{base_url}/api"

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The data of the answer."""
        async with self._session.request(method, f"{self._api}/{path}", json=body) as answer:
            envelope = await answer.json()
        assert envelope["success"], envelope
        return envelope["data"]

    async def project(self, name: str, path: str) -> dict[str, Any]:
        """A new project."""
        return await self.ask("POST", "projects", {"name": name, "git_repo_path": path, "use_existing_repo": False})

    async def task(self, project_id: str, title: str, description: str | None = None) -> dict[str, Any]:
        """A new task."""
        return await self.ask("POST", "tasks", {"project_id": project_id, "title": title, "description": description})

    async def edit(self, task_id: str, **fields: Any) -> dict[str, Any]:
        """An edit of a task."""
        return await self.ask("PUT", f"tasks/{task_id}", fields)

    async def look(self, task_id: str) -> dict[str, Any]:
        """The task as the server has it."""
        return await self.ask("GET", f"tasks/{task_id}")


@pytest.fixture
async def person(vibe_server: VibeSandbox | RealVibeServer) -> AsyncIterator[Person]:
    """Somebody at the board of the server under test."""
    async with aiohttp.ClientSession() as session:
        yield Person(session, vibe_server.base_url)


@pytest.fixture
async def connect():
    """A function that opens a connector; all are closed with the test."""
    async with AsyncExitStack() as opened:

        async def open_one(server, **settings):
            settings = VibeSettings(url=server.base_url, **settings)
            return await opened.enter_async_context(plugin.connect(settings, SERVICES))

        yield open_one


@pytest.fixture
async def connector(connect, vibe_server):
    """A connector to the server under test, which makes repositories below the test's folder."""
    return await connect(vibe_server, repo_path=f"{vibe_server.root}/repos/{{identifier}}")
