"""The example programs run with nothing but the installed wheels."""

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.installed_wheel import ROOT, Installed, clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLES = ROOT / "examples"


def test_the_embedded_engine_ends_by_itself_and_both_boards_agree(installed: Installed, tmp_path: Path):
    """An edit in the hall arrives in the office, and the office's backlog stays one."""
    done = installed.run("python", "-W", "error", EXAMPLES / "embedded.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "office [('Chair 1', 'done'), ('Chair 2', 'backlog'), ('Chair 3', 'backlog')]" in done.stdout
    assert "hall [('Chair 1', 'done'), ('Chair 2', 'todo'), ('Chair 3', 'todo')]" in done.stdout
    assert re.search(r"now: nothing is open; it is on hall .* and office", done.stdout)
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_the_rule_keeps_its_laws(installed: Installed, tmp_path: Path):
    """As its first line says: `pytest examples/custom_rule.py`."""
    done = installed.run(
        "pytest", "-q", "-p", "no:cacheprovider", shutil.copy(EXAMPLES / "custom_rule.py", tmp_path), cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_a_runner_is_short():
    """A runner of one's own has at most 25 lines."""
    assert len((EXAMPLES / "runner.py").read_text().splitlines()) <= 25


def test_the_connector_is_small():
    """What an author has to write, without the blank lines."""
    sources = (EXAMPLES / "todo-connector" / "src").rglob("*.py")
    assert sum(bool(line.strip()) for path in sources for line in path.read_text().splitlines()) < 250


def test_the_runner_keeps_two_files_the_same_until_it_is_ended(installed: Installed, tmp_path: Path):
    """It says what a pass did, and ends on SIGTERM with everything saved."""
    garden = {"name": "Garden", "tasks": {"roses": {"title": "Water the roses"}}}
    (tmp_path / "home.json").write_text(json.dumps({"lists": {"garden": garden}}))
    (tmp_path / "office.json").write_text('{"lists": {}}')
    shutil.copy(EXAMPLES / "runner.toml", tmp_path)
    runner = subprocess.Popen(
        [str(installed.python), str(EXAMPLES / "runner.py"), "runner.toml"],
        cwd=tmp_path,
        env=clean_environment(installed.commands),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = runner.stdout.readline()
        runner.send_signal(signal.SIGTERM)
        _, complaints = runner.communicate(timeout=30)
    finally:
        runner.kill()
        runner.wait()
    assert said.strip() == "2 changed, writes {'confirmed': 2}, problems []", complaints
    assert runner.returncode == 0, complaints
    (there,) = json.loads((tmp_path / "office.json").read_text())["lists"].values()
    assert [task["title"] for task in there["tasks"].values()] == ["Water the roses"]
