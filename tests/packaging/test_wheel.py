"""What is in the wheel, and what it says about itself."""

import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.fixtures.installed_wheel import ROOT, TODO, Installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def members(wheel: Path) -> list[str]:
    """Names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as file:
        return file.namelist()


def read(wheel: Path, name: str) -> str:
    """One file of the wheel's metadata."""
    with zipfile.ZipFile(wheel) as file:
        (path,) = [it for it in file.namelist() if it.endswith(f".dist-info/{name}")]
        return file.read(path).decode()


def metadata(wheel: Path) -> Message:
    """What the wheel says about itself."""
    return Parser().parsestr(read(wheel, "METADATA"))


def project(source: Path) -> dict:
    """The project table of the source."""
    return tomllib.loads((source / "pyproject.toml").read_text())["project"]


def test_the_wheel_installs_two_packages_and_nothing_else(installed: Installed):
    """Exactly `syncengine`, `connectors` and the metadata land in site-packages."""
    version = project(ROOT)["version"]
    top = {name.split("/")[0] for name in members(installed.wheel)}
    assert top == {"syncengine", "connectors", f"eventsourced_syncengine-{version}.dist-info"}


def test_both_packages_are_typed(installed: Installed):
    """Type checkers look for the marker of each package."""
    assert {"syncengine/py.typed", "connectors/py.typed"} <= set(members(installed.wheel))


def test_nothing_of_the_workshop_is_in_the_wheel(installed: Installed):
    """No tests, caches or logs."""
    strange = [
        name for name in members(installed.wheel) if not name.endswith((".py", "py.typed")) and ".dist-info/" not in name
    ]
    assert [name for name in strange if Path(name).suffix not in {".json", ".md", ".j2", ".toml"}] == []
    assert not [name for name in members(installed.wheel) if "test" in Path(name).parts]


def test_the_metadata_is_that_of_the_project(installed: Installed):
    """Name, version, Python versions, licence and readme."""
    said, wanted = metadata(installed.wheel), project(ROOT)
    assert (said["Name"], said["Version"], said["License-Expression"]) == (
        wanted["name"],
        wanted["version"],
        wanted["license"],
    )
    assert sorted(said["Requires-Python"].split(",")) == sorted(wanted["requires-python"].split(","))
    assert read(installed.wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text()
    assert (ROOT / "README.md").read_text().strip() in said.get_payload()
    assert {"hypothesis>=6.120; extra == 'testing'", "pytest>=8.3; extra == 'testing'"} <= set(
        said.get_all("Requires-Dist")
    )


@pytest.mark.parametrize("source", [ROOT, TODO], ids=["syncengine", "todo-connector"])
def test_the_entry_points_name_what_is_there(installed: Installed, source: Path):
    """Each entry point of both wheels can be loaded in the fresh environment."""
    wheel = installed.wheel if source == ROOT else installed.todo_wheel
    listed = read(wheel, "entry_points.txt")
    wanted = project(source)["entry-points"]["syncengine.connectors"]
    for name, value in wanted.items():
        assert f"{name} = {value}" in listed
        point = EntryPoint(name=name, value=value, group="syncengine.connectors")
        program = f"import {point.module}; print({point.module}.{point.attr}.name)"
        assert installed.run("python", "-c", program, cwd=wheel.parent).stdout.strip() == name
