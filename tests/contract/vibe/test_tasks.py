"""Tasks: fields, listing, what create ignores, what each field of a change does, deletion."""

import asyncio
import re

import pytest

NOWHERE = "00000000-0000-0000-0000-000000000009"
FOREIGN_KEY = "DatabaseError: error returned from database: (code: 787) FOREIGN KEY constraint failed"
ODD_TEXTS = [
    "",
    " leading and trailing ",
    "line\nbreak\r\nand\ttab",
    "😀 é e\u0301 \u200frtl \ufeff bom \uffff",
    'quote " backslash \\ slash /',
    "nul \x00 and \x1f and \x7f",
]


async def test_created_task_has_exactly_the_known_fields_in_their_order(wire, project):
    """A new task is todo and has no parent."""
    made = await wire.task(project, "First", description="Body")
    assert list(made.items())[1:6] == [
        ("project_id", project["id"]),
        ("title", "First"),
        ("description", "Body"),
        ("status", "todo"),
        ("parent_task_attempt", None),
    ]
    assert list(made)[0] == "id"
    assert list(made)[6:] == ["created_at", "updated_at"]


async def test_times_are_utc_to_the_millisecond_and_equal(wire, task):
    """Created and updated are one time."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", task["created_at"])
    assert task["updated_at"] == task["created_at"]


async def test_listed_tasks_have_four_fields_more(wire, project, task):
    """The list tells of attempts what the single task does not."""
    assert await wire.tasks(project) == [
        {
            **task,
            "has_in_progress_attempt": False,
            "has_merged_attempt": False,
            "last_attempt_failed": False,
            "profile": "",
        }
    ]


async def test_task_is_shown_by_id_as_it_was_answered(wire, task):
    """GET one, POST and PUT show the same object."""
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == task
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", {})).data == task


async def test_list_is_newest_first_and_of_one_project(wire, project):
    """The order is by creation time, descending; tasks of other projects are not in it."""
    other = await wire.project("Other")
    await wire.task(other, "elsewhere")
    made = [await wire.task(project, "0")]
    while made[-1]["created_at"] == made[0]["created_at"]:
        made.append(await wire.task(project, str(len(made))))
    listed = await wire.tasks(project)
    assert {t["id"] for t in listed} == {t["id"] for t in made}
    assert [t["created_at"] for t in listed] == sorted((t["created_at"] for t in made), reverse=True)
    assert listed[0]["id"] == made[-1]["id"]


async def test_list_of_an_unknown_project_is_empty(wire, project, task):
    """An empty list does not prove that the tasks are gone."""
    assert await wire.tasks({"id": NOWHERE}) == []


async def test_list_is_complete(wire, project):
    """There is no page size."""
    made = [await wire.task(project, f"T{n}") for n in range(120)]
    assert {t["id"] for t in await wire.tasks(project)} == {t["id"] for t in made}


async def test_create_ignores_what_it_does_not_know(wire, project):
    """Status, id and times of our own have no effect."""
    wishes = {"id": NOWHERE, "status": "done", "created_at": "2000-01-01T00:00:00Z", "metadata": {"a": 1}, "x": []}
    made = await wire.task(project, "Second", **wishes)
    assert (made["status"], made["id"] == NOWHERE, made["created_at"][:4] == "2000") == ("todo", False, False)


async def test_create_does_not_even_check_the_status(wire, project):
    """A status that does not exist is ignored like any other."""
    assert (await wire.task(project, status="no such"))["status"] == "todo"


@pytest.mark.parametrize("optional", ["description", "parent_task_attempt", "image_ids"])
async def test_optional_fields_may_be_null_or_missing(wire, project, optional):
    """Both mean the same on create."""
    made = await wire.task(project, **{optional: None})
    assert (made["description"], made["parent_task_attempt"]) == (None, None)


async def test_titles_need_not_be_unique(wire, project):
    """Two creates with the same body are two tasks."""
    made = [await wire.task(project, "Same") for _ in range(2)]
    assert made[0]["id"] != made[1]["id"]
    assert len(await wire.tasks(project)) == 2


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_texts_come_back_as_they_were_sent(wire, project, text):
    """By create, by change, alone and in the list."""
    made = await wire.task(project, text, description=text)
    assert (made["title"], made["description"]) == (text, text)
    plain = await wire.task(project, "x")
    changed = (await wire.call("PUT", f"/api/tasks/{plain['id']}", {"title": text, "description": text})).data
    assert (changed["title"], changed["description"]) == (text, text)
    assert {(t["title"], t["description"]) for t in await wire.tasks(project)} == {(text, text)}


async def test_very_long_texts_are_taken(wire, project):
    """A million characters of title, two of description."""
    made = await wire.task(project, "t" * 1_000_000)
    changed = (await wire.call("PUT", f"/api/tasks/{made['id']}", {"description": "d" * 2_000_000})).data
    assert (len(changed["title"]), len(changed["description"])) == (1_000_000, 2_000_000)


@pytest.mark.parametrize("status", ["inprogress", "inreview", "done", "cancelled", "todo"])
async def test_each_status_can_follow_each(wire, task, status):
    """No transition is forbidden, there and back."""
    for to in (status, "done", status, "todo", status):
        changed = (await wire.call("PUT", f"/api/tasks/{task['id']}", {"status": to})).data
        assert changed == {**task, "status": to}


@pytest.mark.parametrize("field", ["title", "description", "status", "parent_task_attempt", "image_ids"])
async def test_null_keeps_each_field_on_change(wire, task, field):
    """A description, once set, can never be null again."""
    before = (await wire.call("PUT", f"/api/tasks/{task['id']}", {"status": "inreview"})).data
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", {field: None})).data == before
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == before


@pytest.mark.parametrize("field", ["title", "description"])
async def test_empty_text_is_set_on_change(wire, task, field):
    """Empty is a value, and stays one."""
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", {field: ""})).data == {**task, field: ""}
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == {**task, field: ""}


async def test_change_of_one_field_keeps_the_others(wire, task):
    """One after the other, all three are set."""
    url = f"/api/tasks/{task['id']}"
    assert (await wire.call("PUT", url, {"title": "T"})).data == {**task, "title": "T"}
    assert (await wire.call("PUT", url, {"description": "D"})).data == {**task, "title": "T", "description": "D"}
    wanted = {**task, "title": "T", "description": "D", "status": "done"}
    assert (await wire.call("PUT", url, {"status": "done"})).data == wanted


async def test_task_cannot_move_or_change_its_identity(wire, task):
    """Fields that a change does not know are not even checked."""
    other = await wire.project("Other")
    body = {"id": NOWHERE, "project_id": other["id"], "created_at": 5, "updated_at": "x"}
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", body)).data == task
    assert await wire.tasks(other) == []


async def test_change_leaves_updated_at(wire, project, task):
    """Even after a changed field both times are those of the creation."""
    while (await wire.task(project))["created_at"] == task["created_at"]:
        pass
    changed = (await wire.call("PUT", f"/api/tasks/{task['id']}", {"title": "T", "status": "done"})).data
    assert changed["created_at"] == changed["updated_at"] == task["updated_at"]


async def test_empty_image_list_changes_nothing(wire, task):
    """An empty list is taken."""
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", {"image_ids": []})).data == task


async def test_task_of_an_unknown_project_fails_with_500(wire, project):
    """The database's complaint, in the envelope."""
    answer = await wire.call("POST", "/api/tasks", {"project_id": NOWHERE, "title": "x"})
    assert answer.failure == FOREIGN_KEY


async def test_unknown_parent_attempt_fails_with_500_and_stores_nothing(wire, project, task):
    """On create and on change."""
    body = {"project_id": project["id"], "title": "x", "parent_task_attempt": NOWHERE}
    assert (await wire.call("POST", "/api/tasks", body)).failure == FOREIGN_KEY
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", body)).failure == FOREIGN_KEY
    assert [(t["id"], t["title"]) for t in await wire.tasks(project)] == [(task["id"], "First")]


async def test_unknown_image_fails_with_500_and_yet_all_else_is_stored(wire, project, task):
    """The half-made task stays, and so does the change."""
    body = {"project_id": project["id"], "title": "half", "image_ids": [NOWHERE]}
    assert (await wire.call("POST", "/api/tasks", body)).failure == FOREIGN_KEY
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", body)).failure == FOREIGN_KEY
    assert [t["title"] for t in await wire.tasks(project)] == ["half", "half"]


async def test_deletion_is_answered_once(wire, project, task):
    """The second deletion finds nothing, and neither do reads and changes."""
    url = f"/api/tasks/{task['id']}"
    assert (await wire.call("DELETE", url)).data is None
    assert (await wire.call("DELETE", url)).bare_status == 404
    assert (await wire.call("GET", url)).bare_status == 404
    assert (await wire.call("PUT", url, {"title": "x"})).bare_status == 404
    assert await wire.tasks(project) == []


async def test_unknown_task_is_404_whatever_the_body(wire):
    """The task is looked for before the body is read."""
    for raw, content_type in ((b'{"title":"x"}', "application/json"), (b"{", "application/json"), (b"{}", None)):
        answer = await wire.call("PUT", f"/api/tasks/{NOWHERE}", raw=raw, content_type=content_type)
        assert answer.bare_status == 404


async def test_concurrent_creates_are_all_stored(wire, project):
    """Eight at once, each answered with a task of its own."""
    made = await asyncio.gather(*(wire.task(project, f"T{n}") for n in range(8)))
    assert {t["id"] for t in await wire.tasks(project)} == {t["id"] for t in made}
    assert len({t["id"] for t in made}) == 8
