"""
Plant defects one by one and require that the tests notice each.

    python -m tests.planted.run [words of the names of the defects]

`src/` is copied to a temporary folder, so the project itself is never changed. Before any defect is planted the named
tests must pass on the copy. Exit code 1 when a defect was not caught by one of its tests.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from attrs import frozen

from tests.planted.defects import DEFECTS, Defect
from tests.planted.forked import ROOT, TooLong, run

AT_ONCE = 2
LONGEST_S = 120.0
"""Seconds after which the tests of one defect are stopped; a defect may make them run for ever."""
LONGEST_ALL_S = 1200.0
"""Seconds for the tests of all defects, which nothing is planted for."""
PLANTED_LATER_NS = 10_000_000_000
"""How much later a planted file was changed than the healthy one, as it says of itself."""


@frozen(kw_only=True)
class Verdict:
    """
    What became of one defect.

    Attributes:
        missed: its tests that passed, or a sentence about why they did not run.
    """

    defect: Defect
    seconds: float
    missed: tuple[str, ...] = ()


def main(words: list[str]) -> int:
    """Run, print a table, and return the exit code."""
    chosen = [defect for defect in DEFECTS if all(word in defect.name for word in words)]
    if not chosen:
        print(f"no defect has {words} in its name")
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copies = [copy_of_the_source(Path(folder) / str(number)) for number in range(AT_ONCE)]
        wrong = _failing_unplanted(copies, chosen)
        if wrong:
            print(f"these tests fail without any defect, so they prove nothing:\n{wrong}")
            return 1
        verdicts = _plant_all(chosen, copies)
    return _report(verdicts, time.monotonic() - started)


def copy_of_the_source(folder: Path) -> Path:
    """`src/` in a folder of its own."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _failing_unplanted(copies: list[Path], chosen: list[Defect]) -> str:
    nodes = sorted({node for defect in chosen for node in defect.tests})
    shares = [_in_tests(nodes[number::AT_ONCE]) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        unplanted = partial(run, longest_s=LONGEST_ALL_S, keep_bytecode=True)
        runs = pool.map(unplanted, copies, [share for share in shares if share])
        return "\n".join(it.output[-6000:] or f"pytest ended with {it.code}" for it in runs if it.code != 0)


def _plant_all(chosen: list[Defect], copies: list[Path]) -> list[Verdict]:
    free = list(copies)

    def plant_in_a_free_copy(defect: Defect) -> Verdict:
        copy = free.pop()
        try:
            return _plant(defect, copy)
        finally:
            free.append(copy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(plant_in_a_free_copy, chosen))


def _plant(defect: Defect, copy: Path) -> Verdict:
    file = copy / "src" / defect.file
    healthy = file.read_text("utf-8")
    if healthy.count(defect.old) != 1:
        found = healthy.count(defect.old)
        return Verdict(defect=defect, seconds=0, missed=(f"the text to replace stands {found} times in {defect.file}",))
    started = time.monotonic()
    times = file.stat()
    file.write_text(healthy.replace(defect.old, defect.new), "utf-8")
    # Python takes a file for unchanged that has the same length and second; this one has a second of its own.
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns + PLANTED_LATER_NS))
    try:
        missed = _missed(defect, copy)
    finally:
        file.write_text(healthy, "utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return Verdict(defect=defect, seconds=time.monotonic() - started, missed=missed)


def _missed(defect: Defect, copy: Path) -> tuple[str, ...]:
    nodes = _in_tests(defect.tests)
    try:
        seen = run(copy, nodes, longest_s=LONGEST_S, enough=frozenset(nodes))
    except TooLong as reason:
        return (str(reason),)
    # 1 is "tests failed"; anything else means that the defect was not even tried.
    if seen.code not in {0, 1}:
        return (f"pytest ended with {seen.code}: {seen.output[-600:]}",)
    return tuple(node for node in defect.tests if f"tests/{node}" not in seen.failed)


def _in_tests(nodes: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"tests/{node}" for node in nodes)


def _report(verdicts: list[Verdict], seconds: float) -> int:
    width = max(len(verdict.defect.name) for verdict in verdicts)
    for verdict in verdicts:
        mark = "NOT CAUGHT" if verdict.missed else "caught by " + str(len(verdict.defect.tests))
        place = verdict.defect.file.rsplit("/", 1)[-1]
        print(f"{verdict.defect.name:<{width}}  {place:<20}  {mark:<12} {verdict.seconds:5.1f} s")
        for miss in verdict.missed:
            print(f"    {miss}")
    missed = sum(1 for verdict in verdicts if verdict.missed)
    print(f"{len(verdicts)} defects planted, {len(verdicts) - missed} caught, {missed} not, in {seconds:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
