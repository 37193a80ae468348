"""A site for each disaster, a copy of one that is made once."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.disasters.site import Site, Template, make_template, open_site


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Two projects with twenty items each, in sync."""
    making = make_template(tmp_path_factory.mktemp("site"))
    with ThreadPoolExecutor(1) as elsewhere:  # a loop of its own, away from the one of the tests
        return elsewhere.submit(asyncio.run, making).result()


@pytest.fixture
async def site(tmp_path: Path, template: Template) -> AsyncIterator[Site]:
    """The same, on servers of its own."""
    async with open_site(tmp_path, template) as opened:
        yield opened
