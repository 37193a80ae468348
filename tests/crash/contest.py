"""
A contest: many processes want to write one log, and whoever writes is killed, or paused and robbed of its lease.

    python -m tests.crash.contest [--processes 100] [--rounds 200] [--postgres]

Nothing may show two writers at a time: the events of a taking of the lease stand together in the log, none of an older one
comes after the log was taken by a newer one, and nothing that was acknowledged is missing.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from attrs import define, field, frozen

from tests.crash.contested_logs import Contested, SqliteContested, Stored, postgres_contested

ROOT = Path(__file__).parents[2]
ROBBED_EVERY = 3
"""Every so many rounds the holder is paused and robbed instead of killed."""

MOST_EVENTS = 4
"""Events, at most, that are waited for before a holder's turn ends."""


@frozen(kw_only=True)
class Outcome:
    """
    What a contest was.

    Attributes:
        slowest_s: seconds from the end of a holder to the next one, at most.
        wrong: what must not be, in words.
    """

    processes: int
    killed: int
    robbed: int
    events: int
    slowest_s: float
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.processes} processes, {self.killed + self.robbed} rounds: {self.killed} holders killed, {self.robbed} paused "
            f"and robbed; {self.events} events, each by the holder of its time; the slowest takeover took {self.slowest_s:.2f} s"
        )


class Stuck(AssertionError):
    """What has to happen did not."""


@define
class Turn:
    """One taking of the lease: by whom, after which position, and what was acknowledged to it."""

    pid: int
    epoch: int
    after: int
    stored: list[int] = field(factory=list)
    lost: bool = False


class Arena:
    """The processes and what they have said so far."""

    def __init__(self, log: Contested, patience_s: float) -> None:
        self.log = log
        self.turns: dict[int, Turn] = {}
        self.failures: list[str] = []
        self._heard: SimpleQueue[str] = SimpleQueue()
        self._pids: set[int] = set()
        self._source = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.contender", log.address, str(patience_s)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._ears = Thread(target=self._listen, daemon=True)
        self._ears.start()

    def add(self, number: int) -> None:
        """So many processes more, at once."""
        assert self._source.stdin is not None
        self._source.stdin.write("one\n" * number)
        self._source.stdin.flush()

    def wait_for_turn(self, after_epoch: int) -> Turn:
        """The next holder."""
        self._until(lambda: any(epoch > after_epoch for epoch in self.turns), "nobody took the log")
        return self.turns[max(self.turns)]

    def wait_for_events(self, turn: Turn, number: int) -> None:
        """So many events acknowledged to this holder; or that somebody else followed it, for one that was slow to renew."""
        done = lambda: len(turn.stored) >= number or max(self.turns) > turn.epoch
        self._until(done, f"the holder {turn.pid} stored nothing")

    def wait_for_loss(self, turn: Turn) -> None:
        """The holder knows that it is none any more."""
        self._until(lambda: turn.lost, f"{turn.pid} was robbed and does not notice")

    def close(self) -> None:
        """End everybody; all of them are in the session of the first one."""
        os.killpg(self._source.pid, signal.SIGKILL)
        self._source.communicate()
        self._ears.join()
        while not self._heard.empty():
            self._take_in(self._heard.get())

    def _listen(self) -> None:
        assert self._source.stdout is not None
        for line in self._source.stdout:
            self._heard.put(line)

    def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + self.log.takeover_s
        while not holds():
            try:
                self._take_in(self._heard.get(timeout=max(0.001, end - time.monotonic())))
            except Empty:
                raise Stuck(f"{otherwise} within {self.log.takeover_s:g} seconds") from None
            if self.failures:
                raise Stuck(self.failures[0])

    def _take_in(self, line: str) -> None:
        pid, what, *rest = line.split()
        match what:
            case "holds":
                epoch, after = map(int, rest)
                self.turns[epoch] = Turn(int(pid), epoch, after)
            case "stored":
                epoch, number = map(int, rest)
                self.turns[epoch].stored.append(number)
            case "lost":
                self.turns[int(rest[0])].lost = True
            case _:
                self.failures.append(line)


@contextmanager
def arena(log: Contested, patience_s: float) -> Iterator[Arena]:
    """Processes that end with this."""
    made = Arena(log, patience_s)
    try:
        yield made
    finally:
        made.close()


def contest(log: Contested, *, processes: int, rounds: int, seed: int | None = None) -> Outcome:
    """
    Let so many processes fight about a log for so many rounds.

    Raises:
        Stuck: a killed holder was not followed in time, or a process ended by itself.
    """
    dice = random.Random(seed)
    robbed, slowest_s, epoch = 0, 0.0, 0
    with arena(log, log.patience_each_s * processes) as them:
        them.add(processes)
        turn = them.wait_for_turn(0)
        for number in range(1, rounds + 1):
            them.wait_for_events(turn, dice.randint(0, MOST_EVENTS))
            rob = number % ROBBED_EVERY == 0
            robbed += rob
            began = time.monotonic()
            (_pause_and_rob if rob else _kill)(them, turn)
            epoch, paused = turn.epoch, turn
            turn = them.wait_for_turn(epoch)
            slowest_s = max(slowest_s, time.monotonic() - began)
            if rob:
                them.wait_for_events(turn, 1)
                os.kill(paused.pid, signal.SIGCONT)
                them.wait_for_loss(paused)
        them.wait_for_events(turn, 1)
    stored = log.stored()
    return Outcome(
        processes=processes,
        killed=rounds - robbed,
        robbed=robbed,
        events=len(stored),
        slowest_s=slowest_s,
        wrong=(*log.troubles(), *wrong_in(them.turns, stored)),
    )


def _kill(them: Arena, turn: Turn) -> None:
    os.kill(turn.pid, signal.SIGKILL)
    them.add(1)


def _pause_and_rob(them: Arena, turn: Turn) -> None:
    pause_between_transactions(them.log, turn.pid)
    them.log.let_others_in()


def pause_between_transactions(log: Contested, pid: int) -> None:
    """
    Pause the writer of a log where others can follow it.

    Raises:
        Stuck: it does not end its transaction.
    """
    pause(pid)
    while log.is_in_transaction():
        os.kill(pid, signal.SIGCONT)
        # Left alone until it is out: stopped again at once, it would stay where it was, and so for ever.
        end = time.monotonic() + log.takeover_s
        while log.is_in_transaction():
            if time.monotonic() > end:
                raise Stuck(f"{pid} does not end its transaction within {log.takeover_s:g} seconds")
        pause(pid)


def pause(pid: int) -> None:
    """Until it is stopped."""
    os.kill(pid, signal.SIGSTOP)
    state = ["ps", "-o", "state=", "-p", str(pid)]
    while not subprocess.run(state, capture_output=True, text=True, check=True).stdout.startswith("T"):
        pass


def wrong_in(turns: Mapping[int, Turn], stored: Iterable[Stored]) -> Iterator[str]:
    """What in the log must not be, by what its writers were told."""
    last, found = 0, dict[int, list[int]]()
    for event in stored:
        position, epoch = event.position, event.epoch
        claimed, pid, number = map(int, event.caused_by.split("/"))
        if epoch != claimed:
            yield f"event {position} is sealed by epoch {epoch} and says {claimed}"
        if epoch < last:
            yield f"event {position} of epoch {epoch} comes after one of epoch {last}"
        if epoch in turns and pid != turns[epoch].pid:
            yield f"event {position} of epoch {epoch} is by {pid}, who held another one"
        overtaken = [turn.epoch for turn in turns.values() if turn.epoch > epoch and turn.after < position]
        if overtaken:
            yield f"event {position} of epoch {epoch} was stored when {min(overtaken)} had taken the log"
        last = max(last, epoch)
        found.setdefault(epoch, []).append(number)
    for epoch, turn in turns.items():
        missing = set(turn.stored) - set(found.get(epoch, ()))
        if missing:
            yield f"events {sorted(missing)} of epoch {epoch} were acknowledged and are not there"


def main() -> int:
    """Hold a contest, print what it was, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.contest", description=__doc__)
    parser.add_argument("--processes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--postgres", action="store_true", help="about a log in a database")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="contest-") as folder:
        began = time.monotonic()
        with (
            postgres_contested(Path(folder))
            if chosen.postgres
            else nullcontext(SqliteContested(Path(folder) / "log.db")) as log
        ):
            outcome = contest(log, processes=chosen.processes, rounds=chosen.rounds)
    print(f"{outcome} (in {time.monotonic() - began:.0f} s)")
    for told in outcome.wrong:
        print(f"WRONG {told}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
