"""
The engine inside a program with plans of its own; needs no network and ends by itself.

The program is a small workshop: jobs are written on a board in the office, and the people in the hall have a board of
their own. Both boards are remotes in memory here; any open connector can stand in their place. The workshop decides by
itself when a pass runs: after somebody rang the bell, and not every so many seconds.
"""

import asyncio
import tempfile
from pathlib import Path

from syncengine import ConflictRule, MergeText, Policy, Prefer, Sync, open_sync_with, story
from syncengine.connector import ROOT, ContainerId, Kind
from syncengine.testing import Abilities, MemoryConnector, MemoryRemote, without_backlog

RULES: dict[str, ConflictRule] = {
    "title": Prefer("office"),
    "description": MergeText(then=Prefer("office")),
    "status": Prefer("hall"),
}
POLICY = Policy(rules={Kind("project"): {name: RULES[name] for name in ("title", "description")}, Kind("issue"): RULES})


async def work_in_the_office(office: MemoryRemote, bell: asyncio.Event) -> None:
    """Somebody writes jobs on the board, and rings."""
    orders = office.person_creates(ROOT, title="Orders")
    for number in (1, 2, 3):
        office.person_creates(orders, title=f"Chair {number}", description="Oak\nOiled\n", status="backlog")
    bell.set()


async def work_in_the_hall(hall: MemoryRemote, delivered: asyncio.Event, bell: asyncio.Event) -> None:
    """Somebody does the first job that arrives, and rings."""
    await delivered.wait()
    orders = the_only_project_on(hall)
    hall.person_edits(orders, min(hall.items(orders)), status="done", description="Oak\nOiled twice\n")
    bell.set()


async def keep_the_same(sync: Sync, bell: asyncio.Event, delivered: asyncio.Event) -> None:
    """Run a pass whenever the bell rings, twice in this small world."""
    for _ in range(2):
        await bell.wait()
        bell.clear()
        report = await sync.run_pass()
        print(f"pass: {report.observed} changed, writes {report.writes}, problems {report.problems}")
        delivered.set()


def the_only_project_on(remote: MemoryRemote) -> ContainerId:
    """A project is a record in the root container, and the container of its jobs."""
    (project,) = remote.items(ROOT)
    return ContainerId(project)


async def main() -> None:
    """Let everybody work for a while, then look at both boards."""
    office = MemoryRemote(Abilities(projects=True, key_storage="id"))
    hall = MemoryRemote(Abilities(projects=True, key_storage="marker", spelling=without_backlog))
    endpoints = {"office": MemoryConnector(office, "office"), "hall": MemoryConnector(hall, "hall")}
    bell, delivered = asyncio.Event(), asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        async with open_sync_with(endpoints, log=Path(folder) / "workshop.db", policy=POLICY) as sync:
            await asyncio.gather(
                keep_the_same(sync, bell, delivered),
                work_in_the_office(office, bell),
                work_in_the_hall(hall, delivered, bell),
            )
            await show(sync, office, hall)


async def show(sync: Sync, office: MemoryRemote, hall: MemoryRemote) -> None:
    """Print both boards, and the story of the chair that was made."""
    for name, remote in (("office", office), ("hall", hall)):
        jobs = remote.items(the_only_project_on(remote)).values()
        print(name, sorted((job["title"], job["status"]) for job in jobs))
    (chair,) = {it.link_id for it in sync.views.find("Chair 1")}
    print("the story of Chair 1:")
    print("\n".join(story(chair, await sync.log.load(chair))))


asyncio.run(main())
