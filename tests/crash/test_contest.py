"""A small contest for one log with real processes, killed, paused and robbed; `nox -s contest` holds a large one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import contest as contests
from tests.crash.contest import Turn, contest, pause_between_transactions, wrong_in
from tests.crash.contested_logs import PostgresContested, SqliteContested, Stored

pytestmark = pytest.mark.timeout(400)

PROCESSES = 12
ROUNDS = 15
ROUNDS_OF_WAITING = 6
"""In a database each holder is followed when its lease has run out, and not at once."""

PATIENCE_S = 100.0
"""Seconds for a takeover on a machine that is busy with other tests; `nox -s contest` holds it to the lease time."""


@pytest.fixture
def log(place):
    """One class for each kind of log."""
    kind = SqliteContested if isinstance(place, Path) else PostgresContested
    return kind(place, PATIENCE_S)


def test_there_is_one_writer_at_a_time(log):
    """No event of anybody who was fenced out, none lost that was acknowledged, and each holder is followed in time."""
    rounds = ROUNDS if isinstance(log, SqliteContested) else ROUNDS_OF_WAITING
    outcome = contest(log, processes=PROCESSES, rounds=rounds)
    assert not outcome.wrong, "\n".join((str(outcome), *outcome.wrong))
    assert outcome.slowest_s < log.takeover_s
    assert outcome.killed > 0
    assert outcome.robbed > 0
    assert outcome.events >= outcome.robbed * 2


LONG_TRANSACTION = """
import sqlite3, sys, time
log = sqlite3.connect(sys.argv[1], isolation_level=None)
log.execute("BEGIN IMMEDIATE")
print("in", flush=True)
while time.process_time() < 1:
    pass
log.execute("COMMIT")
sys.stdin.read()
"""


def test_a_writer_is_paused_after_its_transaction(tmp_path, monkeypatch):
    """Nobody can follow one that is paused in it; so it goes on, and is stopped a second time when it is out, not before."""
    stops, stop = [], contests.pause
    monkeypatch.setattr(contests, "pause", lambda pid: stops.append(stop(pid)))
    log = SqliteContested(tmp_path / "log.db", PATIENCE_S)
    command = [sys.executable, "-c", LONG_TRANSACTION, log.address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout.readline() == "in\n"
            pause_between_transactions(log, writer.pid)
            assert not log.is_in_transaction()
            assert len(stops) == 2
            assert os.WIFSTOPPED(os.waitpid(writer.pid, os.WUNTRACED | os.WNOHANG)[1])
        finally:
            writer.kill()


def stored(*events):
    """Events by (epoch of the seal, what their writer says)."""
    return [Stored(position, epoch, says) for position, (epoch, says) in enumerate(events, start=1)]


WELL = [(1, "1/7/0"), (1, "1/7/1"), (2, "2/8/0")]
WRONG = {
    "an old holder came back": ([*WELL, (1, "1/7/2")], "event 4 of epoch 1 comes after one of epoch 2"),
    "an old holder was late": (
        [*WELL[:2], (1, "1/7/2"), WELL[2]],
        "event 3 of epoch 1 was stored when 2 had taken the log",
    ),
    "two names": ([WELL[0], (1, "1/9/1"), WELL[2]], "event 2 of epoch 1 is by 9, who held another one"),
    "another seal": ([*WELL[:2], (2, "1/7/2")], "event 3 is sealed by epoch 2 and says 1"),
    "a loss": (WELL[:2], r"events [0] of epoch 2 were acknowledged and are not there"),
}


@pytest.mark.parametrize(("events", "told"), WRONG.values(), ids=WRONG)
def test_what_must_not_be_is_seen(events, told):
    """The judge of the contest is no stub."""
    turns = {1: Turn(7, 1, 0, [0, 1]), 2: Turn(8, 2, 2, [0])}
    assert list(wrong_in(turns, stored(*WELL))) == []
    assert told in list(wrong_in(turns, stored(*events)))
