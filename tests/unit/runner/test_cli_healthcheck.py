"""`syncengine healthcheck`: what it prints and how it leaves, against a server that is really there."""

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from attrs import evolve, frozen
from typer.testing import CliRunner

from syncengine.redaction import Secret
from syncengine.runner.cli import app
from syncengine.runner.server.access import ServerSettings
from syncengine.runner.server.http_server import serving
from tests.unit.runner.test_http_server import HEALTHY, KEY, Metrics, unwell


@frozen
class Place:
    """A folder with a settings file."""

    folder: object

    @property
    def log(self):
        return self.folder / "log.db"

    def configure(self, server=""):
        (self.folder / "syncengine.toml").write_text(f'[log]\npath = "log.db"\n\n[server]\n{server}\n')

    async def check(self, *options, before=()):
        """The command in a thread, because the server is in this one."""
        arguments = ["--config", str(self.folder / "syncengine.toml"), *before, "healthcheck", *options]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments)

    @asynccontextmanager
    async def running(self, health=HEALTHY, *, key=None, noted=True):
        settings = ServerSettings(listen="127.0.0.1:0", api_key=Secret(key) if key else None)
        log = self.log if noted else None
        async with serving(settings, health=lambda: health, metrics=Metrics(), log=log) as place:
            yield place


@pytest.fixture
def place(tmp_path):
    it = Place(tmp_path)
    it.configure()
    return it


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def test_a_healthy_process(place):
    """One word."""
    async with place.running():
        done = await place.check()
    assert (done.exit_code, done.stdout, done.stderr) == (0, "healthy\n", "")


@pytest.mark.parametrize(
    ("status", "options", "code"),
    [
        ("degraded", (), 0),
        ("degraded", ("--strict",), 1),
        ("unhealthy", (), 1),
        ("unhealthy", ("--strict",), 1),
        ("healthy", ("--strict",), 0),
    ],
)
async def test_how_it_leaves(place, status, options, code):
    """A remote that is down is no reason to start again; whoever thinks otherwise says so."""
    async with place.running(HEALTHY if status == "healthy" else unwell(status)):
        done = await place.check(*options)
    assert done.exit_code == code
    reasons = "" if status == "healthy" else "log: the disk is full; make room\n"
    assert done.stdout == f"{status}\n{reasons}"


@pytest.mark.parametrize(("ready", "code"), [(True, 0), (False, 1)])
async def test_readiness(place, ready, code):
    """Unhealthy or not."""
    async with place.running(unwell("unhealthy", ready=ready)):
        done = await place.check("--ready")
    assert done.exit_code == code
    assert done.stdout.splitlines()[0] == ("ready" if ready else "not ready")
    assert ("the disk is full; make room" in done.stdout) != ready


async def test_life(place):
    """However it is."""
    async with place.running(unwell("unhealthy", ready=False)):
        done = await place.check("--live")
    assert (done.exit_code, done.stdout) == (0, "alive\n")


async def test_the_whole_answer(place):
    """For programs."""
    async with place.running(unwell("degraded")):
        done = await place.check("--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["status"]) == (0, "degraded")
    assert told["checks"]["endpoint:huly"]["ok"]


@pytest.mark.parametrize("given", [f'api_key = "{KEY}"', 'api_key = {env = "HEALTH_KEY"}', 'api_key = {file = "key.txt"}'])
async def test_the_key_comes_from_the_settings(place, monkeypatch, given):
    """From wherever they say."""
    monkeypatch.setenv("HEALTH_KEY", KEY)
    (place.folder / "key.txt").write_text(f"{KEY}\n")
    place.configure(given)
    async with place.running(key=KEY):
        done = await place.check()
    assert (done.exit_code, done.stdout) == (0, "healthy\n")


async def test_another_key(place):
    """The answer says what is missing, and no key."""
    place.configure('api_key = "some-other-key"')
    async with place.running(key=KEY):
        done = await place.check()
    assert done.exit_code == 1
    assert "the header X-API-Key has to hold the key" in done.stdout
    assert KEY not in done.output
    assert "some-other-key" not in done.output


async def test_a_fixed_port_is_found_without_a_note(place):
    """The settings say it; a note that a killed process left behind is passed over."""
    (place.folder / "log.db.server.json").write_text(json.dumps({"url": f"http://127.0.0.1:{free_port()}", "pid": 1}))
    async with place.running(noted=False) as there:
        place.configure(f'listen = "{there}"')
        done = await place.check()
    assert (done.exit_code, done.stdout) == (0, "healthy\n")


async def test_somewhere_else(place):
    """By its URL, with or without a slash at the end; the settings still have the key."""
    place.configure(f'listen = "off"\napi_key = "{KEY}"')
    async with place.running(key=KEY, noted=False) as there:
        for url in (there.url, f"{there.url}/"):
            assert (await place.check("--url", url)).exit_code == 0


async def test_somewhere_else_without_settings(place):
    """Whether it is alive can be asked by anybody."""
    (place.folder / "syncengine.toml").unlink()
    async with place.running(key=KEY, noted=False) as there:
        assert (await place.check("--url", there.url, "--live")).exit_code == 0
        assert (await place.check("--url", there.url)).exit_code == 1


@pytest.mark.parametrize(
    ("server", "options", "told"),
    [
        ("", (), "does not answer (Connection refused); is `syncengine run` running?"),
        ('listen = "127.0.0.1:0"', (), "is not running, or does not listen yet; `syncengine run` starts it"),
        ('listen = "off"', (), 'there is nobody to ask, because [server] listen is "off" in the settings'),
        ('listen = "nowhere"', (), '"nowhere" is no place to listen'),
        ('listen = "0.0.0.0:1"', (), 'add the line api_key = {env = "SYNCENGINE_API_KEY"}'),
        (
            'api_key = {env = "NOT_SET_ANYWHERE"}',
            (),
            "server.api_key: the environment variable NOT_SET_ANYWHERE is not set",
        ),
        ('api_key = {env = "A", file = "b"}', (), "server.api_key: must be a text"),
        ("", ("--url", "127.0.0.1:9464"), '"127.0.0.1:9464" is no place to ask; write it like http://127.0.0.1:9464'),
        ("", ("--url", "http://127.0.0.1:x"), "is no place to ask"),
        ("", ("--url", "http://127.0.0.1:1/\nHost: evil"), "does not answer"),
    ],
)
async def test_nobody_to_ask(place, server, options, told):
    """1 and never 2, which Docker keeps for itself; the message says what to do."""
    place.configure(server or f'listen = "127.0.0.1:{free_port()}"')
    done = await place.check(*options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


async def test_settings_that_are_not_there(place):
    """1 too."""
    (place.folder / "syncengine.toml").unlink()
    done = await place.check("--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["status"] == "unreachable"
    assert "there is no such file" in told["reasons"][0]


async def answering(place, data):
    """A server that says this to everybody."""

    gone = []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if not data:
            await reader.read()  # until whoever asked has had enough
        writer.close()
        gone.append(writer)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    server.gone = gone
    return server


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "does not answer (nothing within 2 seconds)"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "answered 200, but not as syncengine does"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "answered 404, but not as syncengine does"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "answered 200, but not as syncengine does"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "does not answer"),
    ],
)
async def test_somebody_else_answers(place, data, told):
    """Or nobody does."""
    server = await answering(place, data)
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await place.check("--url", f"http://127.0.0.1:{port}", "--timeout", "2")
        while not server.gone:
            await asyncio.sleep(0)
        await server.gone[0].wait_closed()
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


async def test_a_strange_answer_is_shown_as_text(place):
    """Nothing in it moves the cursor of the terminal."""
    strange = unwell("unhealthy")
    strange = evolve(strange, checks=(evolve(strange.checks[0], reason="\x1b[2J\x07gone\nfake: line"),))
    async with place.running(strange):
        done = await place.check()
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2


async def test_proxies_do_not_get_the_key(place, monkeypatch):
    """Whatever the environment says about them."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with place.running():
        assert (await place.check()).exit_code == 0


async def test_two_questions_at_once(place):
    """One is enough."""
    done = await place.check("--ready", "--live")
    assert done.exit_code == 2
    assert "use either --ready or --live" in done.stderr


HEAVY = (
    "aiohttp",
    "eventsourcing",
    "opentelemetry",
    "structlog",
    "prometheus_client",
    "connectors",
    "rich.console",
    "sqlalchemy",
)

CHECK = """
import sys
from syncengine.runner.cli import app
try:
    app(["--config", sys.argv[1], "healthcheck"])
except SystemExit as ended:
    print(ended.code, *[name for name in sys.argv[2:] if name in sys.modules])
"""


async def test_it_loads_little(place):
    """It is run every few seconds on computers that have other things to do."""
    async with place.running():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHECK,
            str(place.folder / "syncengine.toml"),
            *HEAVY,
            stdout=subprocess.PIPE,
        )
        said, _ = await process.communicate()
    assert said.decode().splitlines() == ["healthy", "0"]
