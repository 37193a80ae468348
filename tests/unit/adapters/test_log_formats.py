"""Logs that older versions made: opened, brought up to date in place, and looked at as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from syncengine.adapters import hash_chain, log_tables
from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_backup import salvage
from syncengine.adapters.log_check import check_log
from syncengine.adapters.log_file import LOG_FORMAT
from syncengine.adapters.log_report import CHECKS
from syncengine.errors import EventLogError, LogDamaged, LogMisconfigured
from tests.unit.adapters.damaged_logs import change, seals_of
from tests.unit.adapters.sample_events import FULL_EXAMPLES, LINK, confirmed, intended, observed, to_link

FOLDER = Path(__file__).parents[2] / "golden" / "event_logs"
FORMATS = sorted(FOLDER.glob("format_*.sql"))


@pytest.fixture(params=FORMATS, ids=lambda file: file.stem)
def path(request, tmp_path):
    """A log as an older version left it; these files are added, never changed."""
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text("utf-8"))
        connection.execute("PRAGMA journal_mode=WAL")
    return path


def format_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_there_is_a_log_of_every_older_format():
    """And none of this one, which the tests make themselves."""
    assert [file.stem for file in FORMATS] == [f"format_{number}" for number in range(1, LOG_FORMAT)]


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM stored_events ORDER BY rowid").fetchall()


async def test_looking_at_an_old_log_changes_nothing(path):
    """Before the first run of the new version; where its views are others, it says what makes them again."""
    before = path.read_bytes()
    with pytest.raises(LogMisconfigured, match="run `syncengine rebuild-views`"):
        async with open_log(path, read_only=True):
            pass
    assert path.read_bytes() == before


async def test_an_old_log_is_brought_up_to_date_in_place(path):
    """By the first who writes it; nothing that was stored changes, and it goes on from there."""
    stored = rows_of(path)
    async with open_log(path) as log:
        before = list(log.all_events())
        events = [recorded.event for recorded in before]
        assert events[:4] == [observed(), intended("i1", "i2"), events[2], confirmed("i1")]
        assert rows_of(path) == stored
        assert all(event in FULL_EXAMPLES.values() for event in events[4:])
        await log.append(to_link(confirmed("i2"), after=3), caused_by="x")
        assert log.stream_version(LINK) == 4
    assert format_of(path) == LOG_FORMAT
    async with open_log(path) as log:
        assert list(log.all_events())[:-1] == before


async def test_an_upgrade_that_fails_leaves_the_old_log(path, monkeypatch):
    """It is one transaction; the old version of the program can still use it."""
    monkeypatch.setattr(log_tables, "mark_format", lambda _: 1 / 0)
    with pytest.raises(EventLogError, match="division by zero"):
        async with open_log(path):
            pass
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as connection:
        assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'log_lease'").fetchall()
    assert format_of(path) < LOG_FORMAT
    async with open_log(path) as log:
        assert log.max_position() == len(rows_of(path))


async def test_an_old_log_is_checked_as_far_as_it_can_be(path):
    """It carries no seals; what can be seen without them is seen. Bringing it up to date gives it seals."""
    report = check_log(path)
    assert report.sound
    assert next(it.told for it in report.findings if it.check == "chain").startswith("a log of format 1 carries no seals")
    async with open_log(path):
        pass
    assert check_log(path).findings[3].told == CHECKS["chain"]
    assert seals_of(path)[-1].position == check_log(path).events


async def test_a_gap_in_an_old_log_is_found(path):
    """Also when it is brought up to date: nobody goes on with it."""
    change(path, "DELETE FROM stored_events WHERE rowid = 3")
    assert [it.check for it in check_log(path).troubles] == ["positions"]
    assert check_log(path).sound_up_to == 2
    with pytest.raises(LogDamaged, match="event 3 is missing, the next one is 4"):
        async with open_log(path):
            pass


def test_the_sound_part_of_an_old_log_becomes_a_new_one(path):
    """With seals."""
    change(path, "DELETE FROM stored_events WHERE rowid = 3")
    assert salvage(path, path.with_name("saved.db")).sound_up_to == 2
    assert check_log(path.with_name("saved.db")).sound
    assert [seal.position for seal in seals_of(path.with_name("saved.db"))] == [2]


def test_a_long_old_log_is_sealed_in_parts(path, monkeypatch):
    """So that a damage is found to be near a place."""
    monkeypatch.setattr(hash_chain, "SEALED_AT_ONCE", 3)
    events = check_log(path).events
    salvage(path, path.with_name("saved.db"))
    assert [seal.position for seal in seals_of(path.with_name("saved.db"))] == [*range(3, events, 3), events]
