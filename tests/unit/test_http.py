"""One table from "what went wrong" to our errors, against a real server on loopback."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from syncengine.errors import EndpointGone, OutcomeUnknown, RateLimited, RemoteBusy, Unreachable
from syncengine.http import Answer, open_session, refuse_unwell, retry_after_s, send


def answer(status, *, headers=None, body=b"{}", content_type="application/json"):
    return Answer(
        status=status, content_type=content_type, headers=headers or {}, body=body, url=URL("http://127.0.0.1:1/api")
    )


@pytest.fixture
async def server():
    """Echoes JSON, hangs, or drops the connection."""
    never = asyncio.Event()

    async def echo(request):
        return web.json_response({"got": await request.json(), "origin": request.headers.get("Origin")})

    async def page(request):
        return web.Response(text="<html>", content_type="text/html")

    async def hang(request):
        await never.wait()

    async def drop(request):
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_post("/echo", echo)
    app.router.add_get("/page", page)
    app.router.add_route("*", "/hang", hang)
    app.router.add_route("*", "/drop", drop)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield server
    never.set()
    await server.close()


async def test_json_goes_there_and_back(server):
    """Payload and answer are plain data; no Origin header is sent."""
    async with open_session(timeout_s=5) as session:
        got = await send(session, "POST", server.make_url("/echo"), changes=False, payload={"a": "ü"})
    assert got.is_json
    assert got.json() == {"got": {"a": "ü"}, "origin": None}


async def test_a_web_page_in_place_of_json_is_explained(server):
    """A wrong URL often answers 200 with HTML."""
    async with open_session(timeout_s=5) as session:
        got = await send(session, "GET", str(server.make_url("/page")), changes=False)
    assert not got.is_json
    with pytest.raises(EndpointGone, match=r"answered 200 with text/html instead of JSON .*check that the URL"):
        got.json()


@pytest.mark.parametrize("path", ["/hang", "/drop"])
async def test_a_lost_answer_is_unreachable_for_a_read_and_unknown_for_a_write(server, path):
    """The request was sent, so a write may have been done."""
    async with open_session(timeout_s=0.2) as session:
        with pytest.raises(Unreachable, match="check the URL and that the server is running"):
            await send(session, "GET", server.make_url(path), changes=False)
        with pytest.raises(OutcomeUnknown, match="may have been done"):
            await send(session, "POST", server.make_url(path), changes=True, payload={})


async def test_a_refused_connection_is_certainly_not_done(unused_tcp_port):
    """Nothing listens there: even a write did not happen."""
    async with open_session(timeout_s=5) as session:
        with pytest.raises(Unreachable):
            await send(session, "POST", f"http://127.0.0.1:{unused_tcp_port}/", changes=True, payload={})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After-ms": "34", "Retry-After": "1"}, 0.034),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-3"}, 0.0),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers, seconds):
    """Milliseconds win over seconds; dates are not read."""
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize(
    ("status", "changes", "error"),
    [
        (429, True, RateLimited),
        (429, False, RateLimited),
        (503, False, RemoteBusy),
        (502, False, Unreachable),
        (504, False, Unreachable),
        (502, True, OutcomeUnknown),
        (503, True, OutcomeUnknown),
        (504, True, OutcomeUnknown),
    ],
)
def test_answers_that_mean_the_same_from_any_server(status, changes, error):
    """A write behind a proxy that lost its server may have been done."""
    with pytest.raises(error):
        refuse_unwell(answer(status), changes=changes)


@pytest.mark.parametrize("status", [200, 404, 500])
def test_other_answers_are_the_connectors_business(status):
    """Nothing is raised."""
    refuse_unwell(answer(status), changes=True)
