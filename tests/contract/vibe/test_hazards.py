"""
What a held database does to writes: on the real server by holding it, on the sandbox by its faults.

The seconds are the real server's busy wait, so each case here takes about five.
"""

import asyncio
import sqlite3
import time
from contextlib import AsyncExitStack, contextmanager

import aiohttp
import pytest

from connectors.vibe.real_server import RealVibeServer
from connectors.vibe.sandbox import Fault, FaultKind, VibeSandbox
from tests.contract.vibe.wire import Wire

pytestmark = pytest.mark.slow
LOCKED = "error returned from database: (code: 5) database is locked"
DATABASE = f"DatabaseError: {LOCKED}"


def begin_of(kind: FaultKind, name: str) -> str:
    """How to hold the database: reads meet a lock only while somebody writes the file itself."""
    if kind == FaultKind.LOST:
        return "BEGIN"
    return "BEGIN EXCLUSIVE" if "GET" in name else "BEGIN IMMEDIATE"


@contextmanager
def held(server: RealVibeServer, begin: str):
    """The real server's database, held by another process for reading or writing."""
    database = sqlite3.connect(server.db_path, isolation_level=None)
    try:
        database.execute(begin)
        database.execute("SELECT count(*) FROM tasks").fetchall()
        yield
    finally:
        database.rollback()
        database.close()


@contextmanager
def faulty(sandbox: VibeSandbox, kind: FaultKind):
    """The sandbox with the fault in force for one request."""
    delay_s = None if kind == FaultKind.LOST else 5.0
    sandbox.faults.add(Fault(kind=kind, delay_s=delay_s))
    yield


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.real)])
async def scenes(request, tmp_path):
    """A function that prepares one more server with a project and a task, and how to make trouble there."""
    if request.param == "real":
        vibe_binary = request.getfixturevalue("vibe_binary")
        vibe_template = request.getfixturevalue("vibe_template")
    async with AsyncExitStack() as running:
        session = await running.enter_async_context(aiohttp.ClientSession())

        async def prepare(name, kind):
            root = tmp_path / name
            root.mkdir()
            if request.param == "sandbox":
                server = await running.enter_async_context(VibeSandbox(root=root))
                trouble = faulty(server, kind)
            else:
                server = RealVibeServer(binary=vibe_binary, root=root, template=vibe_template)
                await running.enter_async_context(server)
                trouble = held(server, begin_of(kind, name))
            wire = Wire(session, server.base_url, server.root)
            project = await wire.project()
            return wire, project, await wire.task(project), trouble

        yield prepare


async def slowly(call):
    """The answer, which must take as long as the busy wait."""
    begun = time.monotonic()
    answer = await call
    assert 4.8 < time.monotonic() - begun < 9
    return answer


def request_for(what, project, task, root):
    """Method, path and body of one request; sent to a held database it meets the busy wait."""
    return {
        "POST task": ("POST", "/api/tasks", {"project_id": project["id"], "title": "new"}),
        "PUT task": ("PUT", f"/api/tasks/{task['id']}", {"title": "new"}),
        "DELETE task": ("DELETE", f"/api/tasks/{task['id']}", None),
        "GET task": ("GET", f"/api/tasks/{task['id']}", None),
        "GET tasks": ("GET", f"/api/tasks?project_id={project['id']}", None),
        "POST project": (
            "POST",
            "/api/projects",
            {"name": "new", "git_repo_path": f"{root}/new", "use_existing_repo": False},
        ),
        "PUT project": ("PUT", f"/api/projects/{project['id']}", {"name": "new"}),
        "DELETE project": ("DELETE", f"/api/projects/{project['id']}", None),
        "GET project": ("GET", f"/api/projects/{project['id']}", None),
        "GET projects": ("GET", "/api/projects", None),
    }[what]


async def in_trouble(prepare, kind, what):
    """The answer to one request that met the trouble; nothing may have changed on the board."""
    wire, project, task, trouble = await prepare(f"{kind} {what}", kind)
    with trouble:
        answer = await slowly(wire.call(*request_for(what, project, task, wire.root)))
    assert [t["title"] for t in await wire.tasks(project)] == ["First"]
    assert (await wire.call("GET", "/api/projects")).data == [project]
    return answer


LOCKED_ANSWERS = {
    "POST task": DATABASE,
    "PUT task": DATABASE,
    "DELETE task": DATABASE,
    "GET tasks": DATABASE,
    "GET projects": DATABASE,
    "POST project": f"ProjectError: Failed to create project: {LOCKED}",
    "PUT project": None,
    "DELETE project": None,
    "GET task": None,
    "GET project": None,
}


async def test_writes_are_acknowledged_and_lost_while_somebody_reads(scenes):
    """POST and PUT are answered 200 after five seconds and not stored; DELETE gets a 500."""
    kinds = ("POST task", "PUT task", "DELETE task", "POST project")
    answers = await asyncio.gather(*(in_trouble(scenes, FaultKind.LOST, what) for what in kinds))
    post, put, delete, post_project = answers
    assert (post.data["title"], put.data["title"], post_project.data["name"]) == ("new", "new", "new")
    assert delete.failure == DATABASE


async def test_requests_are_refused_after_five_seconds_while_somebody_writes(scenes):
    """Mostly with the database's words, in some places with a bare 500; nothing is stored."""
    answers = await asyncio.gather(*(in_trouble(scenes, FaultKind.LOCKED, what) for what in LOCKED_ANSWERS))
    for (what, words), answer in zip(LOCKED_ANSWERS.items(), answers, strict=True):
        if words is None:
            assert (what, answer.bare_status) == (what, 500)
        else:
            assert (what, answer.failure) == (what, words)
