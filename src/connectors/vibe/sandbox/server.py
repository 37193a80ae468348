"""`VibeSandbox`: the sandbox as a server on 127.0.0.1."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import StreamReader, web

from connectors.vibe.own_folder import own_folder
from connectors.vibe.sandbox.api import Api, Call
from connectors.vibe.sandbox.board import Board
from connectors.vibe.sandbox.control import PREFIX, Control
from connectors.vibe.sandbox.event_stream import EventStream
from connectors.vibe.sandbox.faults import Fault, FaultKind, FaultPlan
from connectors.vibe.sandbox.paths import PathKind, place_of
from connectors.vibe.sandbox.persons import Persons
from connectors.vibe.sandbox.replies import Reply, locked, web_page
from connectors.vibe.sandbox.request_counts import RequestCounts

BODY_LIMIT = 2 * 1024 * 1024
"""The longest request body that the server takes, in bytes."""

_HOST = "127.0.0.1"
_IDLE_S = 3600.0
_GRACE_S = 0.05


class VibeSandbox(Persons):
    """
    A server that behaves as Vibe Kanban 0.0.71 does, as far as a connector can see, and makes trouble on demand.

    What it stores lives as long as this object: after `stop`, `start` brings the same board back on the same port.
    `root` is the folder for relative repository paths and for projects that persons create without a path; without one
    a temporary folder is used, removed at the end of the ``async with`` or of this object.

    Attributes:
        base_url: ``http://127.0.0.1:PORT``, without a slash at the end; only while started.
        faults: the troubles in force; `FaultPlan.add` takes more.
        requests: what clients asked for so far.
        board: what is stored.
    """

    def __init__(self, *, root: Path | None = None, port: int = 0, faults: Iterable[Fault] = ()) -> None:
        self.root, self._remove_root = own_folder(self, root, prefix="vibe-sandbox-")
        self.board = Board()
        self.faults = FaultPlan(faults)
        self.requests = RequestCounts()
        self._events = EventStream()
        self._port = port
        self._runner: web.AppRunner | None = None
        super().__init__(self.board, base=self.root, told=self._events.tell)
        self._api = Api(self.board, base=self.root, told=self._events.tell)
        self._control = Control(self.faults, self.requests, self)

    @property
    def base_url(self) -> str:
        """
        Where the server listens.

        Raises:
            RuntimeError: it was never started.
        """
        if not self._port:
            raise RuntimeError("The Vibe sandbox has no address before it was started: use `async with` or `start`.")
        return f"http://{_HOST}:{self._port}"

    async def start(self) -> None:
        """
        Listens, on the port it had before if it was started before.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", self._serve)
        app.on_response_prepare.append(_without_own_name)
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=_IDLE_S, shutdown_timeout=_GRACE_S)
        await runner.setup()
        await web.TCPSite(runner, _HOST, self._port).start()
        self._events.open()
        self._runner = runner
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Closes all connections, whatever is in flight on them, as the real server does when it is ended."""
        self._events.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

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

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        if path.startswith(PREFIX):
            return _response(self._control.answer(await _call(request, path, query)))
        kind = place_of(path).kind
        with self.requests.in_flight(request.method, kind, path):
            fault = self.faults.next_for(request.method, kind)
            call = await _call(request, path, query)
            if kind == PathKind.EVENTS and request.method == "GET" and fault is None:
                return await self._events.serve(request)
            reply = await self._carry_out(call, kind, fault)
        if reply is None and request.transport is not None:
            request.transport.abort()
        return _response(reply or Reply(200))

    async def _carry_out(self, call: Call, path_kind: PathKind, fault: Fault | None) -> Reply | None:
        """The reply after what `fault` makes of it; None: the connection is to be closed without one."""
        if fault is None:
            return self._api.answer(call)
        reply = self._at_once(call, path_kind, fault.kind)
        await asyncio.sleep(fault.wait_s)
        return self._api.answer(call) if fault.kind == FaultKind.LATE else reply

    def _at_once(self, call: Call, path_kind: PathKind, kind: FaultKind) -> Reply | None:
        match kind:
            case FaultKind.LOST:
                before = self.board.rows()
                reply = self._api.answer(call)
                self.board.put_back(before)
                return locked(call.method, path_kind) if call.method == "DELETE" else reply
            case FaultKind.DROP_AFTER:
                self._api.answer(call)
                return None
            case FaultKind.DROP_BEFORE | FaultKind.LATE:
                return None
            case FaultKind.HTML:
                return web_page()
            case FaultKind.LOCKED:
                return locked(call.method, path_kind)
            case FaultKind.DELAY:
                return self._api.answer(call)


async def _call(request: web.Request, path: str, query: str) -> Call:
    return Call(
        method=request.method,
        path=path,
        query=query,
        content_type=request.headers.get("Content-Type"),
        body=await _limited(request.content),
    )


async def _limited(content: StreamReader) -> bytes | None:
    read = bytearray()
    while chunk := await content.readany():
        read += chunk
        if len(read) > BODY_LIMIT:
            return None
    return bytes(read)


def _response(reply: Reply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body)
    if reply.content_type is not None:
        response.headers["Content-Type"] = reply.content_type
    if reply.allow is not None:
        response.headers["Allow"] = reply.allow
    return response


async def _without_own_name(_request: web.Request, response: web.StreamResponse) -> None:
    """Takes out the header in which the library names itself: the real server does not."""
    response.headers.pop("Server", None)
