"""``GET /api/events``: the stream of changes of tasks, good for no more than a hint to list again."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest


@asynccontextmanager
async def listening(wire):
    """A function that waits for the next entry of a new connection."""
    async with wire.session.get(wire.base_url + "/api/events") as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        assert answer.headers["Cache-Control"] == "no-cache"

        async def next_entry():
            lines = []
            async with asyncio.timeout(10):
                async for line in answer.content:
                    if line == b"\n" and lines:
                        break
                    if line.strip():
                        lines.append(line.decode().rstrip("\n"))
            assert lines[0] == "event: json_patch"
            assert len(lines) == 2
            return json.loads(lines[1].removeprefix("data: "))

        yield next_entry


@pytest.fixture
async def next_entry(wire):
    """Entries as they come, from before the first change on."""
    async with listening(wire) as following:
        yield following


async def test_each_change_of_a_task_is_told_under_its_number(wire, project, next_entry):
    """With the whole task, or with its row alone: the stream runs ahead of the database and may not see it yet."""
    gone = {"type": "DELETED_TASK", "data": {"rowid": 1}}
    made = await wire.task(project)
    inserted = await next_entry()
    changed = (await wire.call("PUT", f"/api/tasks/{made['id']}", {"title": "T"})).data
    updated = await next_entry()
    await wire.call("DELETE", f"/api/tasks/{made['id']}")
    deleted = await next_entry()

    told = [entry["value"].pop("record") for [entry] in (inserted, updated, deleted)]
    assert [*inserted, *updated, *deleted] == [
        {"op": "add", "path": f"/entries/{n}", "value": {"db_op": what}}
        for n, what in enumerate(("insert", "update", "delete"), start=1)
    ]
    assert told[0] in ({"type": "TASK", "data": made}, gone)
    assert told[1] in ({"type": "TASK", "data": changed}, {"type": "TASK", "data": made}, gone)
    assert told[2] == gone


async def test_projects_are_not_told_but_their_tasks_are(wire, project, next_entry):
    """A deletion of a project tells the deletion of each task."""
    for title in "ab":
        await wire.task(project, title)
        assert (await next_entry())[0]["value"]["db_op"] == "insert"
    await wire.call("PUT", f"/api/projects/{project['id']}", {"name": "B"})
    await wire.call("DELETE", f"/api/projects/{project['id']}")
    told = [(await next_entry())[0]["value"] for _ in range(2)]
    assert [entry["db_op"] for entry in told] == ["delete", "delete"]
    assert {entry["record"]["data"]["rowid"] for entry in told} == {1, 2}


async def test_each_connection_gets_all_entries_from_the_first(wire, project, next_entry):
    """There is no place to resume from."""
    for _ in range(2):
        await wire.task(project)
        await next_entry()
    for _ in range(2):
        async with listening(wire) as following:
            assert [(await following())[0]["path"] for _ in range(2)] == ["/entries/1", "/entries/2"]


async def test_number_of_the_last_row_is_used_again(wire, project, next_entry):
    """So a number does not name a task for good."""
    rows = []
    for _ in range(2):
        task = await wire.task(project)
        await next_entry()
        await wire.call("DELETE", f"/api/tasks/{task['id']}")
        rows.append((await next_entry())[0]["value"]["record"]["data"])
    assert rows == [{"rowid": 1}, {"rowid": 1}]


async def test_entry_is_sorted_json_on_one_line(wire, project, next_entry):
    """Keys come in alphabetical order, without blanks."""
    task = await wire.task(project, "é")
    await next_entry()
    await wire.call("DELETE", f"/api/tasks/{task['id']}")
    await next_entry()
    async with wire.session.get(wire.base_url + "/api/events") as answer:
        async for line in answer.content:
            if b'"delete"' in line:
                break
    deleted = {"db_op": "delete", "record": {"data": {"rowid": 1}, "type": "DELETED_TASK"}}
    expected = [{"op": "add", "path": "/entries/2", "value": deleted}]
    assert line.decode() == f"data: {json.dumps(expected, separators=(',', ':'))}\n"


async def test_numbers_begin_again_with_the_server(wire, project, vibe_server):
    """After a stop the history is gone."""
    for title in "abc":
        await wire.task(project, title)
    await vibe_server.stop()
    await vibe_server.start()
    async with listening(wire) as next_entry:
        after = await wire.task(project, "after")
        inserted = (await next_entry())[0]
        await wire.call("DELETE", f"/api/tasks/{after['id']}")
        deleted = (await next_entry())[0]
    told = [(entry["path"], entry["value"]["db_op"]) for entry in (inserted, deleted)]
    assert told == [("/entries/1", "insert"), ("/entries/2", "delete")]
    assert deleted["value"]["record"]["data"] == {"rowid": 4}


async def test_stop_of_the_server_ends_the_stream(wire, vibe_server):
    """The client sees an end or a broken connection."""
    async with wire.session.get(wire.base_url + "/api/events") as answer:
        await vibe_server.stop()
        try:
            async with asyncio.timeout(10):
                rest = await answer.content.read()
        except OSError:
            rest = b""
        except Exception as broken:  # aiohttp's error for a body that ended early
            assert "payload" in str(broken).lower()
            rest = b""
    assert rest == b""
