"""The processes that the demo starts, and that never outlive it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import define, field

from syncengine.runner.demo import DemoFailed

END_S = 25.0
"""Seconds for an orderly end; longer than the real Vibe Kanban may take."""

_LONGEST_LINE = 1 << 20
_TIED = "syncengine.runner.demo.tied_process"


@define(eq=False, kw_only=True)
class Child:
    """
    One process.

    Attributes:
        name: what people call it.
        log: the file with what it wrote to standard error.
    """

    name: str
    log: Path
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it is not known to have ended."""
        return self.process.returncode is None

    @property
    def answers(self) -> asyncio.StreamReader:
        """Its standard output."""
        assert self.process.stdout is not None
        return self.process.stdout

    async def introduced(self, *, timeout_s: float) -> Mapping[str, Any]:
        """
        The one line of JSON that a server prints when it listens.

        Raises:
            DemoFailed: it ended, or printed nothing within `timeout_s` seconds.
        """
        try:
            line = await asyncio.wait_for(self.answers.readline(), timeout_s)
            said = json.loads(line)
        except TimeoutError:
            raise DemoFailed(f"{self.name} did not start within {timeout_s:g} seconds: {self.last_words()}") from None
        except ValueError:
            await self.process.wait()
            raise DemoFailed(f"{self.name} did not start: {self.last_words()}") from None
        assert isinstance(said, dict)
        return said

    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines() if self.log.exists() else []
        if lines:
            return lines[-1]
        return "it said nothing" if self.runs else f"it ended with exit code {self.process.returncode} and said nothing"

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs, together with what it started in its own group."""
        if self.runs:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.signal(signal.SIGKILL)
        await self.process.wait()

    async def end(self) -> None:
        """Wait for an orderly end, `END_S` seconds at most, then use force."""
        try:
            await asyncio.wait_for(self.process.wait(), END_S)
        except TimeoutError:
            await self.kill()


@define
class Children:
    """All processes of one demo; use it as `async with`, which ends those that still run."""

    folder: Path
    _started: list[Child] = field(factory=list, init=False)

    async def start(self, name: str, module: str, *arguments: str, watch_errors: bool = False) -> Child:
        """
        Start `python -m MODULE ARGUMENTS`, tied to this process.

        Args:
            watch_errors: standard error is read here; into the log of its name otherwise.
        """
        log = self.folder / f"{name.lower().replace(' ', '-')}.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", _TIED, module, *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE if watch_errors else file,
                limit=_LONGEST_LINE,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C on the terminal is for the demo alone, which then ends the others
            )
        child = Child(name=name, log=log, process=process)
        self._started.append(child)
        return child

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._started):
            child.signal(signal.SIGTERM)
        await asyncio.gather(*(child.end() for child in self._started))
