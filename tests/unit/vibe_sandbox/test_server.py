"""The sandbox as an object: its life, persons' edits, counts."""

import asyncio
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest

from connectors.vibe.sandbox import DuplicatePathError, Fault, VibeSandbox
from tests.contract.vibe.wire import Wire


async def test_board_and_port_survive_stop_and_start(vibe_sandbox, wire, task):
    """While it is stopped nobody answers."""
    url = vibe_sandbox.base_url
    await vibe_sandbox.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await wire.call("GET", "/api/health")
    await vibe_sandbox.start()
    assert vibe_sandbox.base_url == url
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == task


async def test_stop_does_not_wait_for_what_is_in_flight(vibe_sandbox, wire, project):
    """The client loses its connection, as with the real server."""
    vibe_sandbox.faults.add(Fault(kind="delay", delay_s=30))
    asking = asyncio.create_task(wire.task(project))
    while not vibe_sandbox.faults.planned[0].hit:
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await vibe_sandbox.stop()
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await asking


async def test_taken_port_is_an_oserror(vibe_sandbox):
    """Nothing is left half started."""
    port = int(vibe_sandbox.base_url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="address already in use"):
        await VibeSandbox(port=port).start()


def test_address_before_the_start_is_refused():
    """The message says what to do."""
    with pytest.raises(RuntimeError, match="use `async with` or `start`"):
        assert VibeSandbox().base_url


async def test_own_temporary_folder_goes_with_the_sandbox():
    """Without a root nothing stays behind."""
    async with VibeSandbox() as sandbox:
        project = sandbox.create_project("P")
        assert (Path(project.git_repo_path) / ".git").is_dir()
    assert not sandbox.root.exists()


async def test_what_persons_do_is_seen_by_clients(vibe_sandbox, wire):
    """Create, edit and delete."""
    project = vibe_sandbox.create_project("By a person")
    task = vibe_sandbox.create_task(project, "T", "D", status="inreview")
    shown = (await wire.call("GET", f"/api/tasks/{task.id}")).data
    assert (shown["title"], shown["description"], shown["status"]) == ("T", "D", "inreview")
    vibe_sandbox.edit_task(task, title="T2", description="", status="done")
    shown = (await wire.call("GET", f"/api/tasks/{task.id}")).data
    assert (shown["title"], shown["description"], shown["status"]) == ("T2", "", "done")
    vibe_sandbox.edit_task(task.id, status="todo")
    assert [(t.title, t.status) for t in vibe_sandbox.tasks(project)] == [("T2", "todo")]
    vibe_sandbox.delete_task(task)
    assert (await wire.call("GET", f"/api/tasks/{task.id}")).bare_status == 404
    assert [p.name for p in vibe_sandbox.projects()] == ["By a person"]


async def test_what_clients_do_is_seen_by_persons(vibe_sandbox, project, task):
    """The rows hold what was sent."""
    [seen] = vibe_sandbox.tasks(project["id"])
    assert (seen.id, seen.title, seen.description, seen.status) == (task["id"], "First", "Body", "todo")
    assert seen.created_at == datetime.fromisoformat(task["created_at"])


async def test_persons_mistakes_are_said(vibe_sandbox, tmp_path):
    """Unknown ids, unknown words, paths that cannot be used."""
    project = vibe_sandbox.create_project("P", str(tmp_path / "p"))
    for mistake, said in [
        (lambda: vibe_sandbox.create_task("nope", "T"), "no project 'nope'"),
        (lambda: vibe_sandbox.create_task(project, "T", status="open"), "no status 'open'"),
        (lambda: vibe_sandbox.edit_task("nope", title="T"), "no task 'nope'"),
        (lambda: vibe_sandbox.delete_task("nope"), "no task 'nope'"),
        (lambda: vibe_sandbox.create_project("Q", str(tmp_path / "q"), use_existing_repo=True), "does not exist"),
    ]:
        with pytest.raises(ValueError, match=said):
            mistake()
    with pytest.raises(DuplicatePathError):
        vibe_sandbox.create_project("P again", str(tmp_path / "p"))


async def test_projects_of_persons_without_a_path_get_folders_of_their_own(vibe_sandbox):
    """All under the root."""
    paths = [Path(vibe_sandbox.create_project("Same").git_repo_path) for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(vibe_sandbox.root in path.parents and (path / ".git").is_dir() for path in paths)


async def test_persons_are_neither_counted_nor_hit(vibe_sandbox):
    """Faults and counts are for requests."""
    planned = vibe_sandbox.faults.add(Fault(kind="html", times=None))
    vibe_sandbox.create_task(vibe_sandbox.create_project("P"), "T")
    assert (planned.seen, vibe_sandbox.requests.count()) == (0, 0)


async def test_requests_are_counted_by_method_and_kind_of_path(vibe_sandbox, wire, project, task):
    """None asks for any."""
    for _ in range(3):
        await wire.tasks(project)
    await wire.call("PUT", f"/api/tasks/{task['id']}", {"title": "T"})
    await wire.call("GET", "/api/nosuch")
    counts = vibe_sandbox.requests
    assert counts.by_kind() == {"GET other": 1, "GET tasks": 3, "POST projects": 1, "POST tasks": 1, "PUT task": 1}
    asked = (counts.count(), counts.count("GET"), counts.count("GET", "tasks"), counts.count(path_kind="tasks"))
    assert asked == (7, 4, 3, 4)
    counts.reset()
    assert counts.count() == 0


async def test_writes_in_flight_at_once_are_noticed(vibe_sandbox, wire, project, task):
    """Two of one task overlap; one of another task does not."""
    other = await wire.task(project, "Other")
    vibe_sandbox.requests.reset()
    vibe_sandbox.faults.add(Fault(kind="delay", delay_s=0.1, times=None))
    urls = [f"/api/tasks/{t['id']}" for t in (task, other, task)]
    await asyncio.gather(*(wire.call("PUT", url, {"title": "T"}) for url in urls), wire.tasks(project))
    assert (vibe_sandbox.requests.most_writes_at_once, vibe_sandbox.requests.overlapping_writes) == (3, 1)
    vibe_sandbox.requests.reset()
    vibe_sandbox.faults.clear()
    for url in urls:
        await wire.call("PUT", url, {"title": "T"})
    assert (vibe_sandbox.requests.most_writes_at_once, vibe_sandbox.requests.overlapping_writes) == (1, 0)


async def test_agents_are_said_to_be_missing(wire, project):
    """A path that the real server has and the sandbox has not is told apart from an unknown one."""
    for method, path in [("POST", "/api/tasks/create-and-start"), ("GET", "/api/task-attempts"), ("GET", "/api/images/x")]:
        status, text = (await wire.call(method, path)).complaint
        assert (status, "use the real server" in text) == (501, True)


async def test_thousands_of_tasks_are_listed(vibe_sandbox, wire, project):
    """The list stays whole and in order of creation, newest first."""
    for number in range(3000):
        vibe_sandbox.create_task(project["id"], f"T{number}")
    listed = await Wire(wire.session, vibe_sandbox.base_url, vibe_sandbox.root).tasks(project)
    assert len({t["id"] for t in listed}) == 3000
    times = [t["created_at"] for t in listed]
    assert times == sorted(times, reverse=True)
