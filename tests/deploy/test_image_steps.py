"""What the `Dockerfile` builds works as a container would run it: the same command, signal, settings and health check."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from attrs import define, frozen

from connectors.huly.sandbox import HulySandbox
from connectors.vibe.sandbox import VibeSandbox
from tests.deploy.dockerfile import stages
from tests.deploy.image_steps import Built, build
from tests.deploy.sandbox_run import API_KEY, settings_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IMAGE = stages()["image"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The first stage, done once; it needs the package index, as every build does."""
    return build(tmp_path_factory.mktemp("image") / "root")


def environ_of(built: Built, folder: Path) -> dict[str, str]:
    """The variables that the container has, and no others."""
    return IMAGE.pairs("ENV") | {
        "PATH": f"{built.environment / 'bin'}",
        "SYNCENGINE_CONFIG": str(folder / "syncengine.toml"),
        "TMPDIR": str(folder),
    }


def ask(built: Built, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the container, so to speak."""
    program, *rest = command
    return subprocess.run(
        [str(built.environment / "bin" / program), *rest],
        cwd=folder,
        env=environ_of(built, folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_environment_has_the_program_and_no_installer(built: Built, tmp_path: Path):
    """Both connectors are found, with nothing but what the lock files name; pip stays outside."""
    said = ask(built, tmp_path, "syncengine", "connectors")
    assert said.returncode == 0, said.stderr
    assert [line.split()[0] for line in said.stdout.splitlines() if "(eventsourced-syncengine" in line] == ["huly", "vibe"]
    assert not list(built.environment.glob("bin/pip*"))
    assert not list(built.environment.glob("lib/python*/site-packages/pip"))


def test_the_question_of_the_health_check_is_known(built: Built, tmp_path: Path):
    """Where nothing is running the answer is 1, as it has to be for a container."""
    assert ask(built, tmp_path, "syncengine", "healthcheck", "--help").returncode == 0
    (tmp_path / "syncengine.toml").write_text("")
    assert ask(built, tmp_path, *health_command()).returncode == 1


def health_command() -> list[str]:
    """What HEALTHCHECK says."""
    _, _, command = IMAGE.only("HEALTHCHECK").value.partition(" CMD ")
    return type(IMAGE.only("CMD"))("CMD", command).words


@frozen
class Told:
    """What the service manager was told, in order."""

    socket: socket.socket

    def until(self, wanted: str) -> list[str]:
        """All messages up to one that has this line."""
        lines: list[str] = []
        while wanted not in lines:
            lines += self.socket.recv(4096).decode().splitlines()
        return lines


@define
class Container:
    """A running program, and its folder."""

    process: subprocess.Popen[str]
    folder: Path
    told: Told


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Told]:
    """Listens as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(60)
        yield Told(listening)


@pytest.fixture
async def container(built: Built, tmp_path: Path, manager: Told) -> AsyncIterator[Container]:
    """The program as ENTRYPOINT and CMD start it, with the sample settings, between two practice servers."""
    (tmp_path / "repos").mkdir()
    async with HulySandbox() as huly, VibeSandbox(root=tmp_path / "repos") as vibe:
        huly.create_project(name="Garden", identifier="GARDEN")
        settings_file(tmp_path, huly, vibe, listen="0.0.0.0:0")
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
        program, *arguments = IMAGE.only("ENTRYPOINT").words + IMAGE.only("CMD").words
        process = subprocess.Popen(
            [str(built.environment / "bin" / program), *arguments],
            cwd=tmp_path / "state",
            env=environ_of(built, tmp_path) | told,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Container(process, tmp_path, manager)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


async def test_it_starts_answers_and_ends(built: Built, container: Container):
    """Ready, asked for health, reloaded, ended by the signal of the image with code 0; and it wrote only where it may."""
    before = footprints(built.environment)
    await asyncio.to_thread(container.told.until, "READY=1")
    said = await asyncio.to_thread(ask, built, container.folder, *health_command())
    assert said.returncode == 0, said.stdout + said.stderr

    container.process.send_signal(signal.SIGHUP)  # ExecReload
    await asyncio.to_thread(container.told.until, "RELOADING=1")
    await asyncio.to_thread(container.told.until, "READY=1")
    await asyncio.to_thread(container.told.until, "WATCHDOG=1")

    container.process.send_signal(getattr(signal, IMAGE.only("STOPSIGNAL").value))
    await asyncio.to_thread(container.told.until, "STOPPING=1")
    output, _ = await asyncio.to_thread(container.process.communicate, timeout=60)
    assert container.process.returncode == 0, output
    assert footprints(built.environment) == before, "the root file system is read-only"
    assert API_KEY not in output


def footprints(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of change of every file."""
    stats = {path: path.lstat() for path in folder.rglob("*") if not path.is_dir()}
    return {path: (it.st_size, it.st_mtime_ns) for path, it in stats.items()}
