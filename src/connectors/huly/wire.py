"""The one way out to the network: a bounded rate, a bounded number of writers, one answer to a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import aiohttp
from aiolimiter import AsyncLimiter
from yarl import URL

from connectors.huly.settings import HulySettings
from syncengine.connector import Secret
from syncengine.errors import Unreachable
from syncengine.http import Answer, open_session, send

_READERS = 4


class Wire:
    """Sends requests; reads are sent a second time when the connection was lost, writes never."""

    def __init__(self, session: aiohttp.ClientSession, *, requests_per_s: float, max_writers: int) -> None:
        self._session = session
        self._rate = AsyncLimiter(max(1.0, requests_per_s), 1.0)
        self._writing = asyncio.Semaphore(max_writers)

    async def get(self, url: URL, *, token: Secret | None = None) -> Answer:
        """
        The answer to a GET.

        Raises:
            Unreachable: no answer came, twice.
        """
        return await self._read("GET", url, None, token)

    async def ask(self, url: URL, payload: Any, *, token: Secret | None = None) -> Answer:
        """
        The answer to a POST that changes nothing a person would miss, even when it is sent twice.

        Raises:
            Unreachable: no answer came, twice.
        """
        return await self._read("POST", url, payload, token)

    async def post_once(self, url: URL, payload: Any, *, token: Secret | None = None, changes: bool = True) -> Answer:
        """
        The answer to a POST that is sent once.

        Args:
            changes: it is a write, so a lost answer leaves its outcome unknown.

        Raises:
            Unreachable: it was never sent, or no answer came and it changes nothing.
            OutcomeUnknown: it is a write and no answer came.
        """
        async with self._writing if changes else nullcontext():
            return await self._send("POST", url, payload, token, changes=changes)

    async def _read(self, method: str, url: URL, payload: Any, token: Secret | None) -> Answer:
        try:
            return await self._send(method, url, payload, token, changes=False)
        except Unreachable as error:
            if not _was_dropped(error):
                raise
            # The server drops idle connections after 5 s, sometimes just as one is used again (observed 7).
            return await self._send(method, url, payload, token, changes=False)

    async def _send(self, method: str, url: URL, payload: Any, token: Secret | None, *, changes: bool) -> Answer:
        headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
        async with self._rate:
            return await send(self._session, method, url, changes=changes, payload=payload, headers=headers)


def _was_dropped(error: Unreachable) -> bool:
    cause = error.__cause__
    dropped = isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
    return dropped and not isinstance(cause, aiohttp.ClientConnectorError)


@asynccontextmanager
async def open_wire(settings: HulySettings) -> AsyncIterator[Wire]:
    """A wire with the limits of the settings."""
    limit = settings.max_writers + _READERS
    async with open_session(timeout_s=settings.timeout_s, limit=limit) as session:
        yield Wire(session, requests_per_s=settings.requests_per_s, max_writers=settings.max_writers)


def http_url(address: str) -> URL:
    """The HTTP form of an address that may be one of a web socket, without a slash at its end."""
    scheme, separator, rest = address.rstrip("/").partition("://")
    return URL({"ws": "http", "wss": "https"}.get(scheme, scheme) + separator + rest)
