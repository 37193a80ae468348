"""The way out to the network, against a small server."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from yarl import URL

from connectors.huly.wire import Wire, http_url
from syncengine.connector import Secret
from syncengine.http import open_session


@asynccontextmanager
async def served(handler):
    """The address of a server on this machine with one handler for everything."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield URL(f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


class Counter:
    """Answers after a moment and remembers how many requests were in flight at once."""

    def __init__(self):
        self.now = self.most = self.seen = 0

    async def answer(self, request):
        """Handle one request."""
        self.seen += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.02)
        self.now -= 1
        return web.json_response({})


async def test_writers_are_bounded_and_readers_are_not_held_up_by_them():
    """More than a few at once were seen to lock up a server (observed 27)."""
    counter = Counter()
    async with served(counter.answer) as url, open_session(timeout_s=5, limit=20) as session:
        wire = Wire(session, requests_per_s=1000, max_writers=3)
        await asyncio.gather(*(wire.post_once(url, {}) for _ in range(15)))
        assert counter.most == 3
        await asyncio.gather(*(wire.ask(url, {}) for _ in range(15)))
        assert counter.most > 3


async def test_the_rate_is_bounded():
    """20 may go at once, the others follow at 20 a second."""
    counter = Counter()
    async with served(counter.answer) as url, open_session(timeout_s=5, limit=50) as session:
        wire = Wire(session, requests_per_s=20, max_writers=4)
        started = time.monotonic()
        await asyncio.gather(*(wire.get(url) for _ in range(28)))
        assert time.monotonic() - started >= 0.35
    assert counter.seen == 28


async def test_tokens_travel_in_the_header():
    """And are left out where there is none."""
    seen = []

    async def remember(request):
        seen.append(request.headers.get("Authorization"))
        return web.json_response({})

    async with served(remember) as url, open_session(timeout_s=5) as session:
        wire = Wire(session, requests_per_s=1000, max_writers=1)
        await wire.get(url, token=Secret("abc"))
        await wire.ask(url, {})
    assert seen == ["Bearer abc", None]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("ws://127.0.0.1:3301", "http://127.0.0.1:3301"),
        ("wss://huly.example.com/_transactor/", "https://huly.example.com/_transactor"),
        ("http://huly.example.com/", "http://huly.example.com"),
    ],
)
def test_addresses_of_web_sockets_become_those_of_http(address, url):
    """Same host, port and path."""
    assert http_url(address) == URL(url)
