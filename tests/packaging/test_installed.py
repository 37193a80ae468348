"""The installed wheel at work, far from the source tree."""

import json
from pathlib import Path

import pytest

from tests.fixtures.installed_wheel import ROOT, Installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SETTINGS = """
[endpoints.home]
connector = "todo"
path = "home.json"

[endpoints.office]
connector = "todo"
path = "office.json"

[sync.rules.project]
name = {rule = "prefer", endpoint = "home"}
description = {rule = "prefer", endpoint = "home"}

[sync.rules.issue]
title = {rule = "prefer", endpoint = "home"}
description = {rule = "merge_text"}
status = {rule = "ask_a_person"}
"""


@pytest.fixture
def two_lists(tmp_path: Path) -> Path:
    """A folder with settings, a list at home, and nothing at the office."""
    (tmp_path / "syncengine.toml").write_text(SETTINGS)
    garden = {"name": "Garden", "tasks": {"roses": {"title": "Water the roses", "status": "doing"}, "seeds": {}}}
    (tmp_path / "home.json").write_text(json.dumps({"lists": {"garden": garden}}))
    (tmp_path / "office.json").write_text('{"lists": {}}')
    return tmp_path


def lists(path: Path) -> dict[str, set[tuple[str, str]]]:
    """Title and status of all tasks, by the name of their list."""
    found = json.loads(path.read_text())["lists"]
    return {
        it["name"]: {(task.get("title", key), task.get("status", "todo")) for key, task in it["tasks"].items()}
        for it in found.values()
    }


def test_importing_the_library_loads_no_database_and_no_network(installed: Installed, tmp_path: Path):
    """`import syncengine` is quick and changes nothing in the process: the heavy parts come when they are used."""
    program = "import sys, syncengine; print(sorted({it.split('.')[0] for it in sys.modules}))"
    loaded = installed.run("python", "-W", "error", "-c", program, cwd=tmp_path).stdout
    assert "'syncengine'" in loaded
    assert not [name for name in ("eventsourcing", "aiohttp", "sqlite3", "typer", "connectors") if f"'{name}'" in loaded]


def test_the_library_is_the_installed_one(installed: Installed, tmp_path: Path):
    """No test here looks at the source tree by mistake."""
    where = installed.run("python", "-c", "import syncengine; print(syncengine.__file__)", cwd=tmp_path).stdout
    assert Path(where.strip()).is_relative_to(installed.python.parents[1])
    assert not Path(where.strip()).is_relative_to(ROOT)


def test_a_connector_of_another_distribution_is_listed(installed: Installed, tmp_path: Path):
    """Ours and the example's, found through their entry points."""
    done = installed.run("syncengine", "connectors", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in (
        ("huly", "eventsourced-syncengine"),
        ("vibe", "eventsourced-syncengine"),
        ("todo", "todo-connector 0.1.0"),
    ):
        assert any(all(word in line for word in words) for line in done.stdout.splitlines()), (words, done.stdout)


def test_two_endpoints_of_a_foreign_connector_are_kept_the_same(installed: Installed, two_lists: Path):
    """Lists and tasks arrive, an edit travels back, and then nothing more is written."""
    done = installed.run("syncengine", "run", "--once", cwd=two_lists)
    assert done.returncode == 0, done.stderr
    assert lists(two_lists / "office.json") == {"Garden": {("Water the roses", "doing"), ("seeds", "todo")}}

    office = two_lists / "office.json"
    office.write_text(office.read_text().replace('"doing"', '"done"'))
    assert installed.run("syncengine", "run", "--once", cwd=two_lists).returncode == 0
    assert ("Water the roses", "done") in lists(two_lists / "home.json")["Garden"]

    before = {path.name: path.read_bytes() for path in two_lists.glob("*.json")}
    assert installed.run("syncengine", "run", "--once", cwd=two_lists).returncode == 0
    assert {path.name: path.read_bytes() for path in two_lists.glob("*.json")} == before


def test_a_foreign_package_called_connectors_is_named(installed: Installed, two_lists: Path):
    """An unrelated package of that name hides ours; the message says where it is and what to do."""
    foreign = two_lists / "elsewhere" / "connectors"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text('"""Somebody else\'s."""\n')
    settings = two_lists / "syncengine.toml"
    settings.write_text(settings.read_text().replace('connector = "todo"', 'connector = "vibe"', 1))
    done = installed.run("syncengine", "run", "--once", cwd=two_lists, PYTHONPATH=str(foreign.parent))
    assert done.returncode not in (0, 1), "a mistake in the installation has an exit code of its own"
    said = " ".join(done.stderr.split())
    assert "another distribution has installed a package of the same name" in said
    assert str(foreign) in "".join(done.stderr.split())


def test_an_unknown_connector_names_those_that_are_installed(installed: Installed, two_lists: Path):
    """The message lists the foreign connector too."""
    settings = two_lists / "syncengine.toml"
    settings.write_text(settings.read_text().replace('connector = "todo"', 'connector = "toodo"', 1))
    done = installed.run("syncengine", "run", "--once", cwd=two_lists)
    assert done.returncode != 0
    assert all(word in done.stderr for word in ("toodo", "huly", "todo", "vibe"))
