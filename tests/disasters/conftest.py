"""A site for each disaster, a copy of one that is made once."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.disasters.opening import Template, make_template, open_real_site, open_site
from tests.disasters.site import Site


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Two projects with twenty items each, in sync."""
    making = make_template(tmp_path_factory.mktemp("site"))
    with ThreadPoolExecutor(1) as elsewhere:  # a loop of its own, away from the one of the tests
        return elsewhere.submit(asyncio.run, making).result()


@pytest.fixture
async def site(request: pytest.FixtureRequest, tmp_path: Path, template: Template) -> AsyncIterator[Site]:
    """The same, on servers of its own; a test that asks for "real" gets the real Vibe Kanban."""
    if getattr(request, "param", "sandbox") == "real":
        binary, vibe_template = request.getfixturevalue("vibe_binary"), request.getfixturevalue("vibe_template")
        opening = open_real_site(tmp_path, binary=binary, vibe_template=vibe_template)
    else:
        opening = open_site(tmp_path, template)
    async with opening as opened:
        yield opened
