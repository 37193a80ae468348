"""One table from "what went wrong" to our errors, against a real server on loopback."""

import asyncio
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from syncengine.errors import EndpointGone, OutcomeUnknown, RateLimited, RemoteBusy, Unreachable
from syncengine.http import (
    LONGEST_RETRY_AFTER_S,
    READABLE,
    Answer,
    listening,
    open_session,
    refuse_unwell,
    retry_after_s,
    send,
)
from syncengine.redaction import Secret

CANARY = "canary-in-a-url"


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

    async def teapot(request):
        return web.Response(status=418)

    async def half(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/teapot", teapot)
    app.router.add_get("/half", half)
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


DATES = {"Date": "Wed, 21 Oct 2026 07:27:30 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After-ms": "34", "Retry-After": "1"}, 0.034),
        ({"Retry-After-ms": "soon", "Retry-After": "1"}, 1.0),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "99999999999999"}, LONGEST_RETRY_AFTER_S),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "later"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", **DATES}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 -0000", **DATES}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:00:00 GMT", **DATES}, 0.0),
        ({"Retry-After": "Fri, 21 Oct 2033 07:00:00 GMT", **DATES}, LONGEST_RETRY_AFTER_S),
        ({"Retry-After": "Wed, 21 Oct 99999 07:00:00 GMT", **DATES}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers, seconds):
    """Milliseconds win over seconds; a date is compared with the server's own; nobody waits longer than a day."""
    assert retry_after_s(headers) == seconds


def test_a_date_without_the_server_s_own_is_compared_with_ours():
    """An hour from now, as far as seconds tell."""
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert retry_after_s({"Retry-After": in_an_hour}) == pytest.approx(3600, abs=10)


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


# -- who listens ------------------------------------------------------------------------------------------------------------


async def heard_while(server, path, **more):
    """The requests that a listener hears of while one is sent."""
    heard = []
    async with open_session(timeout_s=0.2) as session:
        with listening(heard.append):
            try:
                await send(session, "GET", server.make_url(path).with_query(secret=CANARY), changes=False)
            except Unreachable:
                heard.append("Unreachable")
    return heard


async def test_a_request_is_heard_of_with_its_server_and_its_end(server):
    """Method, host, port, status and time; neither path nor query."""
    (exchange,) = await heard_while(server, "/page")
    assert (exchange.method, exchange.host, exchange.port) == ("GET", "127.0.0.1", server.port)
    assert (exchange.status, exchange.error) == (200, None)
    assert 0 < exchange.duration_s < 10
    assert "page" not in str(exchange)
    assert CANARY not in str(exchange)


async def test_an_answer_of_400_or_more_is_an_error_by_its_number(server):
    """The request worked; what it means is for the connector."""
    (exchange,) = await heard_while(server, "/teapot")
    assert (exchange.status, exchange.error) == (418, "418")


@pytest.mark.parametrize(
    ("path", "error"), [("/hang", "TimeoutError"), ("/drop", "ServerDisconnectedError"), ("/half", "ClientPayloadError")]
)
async def test_a_request_without_a_whole_answer_is_heard_of_by_its_exception(server, path, error):
    """No status; the error of the connector comes after it."""
    exchange, raised = await heard_while(server, path)
    # A connection that is cut may also be noticed by the socket first.
    assert exchange.error == error or (path != "/hang" and exchange.error == "ClientOSError")
    assert (exchange.status, raised) == (None, "Unreachable")


async def test_a_request_that_is_cut_off_is_heard_of(server):
    """Whoever measures wants to know of those too."""
    heard = []
    async with open_session(timeout_s=30) as session:
        with listening(heard.append), pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await send(session, "GET", server.make_url("/hang"), changes=False)
    assert [exchange.error for exchange in heard] == ["CancelledError"]


async def test_only_what_is_sent_inside_is_heard_of(server):
    """Also by tasks that are started inside, and by the innermost listener only."""
    outer, inner = [], []
    async with open_session(timeout_s=5) as session:

        async def ask():
            await send(session, "GET", server.make_url("/page"), changes=False)

        await ask()
        with listening(outer.append):
            await ask()
            with listening(inner.append):
                await asyncio.create_task(ask())
            await ask()
        await ask()
    assert (len(outer), len(inner)) == (2, 1)


# -- nothing secret in messages ---------------------------------------------------------------------------------------------


def in_messages(error):
    """The message of an error and those of its causes."""
    return "".join(traceback.format_exception_only(error))


@pytest.mark.parametrize("changes", [True, False])
async def test_a_message_names_the_server_and_neither_user_nor_query(server, unused_tcp_port, changes):
    """Lost on the way, or never connected."""
    for port, path in ((server.port, "/drop"), (unused_tcp_port, "/x")):
        url = f"http://user:{CANARY}@127.0.0.1:{port}{path}?key={CANARY}#{CANARY}"
        async with open_session(timeout_s=5) as session:
            with pytest.raises((Unreachable, OutcomeUnknown)) as caught:
                await send(session, "POST", url, changes=changes, payload={})
        assert f"http://127.0.0.1:{port}" in str(caught.value)
        assert CANARY not in in_messages(caught.value)


class Broken:
    """A session whose every request ends with an error of aiohttp's that holds the URL."""

    def __init__(self, error):
        self._error = error

    def request(self, *_args, **_more):
        raise self._error


URL_INSIDE = "https://user:plain-word@host:8443/a/b?key=plain-word#plain-word"


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.InvalidURL(URL_INSIDE),
        aiohttp.ConnectionTimeoutError(f"Connection timeout to host {URL_INSIDE}"),
        aiohttp.ClientPayloadError(f"url='{URL_INSIDE}', broken"),
        OSError(f'no route to "{URL_INSIDE}"'),
    ],
)
async def test_a_url_inside_a_message_is_cut_down_to_server_and_path(error):
    """Not by its words, which nobody knows to be secret, but by its form."""
    with pytest.raises((Unreachable, OutcomeUnknown)) as caught:
        await send(Broken(error), "GET", "http://127.0.0.1:1/", changes=False)
    assert "https://host:8443/a/b" in str(caught.value)
    assert "plain-word" not in str(caught.value)


async def test_a_path_without_a_server_loses_its_query():
    """For sessions with a base URL."""
    with pytest.raises(Unreachable) as caught:
        await send(Broken(OSError("no")), "GET", "/a?key=plain-word", changes=False)
    assert str(caught.value).startswith("GET /a: OSError no")
    assert "plain-word" not in str(caught.value)


async def test_an_answer_names_what_was_asked_without_user_and_query(server):
    """Connectors put it into their messages."""
    url = server.make_url("/page").with_user("user").with_password(CANARY).with_query(key=CANARY).with_fragment("x")
    async with open_session(timeout_s=5) as session:
        got = await send(session, "GET", url, changes=False)
    assert got.url == server.make_url("/page")


async def test_a_server_with_another_protocol_is_explained(server):
    """HTTPS to a port that speaks HTTP: the request was never sent, so not even a write was done."""
    async with open_session(timeout_s=5) as session:
        with pytest.raises(Unreachable, match="check the URL and the server's certificate"):
            await send(session, "POST", server.make_url("/echo").with_scheme("https"), changes=True, payload={})


def test_a_secret_at_the_edge_of_a_message_is_not_cut_in_two():
    """It is struck out before anybody cuts the text."""
    secret = Secret(CANARY)
    body = b"x" * 50 + secret.reveal().encode() + b"y" * READABLE
    shown = answer(500, body=body).text
    assert CANARY[:8] not in shown
    assert len(shown) <= READABLE
    with pytest.raises(EndpointGone) as caught:
        answer(200, body=body, content_type="text/html").json()
    assert CANARY[:8] not in str(caught.value)
