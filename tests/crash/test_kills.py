"""A runner that is killed again and again during its first sync doubles nothing, loses nothing, and leaves nothing open."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from connectors.huly.sandbox import HulySandbox
from connectors.huly.sandbox.settings import SandboxSettings
from syncengine.adapters.event_log import open_log
from syncengine.domain.events import Proof, WriteConfirmed
from tests.fixtures.dropping_proxy import FORWARD, Action, DroppingProxy, ProxiedRequest, delay
from tests.fixtures.huly_and_vibe import Pair
from tests.fixtures.vibe_board import VibeBoard
from tests.fixtures.worker import Worker, write_settings

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(400)]

KILLS = 30
AIMED = 5
"""Of these, so many hit a write while Vibe has it, however slow the machine is."""
ISSUES, TASKS = 60, 40


async def at_work(huly: HulySandbox, worker: Worker) -> None:
    """Until the worker has listed something after logging in; one that ends by itself is a failure."""
    before = huly.requests.listings
    async with asyncio.timeout(30):
        while huly.requests.listings < before + 4:
            assert worker.process.returncode is None, "the worker ended before it was killed"
            await asyncio.sleep(0.005)


async def test_thirty_kills_during_the_first_sync(real_vibe_server, tmp_path):
    """60 issues go to Vibe and 40 tasks to Huly, through 30 kills at random moments."""
    chance = random.Random(20)
    server = await real_vibe_server()
    settings = SandboxSettings(rate_limit=1_000_000)
    async with AsyncExitStack() as stack:
        huly = await stack.enter_async_context(HulySandbox(settings=settings))
        board = await stack.enter_async_context(VibeBoard(server.base_url))
        # Slow enough that thirty short lives are needed: every write to Vibe takes 50 ms, Huly answers 60 times a second.
        slow_writes = SlowWrites()
        proxy = await stack.enter_async_context(DroppingProxy(server.base_url, slow_writes))
        pair = Pair(huly=huly, vibe_url=proxy.base_url, folder=tmp_path, board=board)
        await fill(pair)
        path = write_settings(pair, rate=60)
        in_flight = unfinished = 0
        for number in range(KILLS):
            async with Worker(path, "run") as worker:
                await at_work(huly, worker)
                if number < AIMED:
                    await slow_writes.next_one()
                else:
                    await asyncio.sleep(chance.uniform(0.0, 0.4))
                await worker.kill()
            in_flight += await open_intents(pair)
            unfinished += len(huly.issues()) < ISSUES + TASKS or len(await board.all_tasks()) < ISSUES + TASKS
        assert in_flight >= AIMED, "no kill hit a write in flight, so nothing was tested"
        assert unfinished > KILLS / 2, "the first sync was over too early for the kills to test it"
        await Worker(write_settings(pair), "run", "--until-quiet").finish()
        await nothing_doubled_nothing_missing(pair)
        await nothing_open(pair)


class SlowWrites:
    """Every write takes a while, and one can wait for the next one to arrive."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()

    def __call__(self, request: ProxiedRequest) -> Action:
        if request.method == "GET":
            return FORWARD
        self._arrived.set()
        return delay(0.05)

    async def next_one(self) -> None:
        self._arrived.clear()
        async with asyncio.timeout(30):
            await self._arrived.wait()


async def fill(pair: Pair) -> None:
    for number in range(2):
        pair.huly.create_project(f"Project {number}", f"P{number}")
        await pair.board.create_project(f"Project {number}", str(pair.folder / f"repos/P{number}"))
    for number in range(ISSUES):
        pair.huly.create_issue(f"P{number % 2}", f"issue {number}", description=f"Text {number}.", status="In Progress")
    projects = await pair.board.projects()
    for number in range(TASKS):
        task = await pair.board.create_task(projects[number % 2]["id"], f"task {number}", f"Text {number}.")
        if number % 3 == 0:
            await pair.board.edit_task(task["id"], status="done")


async def open_intents(pair: Pair) -> int:
    async with open_log(pair.folder / "sync.db", read_only=True) as log:
        return len(log.views.open_writes())


async def nothing_doubled_nothing_missing(pair: Pair) -> None:
    expected = sorted([f"issue {number}" for number in range(ISSUES)] + [f"task {number}" for number in range(TASKS)])
    issues, tasks = pair.huly.issues(), await pair.board.all_tasks()
    assert sorted(issue.title for issue in issues) == expected
    assert sorted(task["title"] for task in tasks) == expected
    assert len({issue.identifier for issue in issues}) == len(issues)
    status_in_vibe = {task["title"]: task["status"] for task in tasks}
    words = {"In Progress": "inprogress", "Done": "done", "Todo": "todo", "Backlog": "todo"}
    assert {issue.title: words[issue.status] for issue in issues} == status_in_vibe


async def nothing_open(pair: Pair) -> None:
    async with open_log(pair.folder / "sync.db", read_only=True) as log:
        assert not log.views.open_writes()
        assert not log.views.parked()
        proofs = [it.event.proof for it in log.all_events() if isinstance(it.event, WriteConfirmed)]
        assert Proof.FOUND in proofs, "no intent was settled by looking, so nothing was tested"
