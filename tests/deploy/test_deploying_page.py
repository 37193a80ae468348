"""
The commands of `docs/deploying.md`, typed in order, in a copy of the project.

There is no container engine and no systemd to use here, and nobody may become root. In their place stand small programs: `sudo` does what
it is told, but with a folder of the test in place of the root of the file system; `docker`, `systemctl`, `journalctl` and `useradd`
check what they are asked and write it down. Everything else is real.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from syncengine import load_settings
from syncengine.runner.cli import app
from tests.deploy.samples import DEPLOY, compose, unit
from tests.docs.blocks import blocks_in
from tests.docs.test_commands import NOT_RUN
from tests.fixtures.installed_wheel import ROOT, clean_environment

PAGE = ROOT / "docs" / "deploying.md"
BLOCKS = [it for it in blocks_in(PAGE) if it.language == "sh"]

SUDO = """
import json, os, subprocess, sys
arguments = sys.argv[1:]
user = None
if arguments[0] == "-u":
    _, user, *arguments = arguments
root = os.environ["TEST_ROOT"]
here = [root + it if it.startswith(("/etc/", "/opt/")) else it for it in arguments]
if here[0] == "chown":
    here = ["test", "-f", *here[2:3]]
if user is None:
    os.execvp(here[0], here)
done = subprocess.run(here, capture_output=True, text=True)
with open(os.environ["TEST_ASKED"], "a") as asked:
    asked.write(json.dumps(["as " + user, *arguments, done.returncode, done.stderr]) + "\\n")
"""

WRITES_DOWN = """
import json, os, sys
with open(os.environ["TEST_ASKED"], "a") as asked:
    asked.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the project, stand-ins, and a root of its own, after all commands were typed."""
    folder = tmp_path_factory.mktemp("deploying")
    clone = folder / "clone"
    for name in ("src", "deploy"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__", "secrets"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    _stand_ins(folder / "bin")
    for path in ("etc/systemd/system", "opt"):
        (folder / "root" / path).mkdir(parents=True)
    script = "set -eu -o pipefail\n" + "".join(it.content for it in BLOCKS)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=clone,
        env=clean_environment(Path(sys.executable).parent)
        | {
            "PATH": f"{folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TEST_ROOT": str(folder / "root"),
            "TEST_ASKED": str(folder / "asked"),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    (folder / "said").write_text(done.stdout + done.stderr)
    (folder / "code").write_text(str(done.returncode))
    return folder


def _stand_ins(folder: Path) -> None:
    folder.mkdir()
    for name, text in {
        "sudo": SUDO,
        **dict.fromkeys(("docker", "systemctl", "journalctl", "useradd"), WRITES_DOWN),
    }.items():
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def asked(machine: Path, program: str) -> list[list[str]]:
    """What a program was asked, in order."""
    lines = map(json.loads, (machine / "asked").read_text().splitlines())
    return [rest for name, *rest in lines if name == program]


pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_commands_are_left_to_this_test():
    """The tests of the other pages would type them into the machine they run on."""
    assert {(PAGE.name, it.first_line) for it in BLOCKS} <= set(NOT_RUN)


def test_every_command_worked(machine: Path):
    """To the last one on the page."""
    assert (machine / "code").read_text() == "0", (machine / "said").read_text()


def test_the_service_is_installed(machine: Path):
    """Program and unit are where the unit says, and systemd is asked to start it."""
    (program, _) = unit()["Service"]["ExecStart"][0].split()
    assert os.access(f"{machine / 'root'}{program}", os.X_OK)
    assert (machine / "root/etc/systemd/system/syncengine.service").read_text() == (
        DEPLOY / "syncengine.service"
    ).read_text()
    assert [it[0] for it in asked(machine, "systemctl")] == ["daemon-reload", "enable", "status", "reload"]


def test_the_service_is_asked_as_its_user(machine: Path):
    """The installed program understands both questions; here it finds neither the credentials nor a log."""
    health, status = asked(machine, f"as {unit()['Service']['User'][0]}")
    assert health[-3:-1] == ["healthcheck", 1]
    assert "/run/credentials/syncengine.service/api_key cannot be read" in " ".join(health[-1].split())
    assert status[-3:-1] == ["status", 4]


def test_the_settings_of_the_service_can_be_used(machine: Path):
    """With the credentials where systemd puts them; the server is for this host only."""
    text = (machine / "root/etc/syncengine/syncengine.toml").read_text()
    assert "/run/secrets" not in text
    assert "host.docker.internal" not in text
    path = machine / "installed.toml"
    path.write_text(text.replace("/run/credentials/syncengine.service/", f"{machine / 'root/etc/syncengine/secrets'}/"))
    settings = load_settings(path)
    assert str(settings.server.place) == "127.0.0.1:9464"
    assert str(settings.log) == "/var/lib/syncengine/syncengine.db"


@pytest.mark.parametrize("folder", ["root/etc/syncengine/secrets", "clone/deploy/secrets"])
def test_the_secrets_are_for_one_user(machine: Path, folder: str):
    """All that unit and compose name are there, and the key is a long one."""
    there = {path.name: path for path in (machine / folder).iterdir()}
    assert set(there) == set(compose()["secrets"]) == {it.split(":")[0] for it in unit()["Service"]["LoadCredential"]}
    assert len(there["api_key"].read_text().strip()) >= 40
    open_to_others = (machine / folder).stat().st_mode & 0o077 and any(it.stat().st_mode & 0o077 for it in there.values())
    assert not open_to_others


def test_docker_is_asked_for_what_there_is(machine: Path):
    """Each time with the file of this project, about its one service, and for commands that the program has."""
    (service,) = compose()["services"]
    commands = asked(machine, "docker")
    assert [it[3] for it in commands] == ["build", "run", "up", "exec", "exec", "logs", "kill", "exec", "cp"]
    for compose_word, file_word, path, verb, *rest in commands:
        assert (compose_word, file_word) == ("compose", "--file")
        assert (machine / "clone" / path).is_file()
        words = [it for it in rest if not it.startswith("-")]
        if verb == "run":
            assert words[0] == service
            assert words[1] in get_command(app).commands
        if verb == "exec":
            assert words[:2] == [service, "syncengine"]
            assert words[2] in get_command(app).commands


def test_the_user_of_the_service_is_made(machine: Path):
    """The one that the unit names, who cannot log in."""
    ((*_, name),) = asked(machine, "useradd")
    assert name == unit()["Service"]["User"][0]


def test_the_files_that_the_page_names_are_there():
    """In text and in commands."""
    named = set(re.findall(r"\bdeploy/[\w./-]*\w", PAGE.read_text("utf-8")))
    made_by_the_reader = {"deploy/secrets", "deploy/secrets/huly_password", "deploy/secrets/api_key"}
    assert made_by_the_reader <= named
    assert all((ROOT / it).exists() for it in named - made_by_the_reader)
