"""The troubles that the sandbox makes: what the client sees, and what is on the board afterwards."""

import asyncio
import time

import aiohttp
import pytest

from connectors.vibe.sandbox import Fault, FaultKind, FaultPlan, PathKind

SHORT_S = 0.2


def titles(sandbox, project):
    return [task.title for task in sandbox.tasks(project["id"])]


def a_task(project, title="new"):
    return {"project_id": project["id"], "title": title}


async def timed(call):
    begun = time.monotonic()
    answer = await call
    return answer, time.monotonic() - begun


async def test_lost_write_is_acknowledged_after_the_delay_and_not_stored(vibe_sandbox, wire, project):
    """The answer is 200 with a task that does not exist."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.LOST, delay_s=SHORT_S))
    answer, took_s = await timed(wire.call("POST", "/api/tasks", a_task(project)))
    assert took_s >= SHORT_S
    assert answer.data["title"] == "new"
    assert titles(vibe_sandbox, project) == []
    assert (await wire.call("GET", f"/api/tasks/{answer.data['id']}")).bare_status == 404


async def test_lost_write_does_not_undo_what_others_wrote_meanwhile(vibe_sandbox, wire, project):
    """Only the one write is missing."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.LOST, delay_s=SHORT_S))
    losing = asyncio.create_task(wire.call("POST", "/api/tasks", a_task(project, "lost")))
    while not vibe_sandbox.faults.planned[0].hit:
        await asyncio.sleep(0)
    vibe_sandbox.create_task(project["id"], "by a person")
    await wire.task(project, "by another client")
    assert (await losing).data["title"] == "lost"
    assert set(titles(vibe_sandbox, project)) == {"by a person", "by another client"}


async def test_lost_deletion_is_a_500_and_the_task_stays(vibe_sandbox, wire, project, task):
    """Deletions fail aloud."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.LOST, delay_s=0))
    assert "database is locked" in (await wire.call("DELETE", f"/api/tasks/{task['id']}")).failure
    assert titles(vibe_sandbox, project) == ["First"]


@pytest.mark.parametrize(("kind", "stored"), [("drop-before", []), ("drop-after", ["new"])])
async def test_dropped_connection_before_and_after_the_effect(vibe_sandbox, wire, project, kind, stored):
    """The client cannot tell the two apart."""
    vibe_sandbox.faults.add(Fault(kind=kind))
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await wire.call("POST", "/api/tasks", a_task(project))
    assert titles(vibe_sandbox, project) == stored
    assert (await wire.call("GET", "/api/health")).data == "OK"


async def test_web_page_in_place_of_the_answer(vibe_sandbox, wire, project):
    """Status 200, and nothing was done."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.HTML, times=2))
    assert (await wire.call("POST", "/api/tasks", a_task(project))).is_web_page
    assert (await wire.call("GET", "/api/projects")).is_web_page
    assert titles(vibe_sandbox, project) == []


async def test_locked_database(vibe_sandbox, wire, project):
    """Status 500 at once, and nothing was done."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.LOCKED))
    assert (await wire.call("POST", "/api/tasks", a_task(project))).failure == (
        "DatabaseError: error returned from database: (code: 5) database is locked"
    )
    assert titles(vibe_sandbox, project) == []


async def test_delayed_answer_to_a_write_that_was_done_at_once(vibe_sandbox, wire, project):
    """The task is on the board while the client still waits."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.DELAY, delay_s=SHORT_S))
    begun = time.monotonic()
    asking = asyncio.create_task(wire.call("POST", "/api/tasks", a_task(project)))
    while not titles(vibe_sandbox, project):
        await asyncio.sleep(0)
    assert time.monotonic() - begun < SHORT_S
    assert (await asking).data["title"] == "new"
    assert time.monotonic() - begun >= SHORT_S


async def test_late_write_is_done_even_when_the_client_has_left(vibe_sandbox, wire, project):
    """A look at the board right after the time-out finds nothing; a later one does."""
    vibe_sandbox.faults.add(Fault(kind=FaultKind.LATE, delay_s=SHORT_S))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT_S / 4):
            await wire.call("POST", "/api/tasks", a_task(project))
    assert titles(vibe_sandbox, project) == []
    async with asyncio.timeout(5):
        while titles(vibe_sandbox, project) != ["new"]:
            await asyncio.sleep(0.005)


async def test_fault_hits_the_next_requests_of_its_kind_only(vibe_sandbox, wire, project, task):
    """Others before, between and after are answered."""
    planned = vibe_sandbox.faults.add(Fault(kind="html", method="PUT", path_kind="task", times=2))
    seen = []
    for method, path in [("GET", "task"), ("PUT", "task"), ("PUT", "project"), ("PUT", "task"), ("PUT", "task")]:
        url = f"/api/tasks/{task['id']}" if path == "task" else f"/api/projects/{project['id']}"
        seen.append((await wire.call(method, url, {} if method == "PUT" else None)).is_web_page)
    assert seen == [False, True, False, True, False]
    assert (planned.seen, planned.hit) == (2, 2)


async def test_fault_without_end_hits_every_kth_request(vibe_sandbox, wire):
    """Until the plan is cleared."""
    vibe_sandbox.faults.add(Fault(kind="html", path_kind=PathKind.HEALTH, times=None, every=3))
    seen = [(await wire.call("GET", "/api/health")).is_web_page for _ in range(7)]
    assert seen == [False, False, True, False, False, True, False]
    vibe_sandbox.faults.clear()
    assert not any([(await wire.call("GET", "/api/health")).is_web_page for _ in range(3)])


async def test_event_stream_can_be_hit(vibe_sandbox, wire):
    """By the page of an old or foreign server."""
    vibe_sandbox.faults.add(Fault(kind="html", path_kind="events"))
    assert (await wire.call("GET", "/api/events")).is_web_page


def test_first_fault_that_hits_wins():
    """A request meets one trouble at most; the spent one makes way."""
    plan = FaultPlan([Fault(kind="html"), Fault(kind="locked", times=None)])
    kinds = [fault and fault.kind for fault in (plan.next_for("GET", PathKind.TASKS) for _ in range(3))]
    assert kinds == [FaultKind.HTML, FaultKind.LOCKED, FaultKind.LOCKED]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "explode"}, "'explode' is not a valid FaultKind"),
        ({"kind": "html", "path_kind": "tusks"}, "'tusks' is not a valid PathKind"),
        ({"kind": "html", "times": 0}, "times must be at least 1, but is 0"),
        ({"kind": "html", "every": 0}, "every must be at least 1, but is 0"),
        ({"kind": "html", "delay_s": -1}, "delay_s must be at least 0, but is -1"),
    ],
)
def test_fault_that_cannot_be_meant_is_refused(given, said):
    """The message names the field and the value."""
    with pytest.raises(ValueError, match=said):
        Fault(**given)


def test_kinds_with_a_busy_wait_have_its_five_seconds_unless_told_otherwise():
    """The others answer at once."""
    waits = {kind.value: Fault(kind=kind).wait_s for kind in FaultKind}
    slow = {"lost": 5.0, "delay": 5.0, "late": 5.0}
    assert waits == {"drop-before": 0.0, "drop-after": 0.0, "html": 0.0, "locked": 0.0, **slow}
    assert Fault(kind="lost", delay_s=0.0).wait_s == 0.0
