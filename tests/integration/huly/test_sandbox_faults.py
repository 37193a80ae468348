"""What can go wrong on request, what the sandbox counts, and how another process controls it."""

import asyncio
import contextlib
import json
import os
import signal
import sys

import aiohttp
import pytest
from tests.integration.huly.rest import ISSUE, Rest

from connectors.huly.sandbox import ControlError, Fault, HulySandbox, HulySandboxClient, NoSuchThingError

LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


@pytest.fixture
async def sandbox():
    """A sandbox with one project."""
    async with HulySandbox() as server:
        server.create_project("Mirror", "MIRR", "what it is for")
        yield server


@pytest.fixture
async def http():
    """A client without opinions on the answers, and without retries of its own."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


@pytest.fixture
def rest(sandbox, http):
    """The connector's account, a member of project MIRR."""
    return Rest(sandbox=sandbox, http=http, project=sandbox.projects()[0].id)


# Faults


@pytest.mark.parametrize(("after_effect", "titles"), [(False, []), (True, ["i1"])])
async def test_a_dropped_connection_leaves_the_client_guessing(sandbox, rest, after_effect, titles):
    """The client cannot tell whether the write took effect; both happens."""
    sandbox.faults.add(Fault(kind="drop", path="/tx/", after_effect=after_effect))
    with pytest.raises(LOST):
        await rest.create("i1")
    assert [issue.title for issue in sandbox.issues()] == titles
    assert await rest.create("i2") == (200, [])


@pytest.mark.parametrize(("after_effect", "created"), [(False, 0), (True, 1)])
async def test_an_error_can_come_before_or_after_the_effect(sandbox, rest, after_effect, created):
    """A 500 says nothing about the effect either."""
    sandbox.faults.add(Fault(kind="status", status=500, path="/tx/", after_effect=after_effect))
    assert (await rest.create("i1"))[0] == 500
    assert len(sandbox.issues()) == created


async def test_a_busy_server_says_how_long_to_wait(sandbox, rest):
    """The planned number of requests gets 429 with its headers, then all is well."""
    sandbox.faults.add(Fault(kind="status", status=429, times=2, retry_after_ms=40))
    answers = [await rest.generate_id() for _ in range(3)]
    assert [status for status, _, _ in answers] == [429, 429, 200]
    assert answers[0][2]["Retry-After-ms"] == "40"
    assert answers[0][1]["error"]["params"] == {"message": "Rate limit"}


async def test_a_proxy_may_answer_with_a_web_page(sandbox, rest):
    """Status 200 and HTML: the effect did not happen."""
    sandbox.faults.add(Fault(kind="html", path="/tx/"))
    status, body = await rest.create("i1")
    assert (status, str(body).startswith("<!DOCTYPE html>")) == (200, True)
    assert sandbox.issues() == []


async def test_a_proxy_may_answer_with_plain_text(sandbox, rest):
    """Any status with any text."""
    sandbox.faults.add(Fault(kind="status", status=502, text="Bad Gateway"))
    status, body, headers = await rest.generate_id()
    assert (status, body, headers["Content-Type"].partition(";")[0]) == (502, "Bad Gateway", "text/plain")


async def _arrived(sandbox, issue: str) -> None:
    async with asyncio.timeout(10):
        while [seen.id for seen in sandbox.issues()] != [issue]:
            await asyncio.sleep(0.01)


async def test_a_slow_answer_is_no_missing_effect(sandbox, rest):
    """Whoever gives up waiting for a write finds it done."""
    sandbox.faults.add(Fault(kind="delay", delay_s=30, after_effect=True, path="/tx/"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await rest.create("i1")
    await _arrived(sandbox, "i1")


async def test_a_write_goes_on_after_its_client_is_gone(sandbox, rest):
    """A client that is killed while the server still works does not take its write along."""
    sandbox.faults.add(Fault(kind="delay", delay_s=0.5, path="/tx/"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await rest.create("i1")
    assert sandbox.issues() == []
    await _arrived(sandbox, "i1")


async def test_a_late_commit_shows_an_old_time_stamp(sandbox, rest):
    """A write becomes visible with a stamp older than that of a write seen before (observed 10)."""
    sandbox.faults.add(Fault(kind="late_commit", delay_s=1.0, body="slow"))
    slow = asyncio.create_task(rest.create("slow"))
    async with asyncio.timeout(5):
        while sandbox.faults.hits == 0:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.01)
    await rest.create("quick")
    seen_first = [issue.id for issue in sandbox.issues()]
    await slow
    stamps = {issue.id: issue.modified_on_ms for issue in sandbox.issues()}
    assert seen_first == ["quick"]
    assert stamps["slow"] < stamps["quick"]


async def test_faults_hit_the_requests_they_are_meant_for(sandbox, rest):
    """Path, body, number of requests to skip and step between hits select them."""
    await rest.create("i")
    sandbox.faults.add(Fault(kind="status", status=503, path="/tx/", body="TxCreateDoc", skip=1, every=2, times=2))
    statuses = []
    for number in range(7):
        assert len(await rest.list_issues({"_id": "i"})) == 1
        assert (await rest.update("i", {"number": number}))[0] == 200
        statuses.append((await rest.create(f"i{number}"))[0])
    assert statuses == [200, 200, 503, 200, 503, 200, 200]
    assert sandbox.faults.hits == 2


async def test_cleared_faults_do_not_happen(sandbox, rest):
    """A test may change its mind."""
    sandbox.faults.add(Fault(kind="drop", times=None))
    sandbox.faults.clear()
    assert (await rest.generate_id())[0] == 200


@pytest.mark.parametrize("wrong", [{"kind": "nope"}, {"kind": "drop", "every": 0}])
def test_faults_that_make_no_sense_are_refused(wrong):
    """A misspelt fault must not silently do nothing."""
    with pytest.raises(ValueError, match="."):
        Fault(**wrong)


async def test_a_member_can_lose_the_project(sandbox, rest):
    """Issues vanish from its listings while they are still there, and come back with the membership."""
    await rest.create("i1")
    sandbox.remove_member("MIRR")
    assert await rest.list_issues({"space": rest.project}) == []
    assert len(sandbox.issues("MIRR")) == 1
    sandbox.add_member("MIRR")
    assert len(await rest.list_issues({"space": rest.project})) == 1


async def test_a_member_can_lose_the_workspace(sandbox, rest):
    """At once every request is refused as if the workspace were being upgraded, until membership is granted again."""
    assert (await rest.transactor("GET", "ping"))[0] == 200
    sandbox.revoke_membership()
    assert await rest.transactor("GET", "ping") == (403, {"message": "Failed to create session", "mode": "upgrading"})
    sandbox.grant_membership()
    assert (await rest.transactor("GET", "ping"))[0] == 200


# Counting


async def test_requests_are_counted_by_kind(sandbox, rest):
    """Writes, listings and other reads are told apart; edits of people and control requests are not counted."""
    sandbox.create_issue("MIRR", "by a person")
    await rest.create("i1")
    await rest.list_issues({"space": rest.project})
    await rest.list_issues({"_id": "i1"})
    await rest.rich_text("getContent", "i1", {})
    await rest.rich_text("updateContent", "i1", {"content": {"description": "x"}})
    await rest.account("nope")
    async with HulySandboxClient(sandbox.url) as client:
        await client.info()
        counted = await client.requests()
    assert {key: counted[key] for key in ("writes", "reads", "listings", "accounts", "fronts")} == {
        "writes": 2,
        "reads": 2,
        "listings": 1,
        "accounts": 1,
        "fronts": 0,
    }
    assert counted["operations"]["tx TxCreateDoc tracker:class:Issue"] == 1
    assert counted["operations"][f"find-all {ISSUE}"] == 2
    sandbox.requests.reset()
    assert (sandbox.requests.writes, sandbox.requests.reads, sandbox.requests.listings) == (0, 0, 0)


async def test_groups_are_counted_with_what_is_in_them(sandbox, rest):
    """One request, one write, named after its parts; its status is known, that of a dropped one is not."""
    await rest.create_guarded("i1", scope="s")
    sandbox.faults.add(Fault(kind="drop"))
    with contextlib.suppress(*LOST):
        await rest.create("i2")
    seen = [(request.operation, request.status) for request in sandbox.requests.seen]
    assert seen == [("tx group TxCreateDoc tracker:class:Issue", 200), ("tx TxCreateDoc tracker:class:Issue", None)]


# People


def test_people_work_with_names():
    """Projects, issues and statuses can be named as on the screen; the text of a description is readable."""
    sandbox = HulySandbox()
    project = sandbox.create_project("Mirror", "MIRR", "what it is for")
    issue = sandbox.create_issue("MIRR", "Boiler leaks", "First block\n\nsecond block", status="in progress")
    child = sandbox.create_issue(project.id, "Pipe", parent="MIRR-1")
    assert (project.name, project.description) == ("Mirror", "what it is for")
    assert (issue.identifier, issue.status, issue.text) == ("MIRR-1", "In Progress", "First block\nsecond block")
    assert (child.identifier, child.status, child.parent, child.description) == ("MIRR-2", "Backlog", issue.id, None)
    assert sandbox.edit_issue("MIRR-1", title="Boiler", status="Done").status == "Done"
    assert sandbox.set_description("MIRR-1", "").text == ""
    sandbox.add_status("In Review")
    assert sandbox.edit_issue("MIRR-2", status="In Review").status == "In Review"
    sandbox.remove_issue("MIRR-1")
    assert sandbox.issues() == []
    sandbox.remove_project("MIRR")
    assert sandbox.projects() == []


def test_names_that_do_not_exist_are_refused():
    """A test that edits the wrong issue must fail, not pass."""
    sandbox = HulySandbox()
    sandbox.create_project("Mirror", "MIRR")
    sandbox.create_issue("MIRR", "one")
    for edit in (
        lambda: sandbox.issue("MIRR-9"),
        lambda: sandbox.create_issue("NOPE", "x"),
        lambda: sandbox.edit_issue("MIRR-1", status="No such status"),
    ):
        with pytest.raises(NoSuchThingError):
            edit()


def test_the_stock_project_is_there_on_request():
    """A fresh real workspace has one; most tests count projects and do without."""
    assert HulySandbox().projects() == []
    assert [project.identifier for project in HulySandbox(default_project=True).projects()] == ["TSK"]


# Another process


async def test_another_process_edits_and_plans_faults_over_the_control_route(sandbox, rest):
    """The client offers the same edits, faults and numbers as the sandbox itself."""
    async with HulySandboxClient(sandbox.url) as client:
        project = await client.create_project(name="Second", identifier="SEC")
        issue = await client.create_issue(project="SEC", title="one", description="words", status="Todo")
        assert (issue.identifier, issue.status, issue.text) == ("SEC-1", "Todo", "words")
        assert (await client.edit_issue("SEC-1", title="two")).title == "two"
        assert (await client.set_description("SEC-1", "other words")).text == "other words"
        assert [seen.title for seen in await client.issues("SEC")] == ["two"]
        assert project in await client.projects()
        await client.add_fault(Fault(kind="status", status=503))
        assert (await rest.generate_id())[0] == 503
        assert await client.fault_hits() == 1
        await client.clear_faults()
        await client.reset_requests()
        assert (await client.requests())["reads"] == 0
        await client.settle()
        await client.remove_issue("SEC-1")
        await client.remove_project("SEC")
        assert [seen.identifier for seen in await client.projects()] == ["MIRR"]
        assert (await client.info())["workspace"] == sandbox.slug


async def test_the_control_route_refuses_what_it_cannot_do(sandbox):
    """Unknown methods, unknown names and broken faults come back as errors with a text."""
    async with HulySandboxClient(sandbox.url) as client:
        for ask in (
            lambda: client.call("stop"),
            lambda: client.issue("NOPE-1"),
            lambda: client._ask("POST", "faults", {"kind": "nope"}),
        ):
            with pytest.raises(ControlError, match="."):
                await ask()
    with pytest.raises(ControlError, match="context manager"):
        await client.__class__(sandbox.url).issues()


async def _start(*arguments: str) -> tuple[asyncio.subprocess.Process, dict]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connectors.huly.sandbox", "--port", "0", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return process, json.loads(await process.stdout.readline())


async def _ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(10):
        await process.communicate()
        return await process.wait()


async def test_a_process_of_its_own_keeps_its_state_in_a_file(tmp_path):
    """It prints its addresses, can be controlled, ends on SIGTERM with 0, and knows everything when started again."""
    arguments = ("--state", str(tmp_path / "state.json"), "--slug", "kept", "--email", "me@example.com")
    process, info = await _start(*arguments)
    async with HulySandboxClient(info["front"]) as client:
        await client.create_project(name="Mirror", identifier="MIRR")
        await client.create_issue(project="MIRR", title="one", description="words")
    process.send_signal(signal.SIGTERM)
    assert await _ended(process) == 0
    process, again = await _start(*arguments)
    async with HulySandboxClient(again["front"]) as client:
        assert [(seen.title, seen.text) for seen in await client.issues()] == [("one", "words")]
        assert (await client.create_issue(project="MIRR", title="two")).identifier == "MIRR-2"
    assert [again[key] for key in ("workspace_uuid", "account")] == [info[key] for key in ("workspace_uuid", "account")]
    process.send_signal(signal.SIGTERM)
    assert await _ended(process) == 0


async def test_a_process_ends_with_the_one_that_started_it():
    """Asked to, it watches its standard input, so that a killed demo leaves nothing behind."""
    process, _ = await _start("--until-stdin-closes")
    assert process.stdin is not None
    process.stdin.close()
    assert await _ended(process) == 0
