"""The whole way: the Huly sandbox, the real Vibe server, a log on disk, and people on both sides."""

import re
from pathlib import Path

import pytest

from connectors.huly.rich_text import markup_for, shown
from connectors.huly.sandbox import HulySandbox
from connectors.huly.sandbox.settings import SandboxSettings
from syncengine.domain.events import (
    ClaimTaken,
    RecordObserved,
    WriteConfirmed,
    WritesIntended,
)
from tests.fixtures.dropping_proxy import DROP, DroppingProxy, delay, is_call, some
from tests.fixtures.huly_and_vibe import Pair
from tests.fixtures.vibe_board import VibeBoard

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

STATUSES = ("Backlog", "Todo", "In Progress", "Done", "Canceled")
IN_VIBE = {"Backlog": "todo", "Todo": "todo", "In Progress": "inprogress", "Done": "done", "Canceled": "cancelled"}
MARKDOWN = "A paragraph with **bold** and `code`.\n\n## Steps\n\n- one\n- two\n\n```python\nprint(1)\n```"


@pytest.fixture
async def huly():
    async with HulySandbox(settings=SandboxSettings(rate_limit=100_000)) as sandbox:
        yield sandbox


@pytest.fixture
async def pair(huly, real_vibe_server, tmp_path):
    """Both servers, empty."""
    server = await real_vibe_server()
    async with VibeBoard(server.base_url) as board:
        yield Pair(huly=huly, vibe_url=server.base_url, folder=tmp_path, board=board)


def fill(huly: HulySandbox, projects: int, issues: int) -> None:
    """Projects with issues spread over them, of every status, most with a text."""
    for number in range(projects):
        huly.create_project(f"Project {number}", f"P{number}")
    for number in range(issues):
        huly.create_issue(
            f"P{number % projects}",
            f"Issue {number}",
            description=markup_for(f"{MARKDOWN}\n\nNumber {number}.") if number % 4 else "",
            status=STATUSES[number % len(STATUSES)],
        )


def text_of(task: dict) -> str:
    """A task's description without the sync key."""
    return re.sub(r"(\n\n)?Sync-Key: \w+\s*$", "", task["description"] or "")


def read(issue) -> str:
    """An issue's description as Markdown."""
    return shown(issue.description).markdown


async def tasks_by_title(board: VibeBoard) -> dict[str, dict]:
    tasks = await board.all_tasks()
    titles = [task["title"] for task in tasks]
    assert len(titles) == len(set(titles)), "a task was doubled"
    return {task["title"]: task for task in tasks}


def issues_by_title(huly: HulySandbox) -> dict:
    issues = huly.issues()
    titles = [issue.title for issue in issues]
    assert len(titles) == len(set(titles)), "an issue was doubled"
    return {issue.title: issue for issue in issues}


def link_events(log) -> int:
    kinds = (RecordObserved, WritesIntended, WriteConfirmed, ClaimTaken)
    return sum(isinstance(it.event, kinds) for it in log.all_events())


async def test_two_hundred_issues_there_fifty_tasks_back_and_every_edit_travels(huly, pair):
    """The long story of the issue, on one pair of servers."""
    fill(huly, projects=5, issues=200)
    async with DroppingProxy(pair.vibe_url) as proxy:
        pair.vibe_url = proxy.base_url
        async with pair.running() as running:
            await running.settle_down()
            await everything_arrived(huly, pair.board)
            await tasks_made_in_vibe_arrive(huly, pair.board, running)
            await edits_travel_both_ways(huly, pair.board, running)
            await the_rule_decides_conflicts(huly, pair.board, running)
            await ten_quiet_passes(huly, proxy, running)


async def everything_arrived(huly, board):
    projects = await board.projects()
    assert sorted(it["name"] for it in projects) == [f"Project {number}" for number in range(5)]
    assert all(Path(it["git_repo_path"]).name == f"P{it['name'][-1]}" for it in projects)
    tasks = await tasks_by_title(board)
    assert len(tasks) == 200
    for number in range(200):
        task = tasks[f"Issue {number}"]
        assert task["status"] == IN_VIBE[STATUSES[number % 5]]
        assert text_of(task) == (f"{MARKDOWN}\n\nNumber {number}." if number % 4 else "")


async def tasks_made_in_vibe_arrive(huly, board, running):
    projects = {it["name"]: it["id"] for it in await board.projects()}
    for number in range(50):
        task = await board.create_task(projects[f"Project {number % 5}"], f"Task {number}", f"Made in Vibe, {number}.")
        if number % 2:
            await board.edit_task(task["id"], status="done")
    await running.settle_down()
    issues = issues_by_title(huly)
    assert len(issues) == 250
    for number in range(50):
        issue = issues[f"Task {number}"]
        assert issue.identifier.startswith(f"P{number % 5}-")
        assert issue.status == ("Done" if number % 2 else "Todo")
        assert read(issue) == f"Made in Vibe, {number}."
    assert len({issue.identifier for issue in issues.values()}) == 250


async def edits_travel_both_ways(huly, board, running):
    issues, tasks = issues_by_title(huly), await tasks_by_title(board)
    huly.edit_issue(issues["Issue 1"].identifier, title="Issue 1 renamed")
    huly.set_description(issues["Issue 2"].identifier, "New text from Huly.")
    huly.edit_issue(issues["Issue 3"].identifier, status="Done")
    await board.edit_task(tasks["Issue 4"]["id"], title="Issue 4 renamed")
    await board.edit_text(tasks["Issue 5"], "New text from Vibe.")
    await board.edit_task(tasks["Issue 6"]["id"], status="inprogress")
    huly.edit_issue(issues["Issue 7"].identifier, title="Issue 7 renamed")
    await board.edit_task(tasks["Issue 7"]["id"], status="done")  # another field of the same item
    await running.settle_down()
    issues, tasks = issues_by_title(huly), await tasks_by_title(board)
    assert {"Issue 1 renamed", "Issue 4 renamed", "Issue 7 renamed"} <= set(issues) & set(tasks)
    assert text_of(tasks["Issue 2"]) == "New text from Huly."
    assert tasks["Issue 3"]["status"] == "done"
    assert read(issues["Issue 5"]) == "New text from Vibe."
    assert issues["Issue 6"].status == "In Progress"
    assert (issues["Issue 7 renamed"].status, tasks["Issue 7 renamed"]["status"]) == ("Done", "done")


async def the_rule_decides_conflicts(huly, board, running):
    issues, tasks = issues_by_title(huly), await tasks_by_title(board)
    huly.edit_issue(issues["Issue 10"].identifier, title="Issue 10 by Huly")
    await board.edit_task(tasks["Issue 10"]["id"], title="Issue 10 by Vibe")
    huly.set_description(issues["Issue 11"].identifier, "Text by Huly.")
    await board.edit_text(tasks["Issue 11"], "Text by Vibe.")
    await running.settle_down()
    issues, tasks = issues_by_title(huly), await tasks_by_title(board)
    assert "Issue 10 by Huly" in issues
    assert "Issue 10 by Huly" in tasks, "Huly wins, so the Vibe update is sent"
    assert read(issues["Issue 11"]) == "Text by Huly." == text_of(tasks["Issue 11"])
    lost = {
        value
        for recorded in running.log.all_events()
        if isinstance(recorded.event, WritesIntended)
        for settlement in recorded.event.settled
        for value in settlement.losers.values()
    }
    assert {"Issue 10 by Vibe", "Text by Vibe."} <= lost


async def ten_quiet_passes(huly, proxy, running):
    events, position = link_events(running.log), running.log.max_position()
    huly.requests.reset()
    before = len(proxy.exchanges)
    for _ in range(10):
        report = await running.engine.run_pass()
        assert report.quiet, report
    assert (link_events(running.log), running.log.max_position()) == (events, position)
    assert huly.requests.writes == 0
    asked = [(it.request.method, it.request.path.split("?")[0]) for it in proxy.exchanges[before:]]
    assert {method for method, _ in asked} == {"GET"}
    # One listing of projects to discover, one as records of the root container, one for each of five projects.
    assert asked.count(("GET", "/api/tasks")) <= 10 * 5
    assert len(asked) <= 10 * (5 + 2)
    assert huly.requests.listings <= 10 * (5 + 2)
    assert huly.requests.reads <= 10 * (5 + 2)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_lost_answer_of_a_create_doubles_nothing(huly, pair, seed):
    """A proxy drops the connection of 20 % of the creates after the server stored the task."""
    fill(huly, projects=2, issues=40)
    create = is_call("POST", "/api/tasks")
    async with DroppingProxy(pair.vibe_url, some(0.2, DROP, seed=seed, matches=create)) as proxy:
        pair.vibe_url = proxy.base_url
        pair.vibe_settings["key_lookup_lag_s"] = 0.2
        async with pair.running() as running:
            for _ in range(3):
                await running.engine.run_pass()
                await running.wait_until_due()
            assert not running.log.views.open_writes()
        assert proxy.counts.dropped > 0
    assert len(await tasks_by_title(pair.board)) == 40


async def test_an_answer_that_comes_too_late_doubles_nothing(huly, pair):
    """Some answers come after 4.5 seconds: they prove nothing, and looking shows what happened."""
    fill(huly, projects=1, issues=12)
    create = is_call("POST", "/api/tasks")
    async with DroppingProxy(pair.vibe_url, some(0.2, delay(4.7), seed=3, matches=create)) as proxy:
        pair.vibe_url = proxy.base_url
        pair.vibe_settings["key_lookup_lag_s"] = 0.2
        async with pair.running() as running:
            for _ in range(3):
                await running.engine.run_pass()
                await running.wait_until_due()
            assert not running.log.views.open_writes()
        assert proxy.counts.delayed > 0
    assert len(await tasks_by_title(pair.board)) == 12
