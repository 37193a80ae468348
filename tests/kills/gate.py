"""Stands before a server: tells what the runner asks for, and can hold a write until the runner is dead."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from enum import Enum
from typing import Self

import aiohttp
from aiohttp import web
from attrs import define, field

_DROPPED = {"Host", "Content-Length", "Transfer-Encoding", "Content-Encoding", "Connection", "Date", "Server"}
LATE_S = 0.1
"""Seconds after the death of the runner until a write that was on its way lands."""


class Hold(Enum):
    """Where a write is held until the runner is dead."""

    BEFORE = "before it took effect"
    """The server never hears of it."""
    LATE = "before it took effect, and it landed after the death"
    AFTER = "after it took effect, before the answer"


IsWrite = Callable[[str, str, str], bool]
"""Whether a request of this method, path and body changes something."""


@define(kw_only=True, eq=False)
class Gate:
    """
    A proxy on a free port of this machine.

    Attributes:
        one_at_a_time: requests wait for each other, and people who hold `quiet` keep them all out. The real Vibe server
            loses rows that it has acknowledged when a listing runs beside a write, whoever sends them; that would be its
            loss and not ours.
        requests, writes: how many of each came so far.
        held: set as soon as the write that was asked for is held.
        windows: by path, the moments between which the runner had read a record and not yet written it.
    """

    upstream: str
    is_write: IsWrite
    one_at_a_time: bool = False
    requests: int = 0
    writes: int = 0
    held: asyncio.Event = field(factory=asyncio.Event)
    quiet: asyncio.Lock = field(factory=asyncio.Lock)
    windows: dict[str, list[tuple[float, float]]] = field(factory=lambda: defaultdict(list))
    _read_at: dict[str, float] = field(factory=dict)
    _wanted: tuple[Hold, int] | None = None
    _dead: asyncio.Event = field(factory=asyncio.Event)
    _running: AsyncExitStack = field(factory=AsyncExitStack)
    _session: aiohttp.ClientSession = field(init=False)
    url: str = field(default="", init=False)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._session = await self._running.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    def hold(self, where: Hold, *, skip: int = 0) -> None:
        """Hold the next write, or a later one; `held` tells when."""
        self.held.clear()
        self._dead.clear()
        self._wanted = (where, self.writes + skip)

    def let_go(self) -> None:
        """The runner is dead: nothing is held any more."""
        self._wanted = None
        self._dead.set()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not self.one_at_a_time:
            return await self._exchange(request, body)
        async with self.quiet:
            return await self._exchange(request, body)

    async def _exchange(self, request: web.Request, body: bytes) -> web.StreamResponse:
        self.requests += 1
        self._note_window(request)
        if not self.is_write(request.method, request.path, body.decode("utf-8", "replace")):
            return await self._forward(request, body)
        self.writes += 1
        where = self._hold_this()
        if where in {Hold.BEFORE, Hold.LATE}:
            await self._until_dead()
        if where is Hold.BEFORE:
            return web.Response(status=502)
        if where is Hold.LATE:
            await asyncio.sleep(LATE_S)
        answer = await self._forward(request, body)
        if where is Hold.AFTER:
            await self._until_dead()
        return answer

    def _hold_this(self) -> Hold | None:
        if self._wanted is None or self.writes <= self._wanted[1]:
            return None
        where, self._wanted = self._wanted[0], None
        return where

    async def _until_dead(self) -> None:
        self.held.set()
        await self._dead.wait()

    def _note_window(self, request: web.Request) -> None:
        now = time.monotonic()
        if request.method == "GET":
            self._read_at[request.path] = now
        elif request.path in self._read_at:
            self.windows[request.path].append((self._read_at.pop(request.path), now))

    async def _forward(self, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name not in _DROPPED}
        headers["Accept-Encoding"] = "identity"
        sending = self._session.request(
            request.method, f"{self.upstream}{request.raw_path}", data=body or None, headers=headers, allow_redirects=False
        )
        try:
            async with sending as got:
                kept = {name: value for name, value in got.headers.items() if name not in _DROPPED}
                return web.Response(status=got.status, body=await got.read(), headers=kept)
        except aiohttp.ClientError:  # the server ended the connection; so does its gate
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)


def writes_to_vibe(method: str, _path: str, _body: str) -> bool:
    """Anything but reading."""
    return method != "GET"


def writes_to_huly(method: str, path: str, body: str) -> bool:
    """Transactions, and new texts."""
    return method == "POST" and ("/api/v1/tx/" in path or '"updateContent"' in body or '"createContent"' in body)
