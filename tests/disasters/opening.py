"""Makes sites that are in sync: from nothing, or as copies of one that was made before."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from connectors.vibe.real_server import RealVibeServer
from connectors.vibe.sandbox import VibeSandbox
from connectors.vibe.sandbox.board import Rows
from tests.disasters.site import Site, new_huly
from tests.fixtures.vibe_board import VibeBoard


@frozen(kw_only=True)
class Template:
    """
    A site in sync, to be copied: what Huly and Vibe hold, and the log.

    Attributes:
        folder: holds the repositories of the projects too, which no copy changes.
    """

    folder: Path
    huly: Path
    vibe: Rows
    log: Path


async def make_template(folder: Path, *, projects: int = 2, items: int = 40) -> Template:
    """Two servers with items made on either side, all of them synced."""
    (folder / "vibe").mkdir()
    huly = await new_huly().start()
    async with VibeSandbox(root=folder / "vibe") as vibe, VibeBoard(vibe.base_url) as board:
        site = Site(folder=folder, repos=folder / "repos", huly=huly, vibe=vibe, board=board)
        try:
            await _fill_and_sync(site, projects=projects, items=items)
            return Template(folder=folder, huly=site.back_up_huly(), vibe=vibe.board.rows(), log=site.log)
        finally:
            await huly.stop()


async def _fill_and_sync(site: Site, *, projects: int, items: int) -> None:
    site.fill(projects, items)
    async with site.running() as running:
        await running.settle()
        await site.add_tasks(items)
        await running.settle()


@asynccontextmanager
async def open_real_site(
    folder: Path, *, binary: Path, vibe_template: Path, projects: int = 2, items: int = 40
) -> AsyncIterator[Site]:
    """A site with the real Vibe Kanban, filled and synced."""
    huly = await new_huly().start()
    vibe = RealVibeServer(binary=binary, root=folder / "vibe", template=vibe_template)
    async with vibe, VibeBoard(vibe.base_url) as board:
        site = Site(folder=folder, repos=folder / "repos", huly=huly, vibe=vibe, board=board)
        try:
            await _fill_and_sync(site, projects=projects, items=items)
            yield site
        finally:
            await site.huly.stop()


@asynccontextmanager
async def open_site(folder: Path, template: Template) -> AsyncIterator[Site]:
    """A site that looks like the template, on servers of its own."""
    (folder / "vibe").mkdir()
    state = folder / "huly-state.json"
    shutil.copy(template.huly, state)
    shutil.copy(template.log, folder / "sync.db")
    huly = await new_huly(state=state).start()
    async with VibeSandbox(root=folder / "vibe") as vibe, VibeBoard(vibe.base_url) as board:
        vibe.board.put_back(template.vibe)
        site = Site(folder=folder, repos=template.folder / "repos", huly=huly, vibe=vibe, board=board)
        try:
            yield site
        finally:
            await site.huly.stop()
