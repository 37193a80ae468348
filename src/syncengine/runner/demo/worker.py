"""
The worker that is killed: the very command `syncengine run --until-quiet`, in a process of its own.

`Worker` is how the demo starts it and listens to its log lines.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from attrs import define, field

from syncengine.engine.notes import WriteOutcome
from syncengine.runner.demo import DemoFailed
from syncengine.runner.demo.child_processes import Child, Children

NAME = "syncengine run"
COMMAND = "syncengine"
"""The module that is the command."""

_DONE = {"confirmed", "found"}


@define(eq=False)
class Worker:
    """
    One run of the command.

    Attributes:
        on_created: told how many records it made, or found made by the run before, as far as its log lines say.
    """

    child: Child
    on_created: Callable[[int], None]
    _created: int = 0
    _last_report: dict[str, Any] = field(factory=dict)

    async def follow(self) -> None:
        """Listen until it ends, however it ends."""
        await asyncio.gather(self._read_errors(), self._read_reports())
        await self.child.process.wait()

    async def finish(self) -> None:
        """
        Listen until it ends by itself, with nothing left to do.

        Raises:
            DemoFailed: it had problems.
        """
        await self.follow()
        if self.child.process.returncode:
            problems = "; ".join(self._last_report.get("problems", ())) or self.child.last_words()
            raise DemoFailed(f"`{NAME}` ended with exit code {self.child.process.returncode}: {problems}")

    async def _read_errors(self) -> None:
        errors = self.child.process.stderr
        assert errors is not None
        with self.child.log.open("a", encoding="utf-8") as log:
            while line := await errors.readline():
                self._note(line.decode("utf-8", "replace"), log)

    def _note(self, line: str, log: TextIO) -> None:
        log.write(line)
        log.flush()
        try:
            said = json.loads(line)
        except ValueError:
            return
        if said.get("event") == WriteOutcome.name and said.get("operation") == "create" and said.get("outcome") in _DONE:
            self._created += 1
            self.on_created(self._created)

    async def _read_reports(self) -> None:
        while line := await self.child.answers.readline():
            with suppress(ValueError):
                self._last_report = json.loads(line)


async def start_worker(children: Children, settings: Path, on_created: Callable[[int], None]) -> Worker:
    """
    Start the command on a settings file.

    Args:
        on_created: told how many records it made so far, whenever one more was made.
    """
    options = ("--until-quiet", "--json", "--log-format", "json", "--log-level", "info")
    child = await children.start(NAME, COMMAND, "--config", str(settings), "run", *options, watch_errors=True)
    return Worker(child, on_created)
