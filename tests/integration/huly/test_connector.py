"""The Huly connector against the sandbox: reading."""

import asyncio

import pytest
from tests.integration.huly.opened import HULY, opened, pages_of, records_of, revisions

from connectors.huly.sandbox import Fault, HulySandbox
from syncengine.connector import ROOT, ContainerId, FieldValues, RecordId, RecordRef, Unchanged
from syncengine.errors import (
    AuthenticationFailed,
    ContainerRefused,
    RateLimited,
    RecordNotFound,
    RemoteBusy,
    Unreachable,
)


@pytest.fixture
async def sandbox():
    """A server with one workspace."""
    async with HulySandbox() as running:
        yield running


@pytest.fixture
def project(sandbox):
    """A project the connector is a member of."""
    return sandbox.create_project("Mobile", "MOB", "For phones\nPath: /srv/mobile")


async def test_discover_names_the_root_and_every_project_in_use(sandbox, project):
    """In one request; archived ones are no containers."""
    old = sandbox.create_project("Old", "OLD")
    sandbox.edit_project(old.id, archived=True)
    async with opened(sandbox) as connector:
        sandbox.requests.reset()
        containers = await connector.discover()

    assert [(it.container_id, it.kind, it.title) for it in containers] == [
        (ROOT, "project", "projects"),
        (project.id, "issue", "Mobile"),
    ]
    assert len(sandbox.requests.seen) == 1


async def test_only_the_projects_in_the_settings_are_there(sandbox, project):
    """Neither as containers nor as records, and none is joined."""
    other = sandbox.create_project("Other", "OTHER", members=[])
    async with opened(sandbox, projects=("MOB",)) as connector:
        assert [it.container_id for it in await connector.discover()] == [ROOT, project.id]
        assert [it.label for it in await records_of(connector, ROOT)] == ["MOB"]
    assert next(it for it in sandbox.projects() if it.id == other.id).members == ()


async def test_projects_are_records_of_the_root(sandbox, project):
    """Plain text, with the identifier as label."""
    async with opened(sandbox) as connector:
        (record,) = await records_of(connector, ROOT)
        assert await connector.fetch(record.ref) == record

    assert record.fields == {"name": "Mobile", "description": "For phones\nPath: /srv/mobile", "identifier": "MOB"}
    assert (record.ref, record.label) == (RecordRef(HULY, ROOT, RecordId(project.id)), "MOB")


async def test_an_archived_project_stays_listed_for_whoever_knows_it(sandbox, project):
    """It was not deleted."""
    async with opened(sandbox) as connector:
        known = revisions(await records_of(connector, ROOT))
        sandbox.edit_project(project.id, archived=True)
        (page,) = await pages_of(connector, ROOT, known)
        assert page.changes == (Unchanged(RecordId(project.id)),)
        assert await records_of(connector, ROOT) == []


async def test_issues_are_listed_whole(sandbox, project):
    """Title, text and status; sub-issues like the others; the fields the server strips are there."""
    parent = sandbox.create_issue(project.id, "Boiler leaks", "first line", status="In Progress")
    sandbox.create_issue(project.id, "Call the plumber", parent=parent.id)
    async with opened(sandbox) as connector:
        records = await records_of(connector, project.id)

    assert sorted((it.label, it.fields["title"], it.fields["description"], it.fields["status"]) for it in records) == [
        ("MOB-1", "Boiler leaks", "first line", "in_progress"),
        ("MOB-2", "Call the plumber", "", "backlog"),
    ]
    assert all(it.ref.container == project.id for it in records)


async def test_a_listing_without_changes_is_one_request(sandbox, project):
    """However many issues have a text."""
    for number in range(30):
        sandbox.create_issue(project.id, f"Issue {number}", f"text {number}")
    async with opened(sandbox) as connector:
        await connector.discover()
        known = revisions(await records_of(connector, project.id))
        for _ in range(3):
            sandbox.requests.reset()
            pages = await pages_of(connector, project.id, known)
            assert sandbox.requests.operations() == {"find-all tracker:class:Issue": 1}
            assert {change for page in pages for change in page.changes} == {Unchanged(it) for it in known}
            assert pages[-1].complete


async def test_only_texts_of_changed_issues_are_read(sandbox, project):
    """A comment or a status moves no text; an edit of the text does."""
    issues = [sandbox.create_issue(project.id, f"Issue {number}", "text") for number in range(5)]
    async with opened(sandbox) as connector:
        known = revisions(await records_of(connector, project.id))
        sandbox.set_description(issues[1].id, "other text")
        sandbox.edit_issue(issues[2].id, status="Done")
        sandbox.edit_issue(issues[3].id, priority=2)
        sandbox.requests.reset()
        (page,) = await pages_of(connector, project.id, known)

    changed = {it.ref.record_id: it.fields for it in page.changes if not isinstance(it, Unchanged)}
    assert {key: (it["description"], it["status"]) for key, it in changed.items()} == {
        issues[1].id: ("other text", "backlog"),
        issues[2].id: ("text", "done"),
    }
    assert sandbox.requests.operations()["rich text getContent"] == 2


async def test_long_listings_come_in_pages(sandbox, project):
    """Only the last one says that it is complete; all carry the time before the request."""
    for number in range(120):
        sandbox.create_issue(project.id, f"Issue {number}", f"text {number}" if number % 2 else None)
    async with opened(sandbox) as connector:
        pages = await pages_of(connector, project.id)

    assert [len(page.changes) for page in pages] == [50, 50, 20]
    assert [page.complete for page in pages] == [False, False, True]
    assert len({page.taken_at for page in pages}) == 1


async def test_an_empty_project_is_listed_as_empty(sandbox, project):
    """In one complete page and one request."""
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.requests.reset()
        (page,) = await pages_of(connector, project.id)
    assert (page.changes, page.complete) == ((), True)
    assert len(sandbox.requests.seen) == 1


async def test_projects_are_joined_because_huly_hides_their_issues_otherwise(sandbox):
    """Once; the next discovery is one request again (observed 13)."""
    project = sandbox.create_project("Mobile", "MOB", members=[])
    sandbox.create_issue(project.id, "Hidden", "text")
    async with opened(sandbox) as connector:
        await connector.discover()
        assert sandbox.account.uuid in sandbox.projects()[0].members
        assert [it.fields["title"] for it in await records_of(connector, project.id)] == ["Hidden"]
        sandbox.requests.reset()
        await connector.discover()
    assert len(sandbox.requests.seen) == 1


async def test_b24_a_project_we_are_not_in_never_looks_empty(sandbox):
    """Without leave to join, listing, fetching and searching are refused with both ways out, and nothing is changed."""
    project = sandbox.create_project("Mobile", "MOB", members=[])
    issue = sandbox.create_issue(project.id, "Hidden")
    async with opened(sandbox, join_projects=False) as connector:
        assert [it.container_id for it in await connector.discover()] == [ROOT, project.id]
        with pytest.raises(ContainerRefused, match=r"no member of project MOB \(Mobile\).*members.*join_projects = true"):
            await pages_of(connector, project.id)
        with pytest.raises(ContainerRefused):
            await connector.fetch(RecordRef(HULY, ContainerId(project.id), RecordId(issue.id)))
    assert sandbox.requests.writes == 0


@pytest.mark.parametrize(("join", "error"), [(False, ContainerRefused), (True, RemoteBusy)])
async def test_a_membership_lost_since_discovery_never_looks_empty(sandbox, project, join, error):
    """Huly answers an empty list without an error then; with leave to join, the next try sees everything again."""
    issue = sandbox.create_issue(project.id, "Seen", "text")
    async with opened(sandbox, join_projects=join) as connector:
        await connector.discover()
        known = revisions(await records_of(connector, project.id))
        sandbox.remove_member(project.id)
        with pytest.raises(error):
            await pages_of(connector, project.id, known)
        if join:
            assert [it.ref.record_id for it in await records_of(connector, project.id)] == [issue.id]


async def test_a_deleted_issue_is_gone_for_certain(sandbox, project):
    """None only after the project was seen to be readable."""
    issue = sandbox.create_issue(project.id, "Gone soon")
    ref = RecordRef(HULY, ContainerId(project.id), RecordId(issue.id))
    async with opened(sandbox) as connector:
        assert (await connector.fetch(ref)).label == "MOB-1"
        sandbox.remove_issue(issue.id)
        assert await connector.fetch(ref) is None


async def test_issues_of_a_deleted_project_are_gone_for_certain(sandbox, project):
    """The tombstone of the project is the proof (surprise 12)."""
    issue = sandbox.create_issue(project.id, "Gone soon")
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.remove_project(project.id)
        assert await connector.fetch(RecordRef(HULY, ContainerId(project.id), RecordId(issue.id))) is None
        assert await connector.fetch(RecordRef(HULY, ROOT, RecordId(project.id))) is None


async def test_a_project_that_became_private_without_us_proves_nothing(sandbox, project):
    """Its issues are hidden, not deleted."""
    issue = sandbox.create_issue(project.id, "Secret")
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.edit_project(project.id, private=True)
        sandbox.remove_member(project.id)
        with pytest.raises(RecordNotFound, match="private"):
            await connector.fetch(RecordRef(HULY, ContainerId(project.id), RecordId(issue.id)))


async def test_a_moved_issue_is_no_longer_in_its_project(sandbox, project):
    """It keeps its id and shows up in the other one."""
    other = sandbox.create_project("Other", "OTHER")
    issue = sandbox.create_issue(project.id, "Wanders")
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.edit_issue(issue.id, space=other.id)
        assert await connector.fetch(RecordRef(HULY, ContainerId(project.id), RecordId(issue.id))) is None
        assert [it.ref.record_id for it in await records_of(connector, other.id)] == [issue.id]


async def test_a_container_that_never_was(sandbox, project):
    """An error, never an empty page."""
    async with opened(sandbox) as connector:
        with pytest.raises(RecordNotFound):
            await pages_of(connector, "0" * 24)


async def test_a_status_made_meanwhile_is_learned(sandbox, project):
    """By its name or category, without opening the connector again; one that never existed is asked for once."""
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.add_status("In Review")
        sandbox.create_issue(project.id, "Under review", status="In Review")
        assert [it.fields["status"] for it in await records_of(connector, project.id)] == ["in_review"]
        broken = sandbox.create_issue(project.id, "Broken")
        sandbox.store.find("tracker:class:Issue", broken.id)["status"] = "nonexistent:status"
        await records_of(connector, project.id)
        sandbox.requests.reset()
        fields = [it.fields for it in await records_of(connector, project.id)]
    assert sorted(it["status"] for it in fields) == ["backlog", "in_review"]
    assert sandbox.requests.operations() == {"find-all tracker:class:Issue": 1}


async def test_a_type_of_projects_made_meanwhile_is_learned(sandbox, project):
    """With its own kind of issues and their statuses; one that never existed is asked for once."""
    async with opened(sandbox) as connector:
        model = sandbox.store.domain("model")
        model["bugs"] = model["tracker:ids:ClassingProjectType"] | {"_id": "bugs", "tasks": ["bug"]}
        kind = {"_id": "bug", "parent": "bugs", "statuses": ["tracker:status:Done"]}
        model["bug"] = model["tracker:taskTypes:Issue"] | kind
        sandbox.edit_project(project.id, type="bugs")
        await connector.discover()
        assert connector.as_stored(ContainerId(project.id), FieldValues(status="todo")) == {"status": "done"}

        sandbox.edit_project(project.id, type="nonexistent")
        await connector.discover()
        sandbox.requests.reset()
        await connector.discover()
    assert len(sandbox.requests.seen) == 1


async def test_changed_meaning_of_a_status_is_read_again(sandbox, project):
    """The revision of an issue moves when `statuses` in the settings does."""
    sandbox.create_issue(project.id, "A", status="Todo")
    async with opened(sandbox) as connector:
        known = revisions(await records_of(connector, project.id))
    async with opened(sandbox, statuses={"Todo": "in_review"}) as connector:
        (page,) = await pages_of(connector, project.id, known)
    assert [it.fields["status"] for it in page.changes] == ["in_review"]


async def test_a_rate_limit_says_how_long_to_wait(sandbox, project):
    """In milliseconds."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="status", status=429, retry_after_ms=5432, path="/find-all/"))
        with pytest.raises(RateLimited) as refusal:
            await connector.discover()
    assert refusal.value.retry_after_s == pytest.approx(5.432)


async def test_a_connection_dropped_once_is_not_noticed_by_a_read(sandbox, project):
    """Servers close idle connections (observed 7); twice is trouble."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="drop", path="/find-all/"))
        assert len(await connector.discover()) == 2
        sandbox.faults.add(Fault(kind="drop", path="/find-all/", times=2))
        with pytest.raises(Unreachable):
            await connector.discover()


async def test_an_idle_connection_is_not_used_again(sandbox, project):
    """The pool forgets it before the server does."""
    from syncengine.http import KEEP_ALIVE_S

    assert sandbox.settings.keep_alive_s > KEEP_ALIVE_S


async def test_a_failed_text_fails_the_whole_listing(sandbox, project):
    """Half a listing would look like deletions."""
    for number in range(8):
        sandbox.create_issue(project.id, f"Issue {number}", "text")
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="status", status=503, path="/_collaborator/", skip=3))
        with pytest.raises(RemoteBusy):
            await pages_of(connector, project.id)


async def test_an_ended_session_is_renewed_without_a_word(sandbox, project):
    """All tokens became invalid: one more login, whatever number of calls found out."""
    for number in range(8):
        sandbox.create_issue(project.id, f"Issue {number}", "text")
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.service.directory.secret = "another secret"
        sandbox.requests.reset()
        assert len(await records_of(connector, project.id)) == 8
        assert sandbox.requests.operations()["account login"] == 1
        assert len(await connector.discover()) == 2
        assert sandbox.requests.operations()["account login"] == 1


async def test_a_session_that_ends_before_a_text_is_read_is_renewed_too(sandbox, project):
    """The collaborator says so with 401."""
    issue = sandbox.create_issue(project.id, "A", "text")
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="delay", delay_s=0.2, path="/_collaborator/"))
        reading = asyncio.ensure_future(connector.fetch(RecordRef(HULY, ContainerId(project.id), RecordId(issue.id))))
        while not sandbox.faults.hits:
            await asyncio.sleep(0.01)
        sandbox.service.directory.secret = "another secret"
        assert (await reading).fields["description"] == "text"


async def test_an_ended_token_is_not_replaced(sandbox, project):
    """Nobody gave us a password."""
    async with opened(sandbox, email="", password="", token=sandbox.token) as connector:
        sandbox.service.directory.secret = "another secret"
        with pytest.raises(AuthenticationFailed, match="fresh one"):
            await connector.discover()
    assert "account login" not in sandbox.requests.operations()


async def test_a_removed_account_is_passing_trouble_first(sandbox, project):
    """Huly says "upgrading" to it, as it does while it upgrades."""
    async with opened(sandbox) as connector:
        sandbox.revoke_membership()
        with pytest.raises(RemoteBusy, match="still a member"):
            await connector.discover()
