"""The `Dockerfile`, taken apart by the parser `dockerfile-parse`."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen
from dockerfile_parse import DockerfileParser

from tests.deploy.samples import DEPLOY

DOCKERFILE = DEPLOY / "Dockerfile"


@frozen
class Instruction:
    """One instruction; `value` is what follows its name, on one line."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value in words, as a list in brackets or as a shell would split it."""
        if self.value.startswith("["):
            return json.loads(self.value)
        return shlex.split(self.value)

    @property
    def is_exec_form(self) -> bool:
        """No shell stands between."""
        return self.value.startswith("[")


@frozen
class Stage:
    """What is between one FROM and the next."""

    name: str
    base: str
    instructions: list[Instruction] = field(factory=list)

    def of(self, name: str) -> list[Instruction]:
        """The instructions of this kind."""
        return [it for it in self.instructions if it.name == name]

    def only(self, name: str) -> Instruction:
        """The one of this kind."""
        (found,) = self.of(name)
        return found

    def pairs(self, name: str) -> dict[str, str]:
        """What ENV or LABEL set."""
        return dict(word.split("=", 1) for it in self.of(name) for word in it.words)


def arguments() -> dict[str, str]:
    """The arguments before the first stage, with their defaults."""
    return dict(it.value.split("=", 1) for it in _instructions() if it.name == "ARG")


def stages() -> dict[str, Stage]:
    """All stages by name, in order."""
    found: dict[str, Stage] = {}
    for it in _instructions():
        if it.name == "FROM":
            base, _, name = it.words
            found[name] = Stage(name, base)
        elif found:
            list(found.values())[-1].instructions.append(it)
    return found


def ignored(path: Path, patterns: list[str]) -> bool:
    """Whether `.dockerignore` keeps a path of the context away from the builder; the last pattern that fits decides."""
    verdict = False
    for pattern in patterns:
        kept = pattern.startswith("!")
        if any(_fits(it, pattern.removeprefix("!")) for it in (path, *path.parents[:-1])):
            verdict = not kept
    return verdict


def patterns() -> list[str]:
    """The lines of `.dockerignore`."""
    lines = (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _fits(path: Path, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return path.match(pattern.removeprefix("**/"))
    return len(path.parts) == pattern.count("/") + 1 and path.match(pattern)


def _instructions() -> Iterator[Instruction]:
    parser = DockerfileParser(str(DOCKERFILE), env_replace=False)
    for it in parser.structure:
        if it["instruction"] != "COMMENT":
            yield Instruction(it["instruction"], it["value"])
