"""
Damage the last transactions of a real log, one copy after the other, and see what start-up and `verify` make of each.

    python -m tests.crash.log_damage [--cases 2000] [--first 0]

Prints how many copies of each state and kind of damage went on whole, from a part of the true story, or were named damaged,
and every one that went on with something else, with the command that makes it again. Exit code 1 when there was one.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from syncengine.adapters import log_check
from syncengine.adapters.event_log import OpenLog, open_log
from syncengine.adapters.log_backup import salvage
from syncengine.adapters.log_check import check_log
from syncengine.errors import EventLogError, LogDamaged
from tests.crash.damaged_copies import KINDS, Damage, Story, damage, lay_out, record, tell, view_rows

WHOLE, PREFIX, VIEWS, NAMED = "whole", "a prefix", "views made anew", "named"
OUTCOMES = (WHOLE, PREFIX, VIEWS, NAMED)
SALVAGED_EACH = 5
"""Of the damaged copies, every so many are salvaged, too."""


@frozen(kw_only=True)
class Case:
    """
    What became of one damaged copy.

    Attributes:
        wrong: what is wrong about it; None when nothing is.
    """

    damage: Damage
    outcome: str
    wrong: str | None = None


class Lie(AssertionError):
    """Something went on with what is not true."""


def try_out(story: Story, damage: Damage, folder: Path) -> Case:
    """Damage one copy, check it, start on it, and compare."""
    long = next(it.long for it in story.copies if it.name == damage.copy)
    with _as_long_log(long=long):
        path = lay_out(story, damage, folder)
        try:
            outcome = asyncio.run(_outcome(story, path, damage, long=long))
        except Lie as lie:
            return Case(damage=damage, outcome="a lie", wrong=str(lie))
        except Exception as error:  # noqa: BLE001 - whatever is not said as it should be is a finding
            return Case(damage=damage, outcome="a bug", wrong=f"{type(error).__name__}: {error}")
    return Case(damage=damage, outcome=outcome)


@contextmanager
def _as_long_log(*, long: bool) -> Iterator[None]:
    usual = log_check.SHORT
    log_check.SHORT = 0 if long else usual
    try:
        yield
    finally:
        log_check.SHORT = usual


async def _outcome(story: Story, path: Path, damage: Damage, *, long: bool) -> str:
    sound, views_only = await asyncio.to_thread(_verified, story, path, salvaged=damage.seed % SALVAGED_EACH == 0)
    try:
        async with open_log(path) as log:
            count = await _require_true(story, log)
    except EventLogError as error:
        _require(not sound, f"verify calls it sound, start-up says {error}")
        _require(str(path) in str(error), f"the log is not named: {error}")
        return NAMED
    _require(sound or views_only or long, "start-up goes on, verify calls it damaged")
    if not sound:
        return VIEWS
    return WHOLE if count == len(story.events) else PREFIX


def _verified(story: Story, path: Path, *, salvaged: bool) -> tuple[bool, bool]:
    """Whether `verify` finds the log sound, and whether only its views are not; what it calls sound is true."""
    try:
        report = check_log(path)
    except EventLogError as error:
        _require(str(path) in str(error), f"the log is not named: {error}")
        return False, False
    if not report.sound and salvaged:
        _require_true_salvage(story, path, up_to=report.sound_up_to)
    return report.sound, report.only_views


def _require_true_salvage(story: Story, path: Path, *, up_to: int) -> None:
    saved = path.with_name("saved.db")
    try:
        salvage(path, saved)
    except LogDamaged:
        _require(up_to == 0, f"the events up to {up_to} are called sound and cannot be saved")
        return
    _require(check_log(saved).sound, "what was salvaged is not sound")
    _require(_events_in(saved) == list(story.events[:up_to]), f"the events up to {up_to} are not the true ones")


def _events_in(path: Path) -> list[object]:
    async def read() -> list[object]:
        async with open_log(path, read_only=True) as log:
            return [record(it) for it in log.all_events()]

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(read())
    finally:
        loop.close()


async def _require_true(story: Story, log: OpenLog) -> int:
    events = [record(it) for it in log.all_events()]
    count = len(events)
    _require(events == list(story.events[:count]), f"{count} events are read, and they are not the first {count} true ones")
    _require(count in story.views, f"{count} events end in the middle of a transaction")
    for stream in {it[1] for it in story.events}:
        loaded = [record(it) for it in await log.load(stream)]
        _require(loaded == [it for it in events if it[1] == stream], f"stream {stream} is not loaded as it is stored")
    there, true = view_rows(log.path), dict(story.views[count])
    restless, must = set(there.pop("view_restless")), set(true.pop("view_restless"))
    for table, rows in true.items():
        _require(there[table] == rows, f"{table} is not what the first {count} events say")
    _require(must <= restless, f"links that have to be looked at are forgotten: {must - restless}")
    return count


def _require(holds: bool, told: str) -> None:  # noqa: FBT001 - as `assert`
    if not holds:
        raise Lie(told)


def try_all(seeds: Iterable[int]) -> list[Case]:
    """The damages of these numbers, one after the other, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="damage-", dir=_fast_folder()) as name:
        folder = Path(name)
        (folder / "true").mkdir()
        story = asyncio.run(tell(folder / "true"))
        return [try_out(story, damage(story, seed), folder / "case") for seed in seeds]


def _fast_folder() -> str | None:
    """In memory where there is such a place: the copies are made to be thrown away."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - names in it are chosen by `tempfile`


def main() -> int:
    """Try all, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.log_damage", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case, to make one again")
    chosen = parser.parse_args()
    began = time.monotonic()
    seeds = range(chosen.first, chosen.first + chosen.cases)
    workers = min(os.cpu_count() or 1, chosen.cases)
    with ProcessPoolExecutor(workers) as pool:
        cases = [case for cases in pool.map(try_all, [seeds[it::workers] for it in range(workers)]) for case in cases]
    return _report(cases, time.monotonic() - began)


def _report(cases: list[Case], seconds: float) -> int:
    wrong = [case for case in cases if case.wrong is not None]
    counts = Counter((case.damage.copy, case.outcome) for case in cases)
    print(f"{'the log was':<24}" + "".join(f"{outcome:>18}" for outcome in OUTCOMES))
    for copy in dict.fromkeys(case.damage.copy for case in cases):
        print(f"{copy:<24}" + "".join(f"{counts[copy, outcome]:>18}" for outcome in OUTCOMES))
    kinds = Counter(case.damage.kind for case in cases)
    print("kinds of damage: " + ", ".join(f"{kind} {kinds[kind]}" for kind in KINDS))
    for case in wrong:
        print(f"WRONG {case.damage}: {case.wrong}")
        print(f"    python -m tests.crash.log_damage --cases 1 --first {case.damage.seed}")
    print(f"{len(cases)} copies damaged, {len(wrong)} went on with something that is not true, in {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
