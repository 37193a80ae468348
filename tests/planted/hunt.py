"""
Plant defects one by one and require that simulated histories find each.

    python -m tests.planted.hunt [words of the names of the defects]

`src/` is copied to a temporary folder, so the project itself is never changed. Exit code 1 when a defect was not found.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

from tests.planted.defects import DEFECTS, Defect
from tests.planted.run import AT_ONCE, ROOT, copy_of_the_source

HISTORIES = 10_000
"""Within which a defect has to be found."""
LONGEST_S = 900.0


@frozen(kw_only=True)
class Found:
    """
    What the hunt for one defect found.

    Attributes:
        seeds: histories that were played.
        invariant: the promise that was broken; None when none was.
        trouble: why nothing was played.
    """

    defect: Defect
    seconds: float
    seeds: int = 0
    invariant: str | None = None
    trouble: str = ""


def main(words: list[str]) -> int:
    """Hunt, print a table, and return the exit code."""
    chosen = [it for it in DEFECTS if it.simulated and all(word in it.name for word in words)]
    if not chosen:
        print(
            f"no defect that histories show has {words} in its name; those that tests catch are planted by tests.planted.run"
        )
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hunt-") as folder:
        copies = [copy_of_the_source(Path(folder) / str(number)) for number in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda defect: _hunt_in_a_free_copy(defect, copies), chosen))
    return _report(found, time.monotonic() - began)


def _hunt_in_a_free_copy(defect: Defect, free: list[Path]) -> Found:
    copy = free.pop()
    try:
        return _hunt(defect, copy)
    finally:
        free.append(copy)


def _hunt(defect: Defect, copy: Path) -> Found:
    file = copy / "src" / defect.file
    healthy = file.read_text("utf-8")
    if healthy.count(defect.old) != 1:
        return Found(defect=defect, seconds=0, trouble=f"the text to replace stands {healthy.count(defect.old)} times")
    began = time.monotonic()
    file.write_text(healthy.replace(defect.old, defect.new), "utf-8")
    try:
        run = _play(copy)
    except subprocess.TimeoutExpired:
        return Found(defect=defect, seconds=LONGEST_S, trouble=f"it ran longer than {LONGEST_S:.0f} seconds")
    finally:
        file.write_text(healthy, "utf-8")
    if run.returncode != 0:
        return Found(defect=defect, seconds=time.monotonic() - began, trouble=run.stderr[-300:])
    said = json.loads(run.stdout)
    return Found(defect=defect, seconds=time.monotonic() - began, seeds=said["seeds"], invariant=said["invariant"])


def _play(copy: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(copy / "src"), str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COVERAGE_PROCESS_START": "",
    }
    command = [sys.executable, "-m", "tests.planted.hunted", str(HISTORIES)]
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )


def _report(found: list[Found], seconds: float) -> int:
    width = max(len(it.defect.name) for it in found)
    print(f"{'defect':<{width}}  {'seeds':>6}  {'seconds':>7}  invariant broken")
    for it in found:
        print(f"{it.defect.name:<{width}}  {it.seeds:>6}  {it.seconds:>7.1f}  {it.invariant or it.trouble or 'NOT FOUND'}")
    missed = sum(it.invariant is None for it in found)
    print(f"{len(found)} defects planted, {len(found) - missed} found, {missed} not, in {seconds:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
