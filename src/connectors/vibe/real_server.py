"""
Runs the real Vibe Kanban 0.0.71 for tests and demonstrations, shut off from everything else on the machine.

A server started without care opens a browser, and deletes all worktrees of agents under ``/var/tmp`` that its own
database does not know, among them those of the server that a developer uses daily. `RealVibeServer` gives it folders of
its own, empty stand-ins for the browser and for ``npx``, and switches that deletion off.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from connectors.vibe.own_folder import own_folder
from connectors.vibe.real_binary import RealServerUnavailable, WrongDigestError, fetch_binary

__all__ = [
    "RealServerFailedError",
    "RealServerUnavailable",
    "RealVibeServer",
    "WrongDigestError",
    "fetch_binary",
    "make_template",
]

_HOST = "127.0.0.1"
_LOOK_AGAIN_S = 0.005
_END_S = 10.0
_NOTHING = "#!/bin/sh\nexit 0\n"
_FOLDERS = ("home", "data", "cache", "config", "tmp", "stub", "repos")


class RealServerFailedError(RuntimeError):
    """The server did not start; the message holds the end of its log."""


class RealVibeServer:
    """
    One real server with all that it reads and writes under `root`.

    Use it as ``async with``, or with `start` and `stop`. After `stop` or `kill`, `start` brings it back on the same
    port with the same data.

    Args:
        binary: the server; by default what `fetch_binary` finds or fetches.
        root: a folder of its own; by default a temporary one, removed at the end of the ``async with`` or of this object.
        template: the data folder of a stopped server to begin with (`make_template`): starting takes about 30 ms then,
            in place of up to 1.6 s.
        start_timeout_s: seconds until a server that does not answer is given up.
    """

    def __init__(
        self,
        *,
        binary: Path | None = None,
        root: Path | None = None,
        template: Path | None = None,
        start_timeout_s: float = 30.0,
    ) -> None:
        self._binary = binary
        self.root, self._remove_root = own_folder(self, root, prefix="vibe-kanban-")
        self._template = template
        self._start_timeout_s = start_timeout_s
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """
        ``http://127.0.0.1:PORT``, without a slash at the end.

        Raises:
            RuntimeError: it was never started.
        """
        if not self._port:
            raise RuntimeError("The real Vibe server has no address before it was started: use `async with` or `start`.")
        return f"http://{_HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """
        The process id of the running server.

        Raises:
            RuntimeError: it does not run.
        """
        if self._process is None:
            raise RuntimeError("The real Vibe server does not run.")
        return self._process.pid

    @property
    def data_path(self) -> Path:
        """The folder with the database and the configuration; of a stopped server it can serve as a template."""
        return self.root / "data" / "vibe-kanban"

    @property
    def db_path(self) -> Path:
        """The SQLite database."""
        return self.data_path / "db.sqlite"

    @property
    def log_path(self) -> Path:
        """What the server wrote to its output, over all its starts."""
        return self.root / "server.log"

    async def start(self) -> None:
        """
        Starts the server and returns when it answers; on its port of before if there is one.

        Raises:
            RealServerUnavailable: there is no binary to start.
            RealServerFailedError: it ended, or did not answer in time.
            RuntimeError: it runs already.
        """
        if self._process is not None:
            raise RuntimeError(f"The real Vibe server runs already, as process {self._process.pid}.")
        if self._binary is None:
            self._binary = await asyncio.to_thread(fetch_binary)
        self._prepare()
        give_up_at = time.monotonic() + self._start_timeout_s
        logged = self._logged_bytes()
        while not await self._comes_up(self._binary, give_up_at):
            # Somebody has our port of before; connections of others hold a port for moments only.
            if not self._says_port_is_taken(logged) or time.monotonic() > give_up_at:
                raise self._failure("ended at its start")
            await asyncio.sleep(10 * _LOOK_AGAIN_S)

    async def stop(self) -> None:
        """Ends the server, if it runs, and waits for its end; as the real one does, it drops what is in flight."""
        if self._process is None:
            return
        try:
            await self.kill(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            await self.kill(signal.SIGKILL)

    async def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """
        Sends a signal to the server and the processes it started, and waits for the end of the server.

        Raises:
            RuntimeError: it does not run.
            subprocess.TimeoutExpired: it still runs after 10 seconds.
        """
        pid = self.pid
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            os.killpg(pid, sig)
        await asyncio.to_thread(process.wait, _END_S)
        self._process = None

    async def restart(self) -> None:
        """Stops the server and starts it again, on the same port with the same data."""
        await self.stop()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        self._remove_root()

    def _prepare(self) -> None:
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("xdg-open", "npx"):
            stub = self.root / "stub" / name
            if not stub.exists():
                stub.write_text(_NOTHING)
                stub.chmod(0o755)
        if self._template is not None and not self.db_path.exists():
            shutil.copytree(self._template, self.data_path, dirs_exist_ok=True)

    async def _comes_up(self, binary: Path, give_up_at: float) -> bool:
        """Whether a process, started now, answers; False: it ended instead."""
        self._port_file.unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            self._process = process = subprocess.Popen(  # noqa: ASYNC220, S603 - no shell, and does not wait
                [str(binary)],
                env=self._environment(),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
                while process.poll() is None:
                    if await self._answers(session):
                        return True
                    if time.monotonic() > give_up_at:
                        raise self._failure(f"did not answer within {self._start_timeout_s:g} seconds")
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except BaseException:
            await self.kill()
            raise
        self._process = None
        return False

    def _environment(self) -> dict[str, str]:
        own = {name: str(self.root / name) for name in _FOLDERS}
        return {
            "HOME": own["home"],
            "XDG_DATA_HOME": own["data"],
            "XDG_CACHE_HOME": own["cache"],
            "XDG_CONFIG_HOME": own["config"],
            "TMPDIR": own["tmp"],
            "HOST": _HOST,
            "PORT": str(self._port),
            "PATH": f"{own['stub']}:/usr/bin:/bin",
            "NO_COLOR": "1",
            "RUST_LOG": "info",
            # Without this it deletes the worktrees of all other servers of the user; later versions read the second.
            "DISABLE_WORKTREE_ORPHAN_CLEANUP": "1",
            "DISABLE_WORKTREE_CLEANUP": "1",
        }

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            port = int(self._port_file.read_text())
            async with session.get(f"http://{_HOST}:{port}/api/health") as answer:
                healthy = answer.content_type == "application/json" and (await answer.json())["success"] is True
        except (OSError, ValueError, TimeoutError, aiohttp.ClientError):
            return False
        if healthy:
            self._port = port
        return healthy

    @property
    def _port_file(self) -> Path:
        """Where the server writes its port once it listens, so that no free port need be guessed."""
        return self.root / "tmp" / "vibe-kanban" / "vibe-kanban.port"

    def _logged_bytes(self) -> int:
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def _says_port_is_taken(self, logged_before: int) -> bool:
        return b"AddrInUse" in self.log_path.read_bytes()[logged_before:]

    def _failure(self, what: str) -> RealServerFailedError:
        last_lines = self.log_path.read_text(errors="replace").splitlines()[-5:]
        return RealServerFailedError(
            f"The real Vibe server {what}. The end of its log, {self.log_path}: {' | '.join(last_lines) or 'empty'}"
        )


async def make_template(binary: Path, root: Path) -> Path:
    """
    A data folder, under `root`, of a server that was started once: give it as `template`.

    Raises:
        RealServerFailedError: the server did not start.
    """
    server = RealVibeServer(binary=binary, root=root)
    async with server:
        pass
    return server.data_path
