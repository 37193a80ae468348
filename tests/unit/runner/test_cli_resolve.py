"""`syncengine resolve`: a person sees both values and chooses, while a service may be running."""

import asyncio
import json

import pytest

from syncengine.adapters.event_log import open_log


@pytest.fixture
def conflict(home):
    """The status of one book was changed on both sides."""
    home.run("run", "--once")
    (left,) = [key for key, book in home.left.read()["books"].items() if book["title"] == "Emma"]
    (right,) = [key for key, book in home.right.read()["books"].items() if book["title"] == "Emma"]
    home.left.put(left, status="read")
    home.right.put(right, status="lost")
    home.run("run", "--once")
    return home, left, right


def statuses(conflict):
    home, left, right = conflict
    return home.left.read()["books"][left]["status"], home.right.read()["books"][right]["status"]


def test_without_a_choice_it_shows_what_waits(conflict):
    """Both values, and the line to type."""
    home, *_ = conflict
    told = home.run("resolve", "Emma").stdout
    rows = [line.split() for line in told.splitlines()]
    assert ["status", "left", "read"] in rows
    assert ["status", "right", "lost"] in rows
    assert "--take ENDPOINT" in told
    assert statuses(conflict) == ("read", "lost")


@pytest.mark.parametrize(
    ("options", "expected"),
    [(("--take", "right"), "lost"), (("status", "--take", "left"), "read"), (("--value", "lent"), "lent")],
)
def test_the_next_pass_writes_what_was_chosen(conflict, options, expected):
    """Asked for in one command, done by the next pass, shown in between and told afterwards."""
    home, *_ = conflict
    done = home.run("resolve", "Emma", *options)
    assert done.exit_code == 0, done.stderr
    assert f'status becomes "{expected}" everywhere with the next pass' in done.stdout
    (asked,) = json.loads(home.run("status", "--json").stdout)["asked"]
    assert asked["request"].startswith("choose the status of")
    assert "the next pass takes it up" in home.run("status").stdout
    assert home.run("run", "--once").exit_code == 0
    assert statuses(conflict) == (expected, expected)
    assert json.loads(home.run("status", "--json").stdout)["parked"] == []
    assert "asked " not in home.run("status").stdout


def test_it_can_be_asked_while_another_process_writes_the_log(conflict):
    """Nobody has to stop the service."""
    home, *_ = conflict

    async def beside_a_writer():
        async with open_log(home.log, command="the service") as log:
            done = await asyncio.to_thread(home.run, "resolve", "Emma", "--take", "left")
            return done, len(log.inbox.waiting())

    done, waiting = asyncio.run(beside_a_writer())
    assert (done.exit_code, waiting) == (0, 1), done.stderr


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (("Emma", "--take", "middle"), "middle holds no value in this conflict; take one of left or right"),
        (("Emma", "title", "--take", "left"), "that you mean: status"),
        (("Ulysses", "--take", "left"), "waits for a person; see `syncengine explain"),
        (("Emma", "--take", "left", "--value", "x"), "give one of --take and --value, not both"),
        (("Middlemarch", "--take", "left"), 'is known as "Middlemarch"'),
    ],
)
def test_mistakes_are_explained(conflict, arguments, way_out):
    """With exit code 2, and nothing is asked for."""
    home, *_ = conflict
    done = home.run("resolve", *arguments)
    assert done.exit_code == 2
    assert way_out in " ".join(done.stderr.replace("│", " ").split())
    assert json.loads(home.run("status", "--json").stdout)["asked"] == []


def test_nothing_waits(home):
    """It says so."""
    home.run("run", "--once")
    told = home.run("resolve", "Ulysses")
    assert (told.exit_code, told.stdout.strip()) == (0, "nothing of B2 waits for a person")
