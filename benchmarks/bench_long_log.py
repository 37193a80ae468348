"""
What a long log costs: reading all of it, and starting with it.

Each figure is taken in a process of its own, so that its memory is its alone.
"""

import argparse
import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.log_workload import STILL_OPEN
from benchmarks.measured import Measured
from syncengine.adapters.event_log import open_log


def measure_replay(path: Path) -> list[Measured]:
    """Reading the whole log as events, and rebuilding the views, against a scan of the raw rows."""
    scan, replay, rebuild = (_in_a_child(what, path) for what in ("scan", "replay", "rebuild"))
    events = f"{replay['events']:,} events"
    return [
        Measured(
            goal="G6",
            what=f"replay of {events}, against a raw row scan",
            value=replay["seconds"] / scan["seconds"],
            unit="x",
            limit=3.5,
            detail=f"{replay['seconds']:.1f} s, raw {scan['seconds']:.1f} s",
        ),
        Measured(goal="G6", what=f"replay of {events}, peak memory", value=replay["memory_mb"], unit="MB", limit=100),
        Measured(what=f"rebuild-views of {events}", value=rebuild["seconds"], unit="s"),
        Measured(what=f"rebuild-views of {events}, peak memory", value=rebuild["memory_mb"], unit="MB"),
    ]


def measure_start(small: Path, large: Path) -> list[Measured]:
    """Finding the open writes in a log that was just opened."""
    few, many = _in_a_child("start", small), _in_a_child("start", large)
    assert few["open_writes"] == many["open_writes"] == STILL_OPEN
    events = f"{many['events']:,} events"
    opening = f"{few['open_ms']:.1f} ms at 10k"
    return [
        Measured(goal="G7", what=f"open writes found at start-up, {events}", value=many["find_ms"], unit="ms", limit=5),
        Measured(
            goal="G7",
            what=f"the same, {events} against 10k",
            value=many["find_ms"] / few["find_ms"],
            unit="x",
            limit=2,
        ),
        Measured(what=f"opening for writing, {events}", value=many["open_ms"], unit="ms", detail=opening),
    ]


def _in_a_child(what: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bench_long_log", what, str(path.absolute())]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _scan(path: Path) -> dict[str, Any]:
    connection = sqlite3.connect(path)
    begin, events = time.perf_counter(), 0
    statement = "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events ORDER BY rowid"
    for _row in connection.execute(statement):
        events += 1
    return {"seconds": time.perf_counter() - begin, "events": events}


async def _replay(path: Path) -> dict[str, Any]:
    async with open_log(path, read_only=True) as log:
        begin, events = time.perf_counter(), 0
        for _recorded in log.all_events():
            events += 1
        return {"seconds": time.perf_counter() - begin, "events": events}


async def _rebuild(path: Path) -> dict[str, Any]:
    async with open_log(path) as log:
        begin = time.perf_counter()
        events = await log.rebuild_views()
        return {"seconds": time.perf_counter() - begin, "events": events}


async def _start(path: Path) -> dict[str, Any]:
    import syncengine.adapters.eventsourcing_bridge  # noqa: F401 - the import is not what is measured

    opened = time.perf_counter()
    async with open_log(path) as log:
        open_ms = (time.perf_counter() - opened) * 1e3
        begin = time.perf_counter()
        found = log.views.open_writes()
        find_ms = (time.perf_counter() - begin) * 1e3
        return {
            "open_ms": open_ms,
            "find_ms": find_ms,
            "open_writes": len(found),
            "events": log.max_position(),
        }


def _peak_mb() -> float:
    # The peak that `getrusage` tells includes that of the process which started this one.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise LookupError("no VmHWM")


def _child(what: str, path: Path) -> None:
    work = {"replay": _replay, "rebuild": _rebuild, "start": _start}
    answer = _scan(path) if what == "scan" else asyncio.run(work[what](path))
    print(json.dumps({**answer, "memory_mb": _peak_mb()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["scan", "replay", "rebuild", "start"])
    parser.add_argument("log", type=Path)
    options = parser.parse_args()
    _child(options.what, options.log)
