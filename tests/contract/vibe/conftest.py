"""What all contract tests of the Vibe API share."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from connectors.vibe.real_server import RealVibeServer
from connectors.vibe.sandbox import VibeSandbox
from tests.contract.vibe.wire import Wire


@pytest.fixture
async def wire(vibe_server: VibeSandbox | RealVibeServer) -> AsyncIterator[Wire]:
    """A client of an empty server: of the sandbox and of the real one in turn."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Wire(session, vibe_server.base_url, vibe_server.root)


@pytest.fixture
async def project(wire: Wire) -> dict[str, Any]:
    """A project on the server."""
    return await wire.project()


@pytest.fixture
async def task(wire: Wire, project: dict[str, Any]) -> dict[str, Any]:
    """A task of the project."""
    return await wire.task(project, "First", description="Body")
