"""
What the event log costs, as ratios against floors taken in the same run.

Every `measure_*` function returns rows; `python -m benchmarks.bench_log` prints them beside the goals.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any

from benchmarks.bench_long_log import measure_replay, measure_start
from benchmarks.log_workload import EVENTS_OF_A_LINK, START, build_log, life_of_a_link, link_of, observation
from benchmarks.measured import Measured
from syncengine.adapters.event_codec import CODEC
from syncengine.adapters.event_log import open_log
from syncengine.adapters.eventsourcing_bridge import LogApplication
from syncengine.adapters.log_file import write_transaction
from syncengine.engine.ports import Append, Recorded


def measure_codec(rounds: int = 20_000) -> list[Measured]:
    """CPU of encoding and decoding, over the events in the life of a link."""
    events = [event for append in life_of_a_link(7, leave_open=False) for event in append.events]
    rows = [CODEC.encode(event, recorded_at=START, caused_by="bench") for event in events]

    def encode() -> None:
        for event in events:
            CODEC.encode(event, recorded_at=START, caused_by="bench")

    def decode() -> None:
        for name, state in rows:
            CODEC.decode(name, state)

    times = {work.__name__: _best_s(work, rounds // len(events)) / len(events) * 1e6 for work in (encode, decode)}
    size = statistics.mean(len(state) for _, state in rows)
    return [
        Measured(what=f"encode an event of {size:.0f} bytes, CPU", value=times["encode"], unit="us"),
        Measured(what=f"decode an event of {size:.0f} bytes, CPU", value=times["decode"], unit="us", limit=4),
    ]


def _best_s(work: Callable[[], None], rounds: int) -> float:
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        for _ in range(rounds):
            work()
        best = min(best, (time.process_time() - begin) / rounds)
    return best


def measure_appends(folder: Path, appends: int = 1500, blocks: int = 10) -> list[Measured]:
    """One durable append against the same row stored with raw sqlite3, in turns; medians."""
    return asyncio.run(_measure_appends(folder, appends, blocks))


async def _measure_appends(folder: Path, appends: int, blocks: int) -> list[Measured]:
    raw, numbers = _raw_log(folder / "raw.db"), count(1)
    floor: list[float] = []
    ours: list[float] = []
    async with open_log(folder / "appends.db") as log:
        for _ in range(blocks):
            floor.extend([_timed(_store_raw, raw, number) for number in islice(numbers, appends // blocks)])
            for number in islice(numbers, appends // blocks):
                append = Append(stream_id=link_of(number), after_version=0, events=(observation(number),))
                begin = time.perf_counter()
                await log.append(append, caused_by="bench")
                ours.append(time.perf_counter() - begin)
    raw.close()
    ours_us, floor_us = statistics.median(ours) * 1e6, statistics.median(floor) * 1e6
    return [
        Measured(
            goal="G3",
            what="one durable append with views, task to task, against raw sqlite3",
            value=ours_us / floor_us,
            unit="x",
            limit=1.3,
            detail=f"{ours_us:.0f} us, raw {floor_us:.0f} us",
        )
    ]


def _timed(work: Callable[..., None], *arguments: Any) -> float:
    begin = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begin


def _raw_log(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(
        "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
        "PRIMARY KEY (originator_id, originator_version))"
    )
    return raw


def _store_raw(raw: sqlite3.Connection, number: int) -> None:
    name, state = CODEC.encode(observation(number), recorded_at=START, caused_by="bench")
    raw.execute("BEGIN")
    raw.execute("INSERT INTO stored_events VALUES (?, ?, ?, ?)", (link_of(number).hex, 1, name, state))
    raw.commit()


def measure_group_commit(folder: Path, waiting: int, appends: int = 20_000) -> list[Measured]:
    """Durable appends a second with this many waiting tasks, against threads that do not group."""
    made = [Append(stream_id=link_of(number), after_version=0, events=(observation(number),)) for number in range(appends)]
    naive = asyncio.run(_naive(folder / f"naive-{waiting}.db", made[: appends // 10], waiting))
    grouped = asyncio.run(_grouped(folder / f"grouped-{waiting}.db", made, waiting))
    return [
        Measured(
            goal="G4",
            what=f"group commit with views, {waiting} waiting tasks, against a commit each in threads",
            value=grouped / naive,
            unit="x",
            limit=5 if waiting < 100 else 12,
            at_least=True,
            detail=f"{grouped:,.0f} appends/s, naive {naive:,.0f}",
        )
    ]


async def _naive(path: Path, appends: list[Append], waiting: int) -> float:
    """The same work, views included, but every append is a transaction of its own in whatever thread is free."""
    async with open_log(path):
        pass
    application, lock = LogApplication(path), threading.Lock()
    with application.datastore.raw_connection(writer=True) as connection:

        def store(append: Append) -> None:
            recorded = Recorded(
                stream_id=append.stream_id,
                version=1,
                event=append.events[0],
                recorded_at=datetime.now(UTC),
                caused_by="bench",
            )
            rows = [application.mapper.to_stored_event(recorded)]  # type: ignore[arg-type]
            with lock, write_transaction(connection) as cursor:
                application.log_recorder.store(cursor, appends=[append], rows=rows, events=[recorded])

        rate = await _rate(lambda append: asyncio.to_thread(store, append), appends, waiting)
    application.close()
    return rate


async def _grouped(path: Path, appends: list[Append], waiting: int) -> float:
    async with open_log(path) as log:
        return await _rate(lambda append: log.append(append, caused_by="bench"), appends, waiting)


async def _rate(one: Callable[[Append], Coroutine[Any, Any, None]], appends: list[Append], waiting: int) -> float:
    left = iter(appends)

    async def work() -> None:
        for append in left:
            await one(append)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(waiting):
            group.create_task(work())
    return len(appends) / (time.perf_counter() - begin)


def measure_batches(folder: Path, batches: int = 300, size: int = 100) -> list[Measured]:
    """Durable events a second, in batches, with all views; making the events is not counted."""
    rate = asyncio.run(_batched(folder / "batches.db", batches, size))
    return [
        Measured(
            goal="G5",
            what=f"durable events in batches of {size} with all views",
            value=rate,
            unit="events/s",
            limit=25_000,
            at_least=True,
        )
    ]


async def _batched(path: Path, batches: int, size: int) -> float:
    lives = (append for number in count(1) for append in life_of_a_link(number, leave_open=False))
    spent = 0.0
    async with open_log(path) as log:
        for _ in range(batches):
            batch = list(islice(lives, size * 3 // EVENTS_OF_A_LINK))
            begin = time.perf_counter()
            await log.append(*batch, caused_by="bench")
            spent += time.perf_counter() - begin
        return log.max_position() / spent


def measure_log(scale: float = 1.0) -> Iterator[Measured]:
    """
    Every figure of the log, in turn; the logs are made in a temporary folder.

    Args:
        scale: 1 for the million events the goals are meant for; TMPDIR chooses the disk that is measured.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from measure_codec()
        yield from measure_appends(folder)
        yield from measure_group_commit(folder, 10)
        yield from measure_group_commit(folder, 100)
        yield from measure_batches(folder)
        small, large = folder / "small.db", folder / "large.db"
        build_log(small, 10_000)
        build_log(large, max(10_000, round(1_000_000 * scale)))
        yield from measure_start(small, large)
        yield from measure_replay(large)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="below 1 for a shorter log than one of a million events")
    for row in measure_log(parser.parse_args().scale):
        print(row, flush=True)
