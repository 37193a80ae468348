"""The settings point somewhere else, or show less than before."""

import pytest

from connectors.vibe.sandbox import VibeSandbox
from tests.disasters.inventory import HULY, VIBE
from tests.disasters.site import Site, new_huly
from tests.disasters.verdict import (
    all_is_well,
    nothing_doubtful_is_hidden,
    nothing_was_destroyed,
    nothing_was_forgotten,
)
from tests.fixtures.vibe_board import VibeBoard

pytestmark = pytest.mark.timeout(120)


async def edit_both_sides(site: Site) -> None:
    """Somebody edits an item on either side."""
    first, second = site.huly.issues("P0")[:2]
    site.huly.edit_issue(first.id, title=f"{first.title} by Huly")
    (task,) = [it for it in await site.board.all_tasks() if it["title"] == second.title]
    await site.board.edit_task(task["id"], title=f"{second.title} by Vibe")


async def test_the_filter_is_narrowed_to_one_project(site):
    """What is not shown any more is left as it is, and goes on when the filter is wide again."""
    site.more[HULY] = {"projects": ["P1"]}
    await edit_both_sides(site)
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert before.items == after.items, "an item of a project outside the filter was touched"
    await nothing_doubtful_is_hidden(site)
    assert "left out    Project 0: its items are not synced" in await site.command("status")
    site.more[HULY] = {}
    await site.settle()
    await all_is_well(site)


async def test_the_pair_is_mapped_to_the_wrong_vibe_project(site):
    """Linked projects stay linked; a mapping is only for projects that have no counterpart yet."""
    site.more[VIBE] = {"projects": {"P0": "Project 1", "P1": "Project 0"}}
    await edit_both_sides(site)
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    await nothing_was_forgotten(site, before, after)
    await all_is_well(site)


async def test_two_projects_are_paired_by_mistake(site):
    """Containers that belong to other pairs are paired in the settings: no item is copied or deleted."""
    inventory = await site.look()
    huly = {name: key for key, name in inventory.projects[HULY].items()}
    vibe = {name: key for key, name in inventory.projects[VIBE].items()}
    wrong = f"""
[[sync.pairings]]
kind = "issue"
huly = "{huly["Project 0"]}"
vibe = "{vibe["Project 1"]}"
"""
    before = await site.look()
    site.extra = wrong
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not after.doubled()
    site.extra = ""
    await site.settle()
    await all_is_well(site)


async def test_an_empty_huly_server_is_configured(site):
    """The wrong server shows nothing, so nothing is concluded."""
    async with new_huly() as wrong:
        site.more[HULY] = {"url": wrong.url}
        await edit_both_sides(site)
        before = await site.look()
        await site.settle()
        after = await site.look()
        nothing_was_destroyed(before, after)
        await nothing_doubtful_is_hidden(site)
    site.more[HULY] = {}
    await site.settle()
    await all_is_well(site)


async def test_another_huly_server_with_projects_of_the_same_names_is_configured(site):
    """A copy for tests, say: its projects are not taken for ours, and ours are not taken for deleted."""
    async with new_huly() as wrong:
        for number in range(2):
            wrong.create_project(f"Project {number}", f"P{number}")
            wrong.create_issue(f"P{number}", f"item {100 + number}")
        site.more[HULY] = {"url": wrong.url}
        await edit_both_sides(site)
        before = await site.look()
        await site.settle()
        after = await site.look()
        nothing_was_destroyed(before, after)
        await nothing_was_forgotten(site, before, after)
        assert len(wrong.issues()) == 2, "items of the right server were copied to the wrong one"
        await nothing_doubtful_is_hidden(site)
    site.more[HULY] = {}
    await site.settle()
    await nothing_doubtful_is_hidden(site)
    assert not (await site.look()).different()


async def test_an_empty_vibe_server_is_configured(site, tmp_path):
    """The tasks are not made anew there before somebody says that the old ones are gone."""
    (tmp_path / "wrong").mkdir()
    async with VibeSandbox(root=tmp_path / "wrong") as wrong, VibeBoard(wrong.base_url) as board:
        site.more[VIBE] = {"url": wrong.base_url}
        await edit_both_sides(site)
        before = await site.look()
        await site.settle()
        nothing_was_destroyed(before, await site.look())
        assert not await board.projects()
        await nothing_doubtful_is_hidden(site)
    site.more[VIBE] = {}
    await site.settle()
    await all_is_well(site)


async def test_another_vibe_server_with_other_projects_is_configured(site, tmp_path):
    """A colleague's board: its projects are not mixed with ours."""
    (tmp_path / "wrong").mkdir()
    async with VibeSandbox(root=tmp_path / "wrong") as wrong, VibeBoard(wrong.base_url) as board:
        for number in range(2):
            project = wrong.create_project(f"Project {number}", str(tmp_path / f"wrong/P{number}"))
            wrong.create_task(project, f"item {100 + number}")
        site.more[VIBE] = {"url": wrong.base_url}
        await edit_both_sides(site)
        before = await site.look()
        await site.settle()
        nothing_was_destroyed(before, await site.look())
        assert len(await board.all_tasks()) == 2
        await nothing_doubtful_is_hidden(site)
    site.more[VIBE] = {}
    await site.settle()
    assert not (await site.look()).different()
