"""A server that answers what a test tells it, and keeps what it was asked."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from attrs import define, field

Script = Callable[[web.Request], Awaitable[web.Response] | web.Response]


@define
class ScriptedServer:
    """`base_url` while it runs, and the requests it got."""

    base_url: str
    requests: list[tuple[str, str, dict[str, str]]] = field(factory=list)


def ok(data, status=200):
    """A good answer of the real server."""
    body = json.dumps({"success": True, "data": data, "error_data": None, "message": None})
    return web.Response(status=status, text=body, content_type="application/json")


def page():
    """What it answers to an unknown GET."""
    return web.Response(text="<!DOCTYPE html><html></html>", content_type="text/html")


@asynccontextmanager
async def scripted(answers: dict[str, web.Response | Script]) -> AsyncIterator[ScriptedServer]:
    """A server with an answer for each "METHOD /path"; everything else is the web page."""
    server = ScriptedServer("")

    async def serve(request: web.Request) -> web.StreamResponse:
        server.requests.append((request.method, request.path_qs, dict(request.headers)))
        answer = answers.get(f"{request.method} {request.path}", page())
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, web.StreamResponse):
            # One prepared answer may be given several times.
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return await answer

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
