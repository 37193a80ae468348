"""The example connector keeps the contract of connectors, and what it promises beyond it."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from syncengine.connector import ROOT, ContainerId, FieldValues, RecordId, RecordRef, Services, SyncKey
from syncengine.errors import EndpointGone, RecordInvalid, RecordNotFound, RemoteBusy, StaleRevision
from syncengine.testing import ConnectorConformance, Subject

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "todo-connector" / "src"))

from todo_connector import TodoSettings, board_file, connect
from todo_connector.connector import TodoConnector

GARDEN = ContainerId("garden")


def board(path: Path, **tasks: object) -> Path:
    """A file with one list."""
    path.write_text(json.dumps({"lists": {"garden": {"name": "Garden", "tasks": tasks}}}))
    return path


def contents(path: Path) -> dict:
    """The lists in the file."""
    return json.loads(path.read_text())["lists"]


def open_todo(path: Path) -> TodoConnector:
    """The connector, without the settings around it."""
    return TodoConnector(path, "todo", lambda: datetime.now(UTC))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one list and two tasks, one of them as short as it can be."""
    return board(tmp_path / "todo.json", roses={"title": "Water the roses", "status": "doing", "due": "friday"}, seeds={})


def edits(file: Path) -> Callable:
    """A person with an editor, who uses the words of the file and takes no lock."""

    async def person_edits(ref: RecordRef, fields: FieldValues) -> None:
        document = json.loads(file.read_text())
        row = document["lists"][ref.container]["tasks"][ref.record_id]
        words = {"in_progress": "doing", "cancelled": "dropped", "backlog": "todo", "in_review": "doing"}
        row.update({name: words.get(value, value) if name == "status" else value for name, value in fields.items()})
        file.write_text(json.dumps(document))

    return person_edits


def sample(number: int) -> FieldValues:
    """Values of the n-th task."""
    statuses = ("backlog", "in_progress", "in_review", "done", "cancelled", "todo")
    description = f"Line {number}\n\n  * äöü ☃\n" * number
    return FieldValues(title=f" Task {number} ", description=description, status=statuses[number % 6])


class TestTasks(ConnectorConformance):
    """Tasks in a list."""

    @pytest.fixture
    def subject(self, file: Path) -> Subject:
        """The list of the garden."""
        return Subject(
            open=lambda: connect(TodoSettings(path=file), Services(endpoint="todo")),
            endpoint="todo",
            container=GARDEN,
            sample=sample,
            person_edits=edits(file),
        )


class TestLists(ConnectorConformance):
    """Lists themselves, as projects."""

    @pytest.fixture
    def subject(self, file: Path) -> Subject:
        """The root container."""
        return Subject(
            open=lambda: connect(TodoSettings(path=file), Services(endpoint="todo")),
            endpoint="todo",
            container=ROOT,
            kind="project",
            sample=lambda number: FieldValues(name=f"List {number}", description="about it\n" * (number + 1)),
        )


async def test_a_task_written_by_hand_is_called_by_its_id(file):
    """Nothing but an id is needed."""
    seeds = await open_todo(file).fetch(RecordRef("todo", GARDEN, RecordId("seeds")))
    assert seeds is not None
    assert dict(seeds.fields) == {"title": "seeds", "description": "", "status": "todo"}


async def test_what_else_a_person_wrote_survives_an_update(file):
    """A due date is none of our fields and stays."""
    ref = RecordRef("todo", GARDEN, RecordId("roses"))
    await open_todo(file).update(ref, FieldValues(status="done"), expected=FieldValues(status="in_progress"))
    assert contents(file)["garden"]["tasks"]["roses"] == {"title": "Water the roses", "status": "done", "due": "friday"}


async def test_a_lost_file_is_not_an_empty_one(file):
    """Nobody may conclude that everything was deleted."""
    connector = open_todo(file)
    file.unlink()
    with pytest.raises(EndpointGone, match="there is no file"):
        await connector.discover()
    with pytest.raises(EndpointGone):
        await connector.create(GARDEN, SyncKey("0" * 32), sample(1))
    assert not file.exists()


@pytest.mark.parametrize(
    "text", ['{"lists": {"garden": {"tas', "[]", "{}", '{"lists": {"garden": {"tasks": {"a": 1}}}}', "\udcff"]
)
async def test_a_file_in_the_middle_of_an_edit_is_read_later(file, text):
    """Half a file is neither an empty list nor overwritten."""
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = file.read_bytes()
    with pytest.raises(RemoteBusy, match=r"todo\.json"):
        await open_todo(file).discover()
    with pytest.raises(RemoteBusy):
        await open_todo(file).create(GARDEN, SyncKey("0" * 32), sample(1))
    assert file.read_bytes() == before


async def test_two_programs_never_write_at_the_same_time(file, monkeypatch):
    """The second one is told to come back; nothing is written."""
    monkeypatch.setattr(board_file, "PATIENCE_S", 0.05)
    with FileLock(f"{file}.lock"), pytest.raises(RemoteBusy, match="another program"):
        await open_todo(file).create(GARDEN, SyncKey("0" * 32), sample(1))
    assert set(contents(file)["garden"]["tasks"]) == {"roses", "seeds"}


async def test_a_value_no_file_can_hold_parks_one_task_and_leaves_the_file_whole(file):
    """A lone surrogate is legal in Python texts and in no UTF-8 file."""
    before = file.read_text()
    with pytest.raises(RecordInvalid, match="cannot be written"):
        await open_todo(file).create(GARDEN, SyncKey("0" * 32), FieldValues(title="\ud800"))
    assert file.read_text() == before


async def test_a_list_that_is_gone_is_not_an_empty_one(file):
    """Listing it fails; its tasks are not there."""
    connector = open_todo(file)
    with pytest.raises(RecordNotFound):
        await anext(connector.list_changes(ContainerId("kitchen"), None, {}))
    assert await connector.fetch(RecordRef("todo", ContainerId("kitchen"), RecordId("roses"))) is None


async def test_a_list_is_never_deleted(file):
    """All its tasks would go with it."""
    with pytest.raises(RecordInvalid):
        await open_todo(file).delete(RecordRef("todo", ROOT, RecordId("garden")), expected=FieldValues())
    assert "garden" in contents(file)


async def test_an_edit_in_the_file_is_not_written_over(file):
    """The title that was expected is no longer there."""
    ref = RecordRef("todo", GARDEN, RecordId("roses"))
    await edits(file)(ref, FieldValues(title="Water the tulips"))
    with pytest.raises(StaleRevision, match="title"):
        await open_todo(file).update(ref, FieldValues(title="x"), expected=FieldValues(title="Water the roses"))
    assert contents(file)["garden"]["tasks"]["roses"]["title"] == "Water the tulips"
