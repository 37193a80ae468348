"""Connections of the server: how much they may send and how long they may take, and what every answer says about itself."""

import asyncio
from typing import Any

from aiohttp import web

FIRST_REQUEST_WITHIN_S = 10.0
"""Seconds from connecting to the end of the first request; whoever sends a letter a minute is not waited for."""

TAKEN_WITHIN_S = 10.0
"""Seconds in which an answer has to be taken."""

MOST_CONNECTIONS = 64
"""Open at once; one more is closed."""

CONNECTION_LIMITS: dict[str, Any] = {
    "keepalive_timeout": 75.0,  # longer than the usual time between two scrapes
    "lingering_time": 1.0,
    "max_line_size": 2048,
    "max_field_size": 4096,
    "max_headers": 64,
    "access_log": None,
}
"""Seconds and bytes; nobody has to say much to a server that only answers five questions."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "syncengine",  # else the versions of Python and of the library would be there
}
"""On every answer."""


class PatientServer(web.Server):
    """Makes connections that have limits."""

    def __call__(self) -> web.RequestHandler:
        """A new connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **CONNECTION_LIMITS)


class _Connection(web.RequestHandler):
    """One connection, which says as little about this program as it can."""

    def __init__(self, server: PatientServer, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock, or hang up on a crowd."""
        super().connection_made(transport)
        self._deadline = asyncio.get_running_loop().call_later(FIRST_REQUEST_WITHIN_S, self.force_close)
        if len(self._server.connections) > MOST_CONNECTIONS:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing is waited for any more."""
        self._stop_the_clock()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no request; not worth a log line, any scanner of ports would fill the log."""
        del exc, message
        if request.writer.output_size:
            raise ConnectionError("half an answer was sent")
        response = web.Response(status=status, text="this is no request that can be answered\n")
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer; whoever does not take it in time is hung up on."""
        self._stop_the_clock()
        resp.headers.update(HEADERS)
        transport = self.transport
        if transport is None:
            return await super().finish_response(request, resp, start_time)
        hanging_up = asyncio.get_running_loop().call_later(TAKEN_WITHIN_S, _hang_up_if_stuck, transport)
        finished = await super().finish_response(request, resp, start_time)
        if not transport.get_write_buffer_size():
            hanging_up.cancel()
        return finished

    def _stop_the_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _hang_up_if_stuck(transport: asyncio.WriteTransport) -> None:
    # Closing would wait for as long as the client likes.
    if transport.get_write_buffer_size():
        transport.abort()
