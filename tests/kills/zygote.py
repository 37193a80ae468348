"""
Runners without the seconds that Python needs to import everything: each is forked from a process that has imported it all.

What is forked has never run a thread or an event loop, and each runner is a process of its own that runs the command
`syncengine run` from its first line on and dies of a real SIGKILL.
"""

import asyncio
import importlib
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

IMPORTED = (
    "syncengine.runner.cli.run",
    "syncengine.runner.service",
    "syncengine.runner.bootstrap",
    "syncengine.runner.log_lines.set_up",
    "connectors.huly.opening",
    "connectors.vibe.connector",
)


class Zygote:
    """Forks runners of one settings file; use as `async with`."""

    def __init__(self, settings: Path) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, str(self._settings), str(self._settings.parent / "worker.log")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert await self._said() == "ready"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def start(self) -> "Forked":
        """One more runner."""
        return Forked(self, int(await self.asked("start")))

    async def asked(self, command: str) -> str:
        """The answer to a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()
        return await self._said()

    async def _said(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


class Forked:
    """A runner."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self._zygote = zygote
        self._pid = pid

    def has_ended(self) -> bool:
        """Whether it ended by itself; it stays a zombie until it was waited for."""
        state = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z"

    async def kill(self) -> None:
        """No goodbye."""
        os.kill(self._pid, signal.SIGKILL)
        ended = await self._zygote.asked(f"wait {self._pid}")
        assert ended == f"killed by {signal.SIGKILL.value}", ended


def _serve(settings: str, log: str) -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    _say("ready")
    alive: set[int] = set()
    for line in sys.stdin:
        match line.split():
            case ["start"]:
                started = os.fork() or _run(settings, log)
                alive.add(started)
                _say(str(started))
            case ["wait", pid]:
                _, status = os.waitpid(int(pid), 0)
                alive.discard(int(pid))
                _say(f"killed by {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"ended with {status}")
    for left_over in alive:  # whoever asked for them has ended
        os.kill(left_over, signal.SIGKILL)


def _run(settings: str, log: str) -> int:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["syncengine", "--config", settings, "run"]
    from syncengine.runner.cli import main

    main()
    os._exit(0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
