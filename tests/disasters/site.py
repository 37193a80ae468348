"""Two servers, a settings file, an event log and a clock, worked on by the very parts that `syncengine run` puts together."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import define, field

from connectors.huly.sandbox import HulySandbox
from connectors.huly.sandbox.saved_state import save_state
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.vibe.real_server import RealVibeServer
from connectors.vibe.sandbox import VibeSandbox
from connectors.vibe.sandbox.board import Rows
from syncengine.adapters.event_log import open_log
from syncengine.engine.report import PassReport
from syncengine.runner.bootstrap import open_sync
from syncengine.runner.settings import load_settings
from syncengine.runner.standing import standing_of
from syncengine.runner.sync import Sync
from tests.disasters.inventory import HULY, VIBE, Inventory, read_inventory
from tests.fixtures.vibe_board import VibeBoard
from tests.fixtures.worker import Worker

LONGEST_WAIT_S = 3.0
"""Seconds a pass is waited for because a write is due later; what is due later still counts as stuck."""

MOST_PASSES = 25

SYNC = """
[log]
path = "sync.db"
[sync.backoff]
first_s = 0.1
longest_s = 0.5
[sync.creates]
project = ["vibe"]
[sync.rules.project]
name = {rule = "prefer", endpoint = "huly"}
[sync.rules.issue]
title = {rule = "prefer", endpoint = "huly"}
description = {rule = "prefer", endpoint = "huly"}
status = {rule = "prefer", endpoint = "huly"}
"""


class SettableClock:
    """The time of this computer, as somebody has set it."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@define(eq=False)
class Running:
    """A process at work."""

    sync: Sync

    async def settle(self) -> PassReport:
        """Passes until two in a row saw nothing new and wrote nothing; the report of the last one."""
        still = 0
        for _ in range(MOST_PASSES):
            report = await self.sync.run_pass()
            still = 0 if report.observed or report.writes or report.judged else still + 1
            if still == 2:
                return report
            await self._until_due()
        raise AssertionError(f"not still after {MOST_PASSES} passes: {report}")

    async def let_in(self) -> None:
        """Passes until one has no problem."""
        async with asyncio.timeout(30):
            while not (await self.sync.run_pass()).ok:
                await asyncio.sleep(0.05)

    async def _until_due(self) -> None:
        now = self.sync.clock.now()
        waits = [(it.not_before - now).total_seconds() for it in self.sync.views.open_writes() if it.not_before]
        await asyncio.sleep(max((wait for wait in waits if 0 < wait <= LONGEST_WAIT_S), default=0.0))


@define(kw_only=True, eq=False)
class Site:
    """
    Everything that a disaster can happen to.

    Attributes:
        repos: where the repositories of new projects are made.
        more: settings of an endpoint in place of the usual ones.
        extra: more sections of the settings, as text.
    """

    folder: Path
    repos: Path
    huly: HulySandbox
    vibe: VibeSandbox | RealVibeServer
    board: VibeBoard
    clock: SettableClock = field(factory=SettableClock)
    more: dict[str, dict[str, Any]] = field(factory=lambda: {HULY: {}, VIBE: {}})
    extra: str = ""

    # The operator.

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        """A process at work, on the settings as they are now."""
        async with open_sync(load_settings(self.write_settings()), clock=self.clock) as sync:
            yield Running(sync)

    async def retry_refused(self) -> None:
        """`syncengine run --once --retry-refused`; what is left to do is done by `settle`."""
        async with self.running() as running:
            await running.sync.run_pass(retry_refused=True)

    async def settle(self) -> PassReport:
        """One process that works until nothing happens any more."""
        async with self.running() as running:
            return await running.settle()

    async def approve(self, plan: str) -> None:
        """`syncengine approve`, in a process of its own."""
        await self.command("approve", plan)

    async def command(self, *arguments: str) -> str:
        """Any command of `syncengine`; it must succeed."""
        return await Worker(self.write_settings(), *arguments).finish()

    async def status(self) -> dict[str, Any]:
        """What `syncengine status --json` says."""
        async with open_log(self.log, read_only=True) as log:
            return standing_of(log, self.clock.now())

    @property
    def log(self) -> Path:
        return self.folder / "sync.db"

    def write_settings(self) -> Path:
        info = self.huly.info()
        account = {} if "token" in self.more[HULY] else {"email": info["email"], "password": info["password"]}
        huly = {"url": self.huly.url, "workspace": info["workspace"], "requests_per_s": 1000, **account}
        vibe = {"url": self.vibe.base_url, "repo_path": f"{self.repos}/{{identifier}}", "key_lookup_lag_s": 0.3}
        soon = {"calls": {"first_wait_s": 0.05, "longest_wait_s": 0.1, "breaker_open_s": 0.2}}
        path = self.folder / "syncengine.toml"
        sections = [_section(HULY, huly | soon | self.more[HULY]), _section(VIBE, vibe | soon | self.more[VIBE])]
        path.write_text("\n".join([SYNC, self.extra, *sections]))
        return path

    async def back_up_log(self) -> Path:
        """`syncengine backup`."""
        copy = self.folder / "backup.db"
        await self.command("backup", str(copy))
        return copy

    def lose_log(self) -> None:
        """Log, companions and lock are gone."""
        for part in self.folder.glob("sync.db*"):
            part.unlink()

    def restore_log(self, copy: Path) -> None:
        """As docs/operating.md says."""
        self.lose_log()
        shutil.copy(copy, self.log)

    # The servers.

    async def look(self) -> Inventory:
        """What both servers hold now."""
        return await read_inventory(self.huly, self.board)

    def fill(self, projects: int, items: int) -> None:
        """Projects with items spread over them, half of the items made on each side."""
        for number in range(projects):
            self.huly.create_project(f"Project {number}", f"P{number}")
        for number in range(0, items, 2):
            project = f"P{number // 2 % projects}"
            self.huly.create_issue(project, f"item {number}", description=f"Text {number}.", status="In Progress")

    async def add_tasks(self, items: int, *, start: int = 1) -> None:
        """The other half, made by people in Vibe."""
        projects = sorted(await self.board.projects(), key=lambda it: str(it["name"]))
        for number in range(start, items, 2):
            project = projects[number // 2 % len(projects)]
            await self.board.create_task(project["id"], f"item {number}", f"Text {number}.")

    def back_up_huly(self) -> Path:
        """A copy of everything that Huly holds."""
        self.huly.settle()
        copy = self.folder / "huly-backup.json"
        save_state(self.huly.service.directory, copy)
        return copy

    async def restore_huly(self, copy: Path) -> None:
        """Huly is what it was, at the same address."""
        _, _, port = self.huly.url.rpartition(":")
        await self.huly.stop()
        state = self.folder / "huly-state.json"
        shutil.copy(copy, state)
        self.huly = await new_huly(state=state, port=int(port)).start()

    async def back_up_vibe(self) -> "Rows | Path":
        """A copy of everything that Vibe Kanban holds."""
        if isinstance(self.vibe, VibeSandbox):
            return self.vibe.board.rows()
        copy = self.folder / "vibe-backup"
        await self.vibe.stop()
        shutil.copytree(self.vibe.data_path, copy)
        await self.vibe.start()
        return copy

    async def restore_vibe(self, copy: "Rows | Path") -> None:
        """Vibe Kanban is what it was, at the same address."""
        if isinstance(self.vibe, VibeSandbox):
            assert not isinstance(copy, Path)
            self.vibe.board.put_back(copy)
            return
        assert isinstance(copy, Path)
        await self.vibe.stop()
        shutil.rmtree(self.vibe.data_path)
        shutil.copytree(copy, self.vibe.data_path)
        await self.vibe.start()


def new_huly(**more: Any) -> HulySandbox:
    """A Huly server that does not limit how often it is asked."""
    return HulySandbox(settings=SandboxSettings(rate_limit=1_000_000), **more)


def _section(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"[endpoints.{name}]", f'connector = "{name}"']
    lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f'"{key}" = {_toml(each)}' for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_toml(each) for each in value) + "]"
        case str():
            return f'"{value}"'
    return str(value)
