"""A server is restored from a backup, or the event log is lost or restored."""

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


async def a_day_of_work(site: Site) -> None:
    """People create, edit and delete on both sides, and all of it is synced."""
    issues = site.huly.issues("P0")
    tasks = {it["title"]: it for it in await site.board.all_tasks()}
    for issue in issues[:3]:
        site.huly.edit_issue(issue.id, title=f"{issue.title} by Huly")
    for issue in issues[3:6]:
        await site.board.edit_text(tasks[issue.title], f"New text of {issue.title}.")
    for issue in issues[6:9]:
        site.huly.remove_issue(issue.id)
    for number in range(200, 216, 2):
        site.huly.create_issue("P0", f"item {number}", description=f"Text {number}.", status="Todo")
    await site.add_tasks(208, start=201)
    await site.settle()
    await all_is_well(site)


async def test_huly_is_restored_from_a_backup(site):
    """What the backup does not have any more is not deleted elsewhere, as far as it is too much; what it has again is back."""
    copy = site.back_up_huly()
    await a_day_of_work(site)
    await site.restore_huly(copy)
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not after.doubled()
    await nothing_was_forgotten(site, before, after)
    await nothing_doubtful_is_hidden(site)
    for held in (await site.status())["held_plans"]:
        await site.approve(held["plan"])
    await site.settle()
    await all_is_well(site)


async def test_huly_is_restored_from_a_backup_and_everything_is_made_again(site):
    """The other way out: what was deleted by the backup and by nobody else is made anew."""
    copy = site.back_up_huly()
    await a_day_of_work(site)
    await site.restore_huly(copy)
    site.extra = '[sync.deletions]\nhuly = "restore"'
    before = await site.look()
    await site.settle()
    assert not before.gone_in(await site.look(), VIBE)
    await all_is_well(site)


@on_both
async def test_vibe_is_restored_from_a_backup(site):
    """Huly loses nothing; items that Vibe does not have any more say that they wait."""
    copy = await site.back_up_vibe()
    await a_day_of_work(site)
    await site.restore_vibe(copy)
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not after.doubled()
    await nothing_was_forgotten(site, before, after)
    await nothing_doubtful_is_hidden(site)
    assert (await site.status())["vanished"], "an item that Vibe has lost says that it waits"
    site.extra = '[sync.deletions]\nvibe = "restore"'  # the way out where they are to be made again
    await site.settle()
    assert not before.gone_in(await site.look(), HULY)
    await all_is_well(site)


@on_both
async def test_the_log_is_deleted(site):
    """Everything is found again by its key; what was edited meanwhile is decided by the rules."""
    await a_day_of_work(site)
    site.lose_log()
    issue = site.huly.issues("P1")[0]
    site.huly.edit_issue(issue.id, title=f"{issue.title} while there was no log")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not before.gone_in(after, VIBE)
    await nothing_was_forgotten(site, before, after)
    await all_is_well(site)


async def test_the_log_is_restored_from_yesterday(site):
    """What happened since is seen again and changes nothing."""
    copy = await site.back_up_log()
    await a_day_of_work(site)
    before = await site.look()
    site.restore_log(copy)
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert before.items == after.items, "what both sides agreed on was changed"
    await all_is_well(site)


async def test_the_log_is_restored_from_yesterday_while_people_go_on(site):
    """Edits, new items and deletions that yesterday's log has never heard of."""
    copy = await site.back_up_log()
    await a_day_of_work(site)
    for issue in site.huly.issues("P0")[:3]:
        site.huly.edit_issue(issue.id, status="Done")
    for issue in site.huly.issues("P1")[:3]:
        site.huly.remove_issue(issue.id)
    await site.add_tasks(305, start=301)
    before = await site.look()
    site.restore_log(copy)
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    await nothing_was_forgotten(site, before, after)
    assert len(before.gone_in(after, VIBE)) == 3
    assert not before.gone_in(after, HULY)
    await all_is_well(site)
