"""The control routes, and the sandbox as a process of its own."""

import json
import signal
import subprocess
import sys

import aiohttp
import pytest


async def control(wire, method, path, body=None):
    answer = await wire.call(method, f"/_control/{path}", body)
    return answer.status, answer.json


async def test_fault_is_set_read_and_ended(wire, project):
    """The read-out tells how often it hit."""
    status, added = await control(wire, "POST", "faults", {"kind": "html", "method": "POST", "path_kind": "tasks"})
    assert (status, added["kind"], added["times"], added["seen"], added["hit"]) == (200, "html", 1, 0, 0)
    body = {"project_id": project["id"], "title": "x"}
    assert (await wire.call("POST", "/api/tasks", body)).is_web_page
    _, [planned] = await control(wire, "GET", "faults")
    assert (planned["seen"], planned["hit"]) == (1, 1)
    assert await control(wire, "DELETE", "faults") == (200, None)
    assert await control(wire, "GET", "faults") == (200, [])


async def test_requests_are_read_and_reset(wire, project):
    """Control calls are not among them."""
    _, counts = await control(wire, "GET", "requests")
    assert counts == {"by_kind": {"POST projects": 1}, "total": 1, "most_writes_at_once": 1, "overlapping_writes": 0}
    await control(wire, "DELETE", "requests")
    assert (await control(wire, "GET", "requests"))[1]["total"] == 0


async def test_persons_edit_from_outside(wire):
    """Projects and tasks, without being counted."""
    _, project = await control(wire, "POST", "projects", {"name": "P"})
    _, task = await control(wire, "POST", "tasks", {"project": project["id"], "title": "T", "status": "done"})
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == task
    _, edited = await control(wire, "PUT", f"tasks/{task['id']}", {"title": "T2", "description": "D"})
    assert edited == {**task, "title": "T2", "description": "D"}
    assert await control(wire, "GET", f"tasks?project={project['id']}") == (200, [edited])
    assert await control(wire, "DELETE", f"tasks/{task['id']}") == (200, None)
    assert await control(wire, "GET", f"tasks?project={project['id']}") == (200, [])
    assert await control(wire, "GET", "projects") == (200, [project])
    assert (await control(wire, "GET", "requests"))[1]["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "faults", {"kind": "explode"}, 400, "'explode' is not a valid FaultKind"),
        ("POST", "faults", {"kind": "html", "count": 1}, 400, "unexpected keyword argument 'count'"),
        ("POST", "faults", [], 400, "must be a JSON object"),
        ("POST", "tasks", {"project": "nope", "title": "T"}, 400, "no project 'nope'"),
        ("PUT", "tasks/nope", {"title": "T"}, 400, "no task 'nope'"),
        ("GET", "tasks", None, 400, "missing 1 required positional argument: 'project'"),
        ("GET", "nosuch", None, 404, "no control route GET /_control/nosuch"),
        ("DELETE", "projects", None, 404, "no control route"),
    ],
)
async def test_mistakes_are_said(wire, method, path, body, status, said):
    """Status 400 or 404 and a message."""
    answered, told = await control(wire, method, path, body)
    assert (answered, list(told)) == (status, ["error"])
    assert said in told["error"]


async def test_taken_path_is_said(wire, project):
    """A person cannot take it either."""
    status, told = await control(wire, "POST", "projects", {"name": "P", "git_repo_path": project["git_repo_path"]})
    assert (status, told) == (400, {"error": "Another project has this git_repo_path."})


async def test_real_api_has_no_control_routes(wire):
    """The prefix is not under /api, so no path of the real server is hidden by it."""
    assert (await wire.call("GET", "/api/_control/faults")).is_web_page


@pytest.fixture
def command():
    """How the sandbox is started as a process."""
    return [sys.executable, "-m", "connectors.vibe.sandbox", "--port", "0"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_process_says_where_it_is_and_ends_cleanly_on_a_signal(command, number):
    """One line of JSON, exit code 0, and nothing on the error output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told = json.loads(process.stdout.readline())
        assert told["pid"] == process.pid
        async with aiohttp.ClientSession() as session, session.get(told["url"] + "/api/health") as answer:
            assert (await answer.json())["data"] == "OK"
        process.send_signal(number)
        rest = process.communicate(timeout=10)
        assert (process.returncode, rest) == (0, ("", ""))
    finally:
        process.kill()
        process.communicate()


async def test_process_on_a_taken_port_says_so(command, vibe_sandbox):
    """Exit code 1, and what to do."""
    port = vibe_sandbox.base_url.rsplit(":", 1)[1]
    done = subprocess.run([*command[:-1], port], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Try --port 0" in done.stderr
