"""What goes wrong on the way and on the server: each trouble ends in the one error that says what is known."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from attrs import evolve

from connectors.vibe import VibeSettings
from connectors.vibe.client import VibeClient
from connectors.vibe.connector import VibeConnector
from connectors.vibe.sandbox import Fault, FaultKind, PathKind
from syncengine.connector import NO_FIELDS, ROOT, ContainerId, EndpointName, FieldValues, RecordRef, Services, SyncKey
from syncengine.errors import (
    EndpointGone,
    OutcomeUnknown,
    RecordInvalid,
    RecordNotFound,
    RemoteBusy,
    Unreachable,
)
from syncengine.http import open_session

KEY = SyncKey("0123456789abcdef0123456789abcdef")
TASK = FieldValues(title="T", description="D")
SERVICES = Services(endpoint=EndpointName("vibe"))
SUSPECT_S, SLOWER_S = 0.2, 0.3


@pytest.fixture
def trouble(vibe_sandbox):
    """A function that puts a fault in force."""

    def plan(kind, method=None, path_kind=None, **more):
        return vibe_sandbox.faults.add(Fault(kind=kind, method=method, path_kind=path_kind, **more))

    return plan


@pytest.fixture
async def quick(connect, vibe_sandbox):
    """A connector to the sandbox that suspects early, with waits to match."""
    return await connect(vibe_sandbox, suspect_after_s=SUSPECT_S, timeout_s=5.0, repo_path="/none/{identifier}")


@pytest.fixture
def board(vibe_sandbox):
    """A project that a person made."""
    return ContainerId(vibe_sandbox.create_project("Board").id)


async def listed(connector, container):
    return [change async for page in connector.list_changes(container, None, {}) for change in page.changes]


def ref_of(task):
    return RecordRef(SERVICES.endpoint, ContainerId(task.project_id), task.id)


# Answers that cannot be believed


async def test_created_and_lost_row_is_an_unknown_outcome(quick, board, trouble):
    """The server says 200 and shows the row; only that it took long betrays it."""
    trouble(FaultKind.LOST, "POST", PathKind.TASKS, delay_s=SLOWER_S)

    with pytest.raises(OutcomeUnknown, match=r"0\.3 s.*0\.2 s"):
        await quick.create(board, KEY, TASK)

    assert await quick.find_by_key(board, KEY, TASK) == []


async def test_slow_answer_to_a_create_that_was_stored_is_unknown_too(quick, board, trouble):
    """The lookup then finds the task."""
    trouble(FaultKind.DELAY, "POST", PathKind.TASKS, delay_s=SLOWER_S)

    with pytest.raises(OutcomeUnknown):
        await quick.create(board, KEY, TASK)

    assert len(await quick.find_by_key(board, KEY, TASK)) == 1


async def test_lost_update_is_an_unknown_outcome(quick, board, trouble, vibe_sandbox):
    """The answer shows the new value, the server holds the old one."""
    task = vibe_sandbox.create_task(board, "T")
    trouble(FaultKind.LOST, "PUT", PathKind.TASK, delay_s=SLOWER_S)

    with pytest.raises(OutcomeUnknown):
        await quick.update(ref_of(task), FieldValues(title="New"), expected=FieldValues(title="T"))

    assert (await quick.fetch(ref_of(task))).fields["title"] == "T"


async def test_slow_answers_to_reads_are_believed(quick, board, trouble, vibe_sandbox):
    """Nothing can get lost by reading."""
    vibe_sandbox.create_task(board, "T")
    trouble(FaultKind.DELAY, "GET", delay_s=SLOWER_S, times=2)

    assert len(await listed(quick, board)) == 1
    assert len(await quick.discover()) == 2


async def test_slow_refusal_is_a_refusal(quick, trouble):
    """Only good answers have been given for lost rows."""
    trouble(FaultKind.DELAY, "POST", PathKind.TASKS, delay_s=SLOWER_S)

    with pytest.raises(RecordNotFound, match="FOREIGN KEY"):
        await quick.create(ContainerId("00000000-0000-0000-0000-000000000002"), KEY, TASK)


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
async def test_lost_answer_to_a_write_is_an_unknown_outcome(quick, board, trouble, vibe_sandbox, kind):
    """Whether it was done or not, nobody here can tell; it is sent once."""
    task = vibe_sandbox.create_task(board, "T")
    expected = FieldValues(title="T", description="", status="todo")
    for method, path_kind, call in [
        ("POST", PathKind.TASKS, lambda: quick.create(board, KEY, TASK)),
        ("PUT", PathKind.TASK, lambda: quick.update(ref_of(task), FieldValues(status="done"), expected=NO_FIELDS)),
        ("PUT", PathKind.PROJECT, lambda: quick.update(
            RecordRef(SERVICES.endpoint, ROOT, board), FieldValues(name="New"), expected=NO_FIELDS
        )),
        ("DELETE", PathKind.TASK, lambda: quick.delete(ref_of(task), expected=expected.without({"status"}))),
    ]:  # fmt: skip
        trouble(kind, method, path_kind)
        vibe_sandbox.requests.reset()

        with pytest.raises(OutcomeUnknown, match=r"may have been done"):
            await call()

        assert vibe_sandbox.requests.count(method, path_kind) == 1


async def test_timeout_of_a_write_is_an_unknown_outcome(connect, vibe_sandbox, board, trouble):
    """The server may still be at it."""
    connector = await connect(vibe_sandbox, timeout_s=0.2)
    trouble(FaultKind.LATE, "POST", PathKind.TASKS, delay_s=0.6)

    with pytest.raises(OutcomeUnknown):
        await connector.create(board, KEY, TASK)

    while not vibe_sandbox.tasks(board):  # and it was: the create is done after we left
        await asyncio.sleep(0.02)
    assert len(await connector.find_by_key(board, KEY, TASK)) == 1


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DELAY])
async def test_lost_answer_to_a_read_is_unreachable(connect, vibe_sandbox, board, trouble, kind):
    """A listing that failed is no empty listing."""
    connector = await connect(vibe_sandbox, timeout_s=0.2)
    trouble(kind, "GET", times=None, delay_s=0.4)

    for read in (connector.discover(), listed(connector, board), connector.find_by_key(board, KEY, TASK)):
        with pytest.raises(Unreachable):
            await read


async def test_server_that_was_stopped_is_unreachable_also_for_writes(quick, board, vibe_sandbox):
    """The connection was never made, so the write was certainly not."""
    await vibe_sandbox.stop()
    with pytest.raises(Unreachable):
        await quick.discover()  # and with it the kept connection is gone

    with pytest.raises(Unreachable, match=vibe_sandbox.base_url):
        await quick.create(board, KEY, TASK)


async def test_read_before_a_write_that_fails_leaves_nothing_open(quick, board, trouble, vibe_sandbox):
    """An update begins with a read: while that fails, nothing was sent."""
    task = vibe_sandbox.create_task(board, "T")
    trouble(FaultKind.DROP_BEFORE, "GET", PathKind.TASK, times=None)

    with pytest.raises(Unreachable):
        await quick.update(ref_of(task), FieldValues(title="New"), expected=NO_FIELDS)
    assert vibe_sandbox.requests.count("PUT") == 0


# Answers of a server in trouble


async def test_locked_database_is_busy_and_nothing_was_stored(quick, board, trouble, vibe_sandbox):
    """Also when the answer took longer than a good one may take."""
    task = vibe_sandbox.create_task(board, "T")
    for method, path_kind, call in [
        ("POST", PathKind.TASKS, lambda: quick.create(board, KEY, TASK)),
        ("GET", PathKind.TASKS, lambda: listed(quick, board)),
        ("GET", PathKind.TASK, lambda: quick.fetch(ref_of(task))),
        ("PUT", PathKind.TASK, lambda: quick.update(ref_of(task), FieldValues(title="New"), expected=NO_FIELDS)),
        ("DELETE", PathKind.TASK, lambda: quick.delete(ref_of(task), expected=NO_FIELDS)),
    ]:
        trouble(FaultKind.LOCKED, method, path_kind, delay_s=SLOWER_S)
        with pytest.raises(RemoteBusy):
            await call()
    assert [row.title for row in vibe_sandbox.tasks(board)] == ["T"]


async def test_web_page_instead_of_an_answer_pauses_the_endpoint(quick, board, trouble):
    """Somebody installed another version, or a proxy stands in between."""
    trouble(FaultKind.HTML, times=4)

    with pytest.raises(EndpointGone, match=r"0\.0\.71"):
        await quick.discover()
    with pytest.raises(EndpointGone):
        await listed(quick, board)
    with pytest.raises(EndpointGone):
        await quick.create(board, KEY, TASK)
    with pytest.raises(EndpointGone):
        await quick.fetch(RecordRef(SERVICES.endpoint, board, board))


async def test_b24_failed_confirmation_of_an_empty_listing_is_an_error(quick, board, trouble):
    """An empty list counts only when the project was seen to be there."""
    trouble(FaultKind.DROP_BEFORE, "GET", PathKind.PROJECT, times=None)

    with pytest.raises(Unreachable):
        await listed(quick, board)


# Persons who edit at the same moment


class BetweenReadAndWrite(VibeClient):
    """A client behind whose back a person edits once, just after a task was read."""

    edit = None

    async def task(self, task_id):
        row = await super().task(task_id)
        self._edit_now()
        return row

    def _edit_now(self):
        edit, self.edit = self.edit, None
        if edit is not None:
            edit()


@pytest.fixture
async def meddled(vibe_sandbox):
    """A connector with such a client: `edit` is what the person does."""
    settings = VibeSettings(url=vibe_sandbox.base_url)
    async with open_session(timeout_s=5.0) as session:
        client = BetweenReadAndWrite(session, settings.base_url, settings.suspect_after_s)
        yield client, VibeConnector(client, settings, SERVICES)


async def test_answer_that_shows_another_edit_is_an_unknown_outcome(meddled, board, vibe_sandbox):
    """Our field arrived and theirs is kept, but the answer is not what was to be expected, so somebody has to look."""
    client, connector = meddled
    task = vibe_sandbox.create_task(board, "T", "D")
    client.edit = lambda: vibe_sandbox.edit_task(task, title="Edited")

    with pytest.raises(OutcomeUnknown, match="same moment"):
        await connector.update(ref_of(task), FieldValues(status="done"), expected=FieldValues(status="todo"))

    assert (await connector.fetch(ref_of(task))).fields == FieldValues(title="Edited", description="D", status="done")


async def test_task_deleted_between_read_and_write_is_not_there(meddled, board, vibe_sandbox):
    """The server answers 404 to the write; a delete is done then."""
    client, connector = meddled
    first, second = vibe_sandbox.create_task(board, "1"), vibe_sandbox.create_task(board, "2")

    client.edit = lambda: vibe_sandbox.delete_task(first)
    with pytest.raises(RecordNotFound):
        await connector.update(ref_of(first), FieldValues(title="New"), expected=NO_FIELDS)
    client.edit = lambda: vibe_sandbox.delete_task(second)
    await connector.delete(ref_of(second), expected=NO_FIELDS)

    assert vibe_sandbox.tasks(board) == []


async def test_answer_that_shows_another_project_is_an_unknown_outcome(meddled, board, monkeypatch):
    """Somebody has to look."""
    _client, connector = meddled

    async def answered_otherwise(client, project_id, body):
        return evolve(await VibeClient.replace_project(client, project_id, body), dev_script="run")

    monkeypatch.setattr(BetweenReadAndWrite, "replace_project", answered_otherwise)

    with pytest.raises(OutcomeUnknown, match="otherwise"):
        await connector.update(RecordRef(SERVICES.endpoint, ROOT, board), FieldValues(name="New"), expected=NO_FIELDS)


# One thing at a time


async def test_writes_and_listings_never_overlap(quick, board, trouble, vibe_sandbox):
    """The server loses rows when a listing runs beside a write."""
    tasks = [vibe_sandbox.create_task(board, f"T{number}") for number in range(4)]
    trouble(FaultKind.DELAY, times=None, delay_s=0.01)
    overlaps = []
    serve = vibe_sandbox.requests.in_flight
    running = []

    def watched(method, path_kind, path):
        collection = path_kind in (PathKind.TASKS, PathKind.PROJECTS)
        if method != "GET" or collection:
            overlaps.extend((method, path_kind, other) for other in running)
        return Running(serve(method, path_kind, path), running, (method, path_kind))

    vibe_sandbox.requests.in_flight = watched
    await asyncio.gather(
        *(quick.create(board, KEY, TASK) for _ in range(3)),
        *(quick.update(ref_of(task), FieldValues(status="done"), expected=NO_FIELDS) for task in tasks),
        *(listed(quick, board) for _ in range(3)),
        quick.discover(),
        quick.find_by_key(board, KEY, TASK),
    )

    assert overlaps == []
    assert vibe_sandbox.requests.most_writes_at_once == 1


class Running:
    """Keeps a request in a list while it is in flight."""

    def __init__(self, inner, running, request):
        self.inner, self.running, self.request = inner, running, request

    def __enter__(self):
        self.running.append(self.request)
        return self.inner.__enter__()

    def __exit__(self, *args):
        self.running.remove(self.request)
        return self.inner.__exit__(*args)


async def test_cancelled_write_passes_on_the_cancellation_and_frees_the_way(quick, board, trouble, vibe_sandbox):
    """Its outcome is for the engine to find out; the next call must not wait for ever."""
    trouble(FaultKind.DELAY, "POST", PathKind.TASKS, delay_s=5.0)
    write = asyncio.create_task(quick.create(board, KEY, TASK))
    while not vibe_sandbox.tasks(board):
        await asyncio.sleep(0.005)

    write.cancel()

    with pytest.raises(asyncio.CancelledError):
        await write
    assert len(await asyncio.wait_for(quick.find_by_key(board, KEY, TASK), 2.0)) == 1


async def test_request_counts_are_as_small_as_promised(quick, board, vibe_sandbox):
    """One request for the projects, one for a listing, one for a create, two for an update, none for what holds."""
    counts = vibe_sandbox.requests

    async def made_by(call):
        counts.reset()
        result = await call
        return result, counts.by_kind()

    assert (await made_by(quick.discover()))[1] == {"GET projects": 1}
    assert (await made_by(listed(quick, ROOT)))[1] == {"GET projects": 1}
    assert (await made_by(listed(quick, board)))[1] == {"GET project": 1, "GET tasks": 1}  # empty, so confirmed
    record, created = await made_by(quick.create(board, KEY, TASK))
    assert created == {"POST tasks": 1}
    assert (await made_by(listed(quick, board)))[1] == {"GET tasks": 1}
    update = quick.update(record.ref, FieldValues(title="New"), expected=NO_FIELDS)
    assert (await made_by(update))[1] == {"GET task": 1, "PUT task": 1}
    again = quick.update(record.ref, FieldValues(title="New"), expected=NO_FIELDS)
    assert (await made_by(again))[1] == {"GET task": 1}
    rename = quick.update(RecordRef(SERVICES.endpoint, ROOT, board), FieldValues(name="Board"), expected=NO_FIELDS)
    assert (await made_by(rename))[1] == {"GET project": 1}
    largest = quick.create(board, KEY, FieldValues(title="x" * 2_100_000))
    counts.reset()
    with pytest.raises(RecordInvalid):
        await largest
    assert counts.by_kind() == {}


async def test_task_that_others_were_started_from_is_not_deleted(meddled, board, vibe_sandbox, monkeypatch):
    """The server fails with a broken reference, which for a delete does not mean that the task is gone."""
    _client, connector = meddled
    task = vibe_sandbox.create_task(board, "T")

    async def refused(_client, _task_id):
        raise RecordNotFound("FOREIGN KEY constraint failed")

    monkeypatch.setattr(BetweenReadAndWrite, "delete_task", refused)

    with pytest.raises(RecordInvalid, match="started from this one"):
        await connector.delete(ref_of(task), expected=NO_FIELDS)


# The real server under a lock, as a backup tool or a database shell would hold it


@pytest.fixture
async def locked_server(real_vibe_server, connect):
    """The real server, a connector with the true limits, and a project with a task."""
    server = await real_vibe_server()
    connector = await connect(server, repo_path=f"{server.root}/repos/{{identifier}}")
    project = await connector.create(ROOT, KEY, FieldValues(name="Demo", identifier="DEMO", description=""))
    board = ContainerId(project.ref.record_id)
    record = await connector.create(board, SyncKey("f" * 32), FieldValues(title="First", description=""))
    return server, connector, record


@pytest.mark.real
@pytest.mark.slow
async def test_row_that_the_real_server_acknowledged_and_lost_is_an_unknown_outcome(locked_server):
    """A reader that holds its lock makes the commit fail after 5 seconds, and the answer is 200 all the same."""
    server, connector, record = locked_server
    board = record.ref.container
    with closing(sqlite3.connect(server.db_path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM tasks").fetchone()

        with pytest.raises(OutcomeUnknown, match="rows that were lost"):
            await connector.create(board, KEY, TASK)

        reader.execute("ROLLBACK")
    assert await connector.find_by_key(board, KEY, TASK) == []
    assert (await connector.create(board, KEY, TASK)).sync_key == KEY


@pytest.mark.real
@pytest.mark.slow
async def test_write_that_the_real_server_refused_because_of_a_lock_is_busy(locked_server):
    """With a writer in the way the server says so itself, after 5 seconds; nothing is stored."""
    server, connector, record = locked_server
    with closing(sqlite3.connect(server.db_path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")

        with pytest.raises(RemoteBusy):
            await connector.update(record.ref, FieldValues(title="New"), expected=NO_FIELDS)

        writer.execute("ROLLBACK")
    assert (await connector.fetch(record.ref)).fields["title"] == "First"
