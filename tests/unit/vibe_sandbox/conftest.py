"""A client of the sandbox under test."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from connectors.vibe.sandbox import VibeSandbox
from tests.contract.vibe.wire import Wire


@pytest.fixture
async def wire(vibe_sandbox: VibeSandbox) -> AsyncIterator[Wire]:
    """Calls to the sandbox."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield Wire(session, vibe_sandbox.base_url, vibe_sandbox.root)


@pytest.fixture
async def project(wire: Wire) -> dict[str, Any]:
    """A project on the board."""
    return await wire.project()


@pytest.fixture
async def task(wire: Wire, project: dict[str, Any]) -> dict[str, Any]:
    """A task of the project."""
    return await wire.task(project, "First", description="Body")
