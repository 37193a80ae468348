"""The whole: servers, gates, people, kills, and the account."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from attrs import frozen

from connectors.huly.sandbox import HulySandbox
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.vibe.real_server import RealVibeServer
from syncengine.adapters.event_log import open_log
from tests.fixtures.huly_and_vibe import Pair
from tests.fixtures.vibe_board import VibeBoard
from tests.fixtures.worker import Worker, write_settings
from tests.kills.account import Account, read_log, settle_account
from tests.kills.aims import Killer
from tests.kills.gate import Gate, writes_to_huly, writes_to_vibe
from tests.kills.people import PROJECTS, People
from tests.kills.screens import HULY, VIBE, HulyScreen, VibeScreen
from tests.kills.zygote import Zygote

ITEMS_AT_THE_START = 12
"""On each side."""

APPROVALS = 3
"""Plans of deletions that are approved of in the end; people deleted more than the limits let through at once."""


@frozen(kw_only=True)
class Outcome:
    """What happened, and what came of it."""

    account: Account
    killer: Killer
    people: People


@frozen(kw_only=True)
class Stage:
    """Everything that outlives the runner."""

    folder: Path
    huly: HulySandbox
    pair: Pair
    gates: dict[str, Gate]
    people: People
    settings: Path


async def run_drill(
    server: RealVibeServer, folder: Path, *, kills: int, seed: int, told: Callable[[int, Killer], None] = lambda *_: None
) -> Outcome:
    """
    So many kills while people are at work; then they stop, and a last runner works until all is quiet.

    Args:
        told: called after every kill.
    """
    chance = random.Random(seed)
    async with _stage(server, folder, chance) as stage, Zygote(stage.settings) as zygote:
        log = folder / "sync.db"
        killer = Killer(zygote=zygote, settings=stage.settings, log=log, gates=stage.gates, chance=chance)
        async with stage.people:
            for number in range(1, kills + 1):
                await killer.kill_one()
                told(number, killer)
        await _until_quiet(stage)
        return Outcome(account=await _account(stage), killer=killer, people=stage.people)


@asynccontextmanager
async def _stage(server: RealVibeServer, folder: Path, chance: random.Random) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        huly = await enter(HulySandbox(settings=SandboxSettings(rate_limit=1_000_000_000)))
        board = await enter(VibeBoard(server.base_url))
        before_huly = await enter(Gate(upstream=huly.url, is_write=writes_to_huly))
        before_vibe = await enter(Gate(upstream=server.base_url, is_write=writes_to_vibe, one_at_a_time=True))
        for number in range(PROJECTS):
            huly.create_project(f"Project {number}", f"P{number}")
            await board.create_project(f"Project {number}", str(folder / f"repos/P{number}"))
        people = People(screens=(HulyScreen(huly), VibeScreen(board=board, gate=before_vibe)), chance=chance)
        await people.fill(ITEMS_AT_THE_START)
        pair = Pair(huly=huly, vibe_url=before_vibe.url, folder=folder, board=board)
        yield Stage(
            folder=folder,
            huly=huly,
            pair=pair,
            gates={"Huly": before_huly, "Vibe": before_vibe},
            people=people,
            settings=_settings(pair, before_huly),
        )


def _settings(pair: Pair, gate: Gate) -> Path:
    """The usual ones, with every request to Huly through the gate."""
    path = write_settings(pair)
    services = {"accounts": "accounts", "transactor": "transactor", "collaborator": "collaborator"}
    through = "\n".join(f'{name}_url = "{gate.url}/_{place}"' for name, place in services.items())
    text = path.read_text().replace(f'url = "{pair.huly.url}"', f'url = "{gate.url}"\n{through}')
    path.write_text(text)
    return path


async def _until_quiet(stage: Stage) -> None:
    log = stage.folder / "sync.db"
    for _ in range(APPROVALS):
        async with Worker(stage.settings, "run", "--until-quiet") as worker:
            await worker.process.wait()
        async with open_log(log, read_only=True) as opened:
            held = [it.plan for it in opened.views.held_plans()]
        for plan in held:
            await Worker(stage.settings, "approve", plan).finish()
        if not held:
            break
    await Worker(stage.settings, "run", "--until-quiet").finish()


async def _account(stage: Stage) -> Account:
    huly, vibe = stage.people.screens
    there = {HULY: await huly.records(), VIBE: await vibe.records()}
    async with open_log(stage.folder / "sync.db", read_only=True) as log:
        logged = read_log(log)
    windows = {path.rpartition("/")[2]: spans for path, spans in stage.gates["Vibe"].windows.items()}
    return settle_account(stage.people.book, there, logged, windows)
