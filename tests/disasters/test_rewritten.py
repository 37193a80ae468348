"""Many records are rewritten at once, a name is used a second time, or the clock is set."""

from datetime import timedelta

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

on_both = pytest.mark.parametrize("site", ["sandbox", pytest.param("real", marks=pytest.mark.real)], indirect=True)

YEAR = timedelta(days=365)


async def edit_one_each(site: Site, word: str) -> None:
    """One edit in Huly, another one in Vibe, a new item on each side."""
    first, second = [it for it in site.huly.issues("P0") if "by" not in it.title][:2]
    tasks = {it["title"]: it for it in await site.board.all_tasks()}
    site.huly.edit_issue(first.id, title=f"{first.title} by Huly, {word}")
    await site.board.edit_task(tasks[second.title]["id"], title=f"{second.title} by Vibe, {word}")


@pytest.mark.parametrize("there_and_back", [(YEAR, -YEAR), (-YEAR, YEAR)])
async def test_the_clock_jumps_a_year_and_back(site, there_and_back):
    """Edits go on travelling, whatever the clock says; nothing waits until next year."""
    before = await site.look()
    async with site.running() as running:
        for number, jump in enumerate((*there_and_back, *there_and_back)):
            site.clock.off += jump
            await edit_one_each(site, f"jump {number}")
            await running.settle()
            assert not (await site.look()).different(), f"an edit did not travel after jump {number}"
    await edit_one_each(site, "after a restart")
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    await all_is_well(site)


async def test_a_write_fails_while_the_clock_is_a_year_ahead(site):
    """It is tried again when the clock is right again, not next year."""
    async with site.running() as running:
        site.clock.off = YEAR
        await site.vibe.stop()
        issue = site.huly.issues("P0")[0]
        site.huly.edit_issue(issue.id, title=f"{issue.title} by Huly")
        await running.sync.run_pass()
        await site.vibe.start()
        site.clock.off = timedelta()
        await running.settle()
    await site.settle()
    await all_is_well(site)


@on_both
async def test_the_marker_is_stripped_from_all_tasks(site):
    """Tasks are known by their ids, so nothing is made twice, and edits go on."""
    for task in await site.board.all_tasks():
        await site.board.edit_task(task["id"], description=(task["description"] or "").partition("Sync-Key:")[0].strip())
    await edit_one_each(site, "without markers")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not before.gone_in(after, VIBE)
    await all_is_well(site)


async def test_a_huly_project_is_renamed_and_made_again_under_the_same_name(site):
    """The old pair stays together under the new name, and the new project is another one."""
    site.huly.edit_project("P0", name="Old project")
    site.huly.create_project("Project 0", "NEW")
    site.huly.create_issue("NEW", "item 300", description="Text 300.")
    await edit_one_each(site, "in the old project")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert sorted(after.projects[VIBE].values()) == ["Old project", "Project 0", "Project 1"]
    await all_is_well(site)


async def test_a_vibe_project_is_renamed_and_made_again_under_the_same_name(site):
    """As above; projects are made in Vibe only, so the new one has no counterpart and loses nothing."""
    (project,) = [it for it in await site.board.projects() if it["name"] == "Project 0"]
    body = {"name": "Old project", "git_repo_path": project["git_repo_path"]}
    await site.board.call("PUT", f"/projects/{project['id']}", json=body)
    new = await site.board.create_project("Project 0", str(site.folder / "NEW"))
    await site.board.create_task(new["id"], "item 300", "Text 300.")
    await edit_one_each(site, "in the old project")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert {it.item for it in after.different()} <= {"item 300"}
    assert sorted(after.projects[HULY].values()) == ["Old project", "Project 1"]


async def test_a_huly_project_is_deleted_and_made_again_under_the_same_name(site):
    """The new project is not the old one: the old tasks stay, and both say what waits."""
    site.huly.remove_project("P0")
    site.huly.create_project("Project 0", "P0")
    site.huly.create_issue("P0", "item 300", description="Text 300.")
    before = await site.look()
    await site.settle()
    after = await site.look()
    assert not before.gone_in(after, VIBE)
    nothing_was_destroyed(before, after)
    assert not after.doubled()
    await nothing_doubtful_is_hidden(site)
    assert {it["subject"] for it in (await site.status())["parked"]} == {"gone:huly", "write:vibe"}
    (old,) = [it for it in await site.board.projects() if it["name"] == "Project 0"]
    await site.board.call("DELETE", f"/projects/{old['id']}")  # the way out
    await site.retry_refused()
    await site.settle()
    assert "item 300" in {it.item for it in (await site.look()).on(VIBE)}
    await all_is_well(site)


async def test_all_records_are_touched(site):
    """New versions and times of change with the same content: no write anywhere."""
    for issue in site.huly.issues():
        site.huly.edit_issue(issue.id, priority=2)
    for task in await site.board.all_tasks():
        await site.board.edit_task(task["id"], status=task["status"])
    site.huly.settle()
    before = await site.look()
    async with site.running() as running:
        report = await running.sync.run_pass()
        assert report.quiet, report
    assert before.items == (await site.look()).items
    await all_is_well(site)


async def test_all_records_are_edited(site):
    """All titles and texts in Huly are rewritten by a script: they travel, and the old ones are in the log."""
    for issue in site.huly.issues():
        site.huly.edit_issue(issue.id, title=f"{issue.title} rewritten")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    await nothing_was_forgotten(site, before, after)
    await all_is_well(site)
