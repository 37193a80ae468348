"""
Secrets everywhere: in every setting, header, address, variable, file and remote answer. And a search for them in everything
that leaves the process.

Each secret begins with one word and ends with another, which stand nowhere else; so half of a secret is found too.
"""

import asyncio
import base64
import contextlib
import json
import re
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

import aiohttp
import pytest
import structlog
from attrs import define, field
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from typer.testing import CliRunner

from connectors.huly.sandbox import HulySandbox
from connectors.vibe.sandbox import VibeSandbox
from syncengine import redaction
from syncengine.adapters import plugins
from syncengine.adapters.telemetry.traces import TraceSettings, open_traces
from syncengine.runner.cli import app, show
from syncengine.runner.log_lines.set_up import set_up_logs, take_down_logs
from syncengine.runner.settings import load_settings
from tests.fixtures import leaky
from tests.fixtures.talkative_proxy import TalkativeProxy

BEGIN, END = "canary", "yranac"

NAMES = (
    *("huly_password", "huly_mail", "url_user", "url_password", "url_query", "vibe_user", "vibe_password", "api_key"),
    *("leaky_key", "leaky_plain", "leaky_query", "leaky_note", "leaky_token_one", "leaky_token_two"),
    *("login_token", "workspace_token", "cookie", "foreign_token", "foreign_web_token", "foreign_basic", "foreign_proxy"),
    *("raised_password", "raised_token", "raised_url", "wrong_password", "nowhere_password", "strange_scheme", "bug"),
)

CANARIES = {name: f"{BEGIN}-{number:02}-Zq7{name[::-1]}-{END}" for number, name in enumerate(NAMES)}
CANARIES["foreign_web_token"] = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{CANARIES['foreign_web_token']}"

SETTINGS = """
[log]
path = "sync.db"
[server]
listen = "127.0.0.1:0"
api_key = {{file = "api-key"}}
[sync]
interval_s = 0.5
[sync.creates]
project = ["vibe"]
[sync.rules.project]
name = {{rule = "prefer", endpoint = "huly"}}
[sync.rules.issue]
title = {{rule = "prefer", endpoint = "huly"}}
description = {{rule = "prefer", endpoint = "huly"}}
status = {{rule = "prefer", endpoint = "huly"}}
[endpoints.huly]
connector = "huly"
url = "http://{url_user}:{url_password}@{huly}?key={url_query}"
workspace = "demo"
email = {{env = "HULY_MAIL"}}
password = {{env = "HULY_PASSWORD"}}
requests_per_s = 1000
[endpoints.huly.calls]
attempts = 4
first_wait_s = 0.01
[endpoints.vibe]
connector = "vibe"
url = {{file = "vibe-url"}}
repo_path = "{folder}/repos/{{identifier}}"
key_lookup_lag_s = 0.1
[endpoints.vibe.calls]
attempts = 4
first_wait_s = 0.01
[endpoints.leaky]
connector = "leaky"
url = "http://127.0.0.1/?flavour={leaky_query}"
note = {{env = "LEAKY_NOTE"}}
api_key = "{leaky_plain}"
tokens = ["{leaky_token_one}", "{leaky_token_two}"]
key = {{env = "LEAKY_KEY"}}
fails = "{fails}"
"""

ENVIRON = {
    "HULY_MAIL": CANARIES["huly_mail"] + "@example.com",
    "HULY_PASSWORD": CANARIES["huly_password"],
    "LEAKY_NOTE": CANARIES["leaky_note"],
    "LEAKY_KEY": CANARIES["leaky_key"],
}

GOSSIP = (
    f"refused: access_token={CANARIES['foreign_token']}, jwt {CANARIES['foreign_web_token']}, "
    f"{{'Authorization': 'Basic {base64.b64encode(b'x:' + CANARIES['foreign_basic'].encode()).decode()}'}}, "
    f"https://ann:{CANARIES['foreign_proxy']}@proxy.example.com/?a=b"
)

LONG_STORY = (
    f"{'x' * 190}{CANARIES['workspace_token']}{'y' * (100 - len(CANARIES['workspace_token']))}{CANARIES['vibe_password']}"
)
"""Messages are cut at 200 and at 300 characters, in the middle of these two."""


# -- servers, in a thread of their own, so that commands can run in this one -------------------------------------------------


@define(kw_only=True)
class Servers:
    """What the commands talk to."""

    huly: HulySandbox
    vibe: VibeSandbox
    huly_proxy: TalkativeProxy
    vibe_proxy: TalkativeProxy
    loop: asyncio.AbstractEventLoop

    def trouble(self):
        """At reads and at writes, each once; not while a connector is opened, which would be the end of it."""
        self.huly_proxy.trouble[:] = [
            ('POST .*find-all.*_class": ?"tracker:class:Issue"', "500"),
            ('POST .*find-all.*_class": ?"tracker:class:Issue"', "500!"),
            ("POST .*/tx/", "500"),
            ("POST .*/tx/", "html"),
            ("POST .*_collaborator.*getContent", "500"),
            ("POST .*_collaborator.*updateContent", "500"),
        ]
        self.vibe_proxy.trouble[:] = [
            ("GET /api/tasks ", "500"),
            ("GET /api/tasks ", "500!"),
            ("POST /api/tasks ", "500"),
            ("POST /api/tasks ", "400"),
            ("PUT /api/tasks/", "500"),
        ]

    def call(self, method, /, *arguments, **more):
        """Call this in their thread."""

        async def called():
            return method(*arguments, **more)

        return asyncio.run_coroutine_threadsafe(called(), self.loop).result(10)


@contextlib.contextmanager
def servers(folder):
    """Both sandboxes with a talkative proxy before each."""
    loop, ready, done, made = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), []

    async def serve():
        huly = HulySandbox(email=ENVIRON["HULY_MAIL"], password=ENVIRON["HULY_PASSWORD"])
        async with huly, VibeSandbox(root=folder / "vibe") as vibe:
            tokens = [CANARIES["login_token"], CANARIES["workspace_token"]]
            common = {"cookie": CANARIES["cookie"], "gossip": GOSSIP, "long_story": LONG_STORY}
            async with (
                TalkativeProxy(target=huly.url, tokens=tokens, **common) as one,
                TalkativeProxy(target=vibe.base_url, **common) as two,
            ):
                made.append(Servers(huly=huly, vibe=vibe, huly_proxy=one, vibe_proxy=two, loop=loop))
                ready.set()
                await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield made[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


# -- everything that leaves the process ------------------------------------------------------------------------------------


@define(kw_only=True)
class Witness:
    """
    One run of everything.

    Attributes:
        heard: what was seen, by the name of the place.
    """

    folder: Path
    servers: Servers
    patch: pytest.MonkeyPatch
    heard: dict = field(factory=dict)

    def configure(self, name="syncengine.toml", *changes, fails="discover"):
        """A settings file with all secrets in it, or in what it names."""
        (self.folder / "api-key").write_text(CANARIES["api_key"], "utf-8")
        vibe = f"http://{CANARIES['vibe_user']}:{CANARIES['vibe_password']}@{self.servers.vibe_proxy.place}"
        (self.folder / "vibe-url").write_text(vibe, "utf-8")
        text = SETTINGS.format(huly=self.servers.huly_proxy.place, folder=self.folder, fails=fails, **CANARIES)
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def command(self, place, *arguments, config=None, **environ):
        """Run a command as a new process would, with no secret known before; what it printed."""
        self.patch.setattr(redaction, "_KNOWN", type(redaction._KNOWN)())
        config = config or self.folder / "syncengine.toml"
        done = CliRunner().invoke(app, ["--config", str(config), *arguments], env={**ENVIRON, **environ})
        take_down_logs()
        structlog.reset_defaults()
        self.heard[place] = f"{self.heard.get(place, '')}\n{done.stdout}\n{done.stderr}"
        return done


def passes(witness):
    """Troubled passes, told by log lines at the lowest level, and what is in the event log afterwards."""
    servers = witness.servers
    project = servers.call(servers.huly.create_project, "Garden", "GAR")
    for number in range(8):
        servers.call(servers.huly.create_issue, project.id, f"Issue {number}", description="Some text")
    for edit in ("", "in progress", "more text", ""):
        for task in servers.call(servers.vibe.tasks, servers.call(servers.vibe.projects)[0])[:3] if edit else ():
            servers.call(servers.vibe.edit_task, task, description=edit)
        servers.trouble()
        witness.command("log lines", "run", "--until-quiet", "--log-level", "debug", "--log-format", "json")
    servers.call(servers.huly.edit_issue, servers.call(servers.huly.issues, project.id)[0].id, title="Edited")
    servers.trouble()
    witness.command("log lines for people", "run", "--once", "--log-level", "debug", "--log-format", "console")
    witness.command("report", "run", "--once", "--json")
    stored = sorted(witness.folder.glob("sync.db*"))
    witness.heard["event log"] = "\n".join(path.read_bytes().decode("utf-8", "replace") for path in stored)


def views_on_it(witness):
    """What commands say about it."""
    servers = witness.servers
    servers.call(servers.huly.create_issue, servers.call(servers.huly.projects)[0].id, "Another one")
    servers.trouble()
    witness.command("plan", "plan")
    servers.trouble()
    witness.command("plan as JSON", "plan", "--json")
    witness.command("status", "status")
    witness.command("status as JSON", "status", "--json")
    witness.command("explain", "explain", "GAR-1")


def errors(witness):
    """Refused, unreachable, misconfigured, failing in a connector, and failing in this program."""
    wrong = ('{env = "HULY_PASSWORD"}', f'"{CANARIES["wrong_password"]}"')
    nowhere = (f"@{witness.servers.huly_proxy.place}", "@127.0.0.1:1")
    other = (CANARIES["url_password"], CANARIES["nowhere_password"])
    scheme = ("http://canary", f"ftp://ann:{CANARIES['strange_scheme']}@host/canary")
    for debug in ("", "1"):
        also = {"SYNCENGINE_DEBUG": debug}
        config = witness.configure("wrong.toml", wrong)
        witness.command(f"wrong password {debug}", "run", "--once", config=config, **also)
        config = witness.configure("nowhere.toml", nowhere, other)
        witness.command(f"unreachable {debug}", "run", "--once", config=config, **also)
        witness.command(f"unreachable plan {debug}", "plan", config=config, **also)
        config = witness.configure("scheme.toml", scheme, ("requests_per_s = 1000", 'requests_per_s = "fast"'))
        witness.command(f"mistakes {debug}", "run", "--once", config=config, **also)
        config = witness.configure("leaky.toml", fails="connect")
        witness.command(f"connector {debug}", "run", "--once", config=config, **also)
        witness.command(f"connector plan {debug}", "plan", config=config, **also)
        with witness.patch.context() as patch:
            patch.setattr(show, "table", bug)
            witness.command(f"bug {debug}", "plan", **also)


RAISED = []


def bug(*_):
    """A mistake of ours that has hold of a secret."""
    RAISED.append(CANARIES["bug"])
    raise ValueError(f"what is {ENVIRON['HULY_PASSWORD']}, token={CANARIES['bug']}") from KeyError(ENVIRON["HULY_PASSWORD"])


def settings(witness):
    """The settings themselves, as anybody may print them."""
    loaded = load_settings(witness.configure(), environ=ENVIRON)
    each = [it.settings for it in loaded.endpoints.values()]
    # Of `LeakySettings`, which has plain texts, nobody can say more than its author.
    each = [it for it in each if not isinstance(it, leaky.LeakySettings)]
    witness.heard["settings"] = f"{loaded!r} {loaded} {each!r} {loaded.server!r}"


def service(witness):
    """The service with its server: health and metrics, with and without the key, its log lines and its traces."""
    from syncengine.runner.service import open_service

    exporter = InMemorySpanExporter()
    traces = open_traces(TraceSettings(), exporter=exporter)

    async def asked():
        loaded = load_settings(witness.configure(), environ=ENVIRON)
        opening = open_service(loaded, command="test", listeners=(traces.telemetry,))
        async with opening as service, aiohttp.ClientSession(service.place.url) as session:
            await service.sync.run_pass()
            for path in ("/health", "/health/live", "/health/ready", "/metrics", "/"):
                for name, key in (
                    ("", None),
                    (" with key", CANARIES["api_key"]),
                    (" with wrong key", CANARIES["huly_password"]),
                ):
                    async with session.get(path, headers={"X-API-Key": key} if key else {}) as answer:
                        witness.heard[f"{path}{name}"] = f"{answer.status} {answer.headers} {await answer.text()}"

    witness.patch.setattr(redaction, "_KNOWN", type(redaction._KNOWN)())
    stream = (witness.folder / "service.log").open("w+", encoding="utf-8")
    with stream:
        set_up_logs("json", level="debug", stream=stream)
        try:
            witness.servers.trouble()
            asyncio.run(asked())
        finally:
            take_down_logs()
        stream.seek(0)
        witness.heard["log lines of the service"] = stream.read()
    traces.close()
    witness.heard["traces"] = "\n".join(span.to_json() for span in exporter.get_finished_spans())


RUNS = [passes, views_on_it, errors, settings, service]
"""
What is run, in this order, to see what leaves the process; each puts texts into `witness.heard`.

Whatever else tells something to the outside is added here, and its places below.
"""

PLACES = [
    *("log lines", "log lines for people", "report", "event log", "settings"),
    *("plan", "plan as JSON", "status", "status as JSON", "explain"),
    *(
        f"{name} {debug}"
        for debug in ("", "1")
        for name in ("wrong password", "unreachable", "unreachable plan", "mistakes")
    ),
    *(f"{name} {debug}" for debug in ("", "1") for name in ("connector", "connector plan", "bug")),
    *(f"{path}{key}" for path in ("/health", "/metrics", "/") for key in ("", " with key", " with wrong key")),
    *("/health/live", "/health/ready", "log lines of the service", "traces"),
]


@pytest.fixture(scope="module")
def witness(tmp_path_factory):
    """Everything was run once."""
    folder = tmp_path_factory.mktemp("canaries")
    leaky.FOREIGN[:] = [CANARIES[f"raised_{name}"] for name in ("password", "token", "url")]
    with pytest.MonkeyPatch.context() as patch, servers(folder) as running:
        points = {"huly": "connectors.huly:plugin", "vibe": "connectors.vibe:plugin", "leaky": f"{leaky.__name__}:plugin"}
        found = [EntryPoint(name=name, value=value, group=plugins.GROUP) for name, value in points.items()]
        patch.setattr(plugins, "entry_points", lambda group: found)
        witness = Witness(folder=folder, servers=running, patch=patch)
        witness.configure()
        for run in RUNS:
            run(witness)
        yield witness


def traces_of_canaries(text):
    """Parts of the text that a canary left behind: plain, or inside of Base64."""
    words = [BEGIN, END]
    for word in (BEGIN.encode(), END.encode()):
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + word).decode()
            words.append(encoded[-(-before * 8 // 6) : (before + len(word)) * 8 // 6])
    return [text[max(0, it.start() - 60) : it.end() + 60] for it in re.finditer("|".join(map(re.escape, words)), text)]


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_seen(witness, place):
    """In this place; and something is to be seen there at all."""
    assert witness.heard[place].strip()
    assert traces_of_canaries(witness.heard[place]) == []


def test_every_place_is_searched(witness):
    """Nothing that was heard is left out of the list."""
    assert set(witness.heard) - set(PLACES) <= {
        f"/health/{it} with{w} key" for it in ("live", "ready") for w in ("", " wrong")
    }


@pytest.mark.parametrize("canary", [*NAMES])
def test_the_secret_was_really_there(witness, canary):
    """It reached a server, came from one, or was raised; so there was something to be found."""
    came = " ".join([*witness.servers.huly_proxy.came, *witness.servers.vibe_proxy.came])
    basic = " ".join(base64.b64decode(it).decode() for it in re.findall("Basic ([A-Za-z0-9+/=]+)", came + GOSSIP))
    files = [*witness.folder.glob("*.toml"), witness.folder / "api-key", witness.folder / "vibe-url"]
    kept = " ".join(path.read_text("utf-8") for path in files)
    given = f"{GOSSIP} {leaky.FOREIGN} {witness.servers.huly_proxy.cookie} {witness.servers.huly_proxy.given} {RAISED}"
    assert CANARIES[canary] in f"{came} {basic} {kept} {given} {ENVIRON}"


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("log lines", '"outcome":"confirmed"'),
        ("log lines", '"outcome":"rejected"'),
        ("log lines", '"outcome":"unknown"'),
        ("log lines", '"logger":"leaky"'),
        ("log lines", '"logger":"py.warnings"'),
        ("log lines", "Task exception was never retrieved"),
        ("log lines", "let a RuntimeError escape"),
        ("log lines", "the text may have been written"),
        ("log lines", "Huly answered 500 (refused: access_token=***"),
        ("log lines", f"Huly answered 500 ({'x' * 190}***"),
        ("log lines", f"failed (500): {'x' * 190}***"),
        ("log lines", "'Authorization': '***'"),
        ("event log", "let a RuntimeError escape"),
        ("event log", "refused: access_token=***"),
        ("plan", "problem: "),
        ("status", "paused"),
        ("wrong password ", "wrong"),
        ("unreachable ", "127.0.0.1:1"),
        ("mistakes ", "requests_per_s"),
        ("connector ", "let a RuntimeError escape"),
        ("bug ", "this is a bug: ValueError: what is"),
        ("bug 1", "Traceback"),
        ("/health", "401"),
        ("/metrics with key", "sync_runs_total"),
    ],
)
def test_what_is_no_secret_is_still_told(witness, place, part):
    """A search that finds nothing in texts without anything would prove nothing."""
    assert part in witness.heard[place]


def test_a_canary_would_be_found():
    """Plain, in part, and inside of Base64."""
    for canary in CANARIES.values():
        for text in (canary, canary[-20:], base64.b64encode(f"user:{canary}".encode()).decode(), json.dumps({"x": canary})):
            assert traces_of_canaries(f"before {text} after")
    assert not traces_of_canaries("nothing here")
