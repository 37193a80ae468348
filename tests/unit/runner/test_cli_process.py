"""The command as a process: signals, kills, two at a time."""

import signal
import subprocess
import sys
from importlib.metadata import version

import pytest

from syncengine.runner.cli import exit_codes
from syncengine.runner.stop_signals import FINISHING, LEAVING
from tests.unit.runner.processes import PATIENCE_S, installed, until, until_all_is_in_flight


@pytest.fixture
def processes(home, tmp_path):
    """Starts `syncengine` on the two shelves."""
    with installed(home, tmp_path) as running:
        yield running


def slow(home, seconds):
    home.configure(('path = "right.json"', f'path = "right.json"\nslow_s = {seconds}'))


def ended(process):
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def assert_all_arrived_once(home):
    assert home.right.titles() == ["Beloved", "Emma", "Middlemarch", "Solaris", "Ulysses"]
    assert len(home.right.calls()) == 5


def test_ctrl_c_finishes_what_is_in_flight_and_saves_it(home, processes):
    """What was decided gets its outcomes; the others are not begun; the next run does the rest."""
    document = home.left.read()
    more = {f"more-{number}": {"title": f"Volume {number}", "status": "todo", "key": None} for number in range(150)}
    home.left.write({**document, "books": {**document["books"], **more}})
    slow(home, 0.05)
    process = processes.start("run")
    until(home.right.calls, process)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == exit_codes.INTERRUPTED
    assert FINISHING in err
    made = len(home.right.calls())
    assert 0 < made < 155
    standing = processes.status()
    assert (standing["records"]["right"], standing["log"]["held_by"]) == (made, None)
    assert standing["last_pass"]["stopped"]
    # What had been decided but not sent says so; no call is left without an outcome.
    assert {it["outcome"] for it in standing["open_writes"]} <= {"not_done"}
    home.configure(("slow_s = 0.05", "slow_s = 0"))
    assert processes.run("run", "--until-quiet")[2] == 0
    assert home.right.titles() == home.left.titles()
    assert len(home.right.calls()) == 155


def test_a_second_ctrl_c_leaves_at_once_and_nothing_is_doubled(home, processes):
    """It says what that means; the next run looks before it sends anything."""
    slow(home, 50)
    process = processes.start("run", "--once")
    until_all_is_in_flight(home, process)
    process.send_signal(signal.SIGINT)
    line = process.stderr.readline()
    assert line.strip() == FINISHING
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == exit_codes.INTERRUPTED
    assert LEAVING in err
    assert "Traceback" not in err
    assert len(processes.status()["open_writes"]) >= len(home.right.calls()) > 0
    home.configure(("slow_s = 50", "slow_s = 0"))
    assert processes.run("run", "--until-quiet")[2] == 0
    assert_all_arrived_once(home)


def test_the_story_of_an_item_that_was_in_flight_during_a_kill(home, processes):
    """Seen, decided, intent, crash, found on restart."""
    slow(home, 50)
    process = processes.start("run")
    until_all_is_in_flight(home, process)
    process.kill()
    ended(process)
    home.configure(("slow_s = 50", "slow_s = 0"))
    assert processes.run("run", "--until-quiet")[2] == 0
    assert_all_arrived_once(home)
    book = home.right.calls()[0].removeprefix("create ")
    out, _, code = processes.run("explain", book)
    assert code == 0
    told = [line.partition("UTC  ")[2] for line in out.splitlines()[1:]]
    assert told[0].startswith("first seen on left as B")
    assert told[1].startswith("decided to create it on right: title ")
    assert told[2].startswith("saved that intent (intent ")
    assert told[3].startswith("the process stopped before an answer was saved; the next start found the intent (intent ")
    assert told[4] == (f"looked on right: it had been created, {book.upper()} ({book} in shelf); nothing was sent again")
    assert told[5].startswith("now: nothing is open; it is on left (B")


def test_two_processes_on_one_log(home, processes):
    """The second is refused with who holds the log and since when; status and plan work beside the first."""
    first = processes.start("run")
    until(lambda: len(home.right.calls()) == 5, first)
    _, err, code = processes.run("run", "--once")
    assert code == exit_codes.LOG
    assert f"is being written by process {first.pid} on " in err
    assert " since 20" in err
    assert processes.status()["log"]["held_by"].startswith(f"process {first.pid} on ")
    assert processes.run("plan")[2] == 0
    first.send_signal(signal.SIGTERM)
    assert ended(first)[0] == exit_codes.OK


def test_the_package_itself_is_the_command():
    """`python -m syncengine`, where scripts are not on the path."""
    done = subprocess.run([sys.executable, "-m", "syncengine", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{version('eventsourced-syncengine')}\n"


def test_an_installed_connector_is_found_by_its_entry_point(processes):
    """With the distribution it comes from; the command line is told off by exit code 2."""
    out, _, code = processes.run("connectors")
    assert code == 0
    assert "shelf  (shelf-connector 1.5)" in out
    _, err, code = processes.run("plam")
    assert (code, "No such command 'plam'" in err) == (exit_codes.SETTINGS, True)
