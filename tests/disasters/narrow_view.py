"""A proxy before Huly that shows fewer issues than there are, as a narrower filter or right would."""

import json
from typing import Any, Self

import aiohttp
from aiohttp import web
from attrs import define, field

_DROPPED = {"Host", "Content-Length", "Transfer-Encoding", "Content-Encoding", "Connection", "Date", "Server"}


@define(eq=False)
class NarrowView:
    """
    Stands before one server on this machine.

    Attributes:
        hidden: ids of the documents that no answer shows.
    """

    upstream: str
    hidden: set[str] = field(factory=set)
    _runner: web.AppRunner = field(init=False)
    _session: aiohttp.ClientSession = field(init=False)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    def settings(self) -> dict[str, str]:
        """What leads a Huly endpoint through here."""
        url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        services = ("accounts", "transactor", "collaborator")
        return {"url": url, **{f"{name}_url": f"{url}/_{name}" for name in services}}

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name not in _DROPPED}
        asked = await request.read()
        sending = self._session.request(request.method, f"{self.upstream}{request.raw_path}", data=asked, headers=headers)
        async with sending as got:
            kept = {name: value for name, value in got.headers.items() if name not in _DROPPED | {"Content-Type"}}
            if "/find-all/" not in request.path or got.content_type != "application/json":
                body = await got.read()
                return web.Response(status=got.status, body=body, headers=kept, content_type=got.content_type)
            # The server leaves out of an answer what the query says already.
            wanted = json.loads(asked).get("query", {}).get("_id")
            return web.json_response(self._without_hidden(await got.json(), wanted), status=got.status, headers=kept)

    def _without_hidden(self, answer: dict[str, Any], wanted: Any) -> dict[str, Any]:
        shown = [document for document in answer["value"] if document.get("_id", wanted) not in self.hidden]
        return answer | {"value": shown}
