"""The story of an issue that was in flight when the process was killed."""

import asyncio
import re

import pytest

from connectors.huly.sandbox import HulySandbox
from syncengine.adapters.event_log import open_log
from tests.fixtures.dropping_proxy import FORWARD, DroppingProxy, delay
from tests.fixtures.huly_and_vibe import Pair
from tests.fixtures.vibe_board import VibeBoard
from tests.fixtures.worker import Worker, write_settings

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


async def test_explain_tells_seen_decided_intent_crash_found_outcome(real_vibe_server, tmp_path):
    """The create was stored by the server, its answer was held back, and the process died waiting for it."""
    server = await real_vibe_server()
    async with HulySandbox() as huly, VibeBoard(server.base_url) as board:
        huly.create_project("Project", "P")
        issue = huly.create_issue("P", "In flight", description="Some text.", status="Todo")

        def hold_back(request):
            return delay(60) if (request.method, request.path) == ("POST", "/api/tasks") else FORWARD

        async with DroppingProxy(server.base_url, hold_back) as proxy:
            pair = Pair(huly=huly, vibe_url=proxy.base_url, folder=tmp_path, board=board)
            async with Worker(write_settings(pair), "run", "--once") as worker:
                await stored_and_unanswered(pair)
                await worker.kill()
        pair.vibe_url = server.base_url
        await Worker(write_settings(pair), "run", "--until-quiet").finish()
        assert [task["title"] for task in await board.all_tasks()] == ["In flight"]
        said = await Worker(write_settings(pair), "explain", issue.identifier).finish()
    told = said[said.rindex("In flight") - 400 :]
    parts = (
        rf"first seen on huly as {issue.identifier}",
        r"decided to create it on vibe",
        r"saved that intent",
        r"the process stopped before an answer was saved",
        r"looked on vibe: it had been created",
        r"nothing is open",
    )
    places = [re.search(part, told) for part in parts]
    assert all(places), (parts, said[-3000:])
    assert [place.start() for place in places] == sorted(place.start() for place in places)
    assert len(re.findall(r"\d\d:\d\d:\d\d", told)) >= len(parts) - 1, "every step has its time"


async def stored_and_unanswered(pair: Pair) -> None:
    """Until the task is on the server while its intent is open in the log."""

    async with asyncio.timeout(60):
        while True:
            tasks = await pair.board.all_tasks()
            if tasks and (pair.folder / "sync.db").exists():
                async with open_log(pair.folder / "sync.db", read_only=True) as log:
                    if log.views.open_writes():
                        return
            await asyncio.sleep(0.02)
