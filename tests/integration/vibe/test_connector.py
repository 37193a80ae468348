"""The connector against the sandbox and the real server: the same tests must pass on both."""

import asyncio
from datetime import UTC, datetime

import orjson
import pytest

from connectors.vibe.client import MAX_BODY_BYTES
from connectors.vibe.marker import with_marker
from connectors.vibe.translate import new_task_body
from syncengine.connector import (
    NO_FIELDS,
    ROOT,
    Connector,
    ContainerId,
    EndpointName,
    FieldValues,
    RecordId,
    RecordRef,
    SyncKey,
)
from syncengine.errors import AmbiguousKey, RecordInvalid, RecordNotFound, StaleRevision

KEY = SyncKey("0123456789abcdef0123456789abcdef")
OTHER_KEY = SyncKey("f" * 32)
NOBODY = "00000000-0000-0000-0000-000000000002"


def ref(container, record_id):
    return RecordRef(EndpointName("vibe"), ContainerId(container), RecordId(record_id))


def theirs(name="Demo", *, identifier="DEMO", description=""):
    return FieldValues(name=name, identifier=identifier, description=description)


async def listed(connector, container):
    """The records of the one page there must be."""
    pages = [page async for page in connector.list_changes(container, None, {})]
    assert [(page.complete, page.next_cursor) for page in pages] == [(True, None)]
    return pages[0].changes


@pytest.fixture
async def board(person, vibe_server):
    """A project that a person made."""
    project = await person.project("Board", f"{vibe_server.root}/repos/board")
    return ContainerId(project["id"])


# Projects


async def test_connector_fulfils_the_contract(connector):
    """All methods are there."""
    assert isinstance(connector, Connector)


async def test_empty_server_has_the_root_alone(connector):
    """No projects are no error."""
    assert [container.container_id for container in await connector.discover()] == [ROOT]
    assert await listed(connector, ROOT) == ()


async def test_projects_are_containers_and_records(connector, board, vibe_server):
    """The container's id is the record's id."""
    root, child = await connector.discover()
    [record] = await listed(connector, ROOT)

    assert (root.container_id, root.kind) == (ROOT, "project")
    assert (child.container_id, child.kind, child.title) == (board, "issue", "Board")
    assert record.ref == ref(ROOT, board)
    assert record.fields == FieldValues(name="Board", path=f"{vibe_server.root}/repos/board")
    assert record == await connector.fetch(record.ref)


async def test_page_is_dated_before_its_request(connector, board):
    """Everything changed before is in it."""
    before = datetime.now(UTC)
    [page] = [page async for page in connector.list_changes(board, None, {})]

    assert before <= page.taken_at <= datetime.now(UTC)


async def test_project_is_made_where_the_template_says(connector, vibe_server):
    """And is read back with its path."""
    record = await connector.create(ROOT, KEY, theirs())

    assert record.fields == FieldValues(name="Demo", path=f"{vibe_server.root}/repos/DEMO")
    assert (vibe_server.root / "repos" / "DEMO" / ".git").is_dir()
    assert await connector.fetch(record.ref) == record


async def test_project_is_made_where_its_description_says(connector, vibe_server):
    """The description wins over the template."""
    path = f"{vibe_server.root}/elsewhere/x"

    record = await connector.create(ROOT, KEY, theirs(description=f"About.\nLocation: {path}/\n"))

    assert record.fields["path"] == path


async def test_project_without_a_path_is_refused_before_anything_is_sent(connect, vibe_server):
    """The message says what to do."""
    connector = await connect(vibe_server)

    with pytest.raises(RecordInvalid, match="repo_path"):
        await connector.create(ROOT, KEY, theirs())
    assert await listed(connector, ROOT) == ()
    assert await connector.find_by_key(ROOT, KEY, theirs()) == ()


async def test_project_at_the_same_path_is_not_made_twice(connector):
    """The second call returns the first one's project, and the lookup finds it."""
    first = await connector.create(ROOT, KEY, theirs())
    second = await connector.create(ROOT, OTHER_KEY, theirs("Renamed"))

    assert second == first
    assert await connector.find_by_key(ROOT, KEY, theirs()) == [first]
    assert await connector.find_by_key(ROOT, KEY, theirs(identifier="NEW")) == []


async def test_refusal_of_the_server_is_told_in_its_words(connect, vibe_server):
    """It comes inside of a 200."""
    connector = await connect(vibe_server, repo_path=f"{vibe_server.root}/none/{{identifier}}", use_existing_repo=True)

    with pytest.raises(RecordInvalid, match="The specified path does not exist"):
        await connector.create(ROOT, KEY, theirs())


async def test_mapped_project_is_adopted_and_never_made_elsewhere(connect, vibe_server, board):
    """By id, and by a name that only one project has."""
    for target in (board, "board"):
        connector = await connect(vibe_server, projects={"DEMO": target}, repo_path="/nowhere/{identifier}")

        assert (await connector.create(ROOT, KEY, theirs())).ref == ref(ROOT, board)
        assert [found.ref for found in await connector.find_by_key(ROOT, KEY, theirs())] == [ref(ROOT, board)]
        [record] = await listed(connector, ROOT)
        assert set(connector.natural_keys(ROOT, theirs())) & set(connector.natural_keys(ROOT, record.fields))


async def test_mapping_to_a_project_that_is_not_there_is_refused(connect, vibe_server, board):
    """Making one would contradict the settings."""
    connector = await connect(vibe_server, projects={"DEMO": NOBODY}, repo_path=f"{vibe_server.root}/x/{{name}}")

    with pytest.raises(RecordInvalid, match=f"{NOBODY}.*not there"):
        await connector.create(ROOT, KEY, theirs())
    assert len(await listed(connector, ROOT)) == 1


async def test_mapping_to_a_name_of_several_projects_is_ambiguous(connect, vibe_server, board, person):
    """The message lists them."""
    await person.project("BOARD", f"{vibe_server.root}/repos/board2")
    connector = await connect(vibe_server, projects={"DEMO": "Board"})

    with pytest.raises(AmbiguousKey, match=f"{board}.*map the project to an id"):
        await connector.create(ROOT, KEY, theirs())


async def test_persons_project_shares_its_name_and_path_with_theirs(connector, board, vibe_server):
    """The engine adopts it instead of making another."""
    [record] = await listed(connector, ROOT)
    ours = connector.natural_keys(ROOT, record.fields)

    assert ours == (f"id:{board}", f"path:{vibe_server.root}/repos/board", "name:board")
    assert connector.natural_keys(ROOT, theirs("BOARD", identifier="board")) == ours[1:]
    assert connector.natural_keys(board, FieldValues(title="BOARD")) == ()


async def test_renaming_a_project_keeps_its_scripts_and_path(connector, board, person):
    """The server clears scripts that an update does not carry."""
    scripts = {"setup_script": "make", "dev_script": "run", "cleanup_script": "", "copy_files": ".env"}
    await person.ask("PUT", f"projects/{board}", scripts)
    before = await person.ask("GET", f"projects/{board}")

    record = await connector.update(ref(ROOT, board), FieldValues(name="New"), expected=FieldValues(name="Board"))

    assert record.fields["name"] == "New"
    assert await person.ask("GET", f"projects/{board}") == {**before, "name": "New"}


async def test_project_renamed_meanwhile_is_left_alone(connector, board):
    """And so is one that is not there."""
    with pytest.raises(StaleRevision, match="name"):
        await connector.update(ref(ROOT, board), FieldValues(name="New"), expected=FieldValues(name="Older"))
    with pytest.raises(RecordNotFound):
        await connector.update(ref(ROOT, NOBODY), FieldValues(name="New"), expected=NO_FIELDS)
    assert (await connector.fetch(ref(ROOT, board))).fields["name"] == "Board"


async def test_renaming_to_the_same_name_sends_nothing(connector, board):
    """It holds already."""
    record = await connector.update(ref(ROOT, board), FieldValues(name="Board"), expected=NO_FIELDS)

    assert record.fields["name"] == "Board"


async def test_project_is_never_deleted(connector, board):
    """All its tasks would go with it."""
    with pytest.raises(RecordInvalid, match="all its tasks"):
        await connector.delete(ref(ROOT, board), expected=NO_FIELDS)
    assert await connector.fetch(ref(ROOT, board)) is not None


# Tasks: reading


async def test_tasks_of_persons_are_listed_without_a_key(connector, board, person):
    """No description is an empty one."""
    task = await person.task(board, "First")

    [record] = await listed(connector, board)

    assert record.ref == ref(board, task["id"])
    assert record.fields == FieldValues(title="First", description="", status="todo")
    assert record.sync_key is None
    assert await connector.fetch(record.ref) == record


async def test_project_that_is_not_there_is_an_error_and_no_empty_listing(connector):
    """The server lists no tasks for it; taken for the truth that would delete them all on the other side."""
    for nowhere in (NOBODY, "not-an-id"):
        with pytest.raises(RecordNotFound, match=nowhere):
            await listed(connector, ContainerId(nowhere))
        with pytest.raises(RecordNotFound):
            await connector.find_by_key(ContainerId(nowhere), KEY, NO_FIELDS)


async def test_project_without_tasks_is_an_empty_listing(connector, board):
    """It was confirmed to be there."""
    assert await listed(connector, board) == ()


async def test_record_that_is_not_there_is_none(connector, board, person, vibe_server):
    """Also one whose id is none, and one of another project."""
    task = await person.task(board, "First")
    other = await person.project("Other", f"{vibe_server.root}/repos/other")

    assert await connector.fetch(ref(board, NOBODY)) is None
    assert await connector.fetch(ref(board, "../projects")) is None
    assert await connector.fetch(ref(other["id"], task["id"])) is None
    assert await connector.fetch(ref(ROOT, NOBODY)) is None
    assert await connector.fetch(ref(ROOT, "")) is None


# Tasks: creating

TEXTS = [
    "",
    "Body",
    " \n x \r\n\t",
    "\ufeff\u202e\x00 é e\u0301 🎉\ufffd",
    f"Sync-Key: {OTHER_KEY}",
    "Sync-Key: none",
    "\n\n",
]


@pytest.mark.parametrize("text", TEXTS)
async def test_b5_created_task_is_found_by_its_key_whatever_its_text(connector, board, text):
    """An empty description made one more task in every cycle."""
    fields = FieldValues(title=text, description=text)

    record = await connector.create(board, KEY, fields)

    assert record.fields == fields | {"status": "todo"}
    assert record.sync_key == KEY
    assert await connector.find_by_key(board, KEY, fields) == [record]
    assert await connector.find_by_key(board, OTHER_KEY, fields) == []
    assert await connector.fetch(record.ref) == record
    assert await listed(connector, board) == (record,)


async def test_b6_identifier_with_digits_and_underscores_is_no_obstacle(connector, board):
    """P1-3 was not found again, and made anew."""
    fields = FieldValues(title="P1-3 [A_B2-7]", description="Huly Issue: P1-3")

    record = await connector.create(board, KEY, fields)

    assert await connector.find_by_key(board, KEY, fields) == [record]


async def test_b7_quoted_marker_links_no_other_task(connector, board, person):
    """A person quotes a task with its marker in another one; titles do not matter either."""
    record = await connector.create(board, KEY, FieldValues(title="Same title", description="text"))
    stored = (await person.look(record.ref.record_id))["description"]
    quoting = await person.task(board, "Same title", f"As in:\n\n{stored}\n\nBut otherwise.")

    assert await connector.find_by_key(board, KEY, NO_FIELDS) == [record]
    quoted = await connector.fetch(ref(board, quoting["id"]))
    assert quoted.sync_key is None
    assert quoted.fields["description"] == f"As in:\n\n{stored}\n\nBut otherwise."


async def test_copied_tasks_are_all_found(connector, board, person):
    """The engine parks the link then; choosing one here would be a guess."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="text"))
    await person.task(board, "Copy", with_marker("text", KEY))

    found = await connector.find_by_key(board, KEY, NO_FIELDS)

    assert len(found) == 2
    assert record in found


async def test_task_of_an_unknown_project_is_told_as_missing(connector, board):
    """The server answers 500."""
    with pytest.raises(RecordNotFound, match="FOREIGN KEY"):
        await connector.create(ContainerId(NOBODY), KEY, FieldValues(title="T"))


async def test_largest_text_is_stored_and_one_byte_more_is_refused_here(connect, vibe_server, board):
    """With both sizes in the message; the server would answer without them. What counts is the size as JSON."""
    connector = await connect(vibe_server, suspect_after_s=60.0)  # two megabytes take their time on a busy machine
    empty = len(orjson.dumps(new_task_body(board, KEY, FieldValues(title="", description='"'))))
    quotes, left = divmod(MAX_BODY_BYTES - empty, 2)
    largest = FieldValues(title="x" * left, description='"' * (quotes + 1))

    record = await connector.create(board, KEY, largest)
    with pytest.raises(RecordInvalid, match="2,097,153 bytes, more than the 2,097,152 bytes"):
        await connector.create(board, OTHER_KEY, largest | {"title": "x" * (left + 1)})

    assert await listed(connector, board) == (record,)
    assert record.fields == largest | {"status": "todo"}


async def test_half_a_surrogate_pair_is_refused_here(connector, board):
    """It is no text in JSON."""
    with pytest.raises(RecordInvalid, match="surrogate"):
        await connector.create(board, KEY, FieldValues(title="\ud800"))


# Tasks: updating


@pytest.mark.parametrize("word", ["backlog", "todo", "in_progress", "in_review", "done", "cancelled"])
async def test_every_status_can_be_set_and_comes_back_as_announced(connector, board, word):
    """What `as_stored` says is what is read."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))

    updated = await connector.update(record.ref, FieldValues(status=word), expected=FieldValues(status="todo"))

    assert updated.fields == record.fields | connector.as_stored(board, FieldValues(status=word))
    assert await connector.fetch(record.ref) == updated


async def test_b1_update_is_stored(connector, board, person):
    """The predecessor's updates all failed with 405."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))

    await connector.update(record.ref, FieldValues(title="New"), expected=FieldValues(title="T"))

    assert (await person.look(record.ref.record_id))["title"] == "New"


@pytest.mark.parametrize("text", TEXTS)
async def test_update_of_the_text_keeps_the_key(connector, board, text):
    """The task is found as before."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))

    updated = await connector.update(record.ref, FieldValues(description=text), expected=FieldValues(description="D"))

    assert (updated.fields["description"], updated.sync_key) == (text, KEY)
    assert await connector.find_by_key(board, KEY, NO_FIELDS) == [updated]


@pytest.mark.parametrize("text", TEXTS)
async def test_b7_update_of_a_task_whose_marker_was_removed_brings_none_back(connector, board, person, text):
    """Nor does a text that looks like one."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))
    await person.edit(record.ref.record_id, description="D")

    updated = await connector.update(record.ref, FieldValues(description=text), expected=FieldValues(description="D"))

    assert (updated.fields["description"], updated.sync_key) == (text, None)
    assert await connector.fetch(record.ref) == updated


async def test_update_keeps_an_edit_of_another_field(connector, board, person):
    """Only the fields of the patch are sent."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))
    await person.edit(record.ref.record_id, status="inreview", title="Edited")

    updated = await connector.update(record.ref, FieldValues(description="New"), expected=FieldValues(description="D"))

    assert updated.fields == FieldValues(title="Edited", description="New", status="in_review")


async def test_b12_edit_that_moved_no_time_is_noticed(connector, board, person):
    """`updated_at` stands still when a person edits; values are compared instead, and the edit survives."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))
    before = await person.look(record.ref.record_id)
    after = await person.edit(record.ref.record_id, title="Edited")
    assert after["updated_at"] == before["updated_at"]

    with pytest.raises(StaleRevision, match="title"):
        await connector.update(record.ref, FieldValues(title="New"), expected=FieldValues(title="T"))

    assert [found.fields["title"] for found in await listed(connector, board)] == ["Edited"]


async def test_b9_unknown_status_is_refused_with_the_words_there_are(connector, board):
    """Permanently, and without a request."""
    record = await connector.create(board, KEY, FieldValues(title="T"))

    with pytest.raises(RecordInvalid, match="'Canceled'.*cancelled"):
        await connector.update(record.ref, FieldValues(status="Canceled"), expected=NO_FIELDS)
    with pytest.raises(RecordInvalid, match="'Canceled'.*cancelled"):
        connector.as_stored(board, FieldValues(status="Canceled"))


async def test_update_of_a_task_that_is_not_there(connector, board, person):
    """It was deleted over there."""
    task = await person.task(board, "First")
    await person.ask("DELETE", f"tasks/{task['id']}")

    with pytest.raises(RecordNotFound):
        await connector.update(ref(board, task["id"]), FieldValues(title="New"), expected=NO_FIELDS)


async def test_many_updates_at_once_all_arrive(connector, board):
    """Two writes of one task that meet lose a field in half of the cases, so they never meet."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))

    for round_ in range(10):
        await asyncio.gather(
            connector.update(record.ref, FieldValues(title=f"T{round_}"), expected=NO_FIELDS),
            connector.update(record.ref, FieldValues(description=f"D{round_}"), expected=NO_FIELDS),
            connector.update(record.ref, FieldValues(status=("done", "todo")[round_ % 2]), expected=NO_FIELDS),
            listed(connector, board),
        )

    assert (await connector.fetch(record.ref)).fields == FieldValues(title="T9", description="D9", status="todo")


# Tasks: deleting


async def test_task_that_looks_as_expected_is_deleted(connector, board):
    """Twice is once."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))

    await connector.delete(record.ref, expected=record.fields)
    await connector.delete(record.ref, expected=record.fields)

    assert await connector.fetch(record.ref) is None


async def test_task_edited_meanwhile_is_not_deleted(connector, board, person):
    """The edit wins."""
    record = await connector.create(board, KEY, FieldValues(title="T", description="D"))
    await person.edit(record.ref.record_id, status="done")

    with pytest.raises(StaleRevision, match="status"):
        await connector.delete(record.ref, expected=record.fields)

    assert await connector.fetch(record.ref) is not None
