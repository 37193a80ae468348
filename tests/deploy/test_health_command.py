"""Docker, compose and systemd ask the running process with the same command, and the program knows it."""

from pathlib import Path

import typer

from syncengine.runner.cli import app
from tests.deploy.dockerfile import stages
from tests.deploy.samples import compose, unit
from tests.deploy.test_image_steps import health_command

COMMAND = ["syncengine", "healthcheck"]


def test_the_image_asks_so():
    """In exec form."""
    assert health_command() == COMMAND


def test_compose_asks_so():
    """As the image, and just as often."""
    (service,) = compose()["services"].values()
    way, *command = service["healthcheck"]["test"]
    assert (way, command) == ("CMD", COMMAND)
    options = dict(
        it.removeprefix("--").split("=") for it in stages()["image"].only("HEALTHCHECK").value.split(" CMD ")[0].split()
    )
    assert {name.replace("-", "_"): value for name, value in options.items()} == {
        name: str(value) for name, value in service["healthcheck"].items() if name != "test"
    }


def test_systemd_asks_so():
    """The same program that it runs; an answer that is no does not fail the start."""
    (asked,) = unit()["Service"]["ExecStartPost"]
    (started,) = unit()["Service"]["ExecStart"]
    assert asked.startswith("-")
    program, *rest = asked.removeprefix("-").split()
    assert [Path(program).name, *rest] == COMMAND
    assert started.split() == [program, "run"]


def test_the_program_knows_it():
    """A command of this name, that needs no arguments."""
    command = typer.main.get_command(app).commands[COMMAND[1]]
    assert not [it for it in command.params if it.required]
