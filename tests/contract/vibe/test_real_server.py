"""`RealVibeServer`: its life, its shelter, its files."""

import os
import signal
import socket
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from connectors.vibe.real_server import RealServerFailedError, RealVibeServer
from tests.contract.vibe.wire import Wire

pytestmark = pytest.mark.real


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_data_and_port_survive_the_end_of_the_process(real_vibe_server, session, end):
    """After SIGTERM and after SIGKILL alike."""
    server = await real_vibe_server()
    wire = Wire(session, server.base_url, server.root)
    project = await wire.project()
    task = await wire.task(project)
    url, pid = server.base_url, server.pid
    await getattr(server, end)()
    assert not alive(pid)
    await server.start()
    assert (server.base_url, server.pid == pid) == (url, False)
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == task


async def test_restart_is_one_call(real_vibe_server, session):
    """A new process answers on the old port."""
    server = await real_vibe_server()
    pid = server.pid
    await server.restart()
    assert server.pid != pid
    assert (await Wire(session, server.base_url, server.root).call("GET", "/api/health")).data == "OK"


async def test_each_server_is_alone_with_its_data(real_vibe_server, session):
    """Two servers at once share nothing."""
    one, two = await real_vibe_server(), await real_vibe_server()
    await Wire(session, one.base_url, one.root).project()
    assert (await Wire(session, two.base_url, two.root).call("GET", "/api/projects")).data == []


async def test_server_begins_with_the_data_of_its_template(vibe_binary, vibe_template, tmp_path, session):
    """Once: what it changed itself is not overwritten at the next start, and the template stays as it was."""
    first = RealVibeServer(binary=vibe_binary, root=tmp_path / "first", template=vibe_template)
    async with first:
        project = await Wire(session, first.base_url, first.root).project()
    copy = RealVibeServer(binary=vibe_binary, root=tmp_path / "copy", template=first.data_path)
    async with copy:
        wire = Wire(session, copy.base_url, copy.root)
        assert (await wire.call("GET", "/api/projects")).data == [project]
        await wire.call("DELETE", f"/api/projects/{project['id']}")
        await copy.restart()
        assert (await wire.call("GET", "/api/projects")).data == []
    async with first:
        wire = Wire(session, first.base_url, first.root)
        assert (await wire.call("GET", "/api/projects")).data == [project]


async def test_environment_holds_only_what_shelters(real_vibe_server):
    """Nothing of the caller's environment reaches the server."""
    server = await real_vibe_server()
    raw = Path(f"/proc/{server.pid}/environ").read_text()
    environment = dict(pair.split("=", 1) for pair in raw.split("\0") if pair)
    assert set(environment) == {
        "HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "HOST", "PORT", "PATH", "NO_COLOR",
        "RUST_LOG", "DISABLE_WORKTREE_ORPHAN_CLEANUP", "DISABLE_WORKTREE_CLEANUP",
    }  # fmt: skip
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        assert environment[name].startswith(f"{server.root}/")
    assert environment["HOST"] == "127.0.0.1"
    assert environment["PATH"].startswith(f"{server.root}/stub:")


async def test_foreign_worktree_survives_the_start(real_vibe_server):
    """The folder of worktrees is shared by all servers of a user; ours must not clean it."""
    foreign = Path("/var/tmp/vibe-kanban/worktrees", f"not-ours-{os.getpid()}")
    foreign.mkdir(parents=True)
    try:
        server = await real_vibe_server()
        await server.restart()
        assert foreign.is_dir()
    finally:
        foreign.rmdir()


async def test_browser_is_looked_for_in_the_stubs(real_vibe_server):
    """The stand-ins come first on the PATH and can be run."""
    server = await real_vibe_server()
    for name in ("xdg-open", "npx"):
        assert os.access(server.root / "stub" / name, os.X_OK)


async def test_database_is_where_the_attribute_says(real_vibe_server, session):
    """A test can read and hold it."""
    server = await real_vibe_server()
    await Wire(session, server.base_url, server.root).project("Seen")
    database = sqlite3.connect(f"file:{server.db_path}?mode=ro", uri=True)
    try:
        assert database.execute("SELECT name FROM projects").fetchall() == [("Seen",)]
    finally:
        database.close()


async def test_stop_of_a_stopped_server_does_nothing(real_vibe_server):
    """The second stop is silent; the process id is gone."""
    server = await real_vibe_server()
    await server.stop()
    await server.stop()
    with pytest.raises(RuntimeError, match="does not run"):
        assert server.pid


async def test_second_start_is_refused(real_vibe_server):
    """One object runs one process."""
    server = await real_vibe_server()
    with pytest.raises(RuntimeError, match=f"runs already, as process {server.pid}"):
        await server.start()


async def test_stop_after_the_server_died_by_itself(real_vibe_server):
    """An end that nobody asked for is no obstacle."""
    server = await real_vibe_server()
    os.kill(server.pid, signal.SIGKILL)
    await server.stop()
    await server.start()


async def test_own_temporary_folder_goes_with_the_server(vibe_binary, vibe_template):
    """Without a root nothing stays behind."""
    async with RealVibeServer(binary=vibe_binary, template=vibe_template) as server:
        root = server.root
        assert root.is_dir()
    assert not root.exists()


async def test_port_of_before_is_waited_for_and_then_given_up(vibe_binary, vibe_template, tmp_path):
    """Somebody else holds it for longer than the start may take."""
    server = RealVibeServer(binary=vibe_binary, root=tmp_path / "s", template=vibe_template, start_timeout_s=5)
    async with server:
        port = int(server.base_url.rsplit(":", 1)[1])
        await server.stop()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()
            with pytest.raises(RealServerFailedError, match="AddrInUse"):
                await server.start()
        await server.start()


async def test_program_that_ends_at_once_is_reported_with_its_last_words(tmp_path):
    """The end of the log is in the message."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no luck today >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(RealServerFailedError, match="ended at its start.*no luck today"):
        async with RealVibeServer(binary=program, root=tmp_path / "root"):
            pass


async def test_program_that_never_answers_is_ended(tmp_path):
    """No process stays behind."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    program.chmod(0o755)
    server = RealVibeServer(binary=program, root=tmp_path / "root", start_timeout_s=0.3)
    with pytest.raises(RealServerFailedError, match=r"did not answer within 0\.3 seconds"):
        await server.start()
    assert not alive(int((tmp_path / "pid").read_text()))
