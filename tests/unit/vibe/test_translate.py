"""Between shared words and those of the server, by examples. The laws are in tests/properties."""

import pytest

from connectors.vibe.payloads import ProjectRow, TaskRow, read_row, read_rows
from connectors.vibe.translate import (
    ISSUE_SCHEMA,
    PROJECT_SCHEMA,
    as_stored,
    new_task_body,
    project_fields,
    read_status,
    refuse_stale,
    replacement,
    replacement_body,
    task_changes,
    task_fields,
)
from syncengine.connector import ROOT, ContainerId, FieldValues, SyncKey
from syncengine.errors import EndpointGone, RecordInvalid, StaleRevision

KEY = SyncKey("0123456789abcdef0123456789abcdef")
BOARD = ContainerId("66806ffd-d127-40e1-a195-62f915fe5700")
PROJECT = ProjectRow(id="p", name="Demo", git_repo_path="/srv/demo", setup_script="make", copy_files=".env")


def task(title="First", description="Body", status="todo"):
    return TaskRow(id="t", project_id=BOARD, title=title, description=description, status=status)


def test_task_in_shared_words():
    """No marker, no null, one word for each status."""
    row = task(description=f"Body\n\nSync-Key: {KEY}", status="inprogress")

    assert task_fields(row) == FieldValues(title="First", description="Body", status="in_progress")
    assert task_fields(task(description=None))["description"] == ""


@pytest.mark.parametrize(
    ("word", "stored"),
    [
        ("backlog", "todo"),
        ("todo", "todo"),
        ("in_progress", "in_progress"),
        ("in_review", "in_review"),
        ("done", "done"),
        ("cancelled", "cancelled"),
    ],
)
def test_status_comes_back_as_stored(word, stored):
    """Only the backlog is not there."""
    assert as_stored(BOARD, FieldValues(status=word)) == FieldValues(status=stored)


@pytest.mark.parametrize("word", ["Canceled", "canceled", "inprogress", "Todo", "", None, 3])
def test_b9_unknown_status_is_refused_before_it_is_sent_and_the_words_are_named(word):
    """The predecessor sent a word that the server does not know, in every cycle."""
    with pytest.raises(RecordInvalid, match="backlog, todo, in_progress, in_review, done, cancelled"):
        as_stored(BOARD, FieldValues(status=word))


def test_status_word_of_an_unknown_version_does_not_break_a_listing():
    """It is passed on, and refused where it would have to be written."""
    assert read_status("parked") == "parked"


def test_fields_that_cannot_be_read_are_left_out():
    """They would never be seen to arrive."""
    project = FieldValues(name="Demo", description="Path: /x", identifier="DEMO", path="/x", lead="me")

    assert as_stored(ROOT, project) == FieldValues(name="Demo", path="/x")
    assert as_stored(BOARD, FieldValues(title="T", priority="high")) == FieldValues(title="T")


@pytest.mark.parametrize("value", [1, True, ("a",)])
def test_text_that_is_none_is_refused(value):
    """Nothing is made into text behind anybody's back."""
    with pytest.raises(RecordInvalid, match="title"):
        as_stored(BOARD, FieldValues(title=value))


def test_absent_description_is_stored_as_empty():
    """The server cannot get back to null, so both are the same."""
    assert as_stored(BOARD, FieldValues(description=None, title=None)) == FieldValues(description="", title="")


def test_new_task_carries_the_key_and_no_status():
    """A create ignores the status, so it is not even sent."""
    body = new_task_body(BOARD, KEY, FieldValues(title="T", description="D", status="done"))

    assert body == {"project_id": BOARD, "title": "T", "description": f"D\n\nSync-Key: {KEY}"}


def test_update_sends_only_what_differs():
    """Each field sent is a field that a person's edit may be lost in."""
    patch = FieldValues(title="First", description="Body", status="in_review")

    assert task_changes(task(), patch) == {"status": "inreview"}
    assert task_changes(task(), FieldValues(title="New")) == {"title": "New"}
    assert task_changes(task(), FieldValues(status="backlog")) == {}
    assert task_changes(task(description=None), FieldValues(description="")) == {}


def test_update_keeps_the_marker_that_is_there_now():
    """Not the one that was written once."""
    row = task(description=f"Body\n\nSync-Key: {KEY}")

    assert task_changes(row, FieldValues(description="New")) == {"description": f"New\n\nSync-Key: {KEY}"}
    assert task_changes(row, FieldValues(description="")) == {"description": f"Sync-Key: {KEY}"}
    assert task_changes(row, FieldValues(title="First")) == {}


def test_b7_update_does_not_bring_a_removed_marker_back():
    """The person who removed it does not want it; the link is known by the id of the task."""
    assert task_changes(task(), FieldValues(description="New")) == {"description": "New"}


def test_clearing_a_description_sends_an_empty_text():
    """Null would keep the old one."""
    assert task_changes(task(), FieldValues(description=None)) == {"description": ""}


def test_field_that_cannot_be_changed_is_refused():
    """Leaving it out would look like success."""
    with pytest.raises(RecordInvalid, match="priority"):
        task_changes(task(), FieldValues(priority="high"))
    with pytest.raises(RecordInvalid, match="path"):
        replacement(PROJECT, FieldValues(path="/elsewhere"))


def test_renaming_a_project_sends_its_scripts_along():
    """The server clears the scripts that it is not sent."""
    assert replacement_body(replacement(PROJECT, FieldValues(name="New"))) == {
        "name": "New",
        "git_repo_path": "/srv/demo",
        "setup_script": "make",
        "dev_script": None,
        "cleanup_script": None,
        "copy_files": ".env",
    }
    assert project_fields(PROJECT) == FieldValues(name="Demo", path="/srv/demo")


def test_fields_that_moved_are_named_without_their_values():
    """Messages go into logs; texts of people do not."""
    with pytest.raises(StaleRevision, match="title changed") as caught:
        refuse_stale(FieldValues(title="secret", status="todo"), FieldValues(title="other", status="todo"))

    assert "secret" not in str(caught.value)


def test_schemas_say_what_the_server_can_do():
    """The engine reads its strategy from them."""
    status, path = ISSUE_SCHEMA.spec("status"), PROJECT_SCHEMA.spec("path")

    assert (status.creatable, status.updatable, status.initial) == (False, True, "todo")
    assert (path.readable, path.creatable, path.updatable) == (True, False, False)
    assert PROJECT_SCHEMA.readable == {"name", "path"}
    assert ISSUE_SCHEMA.readable == {"title", "description", "status"}
    assert ISSUE_SCHEMA.can_delete
    assert not PROJECT_SCHEMA.can_delete


ROW = {"id": "t", "project_id": "p", "title": "T", "description": None, "status": "todo", "updated_at": 1}


def test_b12_time_of_the_last_update_is_not_even_read():
    """It does not move when a person edits, so comparing it with anything blocks edits."""
    assert not {name for name in TaskRow.__slots__ if name.endswith("_at")}
    assert read_row({**ROW, "updated_at": "nonsense"}, TaskRow) == read_row(ROW, TaskRow)


@pytest.mark.parametrize(
    "data",
    [None, [], "x", {k: v for k, v in ROW.items() if k != "title"}, {**ROW, "title": None}, {**ROW, "status": 3}],
)
def test_row_of_another_version_is_recognised(data):
    """Rather than read as something it is not."""
    with pytest.raises(EndpointGone, match="0.0.71"):
        read_row(data, TaskRow)


def test_projects_with_several_repositories_are_a_newer_version():
    """They have no path of their own."""
    with pytest.raises(EndpointGone, match="git_repo_path"):
        read_rows([{"id": "p", "name": "Demo"}], ProjectRow)


def test_listing_that_is_no_list_is_another_version():
    """Not an empty one."""
    with pytest.raises(EndpointGone, match="instead of a list"):
        read_rows({"projects": []}, ProjectRow)
