"""`syncengine run` as a service: its start, what it tells systemd, reload, health, its end."""

import json
import signal
import socket
from contextlib import closing

import pytest

from syncengine.adapters.lease import lease_holder
from syncengine.engine.notes import Starting
from syncengine.runner.cli import exit_codes
from syncengine.runner.service import open_service
from syncengine.runner.settings import load_settings
from tests.fixtures.heard import Heard
from tests.unit.runner.processes import PATIENCE_S, installed, until


@pytest.fixture
def processes(home, tmp_path):
    """Starts `syncengine` on the two shelves."""
    with installed(home, tmp_path) as running:
        yield running


@pytest.fixture
def manager(processes, tmp_path):
    """A socket in place of systemd; the processes know it."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE_S)
        processes.environ["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        yield listening


def heard_until(manager, wanted):
    """Everything systemd was told, up to a certain line."""
    told = []
    while wanted not in told:
        told += manager.recv(4096).decode().split("\n")
    return told


async def test_the_order_of_a_start(home):
    """Settings, log, server, endpoints, ready; each says what came up."""
    heard = Heard()
    async with open_service(load_settings(home.config), listeners=(heard,), environ={}) as service:
        steps = heard.of(Starting)
        assert [it.step for it in steps] == ["settings", "log", "server", "endpoints", "ready"]
        assert steps[1].detail == f"{home.log}, WAL, synchronous=FULL"
        assert steps[2].detail == service.place.url
        assert steps[3].detail == "2 of 2 connected"
        connected = [heard.notes.index(it) for it in heard.notes if it.name == "endpoint.connected"]
        assert heard.notes.index(steps[2]) < min(connected)


async def test_a_service_starts_while_an_endpoint_is_away(home):
    """It serves health meanwhile and says which one is missing; that is no reason to start it again."""
    home.right.weather("unreachable")
    heard = Heard()
    async with open_service(load_settings(home.config), listeners=(heard,), environ={}) as service:
        assert heard.of(Starting)[3].detail == "1 of 2 connected"
        health = service.monitor.health()
        assert (health.status, health.ready) == ("degraded", True)
        assert any("right" in reason and "nobody answers" in reason for reason in health.reasons)


def test_systemd_hears_the_whole_life(home, processes, manager):
    """Ready once passes can run, reloading, ready again, stopping; the lease is free afterwards."""
    process = processes.start("run", "--log-format", "json")
    assert heard_until(manager, "READY=1")[0] == "READY=1"
    until(lambda: len(home.right.calls()) == 5, process)
    assert processes.run("healthcheck")[2] == exit_codes.OK

    home.configure(("interval_s = 60", "interval_s = 30"))
    process.send_signal(signal.SIGHUP)
    told = heard_until(manager, "RELOADING=1")
    told += heard_until(manager, "READY=1")
    assert told.index("RELOADING=1") < len(told) - 1

    process.send_signal(signal.SIGTERM)
    heard_until(manager, "STOPPING=1")
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == exit_codes.OK
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    events = [it["event"] for it in lines]
    assert [it["changed"] for it in lines if it["event"] == "settings.reloaded"] == [["interval_s"]]
    assert events[-1] == "stop.done"
    assert events.index("start.step") < events.index("pass.started") < events.index("stop.asked")
    assert lease_holder(home.log) is None
    assert processes.run("healthcheck")[2] == exit_codes.PROBLEMS


def test_the_end_is_bounded(home, processes):
    """A call that hangs is cut off, and looked for at the next start; nothing is doubled."""
    home.configure(
        ('path = "right.json"', 'path = "right.json"\nslow_s = 3600'),
        ("interval_s = 60", "interval_s = 60\nstop_within_s = 0.5"),
    )
    process = processes.start("run", "--log-format", "json")
    until(home.right.calls, process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == exit_codes.OK
    (stopped,) = [json.loads(line) for line in err.splitlines() if '"stop.done"' in line]
    assert stopped["cut_off"] is True
    assert {it["outcome"] for it in processes.status()["open_writes"]} & {None}
    home.configure(("slow_s = 3600", "slow_s = 0"))
    assert processes.run("run", "--until-quiet")[2] == 0
    assert home.right.titles() == ["Beloved", "Emma", "Middlemarch", "Solaris", "Ulysses"]


def test_a_port_that_is_taken_is_named(home, processes):
    """With the setting to change; the log is free again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home.configure(('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"'))
        _, err, code = processes.run("run")
    assert code == exit_codes.SETTINGS
    assert f'[server] listen = "127.0.0.1:{port}": another program listens there already' in err
    assert lease_holder(home.log) is None


def test_listening_everywhere_needs_a_key(home, processes):
    """The message holds the line to add."""
    home.configure(('listen = "127.0.0.1:0"', 'listen = "0.0.0.0:0"'))
    _, err, code = processes.run("run")
    assert code == exit_codes.SETTINGS
    assert "api_key" in err


def test_a_key_is_asked_for(home, processes):
    """`healthcheck` takes it from the settings; somebody without it learns nothing but that the process is alive."""
    home.configure(('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:0"\napi_key = {env = "SYNC_KEY"}'))
    processes.environ["SYNC_KEY"] = "correct horse battery"
    process = processes.start("run", "--log-format", "json")
    until(lambda: len(home.right.calls()) == 5, process)
    assert processes.run("healthcheck")[2] == exit_codes.OK
    processes.environ["SYNC_KEY"] = "wrong horse"
    out, err, code = processes.run("healthcheck")
    assert (code, "X-API-Key" in out + err) == (exit_codes.PROBLEMS, True)
    assert processes.run("healthcheck", "--live")[2] == exit_codes.OK


def test_a_level_from_the_environment(home, processes):
    """LOG_LEVEL wins over the settings; a word nobody knows is refused with those that are possible."""
    processes.environ["LOG_LEVEL"] = "loud"
    _, err, code = processes.run("run")
    assert code == exit_codes.SETTINGS
    assert "LOG_LEVEL" in err
    assert "debug, info, warning, error" in err
    processes.environ["LOG_LEVEL"] = "debug"
    _, err, code = processes.run("run", "--once", "--log-format", "json")
    assert code == 0
    assert '"call.ended"' in err
