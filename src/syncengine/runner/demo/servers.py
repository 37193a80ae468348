"""The two servers of the demo, started empty, and the settings file that names them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from attrs import frozen

from syncengine.engine.calls import together
from syncengine.runner.demo.child_processes import Children
from syncengine.runner.demo.people import HulyPeople, VibePeople
from syncengine.runner.demo.settings_file import LOG, write_settings
from syncengine.runner.demo.stage import Stage

START_S = 60.0
"""Seconds until a sandbox must have started."""

REAL_START_S = 900.0
"""The same for the real server, which is fetched the first time."""


@frozen(kw_only=True)
class Scene:
    """
    Everything that the demo works with.

    Attributes:
        huly, vibe: the people on either side.
        real_vibe: Vibe Kanban is the real server, which makes no trouble on demand.
    """

    folder: Path
    settings: Path
    children: Children
    huly: HulyPeople
    vibe: VibePeople
    real_vibe: bool
    stage: Stage

    @property
    def log(self) -> Path:
        """The event log."""
        return self.folder / LOG


async def set_the_scene(
    folder: Path, children: Children, session: aiohttp.ClientSession, *, real_vibe: bool, stage: Stage
) -> Scene:
    """
    Start both servers and write the settings file.

    Raises:
        DemoFailed: a server did not start; says why.
    """
    if real_vibe:
        stage.say("The first time, the real Vibe Kanban is fetched with npm (138 MB).", style="dim")
    huly, vibe = await together(_start_huly(children), _start_vibe(children, real=real_vibe))
    name = "Vibe Kanban 0.0.71 " if real_vibe else "Vibe Kanban sandbox"
    stage.say(f"Huly sandbox         {huly['front']}")
    stage.say(f"{name}  {vibe['url']}")
    return Scene(
        folder=folder,
        settings=write_settings(folder, huly=huly, vibe_url=vibe["url"], real_vibe=real_vibe),
        children=children,
        huly=HulyPeople(session, huly["control"]),
        vibe=VibePeople(session, vibe["url"]),
        real_vibe=real_vibe,
        stage=stage,
    )


async def _start_huly(children: Children) -> Mapping[str, Any]:
    # Nobody waits here for the limit of a server that many people share.
    child = await children.start("Huly sandbox", "connectors.huly.sandbox", "--rate-limit", "100000")
    return await child.introduced(timeout_s=START_S)


async def _start_vibe(children: Children, *, real: bool) -> Mapping[str, Any]:
    root = children.folder / "vibe"
    root.mkdir()
    if real:
        child = await children.start("Vibe Kanban", "connectors.vibe.serve_real", "--root", str(root))
        return await child.introduced(timeout_s=REAL_START_S)
    child = await children.start("Vibe sandbox", "connectors.vibe.sandbox", "--root", str(root))
    return await child.introduced(timeout_s=START_S)
