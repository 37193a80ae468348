"""Somebody empties a side, or half of it, or deletes a whole project."""

import pytest

from tests.disasters.inventory import HULY, VIBE
from tests.disasters.site import Site
from tests.disasters.verdict import (
    all_is_well,
    nothing_doubtful_is_hidden,
    nothing_was_destroyed,
    nothing_was_forgotten,
)

pytestmark = pytest.mark.timeout(120)


async def held_plan(site: Site) -> str:
    """The digest of the only plan that is held back."""
    held = (await site.status())["held_plans"]
    assert len(held) == 1, held
    assert f"syncengine approve {held[0]['plan']}" in held[0]["reason"]
    return str(held[0]["plan"])


def remove_issues(site: Site, project: str, number: int) -> None:
    for issue in site.huly.issues(project)[:number]:
        site.huly.remove_issue(issue.id)


async def test_all_issues_of_a_huly_project_are_deleted(site):
    """Nothing follows until a person approves, first of the empty listing and then of the deletions themselves."""
    remove_issues(site, "P0", 20)
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not before.gone_in(after, VIBE)
    await nothing_doubtful_is_hidden(site)
    empty = await held_plan(site)
    await site.approve(empty)
    await site.settle()
    assert not before.gone_in(await site.look(), VIBE), "an empty listing was approved of, not the deletion of 20 tasks"
    many = await held_plan(site)
    assert many != empty
    await site.approve(many)
    await site.settle()
    after = await site.look()
    assert len(before.gone_in(after, VIBE)) == 20
    nothing_was_destroyed(before, after, approved=20)
    await nothing_was_forgotten(site, before, after)
    await all_is_well(site)


async def test_all_tasks_of_a_vibe_project_are_deleted(site):
    """Huly loses nothing, even after the empty listing was approved of; each item says why it waits."""
    (project,) = [it for it in await site.board.projects() if it["name"] == "Project 0"]
    for task in await site.board.tasks(project["id"]):
        await site.board.delete_task(task["id"])
    before = await site.look()
    await site.settle()
    await nothing_doubtful_is_hidden(site)
    await site.approve(await held_plan(site))
    await site.settle()
    assert not before.gone_in(await site.look(), HULY)
    await nothing_doubtful_is_hidden(site)
    for issue in site.huly.issues("P0"):  # the way out that `status` names
        site.huly.remove_issue(issue.id)
    await site.settle()
    if (await site.status())["held_plans"]:
        await site.approve(await held_plan(site))
        await site.settle()
    await all_is_well(site)


async def test_half_of_the_issues_of_a_huly_project_are_deleted(site):
    """Only the digest that is shown lets anything be done, and only as long as it is the same plan."""
    remove_issues(site, "P0", 10)
    before = await site.look()
    await site.settle()
    nothing_was_destroyed(before, await site.look())
    await nothing_doubtful_is_hidden(site)
    first = await held_plan(site)
    with pytest.raises(AssertionError, match="nothing with the digest"):
        await site.approve("0123456789ab")
    remove_issues(site, "P0", 1)
    await site.settle()
    second = await held_plan(site)
    with pytest.raises(AssertionError, match="nothing with the digest"):
        await site.approve(first)
    await site.settle()
    assert not before.gone_in(await site.look(), VIBE)
    await site.approve(second)
    await site.settle()
    assert len(before.gone_in(await site.look(), VIBE)) == 11
    await all_is_well(site)


async def test_a_whole_huly_project_is_deleted(site):
    """The project in Vibe stays with all its tasks, and `status` says what waits and why."""
    site.huly.remove_project("P0")
    before = await site.look()
    await site.settle()
    after = await site.look()
    assert not before.gone_in(after, VIBE)
    nothing_was_destroyed(before, after)
    await nothing_doubtful_is_hidden(site)
    (project,) = [it for it in await site.board.projects() if it["name"] == "Project 0"]
    await site.board.call("DELETE", f"/projects/{project['id']}")  # the way out that `status` names
    await site.settle()
    await all_is_well(site)


async def test_a_whole_vibe_project_is_deleted(site):
    """The same the other way round."""
    (project,) = [it for it in await site.board.projects() if it["name"] == "Project 0"]
    await site.board.call("DELETE", f"/projects/{project['id']}")
    before = await site.look()
    await site.settle()
    after = await site.look()
    assert not before.gone_in(after, HULY)
    await nothing_doubtful_is_hidden(site)
    site.huly.remove_project("P0")
    await site.settle()
    await all_is_well(site)


async def test_a_few_issues_of_each_of_many_projects_are_deleted(site):
    """Few in each project and many in all: nothing is deleted before each plan was approved of."""
    site.repos = site.folder / "repos"
    for number in range(2, 12):
        site.huly.create_project(f"Project {number}", f"P{number}")
        for item in range(4):
            site.huly.create_issue(f"P{number}", f"item {number}0{item}", description="Text.", status="Todo")
    await site.settle()
    for number in range(2, 12):
        remove_issues(site, f"P{number}", 3)
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not before.gone_in(after, VIBE)
    await nothing_doubtful_is_hidden(site)
    held = (await site.status())["held_plans"]
    assert len(held) == 10
    for plan in held[:8]:  # the last two are within the limits by themselves
        await site.approve(plan["plan"])
    await site.settle()
    assert len(before.gone_in(await site.look(), VIBE)) == 30
    await all_is_well(site)
