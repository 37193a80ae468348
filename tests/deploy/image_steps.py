"""Does what the first stage of the `Dockerfile` says, in a folder instead of a container."""

import shutil
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from tests.deploy.dockerfile import Instruction, ignored, patterns, stages
from tests.fixtures.installed_wheel import ROOT, clean_environment

PLACES = ("/opt/", "/src")
"""What the stage writes to."""


@frozen
class Built:
    """
    What the stage made.

    Attributes:
        root: stands for the root of the container.
    """

    root: Path

    @property
    def environment(self) -> Path:
        """What the second stage copies."""
        return self.root / "opt" / "syncengine"

    def here(self, text: str) -> str:
        """The text with folders of ours in place of those of the container."""
        for place in PLACES:
            text = text.replace(f" {place}", f" {self.root}{place}")
        return text


def build(root: Path) -> Built:
    """All instructions of the stage, in order; raises with what was printed when one of them fails."""
    built = Built(root)
    (root / "opt").mkdir(parents=True)
    folder = root
    for it in stages()["build"].instructions:
        match it.name:
            case "WORKDIR":
                folder = root / it.value.lstrip("/")
                folder.mkdir()
            case "COPY":
                _copy(it, folder)
            case "RUN":
                _run(built.here(f" {it.value}"), folder)
            case name:
                raise NotImplementedError(name)
    return built


def _copy(it: Instruction, folder: Path) -> None:
    *sources, target = it.words
    for source in sources:
        origin = ROOT / source
        assert origin.exists(), f"{it.value}: {source} is not there"
        assert not ignored(Path(source), patterns()), f"{it.value}: the builder does not get {source}"
        place = folder / target if origin.is_dir() else folder / target / origin.name
        if origin.is_dir():
            shutil.copytree(origin, place, ignore=_left_out)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, place)


def _left_out(folder: str, names: list[str]) -> set[str]:
    inside = Path(folder).relative_to(ROOT)
    return {name for name in names if ignored(inside / name, patterns())}


def _run(command: str, folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=clean_environment(Path(sys.executable).parent),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{command}\nended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
