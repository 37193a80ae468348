"""What `syncengine.service` promises."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from syncengine import load_settings
from syncengine.runner.cli import exit_codes
from syncengine.runner.settings import DEFAULT_STOP_WITHIN_S
from tests.deploy.samples import DEPLOY, IN_CONTAINER, sample_settings, span_s, unit

UNIT = unit()
SERVICE = UNIT["Service"]
ANALYZE = shutil.which("systemd-analyze")

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed; the unit is only read")


def only(key: str) -> str:
    """The one value of a key."""
    (value,) = SERVICE[key]
    return value


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask systemd about the unit, with a program in it that exists here."""
    path = folder / "syncengine.service"
    path.write_text(re.sub(r"/opt/\S+/syncengine", "/bin/true", (DEPLOY / path.name).read_text("utf-8")))
    return subprocess.run([ANALYZE, *arguments, str(path)], capture_output=True, text=True, check=False, timeout=60)


@needs_systemd
def test_systemd_understands_it(tmp_path: Path):
    """Every key and value; what systemd does not know it only says, so it may say nothing."""
    said = analyze(tmp_path, "verify", "--man=no")
    ours = [line for line in (said.stdout + said.stderr).splitlines() if "syncengine" in line]
    assert said.returncode == 0
    assert ours == []


@needs_systemd
def test_systemd_finds_little_exposed(tmp_path: Path):
    """1.5 of 10 or less; what is left is the network, which it cannot do without."""
    said = analyze(tmp_path, "security", "--offline=true", "--threshold=15")
    if "nrecognized option" in said.stderr:
        pytest.skip("this systemd is too old to judge a unit that is not installed")
    assert said.returncode == 0, said.stdout


def test_systemd_is_told_how_it_is():
    """When it is ready, and that it is alive; by the program itself."""
    assert only("Type") == "notify"
    assert only("NotifyAccess") == "main"
    assert span_s(only("WatchdogSec")) >= 30


def test_it_is_reloaded_and_ended_by_the_signals_it_knows():
    """SIGHUP, and SIGTERM by default; an end has the time it needs."""
    assert only("ExecReload") == "/bin/kill -HUP $MAINPID"
    assert "KillSignal" not in SERVICE
    assert span_s(only("TimeoutStopSec")) >= DEFAULT_STOP_WITHIN_S + 10


def test_it_is_not_started_again_when_that_helps_nobody():
    """Mistakes in the settings, refused credentials, and a person has to look first; everything else may pass."""
    assert only("Restart") == "on-failure"
    codes = {int(it) for it in only("RestartPreventExitStatus").split()}
    assert codes == {exit_codes.SETTINGS, exit_codes.REFUSED, exit_codes.PERSON}
    assert UNIT["Unit"]["StartLimitBurst"]


def test_the_settings_find_log_and_secrets_where_they_are(tmp_path: Path):
    """With the places that `docs/deploying.md` says to put in, each secret of the settings is a credential of the unit."""
    text = (DEPLOY / "syncengine.toml").read_text("utf-8")
    wanted = set(re.findall(rf"{IN_CONTAINER['secrets']}/(\w+)", text))
    handed_over = dict(it.split(":", 1) for it in SERVICE["LoadCredential"])
    assert set(handed_over) == wanted
    assert all(path == f"/etc/syncengine/secrets/{name}" for name, path in handed_over.items())
    assert only("StateDirectory") == Path(IN_CONTAINER["state"]).name
    assert only("WorkingDirectory") == IN_CONTAINER["state"]
    assert only("Environment") == "SYNCENGINE_CONFIG=/etc/syncengine/syncengine.toml"
    (tmp_path / "syncengine.toml").write_text(sample_settings(tmp_path, secrets=dict.fromkeys(wanted, "s" * 40)))
    assert load_settings(tmp_path / "syncengine.toml").stop_within_s < span_s(only("TimeoutStopSec"))


def test_nothing_else_can_be_written():
    """Neither by rights nor by the file system."""
    assert only("ProtectSystem") == "strict"
    assert "ReadWritePaths" not in SERVICE
    assert only("CapabilityBoundingSet") == ""
    wanted = {"NoNewPrivileges", "PrivateTmp", "MemoryDenyWriteExecute", "RestrictNamespaces", "LockPersonality"}
    assert {SERVICE[name][0] for name in wanted} == {"true"}
    assert {"AF_INET", "AF_INET6", "AF_UNIX"} <= set(only("RestrictAddressFamilies").split())
    assert SERVICE["SystemCallFilter"][0] == "@system-service"


def test_it_runs_as_a_user_of_its_own():
    """Not as root."""
    assert only("User") == only("Group") == "syncengine"
