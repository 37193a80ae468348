"""The server for health and metrics, asked over real sockets."""

import asyncio
import gc
import json
import socket
import stat
import threading
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import aiohttp
import pytest
from attrs import evolve

from syncengine.errors import ConfigurationError
from syncengine.redaction import Secret
from syncengine.runner.health.health import Check, Health
from syncengine.runner.server import http_server, patient_connection
from syncengine.runner.server.access import Place, ServerSettings
from syncengine.runner.server.http_server import serving
from syncengine.runner.server.served_at import served_at

KEY = "a-key-for-tests"
PAGES = ("/", "/health", "/health/live", "/health/ready", "/metrics")
HEALTHY = Health(status="healthy", checks=(Check(name="log"), Check(name="endpoint:huly")), ready=True, uptime_s=12.34)
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def unwell(status, *, ready=True):
    wrong = Check(name="log", status=status, reason="the disk is full; make room", since=NOON)
    return evolve(HEALTHY, status=status, ready=ready, checks=(wrong, *HEALTHY.checks[1:]))


class Metrics:
    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def exposition(self):
        return b"syncengine_pass_running_seconds 0\n"


class Served:
    """A server that is running, and somebody who asks it."""

    def __init__(self, place, session):
        self.place = place
        self.session = session
        self.health = HEALTHY

    def how_it_is(self):
        if isinstance(self.health, Exception):
            raise self.health
        return self.health() if callable(self.health) else self.health

    async def ask(self, path, method="GET", **more):
        async with self.session.request(method, f"{self.place.url}{path}", **more) as response:
            response.text_read = await response.text()
            return response

    async def say(self, data, *, seconds=5.0):
        """Everything that comes back for these bytes until the server hangs up."""
        reader, writer = await asyncio.open_connection(self.place.host, self.place.port)
        try:
            writer.write(data)
            async with asyncio.timeout(seconds):
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def served(listen="127.0.0.1:0", key=None, log=None, metrics=None):
    settings = ServerSettings(listen=listen, api_key=Secret(key) if key else None)
    it = Served(None, None)
    async with (
        serving(settings, health=it.how_it_is, metrics=metrics or Metrics(), log=log) as it.place,
        aiohttp.ClientSession() as it.session,
    ):
        yield it


@pytest.fixture
async def server():
    async with served() as it:
        yield it


@pytest.fixture
async def locked():
    async with served(key=KEY) as it:
        yield it


# -- pages -----------------------------------------------------------------------------------------------------------------


async def test_a_healthy_process(server):
    """200, with every check."""
    answer = await server.ask("/health")
    assert (answer.status, answer.content_type) == (200, "application/json")
    told = json.loads(answer.text_read)
    assert told.pop("version")
    well = {"ok": True, "status": "healthy", "reason": "", "since": None}
    assert told == {
        "status": "healthy",
        "ready": True,
        "reasons": [],
        "checks": {"log": well, "endpoint:huly": well},
        "uptime_s": 12.3,
    }


@pytest.mark.parametrize("status", ["degraded", "unhealthy"])
async def test_a_process_that_is_not_well(server, status):
    """503 with the reasons, also per check; it is alive all the same."""
    server.health = unwell(status)
    answer = await server.ask("/health")
    assert answer.status == 503
    told = json.loads(answer.text_read)
    assert (told["status"], told["reasons"]) == (status, ["the disk is full; make room"])
    assert told["checks"]["log"] == {
        "ok": False,
        "status": status,
        "reason": "the disk is full; make room",
        "since": "2024-05-01T12:00:00+00:00",
    }
    assert told["checks"]["endpoint:huly"]["ok"]
    assert (await server.ask("/health/live")).status == 200


async def test_readiness(server):
    """200 or 503; degraded is ready."""
    server.health = unwell("degraded")
    answer = await server.ask("/health/ready")
    assert (answer.status, json.loads(answer.text_read)) == (200, {"status": "ready"})
    server.health = unwell("unhealthy", ready=False)
    answer = await server.ask("/health/ready")
    assert answer.status == 503
    assert json.loads(answer.text_read) == {"status": "not ready", "reasons": {"log": "the disk is full; make room"}}


async def test_metrics(server):
    """As whoever has them writes them."""
    answer = await server.ask("/metrics")
    assert (answer.status, answer.headers["Content-Type"]) == (200, Metrics.content_type)
    assert answer.text_read == "syncengine_pass_running_seconds 0\n"


async def test_the_index(server):
    """A list of the pages, for people."""
    answer = await server.ask("/")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert [path for path in PAGES if path not in answer.text_read] == []


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_without_its_body(server, path):
    """HEAD gives the status and the headers."""
    whole, head = await server.ask(path), await server.ask(path, "HEAD")
    assert (head.status, head.text_read) == (whole.status, "")
    assert head.headers["Content-Length"] == str(len(whole.text_read))


# -- access ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/health/", "/health/live/", "//health/live"])
@pytest.mark.parametrize("given", [None, "", "a-key-for-test", "A-KEY-FOR-TESTS"])
async def test_without_the_key(locked, path, given):
    """401 for everything but whether the process is alive, also for pages that do not exist."""
    headers = {} if given is None else {"X-API-Key": given}
    answer = await locked.ask(path, headers=headers)
    assert answer.status == (200 if path == "/health/live" else 401)
    if answer.status == 401:
        assert "X-API-Key" in json.loads(answer.text_read)["reasons"][0]
        assert KEY not in answer.text_read


@pytest.mark.parametrize("path", PAGES)
async def test_with_the_key(locked, path):
    """Everything."""
    assert (await locked.ask(path, headers={"X-API-Key": KEY})).status == 200


@pytest.mark.parametrize("value", [b"\xff\xfe\xfd", "schlüssel".encode(), "schlüssel".encode("latin-1")])
async def test_a_key_of_strange_bytes(locked, value):
    """It is wrong, and nothing else."""
    answer = await locked.say(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: " + value + b"\r\n\r\n")
    assert answer.split(b"\r\n")[0] in {b"HTTP/1.1 401 Unauthorized", b"HTTP/1.1 400 Bad Request"}
    assert (await locked.ask("/health", headers={"X-API-Key": KEY})).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_nothing_can_be_changed(server, method):
    """Two methods, and no others; nor does a browser get leave to ask from a web page of somebody else's."""
    answer = await server.ask("/health", method, headers={"Origin": "https://example.org"})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
async def test_what_every_answer_says(server, path):
    """Not to be kept, not to be guessed at, not for other web pages, and nothing about the versions of its parts."""
    answer = await server.ask(path, headers={"Origin": "https://example.org"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "syncengine"
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


async def test_a_page_that_does_not_exist(server):
    """404, and where to find those that do."""
    answer = await server.ask("/helth")
    assert answer.status == 404
    assert json.loads(answer.text_read)["reasons"] == ["there is no such page; / lists those there are"]


# -- limits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b'Content-Length: 9\r\n\r\n{"a": 1}\n', b"Content-Length: 1000000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"],
)
async def test_a_request_with_a_body(server, body):
    """Refused at once, whether it comes or not, and the connection is closed."""
    answer = await server.say(b"GET /health HTTP/1.1\r\nHost: x\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"send the request without a body" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 9_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Many: x\r\n" * 500 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"hello\r\n\r\n",
    ],
    ids=["long line", "long header", "many headers", "TLS", "no HTTP"],
)
async def test_what_is_no_proper_request(server, request_, caplog):
    """Refused with the same care for headers, and not worth a log line."""
    answer = await server.say(request_)
    assert answer.startswith(b"HTTP/1.")
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"Server: syncengine\r\n" in answer
    assert b"aiohttp" not in answer
    assert caplog.records == []
    assert (await server.ask("/health")).status == 200


@pytest.mark.parametrize("data", [b"", b"GET /health HTTP/1.1\r\nHost"])
async def test_a_client_that_does_not_finish_its_request(monkeypatch, data):
    """It is hung up on."""
    monkeypatch.setattr(patient_connection, "FIRST_REQUEST_WITHIN_S", 0.05)
    async with served() as server:
        assert await server.say(data) == b""


async def test_a_client_that_does_not_start_a_second_request(monkeypatch):
    """It is hung up on, later."""
    monkeypatch.setitem(patient_connection.CONNECTION_LIMITS, "keepalive_timeout", 0.05)
    async with served() as server:
        assert b" 200 OK" in await server.say(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_a_client_that_does_not_take_its_answer(monkeypatch):
    """It is hung up on too; more than fits on the way is never sent."""
    monkeypatch.setattr(patient_connection, "TAKEN_WITHIN_S", 0.05)
    hung_up = asyncio.Event()

    def hang_up(transport, really=patient_connection._hang_up_if_stuck):
        really(transport)
        hung_up.set()

    monkeypatch.setattr(patient_connection, "_hang_up_if_stuck", hang_up)

    class Much(Metrics):
        def exposition(self):
            return b"x" * 50_000_000

    async with served(metrics=Much()) as server:
        reader, writer = await asyncio.open_connection(server.place.host, server.place.port, limit=1024)
        try:
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            await hung_up.wait()
            assert await all_that_comes(reader) < 50_000_000
        finally:
            writer.transport.abort()


async def all_that_comes(reader):
    """How many bytes, until the other side hangs up."""
    came = 0
    async with asyncio.timeout(10):
        with suppress(ConnectionResetError):
            while piece := await reader.read(1_000_000):
                came += len(piece)
    return came


async def test_a_crowd(monkeypatch):
    """One more than there is room for is hung up on; when somebody leaves there is room again."""
    monkeypatch.setattr(patient_connection, "MOST_CONNECTIONS", 2)
    async with served() as server:
        waiting = [await asyncio.open_connection(server.place.host, server.place.port) for _ in range(2)]
        assert await server.say(b"") == b""
        for _, writer in waiting:
            writer.close()
        async with asyncio.timeout(5):
            while b" 200 OK" not in await server.say(b"GET /health/live HTTP/1.0\r\n\r\n"):
                await asyncio.sleep(0.01)


async def test_an_answer_that_takes_too_long(server, monkeypatch):
    """503 in time; the event loop turns meanwhile, and says so."""
    monkeypatch.setattr(http_server, "ANSWER_WITHIN_S", 0.1)
    gate = threading.Event()
    server.health = lambda: gate.wait(10) and HEALTHY
    try:
        slow, alive = await asyncio.gather(server.ask("/health"), server.ask("/health/live"))
        assert (slow.status, alive.status) == (503, 200)
        told = json.loads(slow.text_read)
        assert (told["status"], told["reasons"]) == (
            "unhealthy",
            ["no answer within 0.1 seconds; check the disk of the event log"],
        )
    finally:
        gate.set()


async def test_a_bug_says_nothing_about_the_inside(server):
    """Whoever asks learns its class."""
    server.health = ValueError("secret inside")
    answer = await server.ask("/health")
    assert answer.status == 500
    assert "ValueError" in answer.text_read
    assert "inside" not in answer.text_read


# -- beginning and end -----------------------------------------------------------------------------------------------------


async def test_no_server_is_wanted():
    """Nothing listens."""
    async with served("off") as server:
        assert server.place is None


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "[::1]:0"])
async def test_where_it_listens(listen):
    """On a port that was free, and nowhere else."""
    try:
        async with served(listen) as server:
            assert server.place.host in {"127.0.0.1", "::1"}
            assert server.place.port > 0
            assert (await server.ask("/health/live")).status == 200
    except ConfigurationError:
        assert listen == "[::1]:0", "this computer has no IPv6"


async def test_a_port_that_is_taken():
    """The setting is named, with a way out."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigurationError) as caught:
            async with served(listen):
                pytest.fail("not reached")
    assert str(caught.value) == (
        f'[server] listen = "{listen}": another program listens there already; stop it, or choose another port'
    )


@pytest.mark.parametrize(
    ("listen", "told"),
    [("192.0.2.7:0", "this computer has no such address"), ("nowhere.invalid:0", "it is not possible")],
)
async def test_an_address_that_cannot_be_used(listen, told):
    """The same for these."""
    with pytest.raises(ConfigurationError, match=told):
        async with served(listen, key=KEY):
            pytest.fail("not reached")


async def test_the_note_beside_the_log(tmp_path):
    """Where to ask, for this user only; gone in the end."""
    log = tmp_path / "log.db"
    assert served_at(log) is None
    async with served(log=log) as server:
        assert served_at(log) == server.place.url
        assert stat.S_IMODE((tmp_path / "log.db.server.json").stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


async def test_a_note_that_cannot_be_written(tmp_path):
    """The server is there all the same."""
    async with served(log=tmp_path / "no folder" / "log.db") as server:
        assert (await server.ask("/health/live")).status == 200


async def test_the_note_of_the_next_one_is_left_alone(tmp_path):
    """A process that ends late removes only its own."""
    log = tmp_path / "log.db"
    async with served(log=log):
        (tmp_path / "log.db.server.json").write_text('{"url": "http://127.0.0.1:1", "pid": 1}')
    assert served_at(log) == "http://127.0.0.1:1"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"url": 7}', "\x00\x01", "null"])
def test_a_note_that_says_nothing(tmp_path, text):
    """As if there were none."""
    (tmp_path / "log.db.server.json").write_text(text)
    assert served_at(tmp_path / "log.db") is None


async def test_nothing_is_left_behind():
    """No task, no thread that is busy, no socket; the port is free again."""
    before = asyncio.all_tasks()
    async with served() as server:
        place = server.place
        await server.ask("/health")
        idle = await asyncio.open_connection(place.host, place.port)
    idle[1].close()
    await asyncio.sleep(0)
    async with served(f"{place.host}:{place.port}") as server:
        assert server.place == Place(place.host, place.port)
    await asyncio.sleep(0)
    gc.collect()  # a socket that was not closed would be told here
    assert asyncio.all_tasks() == before
