"""Every public name says what it does, and every module stays short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
MODULES = sorted(path for package in ("syncengine", "connectors") for path in (SOURCE / package).rglob("*.py"))

LONGEST = 310
LONGER = {
    "syncengine/domain/events.py": "the whole vocabulary of the log; people look for an event in one place",
    "syncengine/engine/notes.py": "a list of small values, each read alone; together they are the format of the log lines",
    "syncengine/domain/link.py": "`evolve` and the state it changes are checked against each other while reading",
}
"""Modules that may be longer, each with its reason."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """The path below the source folder."""
    return path.relative_to(SOURCE).as_posix()


def public_definitions(node: ast.Module | ast.ClassDef, inside: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes, their public methods, and public functions; not what stands inside functions."""
    for it in node.body:
        if not isinstance(it, Definition) or it.name.startswith("_") or is_repeated(it):
            continue
        yield f"{inside}{it.name}", it
        if isinstance(it, ast.ClassDef):
            yield from public_definitions(it, f"{inside}{it.name}.")


def is_repeated(it: Definition) -> bool:
    """An overload or a setter: its docstring stands at another definition of the same name."""
    return any(ast.unparse(mark).endswith(("overload", ".setter")) for mark in it.decorator_list)


def without_docstring(tree: ast.Module) -> list[str]:
    """Names of the public things that say nothing about themselves."""
    nameless = [] if ast.get_docstring(tree) else ["the module itself"]
    return nameless + [name for name, it in public_definitions(tree) if not ast.get_docstring(it)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_everything_public_has_a_docstring(path):
    """Modules, classes, functions and methods whose names do not begin with an underscore."""
    assert without_docstring(ast.parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short(path):
    """No module is empty, and one that is too long to be read at once has a reason."""
    lines = len(path.read_text("utf-8").splitlines())
    assert lines >= 1, "empty; say what belongs here"
    assert lines <= LONGEST or name_of(path) in LONGER, f"{lines} lines; cut it along its subjects"


def test_the_exceptions_are_needed():
    """A module that was cut meanwhile leaves the list."""
    there = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert [name for name in LONGER if there.get(name, 0) <= LONGEST] == []


def test_missing_docstrings_are_found():
    """The search sees modules, functions, classes and methods, and leaves out what is private or repeated."""
    source = """
def told():
    '''Said.'''
def untold():
    def inner(): ...
def _private(): ...
class Quiet:
    async def mute(self): ...
    @value.setter
    def value(self, new): ...
    def __init__(self): ...
class _Hidden:
    def method(self): ...
"""
    assert without_docstring(ast.parse(source)) == ["the module itself", "untold", "Quiet", "Quiet.mute"]
