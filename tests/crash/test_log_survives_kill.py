"""SIGKILL at any moment loses nothing that was acknowledged, and leaves events and views in step."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from syncengine.adapters.event_log import open_log
from syncengine.adapters.view_schema import TABLES
from syncengine.domain.events import ClaimTaken, RecordObserved

ROOT = Path(__file__).parents[2]
KILLS = 10


def append_until_killed(path, after_lines):
    """Streams and versions that a process acknowledged before it was killed, at some moment after so many lines."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.appending_child", str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        seen = [child.stdout.readline() for _ in range(after_lines)]
    finally:
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
    assert child.returncode == -signal.SIGKILL
    lines = "".join([*seen, rest]).splitlines()
    assert lines[0] == "opening"
    return [(UUID(stream), int(version)) for stream, version in (line.split() for line in lines[1:])]


def view_rows(path):
    connection = sqlite3.connect(path)
    try:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    finally:
        connection.close()


async def test_no_acknowledged_append_is_lost_however_often_the_process_is_killed(tmp_path):
    """Ten processes one after the other on one log, killed while they open it or while many appends are in flight."""
    path = tmp_path / "log.db"
    # While opening a new log, while opening one that has to recover, and in the middle of work.
    moments = [1, 1, *(random.randint(2, 500) for _ in range(KILLS - 2))]
    acknowledged = []
    for after_lines in moments:
        acknowledged += append_until_killed(path, after_lines)

        async with open_log(path) as log:
            lost = [(stream, version) for stream, version in acknowledged if log.stream_version(stream) < version]
            assert not lost, f"{len(lost)} of {len(acknowledged)} lost at {moments}: {lost[:5]}"

    assert len(acknowledged) > sum(moments) - 2 * KILLS
    await check_what_is_there(path)


async def check_what_is_there(path):
    """Positions and streams without gaps, transactions whole, views as the events say."""
    written = view_rows(path)
    async with open_log(path) as log:
        events = list(log.all_events())
        await log.rebuild_views()
    assert view_rows(path) == written
    assert [recorded.position for recorded in events] == list(range(1, len(events) + 1))
    versions = {}
    for recorded in events:
        assert recorded.version == versions.get(recorded.stream_id, 0) + 1
        versions[recorded.stream_id] = recorded.version
    seen = {recorded.stream_id for recorded in events if isinstance(recorded.event, RecordObserved)}
    claimed = {recorded.event.link_id for recorded in events if isinstance(recorded.event, ClaimTaken)}
    assert seen == claimed
