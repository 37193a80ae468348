"""
Plant defects one by one and require that the tests notice each.

    python -m tests.planted.run [words of the names of the defects]

`src/` is copied to a temporary folder, so the project itself is never changed. Before any defect is planted the named
tests must pass on the copy. Exit code 1 when a defect was not caught by one of its tests.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from attrs import frozen

from tests.planted.defects import DEFECTS, Defect

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
LONGEST_S = 120.0
"""Seconds after which the tests of one defect are stopped; a defect may make them run for ever."""
LONGEST_ALL_S = 1200.0
"""Seconds for the tests of all defects, which nothing is planted for."""


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
    shares = [nodes[number::AT_ONCE] for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = pool.map(partial(_pytest, longest_s=LONGEST_ALL_S), copies, [share for share in shares if share])
        return "\n".join(run.stdout[-4000:] + run.stderr[-2000:] for run in runs if run.returncode != 0)


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
    file.write_text(healthy.replace(defect.old, defect.new), "utf-8")
    try:
        missed = _missed(defect, copy)
    finally:
        file.write_text(healthy, "utf-8")
    return Verdict(defect=defect, seconds=time.monotonic() - started, missed=missed)


def _missed(defect: Defect, copy: Path) -> tuple[str, ...]:
    results = copy / "results.xml"
    results.unlink(missing_ok=True)
    try:
        run = _pytest(copy, list(defect.tests), f"--junitxml={results}")
    except subprocess.TimeoutExpired:
        return (f"the tests ran longer than {LONGEST_S:.0f} seconds",)
    # 1 is "tests failed"; anything else means that the defect was not even tried.
    if run.returncode not in {0, 1} or not results.exists():
        return (f"pytest ended with {run.returncode}: {(run.stdout + run.stderr)[-600:]}",)
    failed = _failed(results)
    return tuple(node for node in defect.tests if _place(node) not in failed)


def _pytest(copy: Path, nodes: list[str], *more: str, longest_s: float = LONGEST_S) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"]
    command += ["-p", "tests.planted.imported", "-p", "tests.fixtures.hypothesis_profiles", *more]
    command += [f"tests/{node}" for node in nodes]
    paths = os.pathsep.join([str(copy / "src"), str(ROOT)])
    environment = os.environ | {
        "PYTHONPATH": paths,
        "PLANTED_SRC": str(copy / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "planted",
        "COVERAGE_PROCESS_START": "",
    }
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=longest_s
    )


def _failed(results: Path) -> set[tuple[str, str]]:
    cases = ET.parse(results).iter("testcase")  # noqa: S314 - written by our own pytest a moment ago
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    # A node with parameters is one example of a test; one without stands for any of them.
    names = [(case.get("classname", ""), case.get("name", "")) for case in bad]
    return {*names, *((place, name.split("[")[0]) for place, name in names)}


def _place(node: str) -> tuple[str, str]:
    path, _, name = node.partition("::")
    return f"tests.{path.removesuffix('.py').replace('/', '.')}", name


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
