"""The story of the demo, in the order in which it happens."""

import time
from pathlib import Path

import aiohttp

from syncengine.adapters.event_log import open_log
from syncengine.runner.demo.child_processes import Children
from syncengine.runner.demo.kill import Killed, kill_in_the_middle
from syncengine.runner.demo.log_facts import conflicts, label_of, settled
from syncengine.runner.demo.measure import Holdings, Measured, measure
from syncengine.runner.demo.result import Result, Told
from syncengine.runner.demo.scenario import (
    EDITS,
    HULY,
    PROJECTS,
    VIBE,
    edits_where,
    expected_items,
    items_at_the_start,
    new_items,
)
from syncengine.runner.demo.servers import Scene, set_the_scene
from syncengine.runner.demo.stage import Stage
from syncengine.runner.demo.worker import start_worker
from syncengine.runner.story import sentences


async def play(folder: Path, *, real_vibe: bool, stage: Stage) -> Result:
    """
    Play all of it in this folder, which must exist and be empty; no process is left when this returns or raises.

    Args:
        real_vibe: with the real Vibe Kanban 0.0.71 in place of its sandbox.

    Raises:
        DemoFailed: a part did not start, ended too early or did not answer.
    """
    started_at = time.monotonic()
    async with Children(folder) as children, aiohttp.ClientSession() as session:
        stage.chapter("Two servers on this computer")
        scene = await set_the_scene(folder, children, session, real_vibe=real_vibe, stage=stage)
        await _fill(scene)
        await _sync(scene)
        await _edit(scene)
        stage.chapter("The worker is killed in the middle")
        killed = await kill_in_the_middle(scene)
        _tell_of_the_kill(stage, killed)
        await _start_again(scene, killed)
        measured = await _read_both(scene)
        return await _result(scene, killed, measured, seconds=time.monotonic() - started_at)


async def _fill(scene: Scene) -> None:
    for project in PROJECTS:
        await scene.huly.make_project(project)
        for item in project.items:
            await scene.huly.make_item(project, item)
    scene.stage.say(f"People have made {len(PROJECTS)} projects and {len(items_at_the_start())} issues in Huly.")


async def _sync(scene: Scene) -> None:
    scene.stage.chapter("The first sync")
    total = len(PROJECTS) + len(items_at_the_start())
    with scene.stage.progress("made in Vibe Kanban", total) as progress:
        worker = await start_worker(scene.children, scene.settings, progress)
        await worker.finish()


async def _edit(scene: Scene) -> None:
    stage = scene.stage
    stage.chapter("People work on both sides")
    in_huly = {item.title: item.record_id for item in await scene.huly.items()}
    in_vibe = {item.title: item.record_id for item in await scene.vibe.items()}
    for edit in EDITS:
        if edit.huly:
            await scene.huly.edit(in_huly[edit.title], edit.huly)
        if edit.vibe:
            await scene.vibe.edit(in_vibe[edit.title], edit.vibe)
    for project in PROJECTS:
        for item in project.new_in[HULY]:
            await scene.huly.make_item(project, item)
        for item in project.new_in[VIBE]:
            await scene.vibe.make_item(item)
    one, other, same = (len(list(edits_where(meets))) for meets in ("one side", "other fields", "same field"))
    stage.count(
        (one, "items changed on one side"),
        (other, "items changed on both sides, in different fields: both changes have to survive"),
        (same, "items changed on both sides, in the same field: by the settings, Huly wins"),
        (len(new_items(HULY)), "new issues in Huly"),
        (len(new_items(VIBE)), "new tasks in Vibe Kanban"),
    )


def _tell_of_the_kill(stage: Stage, killed: Killed) -> None:
    kill = killed.kill
    stage.say(
        f"SIGKILL for `syncengine run`, process {kill.pid}, when {kill.arrived} of {kill.new_items} new items had arrived. "
        f"In the log, {kill.open_intents} intents have no outcome."
    )


async def _start_again(scene: Scene, killed: Killed) -> None:
    scene.stage.chapter("It is started again")
    total, before = killed.kill.new_items, killed.kill.confirmed
    with scene.stage.progress("new items, confirmed", total, done=before) as progress:
        worker = await start_worker(scene.children, scene.settings, lambda created: progress(before + created))
        await worker.finish()
    async with open_log(scene.log, read_only=True) as log:
        became = await settled(log, killed.intents)
    scene.stage.say("It looked at the servers first, to see what had become of those intents:")
    scene.stage.count(
        (became.found, "had been done, though nobody had heard the answer: not sent again"),
        (became.sent, "had not been done: sent now"),
        *([(became.dropped, "overtaken by an edit: decided anew")] if became.dropped else []),
    )


async def _read_both(scene: Scene) -> Measured:
    huly = Holdings(side=HULY, projects=await scene.huly.projects(), items=await scene.huly.items())
    vibe = Holdings(side=VIBE, projects=await scene.vibe.projects(), items=await scene.vibe.items())
    return measure(expected_items(), huly, vibe)


async def _result(scene: Scene, killed: Killed, measured: Measured, *, seconds: float) -> Result:
    in_vibe = [it for it in killed.in_flight if it.write.endpoint == VIBE]
    story_of = [*in_vibe, *killed.in_flight, *killed.intents][0]
    async with open_log(scene.log, read_only=True) as log:
        told = Told(
            link_id=story_of.link_id,
            label=label_of(log, story_of.link_id),
            title=story_of.title,
            sentences=sentences(story_of.link_id, await log.load(story_of.link_id)),
        )
        return Result(
            seconds=seconds,
            kill=killed.kill,
            settled=await settled(log, killed.intents),
            open_intents=len(log.views.open_writes()),
            measured=measured,
            conflicts=conflicts(log),
            told=told,
        )
