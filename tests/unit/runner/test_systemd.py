"""What systemd is told, through a real socket."""

import asyncio
import os
import socket

import pytest

from syncengine.runner.systemd import Systemd


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """The other end of the socket, and its name."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@syncengine-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listening.setblocking(False)
        yield listening, name


def heard(listening):
    """Every datagram that has arrived, as lines."""
    told = []
    while True:
        try:
            told.append(listening.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return told


def test_the_life_of_a_service(manager):
    """Ready, reloading, ready again, stopping."""
    listening, name = manager
    systemd = Systemd({"NOTIFY_SOCKET": name})
    systemd.ready("keeping two endpoints the same")
    systemd.reloading()
    systemd.stopping()
    ready, reloading, stopping = heard(listening)
    assert ready == ["READY=1", "STATUS=keeping two endpoints the same"]
    assert reloading[0] == "RELOADING=1"
    assert reloading[1].startswith("MONOTONIC_USEC=")
    assert stopping == ["STOPPING=1"]


async def test_the_watchdog_hears_twice_in_its_time(manager):
    """And nothing more once we have left."""
    listening, name = manager
    systemd = Systemd({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())})
    told = []
    async with systemd.watched(), asyncio.timeout(10):
        while len(told) < 3:
            await asyncio.sleep(0)
            told += heard(listening)
    assert told == [["WATCHDOG=1"]] * len(told)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "vsock:2:1234"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "no number"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "0"},
    ],
)
async def test_nobody_listens(environ):
    """Started by hand, or by a manager that has gone: everything works all the same."""
    systemd = Systemd(environ)
    systemd.ready("well")
    async with systemd.watched():
        assert len(asyncio.all_tasks()) == 1
