"""The lock files of the image fit the project they were made from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.samples import DEPLOY
from tests.fixtures.installed_wheel import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
AGAIN = "run deploy/lock.sh"


def locked(path: Path) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each package."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        match = re.match(r"([\w.-]+)==(\S+)", line)
        if match:
            found[canonicalize_name(match[1])] = (match[2], line.count("--hash=sha256:"))
    return found


def unmet(wanted: list[str], path: Path) -> list[str]:
    """What a lock file lacks, or has in a version that does not fit."""
    there = locked(path)
    return [
        it
        for it in wanted
        for name in [canonicalize_name(Requirement(it).name)]
        if name not in there or not Requirement(it).specifier.contains(there[name][0], prereleases=True)
    ]


def test_the_image_has_what_the_project_needs():
    """Each dependency, in a version that fits; and what sends traces, which nobody could add to the image later."""
    project = PYPROJECT["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["otlp"]
    assert unmet(wanted, DEPLOY / "requirements.lock") == [], AGAIN


def test_the_builder_has_what_the_build_needs():
    """The same for the build backend."""
    wanted = PYPROJECT["build-system"]["requires"]
    assert unmet(wanted, DEPLOY / "build.lock") == [], AGAIN
    lines = (DEPLOY / "build.in").read_text("utf-8").splitlines()
    assert [it for it in lines if not it.startswith("#")] == wanted


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_every_package_has_hashes(name: str):
    """Without them pip would refuse all; with only one, other machines could not install it."""
    assert all(hashes for _, hashes in locked(DEPLOY / name).values())
    assert len(locked(DEPLOY / name)) >= 5


def test_what_is_missing_or_too_old_is_noticed(tmp_path: Path):
    """A package that is not there, and one that is too old."""
    path = tmp_path / "x.lock"
    path.write_text("aiohttp==3.10.1 \\\n    --hash=sha256:00\n")
    assert unmet(["aiohttp>=3.11", "attrs"], path) == ["aiohttp>=3.11", "attrs"]
    assert unmet(["aiohttp"], path) == []
