"""`syncengine backup`: a copy that can take the place of the log."""

import asyncio
import sqlite3

import pytest

from syncengine.adapters.event_log import open_log


def events_in(path):
    """How many events a log holds."""

    async def count():
        async with open_log(path, read_only=True) as log:
            return log.views.counts().events

    return asyncio.run(count())


def test_a_copy_is_a_whole_log(home):
    """One file; put in the log's place, the next pass has nothing to do."""
    home.run("run", "--once")
    target = home.folder / "copy.db"
    done = home.run("backup", str(target))
    assert done.exit_code == 0, done.stderr
    assert f"with {events_in(home.log)} events to {target}" in done.stdout
    assert sorted(it.name for it in home.folder.glob("copy*")) == ["copy.db"]
    for leftover in home.folder.glob("log.db*"):
        leftover.unlink()
    target.rename(home.log)
    assert "new or changed: 0; writes: none" in home.run("run", "--once").stdout


async def test_a_log_that_is_being_written_is_copied_too(home):
    """Nobody has to stop for it."""
    await asyncio.to_thread(home.run, "run", "--once")
    async with open_log(home.log) as log:
        await log.note_rules("held open")
        done = await asyncio.to_thread(home.run, "backup", str(home.folder / "copy.db"))
    assert done.exit_code == 0, done.stderr
    with sqlite3.connect(home.folder / "copy.db") as copy:
        assert copy.execute("SELECT value FROM log_facts WHERE name = 'rules'").fetchone() == ("held open",)
    copy.close()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("there.db", "is there already and is not written over; give another name"),
        ("nowhere/copy.db", "does not exist; make it or give another path"),
    ],
)
def test_a_place_that_cannot_be_used_is_named(home, target, said):
    """Nothing is written over, and nothing half made stays behind."""
    home.run("run", "--once")
    (home.folder / "there.db").write_text("precious")
    done = home.run("backup", str(home.folder / target))
    assert (done.exit_code, said in done.stderr) == (4, True), done.stderr
    assert (home.folder / "there.db").read_text() == "precious"
    assert list(home.folder.glob("*.unfinished")) == []


def test_no_log_to_copy(home):
    """None is made by asking for a copy."""
    done = home.run("backup", str(home.folder / "copy.db"))
    assert done.exit_code == 4
    assert "there is no event log at" in done.stderr
    assert not home.log.exists()


def test_a_damaged_log_is_not_copied_as_if_it_were_sound(home):
    """The message names the log; no copy is left that somebody could trust."""
    home.run("run", "--once")
    with home.log.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x00" * 8192)
    done = home.run("backup", str(home.folder / "copy.db"))
    assert done.exit_code == 4, done.stdout
    assert "log.db" in done.stderr
    assert list(home.folder.glob("copy*")) == []
