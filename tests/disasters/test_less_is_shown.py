"""The account sees less than before: a narrower token, a lost membership, a filter in between."""

import pytest

from tests.disasters.inventory import HULY, VIBE
from tests.disasters.narrow_view import NarrowView
from tests.disasters.site import Site
from tests.disasters.verdict import LEAST, all_is_well, nothing_doubtful_is_hidden, nothing_was_destroyed

pytestmark = pytest.mark.timeout(120)


def narrower_token(site: Site, *projects: str) -> str:
    """A token of another account of the workspace, a member of these projects only."""
    service, workspace = site.huly.service, site.huly.workspace
    account = service.accounts.sign_up(email="narrow@example.com", password="narrow", first_name="N", last_name="A")
    workspace.members[account.uuid] = "USER"
    service.desk(workspace).ensure_employee(account)
    for project in projects:
        site.huly.add_member(project, "narrow@example.com")
    return str(service.accounts.token(account, workspace))


def edit_in_huly(site: Site, project: str) -> None:
    issue = site.huly.issues(project)[0]
    site.huly.edit_issue(issue.id, title=f"{issue.title} by Huly")


async def test_a_token_that_sees_the_issues_of_one_project_only(site):
    """The other project is refused as a whole, with a way out; the first one goes on."""
    site.more[HULY] = {"token": narrower_token(site, "P0"), "join_projects": False}
    edit_in_huly(site, "P0")
    edit_in_huly(site, "P1")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not before.gone_in(after, VIBE)
    assert len(after.different()) == 2, "the project that is seen goes on, the other one waits"
    await nothing_doubtful_is_hidden(site)
    site.more[HULY] = {}
    await site.settle()
    await all_is_well(site)


@pytest.mark.parametrize("seen", [["P0"], []])
async def test_a_token_that_does_not_see_private_projects(site, seen):
    """Projects that are hidden look deleted; nothing follows for their tasks, and they go on when they are seen again."""
    for project in ("P0", "P1"):
        site.huly.edit_project(project, private=True)
    site.more[HULY] = {"token": narrower_token(site, *seen), "join_projects": False}
    edit_in_huly(site, "P1")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    assert not before.gone_in(after, VIBE)
    await nothing_doubtful_is_hidden(site)
    site.more[HULY] = {}
    await site.settle()
    await all_is_well(site)


@pytest.mark.parametrize("rejoins", [True, False])
async def test_the_membership_in_a_project_is_lost(site, rejoins):
    """It joins again where it may; where not, the project waits, with the reason."""
    site.more[HULY] = {"join_projects": rejoins}
    site.huly.remove_member("P0")
    edit_in_huly(site, "P0")
    before = await site.look()
    await site.settle()
    after = await site.look()
    nothing_was_destroyed(before, after)
    await nothing_doubtful_is_hidden(site)
    assert bool(after.different()) is not rejoins
    if not rejoins:
        site.huly.add_member("P0")
        await site.settle()
    await all_is_well(site)


async def test_the_membership_in_the_workspace_is_lost(site):
    """Each pass says what to look at, and the first one that is let in again finishes."""
    async with site.running() as running:
        site.huly.revoke_membership()
        edit_in_huly(site, "P0")
        before = await site.look()
        report = await running.settle()
        assert "still a member of the workspace" in report.problems[0]
        nothing_was_destroyed(before, await site.look())
        await nothing_doubtful_is_hidden(site)
        site.huly.grant_membership()
        await running.let_in()
        await running.settle()
    await all_is_well(site)


@pytest.mark.parametrize("number", [5, 6, 19])
async def test_a_filter_hides_some_issues_of_a_project(site, number):
    """What looks like so many deletions waits for a person, or is as few as may go; all of it comes back with the filter."""
    async with NarrowView(site.huly.url) as view:
        site.more[HULY] = view.settings()
        await site.settle()
        view.hidden = {issue.id for issue in site.huly.issues("P0")[:number]}
        before = await site.look()
        await site.settle()
        after = await site.look()
        nothing_was_destroyed(before, after)
        assert len(before.gone_in(after, VIBE)) == (number if number <= LEAST else 0)
        if number > LEAST:
            assert len((await site.status())["held_plans"]) == 1
            await nothing_doubtful_is_hidden(site)
        view.hidden = set()
        await site.settle()
    await all_is_well(site)
    assert len((await site.look()).on(VIBE)) == len(before.on(VIBE))
