"""The proxy that loses and holds back answers."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from tests.fixtures.dropping_proxy import (
    DROP,
    FORWARD,
    DroppingProxy,
    ProxiedRequest,
    delay,
    every,
    is_call,
    some,
)


class Upstream:
    """A small server that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.connections: set[object] = set()
        self.more = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(f"{request.method} {request.path_qs} {len(body)}")
        match request.path:
            case "/nothing":
                return web.Response(status=204)
            case "/stream":
                return await self._stream(request)
            case "/large":
                return web.Response(body=b"x" * 1_000_000)
            case "/close":
                response = web.Response(text="bye")
                response.force_close()
                return response
        return web.Response(text=f"{request.method} {request.path_qs} {body.decode()}", headers={"X-Seen": "yes"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"first ")
        await self.more.wait()
        await response.write(b"second")
        return response


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Upstream, str]]:
    """The server and its address."""
    upstream = Upstream()
    runner = web.ServerRunner(web.Server(upstream.answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield upstream, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that does not wait for ever."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def fetch(session, url, method="GET", **more):
    async with session.request(method, url, **more) as answer:
        return answer.status, await answer.text()


async def test_requests_and_answers_pass_unchanged(upstream, session):
    """Method, query, body, status and headers."""
    server, url = upstream
    async with DroppingProxy(url) as proxy, session.post(proxy.base_url + "/a?b=c%20d", data="body") as answer:
        assert (answer.status, await answer.text()) == (200, "POST /a?b=c%20d body")
        assert answer.headers["X-Seen"] == "yes"
    assert server.asked == ["POST /a?b=c%20d 4"]
    assert (proxy.counts.forwarded, proxy.counts.dropped, proxy.counts.delayed) == (1, 0, 0)


async def test_all_kinds_of_bodies_pass(upstream, session):
    """None, large, chunked in both directions, and one that only the end of the connection ends."""

    async def pieces():
        for piece in (b"one", b"two"):
            yield piece

    server, url = upstream
    server.more.set()
    async with DroppingProxy(url) as proxy:
        assert await fetch(session, proxy.base_url + "/nothing") == (204, "")
        assert await fetch(session, proxy.base_url + "/x", "HEAD") == (200, "")
        assert await fetch(session, proxy.base_url + "/large") == (200, "x" * 1_000_000)
        assert await fetch(session, proxy.base_url + "/stream") == (200, "first second")
        assert await fetch(session, proxy.base_url + "/p", "POST", data=pieces()) == (200, "POST /p onetwo")
        assert await fetch(session, proxy.base_url + "/p", "POST", data=b"y" * 500_000) == (200, "POST /p " + "y" * 500_000)
        assert await fetch(session, proxy.base_url + "/close") == (200, "bye")
    assert proxy.counts.forwarded == len(server.asked) == 7


async def test_body_without_a_length_ends_with_the_connection(session):
    """Neither chunks nor a length: the client gets all, and the end."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nup to the end")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with DroppingProxy(url) as proxy:
            assert await fetch(session, proxy.base_url) == (200, "up to the end")


async def test_streamed_answer_arrives_while_the_server_still_sends(upstream, session):
    """The first piece does not wait for the last."""
    server, url = upstream
    async with DroppingProxy(url) as proxy, session.get(proxy.base_url + "/stream") as answer:
        assert await answer.content.readexactly(6) == b"first "
        server.more.set()
        assert await answer.content.read() == b"second"


async def test_dropped_answer_is_lost_after_the_server_acted(upstream, session):
    """The client sees its connection end; the server was asked all the same."""
    server, url = upstream
    async with DroppingProxy(url, lambda _request: DROP) as proxy:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await fetch(session, proxy.base_url + "/a", "POST", data="x")
        assert server.asked == ["POST /a 1"]
        assert (proxy.counts.forwarded, proxy.counts.dropped) == (0, 1)
        assert [(e.request.method, e.request.path, e.status, e.action) for e in proxy.exchanges] == [
            ("POST", "/a", 200, DROP)
        ]


async def test_drop_also_ends_a_connection_that_was_in_use(upstream, session):
    """The answer before the dropped one came over the same connection."""
    _server, url = upstream
    async with DroppingProxy(url, every(2, DROP)) as proxy:
        assert (await fetch(session, proxy.base_url + "/a", "POST"))[0] == 200
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await fetch(session, proxy.base_url + "/b", "POST")
        assert (await fetch(session, proxy.base_url + "/c", "POST"))[0] == 200


async def test_delayed_answer_comes_whole_after_the_seconds(upstream, session):
    """The server acted at once; the client waits."""
    server, url = upstream
    async with DroppingProxy(url, lambda _request: delay(0.3)) as proxy:
        begun = time.monotonic()
        asking = asyncio.create_task(fetch(session, proxy.base_url + "/a"))
        while not server.asked:
            await asyncio.sleep(0)
        assert time.monotonic() - begun < 0.3
        assert await asking == (200, "GET /a ")
        assert time.monotonic() - begun >= 0.3
        assert (proxy.counts.forwarded, proxy.counts.delayed) == (0, 1)


async def test_client_that_gives_up_on_a_delayed_answer_harms_nobody(upstream, session):
    """The next request is answered."""
    _server, url = upstream
    async with DroppingProxy(url, every(1, delay(30), matches=is_call(path="/slow"))) as proxy:
        with pytest.raises(TimeoutError):
            await fetch(session, proxy.base_url + "/slow", timeout=aiohttp.ClientTimeout(total=0.1))
        assert (await fetch(session, proxy.base_url + "/a"))[0] == 200


async def test_server_that_is_not_there_ends_the_connection(session):
    """And is counted."""
    with socket.socket() as bound_but_deaf:
        bound_but_deaf.bind(("127.0.0.1", 0))
        async with DroppingProxy(f"http://127.0.0.1:{bound_but_deaf.getsockname()[1]}") as proxy:
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await fetch(session, proxy.base_url + "/a", "POST")
            assert proxy.counts.unreachable == 1


async def test_connection_of_a_client_is_kept_alive(upstream, session):
    """Three requests use one connection."""
    _server, url = upstream
    async with DroppingProxy(url) as proxy:
        for _ in range(3):
            await fetch(session, proxy.base_url + "/a")
        assert len(proxy._connections) == 1


async def test_end_of_the_proxy_ends_what_is_in_flight(upstream, session):
    """No connection and no task stays behind."""
    _server, url = upstream
    async with DroppingProxy(url, lambda _request: delay(30)) as proxy:
        asking = asyncio.create_task(fetch(session, proxy.base_url + "/a", "POST"))
        while not proxy.counts.delayed:
            await asyncio.sleep(0.001)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await asking
    assert proxy._connections == set()


def choices(decide, number=200):
    requests = (ProxiedRequest("POST" if n % 2 else "GET", "/api/tasks", n) for n in range(number))
    return [decide(request) for request in requests]


def test_same_seed_makes_the_same_choices():
    """And another seed makes others."""
    one, same, other = (choices(some(0.2, DROP, seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert 20 <= one.count(DROP) <= 60


def test_choice_falls_on_matching_requests_only():
    """Method and path decide; None means any."""
    chosen = choices(some(1.0, DROP, seed=1, matches=is_call("POST", "/api/")))
    assert chosen == [FORWARD, DROP] * 100
    assert DROP not in choices(some(1.0, DROP, seed=1, matches=is_call("POST", "/other")))


def test_every_kth_of_the_matching_requests():
    """The third, the sixth and so on of the POSTs."""
    chosen = choices(every(3, DROP, matches=is_call("POST")), 12)
    assert [n for n, action in enumerate(chosen) if action == DROP] == [5, 11]
