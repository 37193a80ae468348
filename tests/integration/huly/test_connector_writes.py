"""The Huly connector against the sandbox: making and changing records."""

import asyncio
import json

import pytest
from tests.integration.huly.opened import HULY, KEY, OTHER_KEY, opened, pages_of, records_of, revisions
from tests.unit.huly.documents import corpus

from connectors.huly.rich_text import normal_markdown
from connectors.huly.rich_text.markup import doc, node, paragraph, text
from connectors.huly.sandbox import Fault, HulySandbox, SandboxSettings
from syncengine.connector import NO_FIELDS, ROOT, ContainerId, FieldValues, RecordId, RecordRef
from syncengine.errors import (
    ContainerRefused,
    EndpointGone,
    OutcomeUnknown,
    RateLimited,
    RecordInvalid,
    RecordNotFound,
    RemoteBusy,
    StaleRevision,
)

ISSUE = FieldValues(title="Boiler leaks", description="# Where\n\n- below\n- behind", status="in_progress")

MENTION = json.dumps(
    doc(
        [
            paragraph(
                [
                    text("Ask "),
                    node("reference", (), {"id": "1", "objectclass": "contact:class:Person", "label": "Jane"}),
                ]
            )
        ]
    )
)


@pytest.fixture
async def sandbox():
    """A server with one workspace."""
    async with HulySandbox() as running:
        yield running


@pytest.fixture
def project(sandbox):
    """A project the connector is a member of."""
    return sandbox.create_project("Mobile", "MOB")


def ref_of(issue):
    """Where an issue of the sandbox is."""
    return RecordRef(HULY, ContainerId(issue.project), RecordId(issue.id))


# Issues: create.


async def test_a_created_issue_is_as_the_web_application_makes_it(sandbox, project):
    """Numbered by the server, at the top of the project, with its text in the collaborator; and it is answered whole."""
    sandbox.create_issue(project.id, "First")
    async with opened(sandbox) as connector:
        record = await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert record.ref.record_id == connector.record_id_for(ContainerId(project.id), KEY)
        assert record.fields == connector.as_stored(ContainerId(project.id), ISSUE)
        assert await records_of(connector, project.id) != []
        assert record in await records_of(connector, project.id)

    seen = sandbox.issue("MOB-2")
    assert (seen.id, seen.title, seen.status, seen.parent) == (record.ref.record_id, "Boiler leaks", "In Progress", None)
    assert record.label == "MOB-2"
    stored = sandbox.store.find("tracker:class:Issue", seen.id)
    assert stored["rank"] > sandbox.store.find("tracker:class:Issue", sandbox.issue("MOB-1").id)["rank"]
    assert stored["attachedTo"] == "tracker:ids:NoParent"


async def test_a_created_issue_is_known_by_the_next_listing(sandbox, project):
    """Its revision is the one that a listing computes."""
    async with opened(sandbox) as connector:
        record = await connector.create(ContainerId(project.id), KEY, ISSUE)
        sandbox.settle()
        sandbox.requests.reset()
        await pages_of(connector, project.id, revisions([record]))
    assert sandbox.requests.operations() == {"find-all tracker:class:Issue": 1}


async def test_without_a_status_the_project_decides(sandbox, project):
    """Its default, and nothing else is needed but a title."""
    async with opened(sandbox) as connector:
        record = await connector.create(ContainerId(project.id), KEY, FieldValues(title="Bare"))
    assert record.fields == {"title": "Bare", "description": "", "status": "backlog"}


async def test_creating_twice_makes_one_issue(sandbox, project):
    """The second call answers the first one's issue, as it is by then."""
    async with opened(sandbox) as connector:
        first = await connector.create(ContainerId(project.id), KEY, ISSUE)
        sandbox.edit_issue(first.ref.record_id, title="Renamed by a person")
        second = await connector.create(ContainerId(project.id), KEY, ISSUE)
        other = await connector.create(ContainerId(project.id), OTHER_KEY, ISSUE)

    assert second.ref == first.ref
    assert second.fields["title"] == "Renamed by a person"
    assert other.ref != first.ref
    assert len(sandbox.issues()) == 2


@pytest.mark.parametrize("description", ["The new words.", ""])
async def test_an_issue_that_is_made_anew_shows_no_text_of_its_past(sandbox, project, description):
    """Somebody read the snapshot of the deleted issue, which opened its text again under the id that both have."""
    async with opened(sandbox) as connector:
        first = await connector.create(ContainerId(project.id), KEY, FieldValues(title="Sink", description="Old words."))
        old = await connector._issues.find(first.ref.record_id)
        sandbox.remove_issue(first.ref.record_id)
        await connector._workspace.collaborator.read_text(old.record_id, old.description)
        again = await connector.create(ContainerId(project.id), KEY, FieldValues(title="Sink", description=description))
        assert again.ref == first.ref
        assert again.fields["description"] == description
        assert await connector.fetch(again.ref) == again


async def test_creating_side_by_side_makes_one_issue(sandbox, project):
    """Twelve at once, and all are answered with it."""
    async with opened(sandbox) as connector:
        made = await asyncio.gather(
            *(connector.create(ContainerId(project.id), KEY, FieldValues(title="Once")) for _ in range(12))
        )
    assert len(sandbox.issues()) == 1
    assert {record.ref.record_id for record in made} == {sandbox.issues()[0].id}


async def test_a_lost_answer_leaves_the_outcome_unknown_and_the_issue_can_be_found(sandbox, project):
    """The call is not repeated; looking settles it."""
    async with opened(sandbox) as connector:
        assert await connector.find_by_key(ContainerId(project.id), KEY, ISSUE) == ()
        sandbox.faults.add(Fault(kind="drop", after_effect=True, body="TxCreateDoc"))
        with pytest.raises(OutcomeUnknown):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert sandbox.requests.operations()["tx group TxCreateDoc tracker:class:Issue"] == 1
        (found,) = await connector.find_by_key(ContainerId(project.id), KEY, ISSUE)
        assert await connector.create(ContainerId(project.id), KEY, ISSUE) == found
    assert len(sandbox.issues()) == 1


async def test_a_request_lost_on_its_way_is_unknown_too(sandbox, project):
    """We cannot tell it from the other case; looking shows that nothing is there."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="drop", body="TxCreateDoc"))
        with pytest.raises(OutcomeUnknown):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert await connector.find_by_key(ContainerId(project.id), KEY, ISSUE) == ()
    assert sandbox.issues() == []


async def test_an_error_after_the_commit_is_unknown(sandbox, project):
    """A 500 proves nothing about a write."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="status", after_effect=True, body="TxCreateDoc"))
        with pytest.raises(OutcomeUnknown, match="Workspace is closing"):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert len(await connector.find_by_key(ContainerId(project.id), KEY, ISSUE)) == 1


async def test_an_answer_that_takes_too_long_is_unknown(sandbox, project):
    """A timeout does not mean "not applied" (observed 27)."""
    async with opened(sandbox, timeout_s=0.5) as connector:
        sandbox.faults.add(Fault(kind="delay", delay_s=5, after_effect=True, body="TxCreateDoc"))
        with pytest.raises(OutcomeUnknown):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert len(await connector.find_by_key(ContainerId(project.id), KEY, ISSUE)) == 1


@pytest.mark.parametrize("body", ["$inc", "createContent"])
async def test_what_is_lost_before_the_create_is_certainly_not_done(sandbox, project, body):
    """A number or a snapshot without its issue is nothing to anybody."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="status", status=503, body=body))
        with pytest.raises(RemoteBusy):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert sandbox.issues() == []
        record = await connector.create(ContainerId(project.id), KEY, ISSUE)
    assert record.fields["description"] == ISSUE["description"]


async def test_a_rate_limited_write_was_not_done(sandbox, project):
    """It may be sent again after the wait."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="status", status=429, retry_after_ms=700, body="TxCreateDoc"))
        with pytest.raises(RateLimited) as refusal:
            await connector.create(ContainerId(project.id), KEY, ISSUE)
    assert refusal.value.retry_after_s == pytest.approx(0.7)
    assert sandbox.issues() == []


async def test_a_web_page_in_answer_to_a_write(sandbox, project):
    """The proxy lost the transactor; said as such."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="html", body="TxCreateDoc"))
        with pytest.raises(EndpointGone, match="transactor_url"):
            await connector.create(ContainerId(project.id), KEY, ISSUE)


async def test_an_issue_hidden_from_us_is_not_doubled(sandbox, project):
    """We lost membership since the project was read: the condition sees nothing, the key refuses (observed 16)."""
    async with opened(sandbox) as connector:
        await connector.create(ContainerId(project.id), KEY, ISSUE)
        sandbox.settle()
        sandbox.remove_member(project.id)
        with pytest.raises(OutcomeUnknown, match="still a member"):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
    assert len(sandbox.issues()) == 1


async def test_a_project_is_joined_before_an_issue_is_made_in_it(sandbox):
    """Also when nobody has asked for the projects yet."""
    project = sandbox.create_project("Mobile", "MOB", members=[])
    async with opened(sandbox) as connector:
        record = await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert await connector.fetch(record.ref) == record


async def test_no_issue_is_made_where_we_could_not_see_it(sandbox):
    """Huly would store it all the same (observed 15)."""
    project = sandbox.create_project("Mobile", "MOB", members=[])
    async with opened(sandbox, join_projects=False) as connector:
        with pytest.raises(ContainerRefused):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
    assert sandbox.requests.writes == 0


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        (FieldValues(title="A", status="finished"), "no status 'finished'; the words are backlog, todo"),
        (FieldValues(title="A", colour="red"), "has no colour"),
        (FieldValues(title="A", description="x" * (10 * 1024 * 1024)), r"10,4\d\d,\d\d\d bytes and Huly takes 10,485,760"),
    ],
)
async def test_values_that_huly_cannot_take_are_refused_before_anything_is_sent(sandbox, project, fields, part):
    """With what to do about it."""
    async with opened(sandbox) as connector:
        with pytest.raises(RecordInvalid, match=part):
            await connector.create(ContainerId(project.id), KEY, fields)
    assert sandbox.requests.writes == 0


async def test_older_servers_get_the_place_of_an_issue_from_us():
    """Before 0.7.411 an empty one stayed empty."""
    async with HulySandbox(settings=SandboxSettings(version="0.7.302")) as older:
        project = older.create_project("Mobile", "MOB")
        async with opened(older) as connector:
            record = await connector.create(ContainerId(project.id), KEY, ISSUE)
        assert older.store.find("tracker:class:Issue", record.ref.record_id)["rank"] == "0|hzzzzz:"


async def test_texts_come_back_from_the_server_as_foretold(sandbox, project):
    """Recorded Markdown of all kinds, through the server and back."""
    wanted = [sample["markdown"] for sample in corpus("markdown")][::7]
    async with opened(sandbox) as connector:
        for number, markdown in enumerate(wanted):
            key = f"{number:032x}"
            record = await connector.create(ContainerId(project.id), key, FieldValues(title="T", description=markdown))
            assert record.fields["description"] == normal_markdown(markdown)


async def test_a_new_identity_of_ours_is_learned(sandbox, project):
    """The write that found out was refused whole (observed 8), and the next one is signed with it."""
    async with opened(sandbox) as connector:
        sandbox.account.huly_id = "another"
        with pytest.raises(RemoteBusy, match="author"):
            await connector.create(ContainerId(project.id), KEY, ISSUE)
        record = await connector.create(ContainerId(project.id), KEY, ISSUE)
    assert sandbox.store.find("tracker:class:Issue", record.ref.record_id)["createdBy"] == "another"


# Issues: update.


async def test_an_update_sets_its_fields_and_answers_the_whole_issue(sandbox, project):
    """Title, status and text in one call."""
    issue = sandbox.create_issue(project.id, "Old", "old text", status="Todo")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        patch = FieldValues(title=" New ", description="new *text*", status="done")
        record = await connector.update(before.ref, patch, expected=before.fields)
        assert record == await connector.fetch(before.ref)

    assert record.fields == {"title": "New", "description": "new *text*", "status": "done"}
    assert record.revision != before.revision
    assert (sandbox.issue(issue.id).title, sandbox.issue(issue.id).status) == ("New", "Done")


@pytest.mark.parametrize(
    "patch", [FieldValues(title="New"), FieldValues(status="done"), FieldValues(description="new text")]
)
async def test_an_update_leaves_other_fields_alone(sandbox, project, patch):
    """Also those that a person changes meanwhile."""
    issue = sandbox.create_issue(project.id, "Old", "old text", status="Todo")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.edit_issue(issue.id, priority=1)
        record = await connector.update(before.ref, patch, expected=before.fields.only(patch))
    assert record.fields == before.fields | patch
    assert sandbox.store.find("tracker:class:Issue", issue.id)["priority"] == 1


@pytest.mark.parametrize(
    ("edit", "patch"),
    [
        ({"title": "A person's"}, FieldValues(title="Ours")),
        ({"status": "Done"}, FieldValues(status="cancelled")),
        ({"description": "a person's"}, FieldValues(description="ours")),
    ],
)
async def test_an_edit_of_a_person_is_never_overwritten(sandbox, project, edit, patch):
    """Nothing is written at all, not even the fields that would fit."""
    issue = sandbox.create_issue(project.id, "Old", "old text", status="Todo")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        if "description" in edit:
            sandbox.set_description(issue.id, edit["description"])
        else:
            sandbox.edit_issue(issue.id, **edit)
        sandbox.settle()  # the server's own late steps touch the time of the last change
        seen = sandbox.issue(issue.id)
        sandbox.requests.reset()
        with pytest.raises(StaleRevision, match=f"{next(iter(patch))} of MOB-1 changed meanwhile"):
            await connector.update(before.ref, patch, expected=before.fields)
    assert sandbox.requests.writes == 0
    assert sandbox.issue(issue.id) == seen


async def test_an_edit_between_our_look_and_our_write_is_refused_by_the_server(sandbox, project):
    """The condition holds the old values of the fields being written (observed 21)."""
    issue = sandbox.create_issue(project.id, "Old", "text", status="Todo")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.faults.add(Fault(kind="delay", delay_s=0.3, path="/api/v1/tx/"))
        writing = asyncio.ensure_future(connector.update(before.ref, FieldValues(title="Ours"), expected=before.fields))
        while not sandbox.faults.hits:
            await asyncio.sleep(0.01)
        sandbox.edit_issue(issue.id, title="A person's")
        with pytest.raises(StaleRevision, match="somebody else"):
            await writing
    assert sandbox.issue(issue.id).title == "A person's"


async def test_of_two_writers_one_wins(sandbox, project):
    """The other one is told to look again."""
    issue = sandbox.create_issue(project.id, "Old")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        results = await asyncio.gather(
            *(
                connector.update(before.ref, FieldValues(title=f"Writer {number}"), expected=before.fields)
                for number in range(4)
            ),
            return_exceptions=True,
        )
    won = [result for result in results if not isinstance(result, Exception)]
    assert [type(result) for result in results].count(StaleRevision) == 3
    assert [it.fields["title"] for it in won] == [sandbox.issue(issue.id).title]


async def test_a_status_that_means_the_same_is_kept(sandbox, project):
    """A person's "Doing" stays, whatever the first status with that word is."""
    sandbox.add_status("Doing")
    issue = sandbox.create_issue(project.id, "A", status="Doing")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.requests.reset()
        record = await connector.update(before.ref, FieldValues(status="in_progress", title="A"), expected=before.fields)
    assert record.fields["status"] == "in_progress"
    assert sandbox.issue(issue.id).status == "Doing"
    assert sandbox.requests.writes == 0


async def test_b2_the_status_that_was_stored_is_answered_not_the_wish(sandbox, project):
    """There is no review in the stock type."""
    issue = sandbox.create_issue(project.id, "A", status="Todo")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        patch = FieldValues(status="in_review")
        record = await connector.update(before.ref, patch, expected=before.fields)
        assert record.fields["status"] == "in_progress"
        assert record.fields["status"] == connector.as_stored(ContainerId(project.id), patch)["status"]


async def test_an_equal_text_is_not_written_again(sandbox, project):
    """Huly would move its time stamp and tell everybody (surprise 8)."""
    issue = sandbox.create_issue(project.id, "A", "one\n\ntwo")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.requests.reset()
        await connector.update(before.ref, FieldValues(description="one\n\n\ntwo\n"), expected=before.fields)
    assert sandbox.requests.writes == 0


async def test_a_text_can_be_taken_away(sandbox, project):
    """Also from an issue that nobody has opened since (surprise 7)."""
    issue = sandbox.create_issue(project.id, "A", "text")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.store.live.clear()
        record = await connector.update(before.ref, FieldValues(description=""), expected=before.fields)
        assert record.fields["description"] == ""
    assert sandbox.issue(issue.id).text == ""


async def test_an_issue_without_a_text_gets_one(sandbox, project):
    """Its field was null."""
    issue = sandbox.create_issue(project.id, "A")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        record = await connector.update(before.ref, FieldValues(description="first text"), expected=before.fields)
    assert record.fields["description"] == "first text"
    assert sandbox.issue(issue.id).text == "first text"


async def test_a_text_that_markdown_cannot_hold_is_shown_and_never_written_over(sandbox, project):
    """The message names the issue and what would be lost; nothing is written, not even the title beside it."""
    issue = sandbox.create_issue(project.id, "A", MENTION)
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        assert before.fields["description"] == "Ask @Jane"
        sandbox.requests.reset()
        with pytest.raises(RecordInvalid, match=r"description of MOB-1 in Huly holds mentions.*would be lost.*in Huly"):
            await connector.update(
                before.ref, FieldValues(description="Ask @Jane again", title="B"), expected=before.fields
            )
        assert sandbox.requests.writes == 0
        record = await connector.update(before.ref, FieldValues(title="B"), expected=before.fields)
    assert record.fields["title"] == "B"
    assert json.loads(sandbox.issue(issue.id).description) == json.loads(MENTION)


async def test_a_text_that_grows_too_large_is_refused_before_anything_is_written(sandbox, project):
    """The title beside it stays as well."""
    issue = sandbox.create_issue(project.id, "A", "text")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        patch = FieldValues(title="B", description="x" * (10 * 1024 * 1024))
        with pytest.raises(RecordInvalid, match="MOB-1 needs a request of"):
            await connector.update(before.ref, patch, expected=before.fields)
    assert sandbox.issue(issue.id).title == "A"
    assert sandbox.requests.writes == 0


async def test_an_update_of_an_issue_that_is_gone(sandbox, project):
    """Deleted or moved: said as such."""
    gone, moved = sandbox.create_issue(project.id, "Gone"), sandbox.create_issue(project.id, "Moved")
    other = sandbox.create_project("Other", "OTHER")
    async with opened(sandbox) as connector:
        await connector.discover()
        sandbox.remove_issue(gone.id)
        sandbox.edit_issue(moved.id, space=other.id)
        with pytest.raises(RecordNotFound, match="deleted"):
            await connector.update(ref_of(gone), FieldValues(title="B"), expected=NO_FIELDS)
        with pytest.raises(RecordNotFound, match="another project"):
            await connector.update(ref_of(moved), FieldValues(title="B"), expected=NO_FIELDS)


@pytest.mark.parametrize("body", ["TxUpdateDoc", "updateContent"])
@pytest.mark.parametrize("after_effect", [True, False])
async def test_a_lost_answer_to_an_update_leaves_its_outcome_unknown(sandbox, project, body, after_effect):
    """Looking tells, and it was sent once."""
    issue = sandbox.create_issue(project.id, "Old", "old text")
    patch = FieldValues(title="New") if body == "TxUpdateDoc" else FieldValues(description="new text")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.requests.reset()
        sandbox.faults.add(Fault(kind="drop", after_effect=after_effect, body=body))
        with pytest.raises(OutcomeUnknown):
            await connector.update(before.ref, patch, expected=before.fields)
        assert sandbox.requests.writes == 1
        now = await connector.fetch(before.ref)
    assert now.fields == (before.fields | patch if after_effect else before.fields)


async def test_an_update_done_in_part_is_not_said_to_be_undone(sandbox, project):
    """The title was written when the collaborator could not be reached."""
    issue = sandbox.create_issue(project.id, "Old", "old text")
    async with opened(sandbox) as connector:
        before = await connector.fetch(ref_of(issue))
        sandbox.faults.add(Fault(kind="status", status=429, body="updateContent"))
        with pytest.raises(OutcomeUnknown, match="title or status were written"):
            await connector.update(before.ref, FieldValues(title="New", description="new"), expected=before.fields)
    assert sandbox.issue(issue.id).title == "New"


async def test_nothing_is_deleted(sandbox, project):
    """This version leaves deleting to people."""
    issue = sandbox.create_issue(project.id, "Stays")
    async with opened(sandbox) as connector:
        assert not any(schema.can_delete for schema in connector.capabilities.schemas)
        with pytest.raises(RecordInvalid):
            await connector.delete(ref_of(issue), expected=NO_FIELDS)
    assert len(sandbox.issues()) == 1


# Projects.


async def test_a_created_project_belongs_to_us_and_takes_issues(sandbox):
    """With an identifier made from its name; the second call answers the same project."""
    async with opened(sandbox) as connector:
        fields = FieldValues(name="Web shop", description="For the shop")
        record = await connector.create(ROOT, KEY, fields)
        assert await connector.create(ROOT, KEY, fields) == record
        assert record.ref.record_id == connector.record_id_for(ROOT, KEY)
        assert await connector.find_by_key(ROOT, KEY, fields) == (record,)
        assert [it.container_id for it in await connector.discover()] == [ROOT, record.ref.record_id]
        issue = await connector.create(ContainerId(record.ref.record_id), KEY, ISSUE)
        assert issue.label == "WEBSH-1"

    assert record.fields == {"name": "Web shop", "description": "For the shop", "identifier": "WEBSH"}
    (seen,) = sandbox.projects()
    assert (seen.id, seen.members, seen.private) == (record.ref.record_id, (sandbox.account.uuid,), False)
    assert "tracker:mixin:ClassicProjectTypeData" in sandbox.store.find("tracker:class:Project", seen.id)


async def test_identifiers_of_projects_are_new(sandbox, project):
    """Archived projects count; an identifier that was asked for is never replaced silently."""
    sandbox.edit_project(project.id, archived=True)
    async with opened(sandbox) as connector:
        made = await connector.create(ROOT, KEY, FieldValues(name="mob"))
        assert made.fields["identifier"] == "MOB2"
        with pytest.raises(RecordInvalid, match="identifier MOB already"):
            await connector.create(ROOT, OTHER_KEY, FieldValues(name="Other", identifier="mob"))


async def test_a_lost_answer_to_a_new_project_leaves_one(sandbox):
    """It is found by its key."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="drop", after_effect=True, body="TxCreateDoc"))
        with pytest.raises(OutcomeUnknown):
            await connector.create(ROOT, KEY, FieldValues(name="Once"))
        (found,) = await connector.find_by_key(ROOT, KEY, FieldValues(name="Once"))
        assert await connector.create(ROOT, KEY, FieldValues(name="Once")) == found
    assert len(sandbox.projects()) == 1


async def test_a_new_project_without_the_part_of_its_type_is_looked_at_again(sandbox):
    """It was made; what came after it failed."""
    async with opened(sandbox) as connector:
        sandbox.faults.add(Fault(kind="status", status=503, body="TxMixin"))
        with pytest.raises(OutcomeUnknown, match="was made, then"):
            await connector.create(ROOT, KEY, FieldValues(name="Once"))
        assert len(await connector.find_by_key(ROOT, KEY, NO_FIELDS)) == 1


async def test_a_project_needs_a_name(sandbox):
    """Of more than blanks."""
    async with opened(sandbox) as connector:
        with pytest.raises(RecordInvalid, match="needs a name"):
            await connector.create(ROOT, KEY, FieldValues(name=" \n"))


async def test_a_project_that_is_gone_cannot_be_updated(sandbox, project):
    """Said as such."""
    async with opened(sandbox) as connector:
        (before,) = await records_of(connector, ROOT)
        sandbox.remove_project(project.id)
        with pytest.raises(RecordNotFound):
            await connector.update(before.ref, FieldValues(name="New"), expected=before.fields)


async def test_a_project_is_updated_while_it_is_as_expected(sandbox, project):
    """Name and description; the identifier is what it is."""
    async with opened(sandbox) as connector:
        (before,) = await records_of(connector, ROOT)
        patch = FieldValues(name="Phones", description="new")
        record = await connector.update(before.ref, patch, expected=before.fields)
        assert record.fields == {"name": "Phones", "description": "new", "identifier": "MOB"}
        with pytest.raises(StaleRevision):
            await connector.update(before.ref, FieldValues(name="Third"), expected=before.fields)
        with pytest.raises(RecordInvalid, match="cannot be changed"):
            await connector.update(before.ref, FieldValues(identifier="X"), expected=NO_FIELDS)
    assert sandbox.projects()[0].name == "Phones"


async def test_an_edit_of_a_project_between_look_and_write_is_refused_by_the_server(sandbox, project):
    """As with issues."""
    async with opened(sandbox) as connector:
        (before,) = await records_of(connector, ROOT)
        sandbox.faults.add(Fault(kind="delay", delay_s=0.3, path="/api/v1/tx/"))
        writing = asyncio.ensure_future(connector.update(before.ref, FieldValues(name="Ours"), expected=before.fields))
        while not sandbox.faults.hits:
            await asyncio.sleep(0.01)
        sandbox.edit_project(project.id, name="A person's")
        with pytest.raises(StaleRevision):
            await writing
    assert sandbox.projects()[0].name == "A person's"


async def test_no_project_is_made_where_only_some_are_wanted(sandbox, project):
    """It would not be among those."""
    async with opened(sandbox, projects=("MOB",)) as connector:
        with pytest.raises(RecordInvalid, match="names the projects"):
            await connector.create(ROOT, KEY, FieldValues(name="New"))
    assert sandbox.requests.writes == 0


async def test_names_are_never_guessed(sandbox, project):
    """Two projects may have one name; the other side knows paths."""
    async with opened(sandbox) as connector:
        assert connector.natural_keys(ROOT, FieldValues(name="Mobile")) == ()
