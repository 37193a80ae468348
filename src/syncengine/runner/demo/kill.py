"""The kill: a worker is ended by SIGKILL at a moment when creates have been done and nobody has heard the answer."""

import asyncio
import time
from collections.abc import Collection

from attrs import frozen

from syncengine.adapters.event_log import OpenLog, open_log
from syncengine.runner.demo import DemoFailed
from syncengine.runner.demo.log_facts import OpenIntent, in_flight, open_intents
from syncengine.runner.demo.result import Kill
from syncengine.runner.demo.scenario import HULY, VIBE, new_items
from syncengine.runner.demo.servers import Scene
from syncengine.runner.demo.worker import Worker, start_worker

PATIENCE_S = 60.0
"""Seconds until the moment must have come."""

LOOK_AGAIN_S = 0.05

_DONE_BEFORE = {HULY: 1, VIBE: 1}
"""Creates that each side answers before the one whose answer it holds back."""


@frozen(kw_only=True)
class Killed:
    """
    What was open when the worker was killed.

    Attributes:
        intents: all saved writes without an outcome.
        in_flight: the creates among them that had been done.
    """

    kill: Kill
    intents: list[OpenIntent]
    in_flight: list[OpenIntent]


async def kill_in_the_middle(scene: Scene) -> Killed:
    """
    Start a worker and kill it in the middle of its creates.

    Each side that can do so holds back the answer of one create, so that the moment is sure to come: done there, and open
    in the log. It is recognised by looking, never by waiting a while.

    Raises:
        DemoFailed: the moment did not come.
    """
    await scene.huly.hold_an_answer(skip=_DONE_BEFORE[HULY])
    if not scene.real_vibe:
        await scene.vibe.hold_an_answer(skip=_DONE_BEFORE[VIBE])
    total = len(new_items(HULY)) + len(new_items(VIBE))
    with scene.stage.progress("new items, confirmed", total) as progress:
        worker = await start_worker(scene.children, scene.settings, progress)
        listening = asyncio.ensure_future(worker.follow())
        try:
            await _the_moment(scene, worker)
        finally:
            await worker.child.kill()
            await listening
    await scene.huly.answer_again()
    if not scene.real_vibe:
        await scene.vibe.answer_again()
    return await _look_around(scene, worker, total)


async def _the_moment(scene: Scene, worker: Worker) -> None:
    wanted = {HULY} if scene.real_vibe else {HULY, VIBE}
    seen: list[OpenIntent] = []
    give_up_at = time.monotonic() + PATIENCE_S
    async with open_log(scene.log, read_only=True) as log:
        while True:
            before, seen = seen, await _in_flight(scene, log, wanted)
            # Twice in a row: a create may be seen by chance just before its answer is saved.
            if wanted <= {intent.write.endpoint for intent in seen if intent in before}:
                return
            if not worker.child.runs:
                raise DemoFailed(f"the worker ended before it could be killed: {worker.child.last_words()}")
            if time.monotonic() > give_up_at:
                raise DemoFailed(f"no create was in flight within {PATIENCE_S:g} seconds: {worker.child.last_words()}")
            await asyncio.sleep(LOOK_AGAIN_S)


async def _in_flight(scene: Scene, log: OpenLog, sides: Collection[str]) -> list[OpenIntent]:
    # The servers first: what is there by then and still open in the log afterwards has not been answered.
    titles = {}
    if HULY in sides:
        titles[HULY] = {item.title for item in await scene.huly.items()}
    if VIBE in sides:
        titles[VIBE] = {item.title for item in await scene.vibe.items()}
    return in_flight(await open_intents(log), titles)


async def _look_around(scene: Scene, worker: Worker, total: int) -> Killed:
    async with open_log(scene.log, read_only=True) as log:
        intents = await open_intents(log)
    there = {HULY: {it.title for it in await scene.huly.items()}, VIBE: {it.title for it in await scene.vibe.items()}}
    open_creates = in_flight(intents, there)
    arrived = sum(item.title in there[VIBE] for item in new_items(HULY))
    arrived += sum(item.title in there[HULY] for item in new_items(VIBE))
    kill = Kill(
        pid=worker.child.pid,
        new_items=total,
        arrived=arrived,
        open_intents=len(intents),
        in_flight=len(open_creates),
    )
    return Killed(kill=kill, intents=intents, in_flight=open_creates)
