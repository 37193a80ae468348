"""Whoever lost the lease stores nothing, whatever it believes: asked in every transaction, with real processes."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.adapters.lease import hold_lease, lease_holder
from syncengine.adapters.log_place import LEASE_TIME_S
from syncengine.errors import AnotherWriter, LeaseLost, Remedy
from tests.unit.adapters.behind_the_log import change, row_of, take_away
from tests.unit.adapters.sample_events import LINK, NOON, OTHER_LINK, observed, to_link

WRITER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from syncengine.adapters.event_log import open_log
from syncengine.errors import EventLogError
from tests.unit.adapters.sample_events import observed, to_link

def said(text):
    print(text, flush=True)

async def main():
    async with open_log(Path(sys.argv[1]), command="syncengine run") as log:
        said("opened")
        for number, line in enumerate(sys.stdin):
            try:
                if line == "append\\n":
                    await log.append(to_link(observed(), link=UUID(int=number)), caused_by="child")
                    said("stored")
                else:
                    said("held" if log.lease.check() else "back")
            except EventLogError as error:
                said(f"{type(error).__name__}: {error}")

asyncio.run(main())
"""


class Writer:
    """A process that does with the log what it is told."""

    def __init__(self, path):
        self.child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.child.stdout.readline() == "opened\n"

    def told(self, what):
        """What it answers."""
        self.tell(what)
        return self.answer()

    def tell(self, what):
        self.child.stdin.write(f"{what}\n")
        self.child.stdin.flush()

    def answer(self):
        return self.child.stdout.readline().rstrip("\n")

    def send(self, number):
        os.kill(self.child.pid, number)


@contextmanager
def writing(path):
    writer = Writer(path)
    try:
        yield writer
    finally:
        writer.child.kill()
        writer.child.communicate()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


async def test_a_paused_process_that_wakes_up_appends_nothing(path):
    """It was stopped, its lock file was removed, another took over and wrote; what it was told to do meanwhile is refused."""
    with writing(path) as paused:
        assert paused.told("append") == "stored"
        paused.send(signal.SIGSTOP)
        path.with_name("log.db.lock").unlink()
        async with open_log(path, command="the other one") as log:
            paused.tell("append")
            await log.append(to_link(observed()), caused_by="other")
            paused.send(signal.SIGCONT)

            since = log.lease.holder.since
            who = f"process {os.getpid()} on {log.lease.holder.host} since {since} (the other one)"
            lost = f"the event log {path} is being written by {who}; stop it or use another log; this process writes"
            assert paused.answer().startswith(f"LeaseLost: {lost}")
            assert paused.told("check").startswith(f"LeaseLost: {lost}")
            assert [it.caused_by for it in log.all_events()] == ["child", "other"]
            await log.append(to_link(observed(), link=OTHER_LINK), caused_by="other")

        # The other one has ended: the first one finds that out, reads everything anew, and goes on.
        assert "LeaseLost: " in paused.told("append")
        assert paused.told("check") == "back"
        assert paused.told("append") == "stored"
        assert paused.told("check") == "held"
    async with open_log(path, read_only=True) as log:
        assert [it.caused_by for it in log.all_events()] == ["child", "other", "other", "child"]


async def test_a_killed_holder_is_followed_at_once(path):
    """Its row is still in the log and has not run out; the lock of the operating system says that it is gone."""
    with writing(path) as killed:
        killed.send(signal.SIGKILL)
        killed.child.wait()
        row = row_of(path)
        assert (row.holder.pid, row.epoch) == (killed.child.pid, 1)
        assert row.expires_at is not None

        async with open_log(path) as log:
            assert log.lease.epoch == row_of(path).epoch == 2


async def test_every_kind_of_write_asks_for_the_epoch(place):
    """Events, notes beside them, signs of life, views made anew, and the probe."""
    async with open_log(place, now=lambda: NOON) as log:
        take_away(place)
        for write in (
            log.append(to_link(observed()), caused_by="x"),
            log.mark_quiet({LINK: 1}),
            log.note_rules("mark"),
            log.probe(),
            log.rebuild_views(),
            log.heartbeat.note_skipped(),
            log.heartbeat.note_pass(sync_id="1", started_at=NOON, finished_at=NOON, summary={}),
        ):
            with pytest.raises(LeaseLost, match=r"written by process .* \(somebody else\)") as lost:
                await write
            assert lost.value.remedy is Remedy.RETRY_LATER
        assert log.max_position() == 0
        assert log.heartbeat.skipped() == 0


async def test_nothing_is_sent_by_a_holder_that_was_overtaken(place):
    """What it was about to send may have been settled by somebody else; asked when it is the call's turn."""
    async with open_log(place) as log, open_log(place, read_only=True) as looking:
        log.require_lease()
        take_away(place)
        with pytest.raises(
            LeaseLost, match=f"somebody else took the event log {re.escape(str(place))} meanwhile; nothing is sent any more"
        ):
            log.require_lease()
        looking.require_lease()


async def test_a_lease_that_was_given_back_meanwhile_is_taken_again(place):
    """Nobody writes any more, but somebody did: whoever held it before starts from what is stored."""
    async with open_log(place) as log:
        epoch = take_away(place)
        change(place, "UPDATE log_lease SET expires_at = NULL")
        with pytest.raises(LeaseLost, match=r"written meanwhile by .*\(somebody else\); the next pass reads it anew"):
            await log.append(to_link(observed()), caused_by="x")
        assert not log.lease.check()
        assert log.lease.epoch == epoch + 1
        await log.append(to_link(observed()), caused_by="x")
        assert log.lease.check()


async def test_who_holds_the_lock_takes_back_an_epoch_that_somebody_without_it_took(path):
    """Two processes that raced for the lock file end with one writer: the one that has the file."""
    async with open_log(path) as log:
        epoch = take_away(path)
        assert not log.lease.check()
        assert row_of(path).epoch == log.lease.epoch == epoch + 1
        await log.append(to_link(observed()), caused_by="x")


async def test_a_taking_that_was_not_committed_does_not_count(path):
    """Its number may be somebody else's next."""
    async with open_log(path) as log, open_log(path.with_name("copy.db")) as other:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            log.lease.enter(connection.cursor())
            connection.rollback()
        assert log.lease.epoch == 1
        take_away(path)
        with pytest.raises(LeaseLost):
            await log.append(to_link(observed()), caused_by="x")
        await other.append(to_link(observed()), caused_by="x")


async def test_the_lease_is_renewed_by_whatever_is_written(path):
    """Not by every write, but often enough that nobody takes the holder for gone."""
    now = NOON
    async with open_log(path, now=lambda: now) as log:
        await log.probe()
        assert (row_of(path).renewed_at, row_of(path).expires_at) == (NOON, NOON + timedelta(seconds=LEASE_TIME_S))
        now += timedelta(seconds=LEASE_TIME_S / 3)
        await log.probe()
        assert row_of(path).renewed_at == now
        now -= timedelta(days=1)  # the clock was set
        await log.probe()
        assert row_of(path).expires_at == now + timedelta(seconds=LEASE_TIME_S)


async def test_a_lease_is_given_back_at_the_end(place):
    """And says who had it last."""
    async with open_log(place, command="me") as log:
        assert row_of(place).expires_at is not None
        pid = log.lease.holder.pid
    assert (row_of(place).expires_at, row_of(place).holder.pid, row_of(place).holder.command) == (None, pid, "me")


async def test_a_loser_gives_nothing_back(path):
    """The lease of whoever came after it stays as it is."""
    async with open_log(path):
        take_away(path)
    assert row_of(path).expires_at is not None


async def test_a_log_without_its_lease_row_is_not_written(place):
    """Somebody took the row out; nobody knows who may write."""
    async with open_log(place) as log:
        change(place, "DELETE FROM log_lease")
        with pytest.raises(LeaseLost, match="does not know its lease any more"):
            await log.append(to_link(observed()), caused_by="x")


async def test_a_lease_that_cannot_be_taken_again_says_why(path, monkeypatch):
    """The lock is free, but the log cannot be written: not ours until it can."""
    async with open_log(path) as log:
        take_away(path)
        monkeypatch.setattr("syncengine.adapters.log_file.BUSY_TIMEOUT_S", 0.0)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with pytest.raises(LeaseLost, match="cannot be taken again: the event log .* is locked by another program"):
                log.lease.check()
        assert not log.lease.check()


async def test_a_log_that_cannot_be_read_does_not_look_like_a_lost_lease(path):
    """Whoever reads it next says what is wrong with it."""
    async with open_log(path) as log:
        path.rename(path.with_name("away.db"))
        assert log.lease.check()
        path.with_name("away.db").rename(path)


async def test_another_name_of_the_log_has_the_same_lock(path):
    """A link would be a second door."""
    path.with_name("link.db").symlink_to(path)
    async with open_log(path):
        assert lease_holder(path.with_name("link.db")).pid == os.getpid()
        with pytest.raises(AnotherWriter):
            async with open_log(path.with_name("link.db")):
                pass


async def test_a_changed_folder_leads_to_no_other_lock(tmp_path, monkeypatch):
    """A relative path means what it meant when the log was opened."""
    monkeypatch.chdir(tmp_path)
    with hold_lease(tmp_path.joinpath("log.db").relative_to(tmp_path)) as lease:
        monkeypatch.chdir("/")
        assert lease.check()
    assert [it.name for it in tmp_path.iterdir()] == ["log.db.lock"]
