"""A log in a PostgreSQL database: what is different there. What is the same in every log is tested for all of them."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_check import check_log
from syncengine.adapters.log_file import LOG_FORMAT
from syncengine.adapters.log_place import PostgresPlace, place_of, require_postgres
from syncengine.adapters.postgres.connection import connect, write_transaction
from syncengine.adapters.postgres.dialect import in_postgres
from syncengine.adapters.postgres.texts import as_it_was, kept
from syncengine.adapters.view_schema import TABLES
from syncengine.errors import (
    AnotherWriter,
    EventLogError,
    EventUnreadable,
    LeaseLost,
    LogDamaged,
    LogMisconfigured,
    LogUnavailable,
    NewerEvent,
)
from syncengine.redaction import Secret, redact
from tests.fixtures.postgres_server import postgres_server
from tests.unit.adapters.behind_the_log import change, row_of, view_rows
from tests.unit.adapters.sample_events import HULY, LINK, OTHER_LINK, confirmed, intended, observed, to_link

CHILD = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_place import place_of
from syncengine.errors import EventLogError
from tests.unit.adapters.sample_events import observed, to_link

def said(text):
    print(text, flush=True)

async def main():
    place = place_of(sys.argv[1], lease_s=float(sys.argv[2]))
    async with open_log(place, command="syncengine run") as log:
        said("opened")
        for number, line in enumerate(sys.stdin):
            try:
                await log.append(to_link(observed(), link=UUID(int=number)), caused_by="child")
                said("stored")
            except EventLogError as error:
                said(type(error).__name__)

asyncio.run(main())
"""


@pytest.fixture
def place(postgres_place):
    return postgres_place


def other_schema_of(place, **changes):
    """The same place, said otherwise."""
    return evolve(place, **changes)


def with_options(place, options):
    """The same log, with these options for its sessions."""
    return evolve(place, url=Secret(place.url.reveal() + options))


class Child:
    """A process that writes the log when it is told to."""

    def __init__(self, place):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, place.url.reveal(), str(place.lease_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "opened\n"

    def append(self):
        self.tell()
        return self.answer()

    def tell(self):
        self.process.stdin.write("append\n")
        self.process.stdin.flush()

    def answer(self):
        return self.process.stdout.readline().strip()

    def send(self, number):
        os.kill(self.process.pid, number)

    def end(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def child(place):
    """A process that writes the log, and is taken for gone after two silent seconds."""
    child = Child(evolve(place, lease_s=2))
    yield child
    child.end()


async def opened_as_soon_as_free(place, stack_of_errors):
    """The log, once nobody else holds it."""
    while True:
        try:
            opening = open_log(place, command="successor")
            return opening, await opening.__aenter__()
        except AnotherWriter as error:
            stack_of_errors.append(error)
            await asyncio.sleep(0.05)


async def test_a_killed_holder_is_followed_when_its_lease_has_run_out(place, child):
    """Not before: nobody can ask whether it is only slow. What it stored is there."""
    assert child.append() == "stored"
    child.send(signal.SIGKILL)
    child.process.wait()
    held = row_of(place)
    refusals = []
    opening, log = await opened_as_soon_as_free(place, refusals)
    try:
        assert f"is being written by process {child.process.pid} on " in str(refusals[0])
        assert f"wait until {held.expires_at:%H:%M:%S} UTC" in str(refusals[0])
        assert row_of(place).renewed_at >= held.expires_at
        assert (log.lease.epoch, log.max_position()) == (held.epoch + 1, 1)
        await log.append(to_link(observed(), link=OTHER_LINK), caused_by="successor")
    finally:
        await opening.__aexit__(None, None, None)
    assert check_log(place).sound


async def test_a_paused_process_that_wakes_up_appends_nothing(place, child):
    """Its lease ran out meanwhile, and somebody else has taken it."""
    assert child.append() == "stored"
    child.send(signal.SIGSTOP)
    opening, log = await opened_as_soon_as_free(place, [])
    try:
        child.tell()
        await log.append(to_link(observed()), caused_by="successor")
        child.send(signal.SIGCONT)
        assert child.answer() == "LeaseLost"
        assert [it.caused_by for it in log.all_events()] == ["child", "successor"]
    finally:
        await opening.__aexit__(None, None, None)


async def test_a_holder_that_is_idle_keeps_its_lease(place):
    """It renews the lease without anything to write, so that nobody takes it for gone."""
    async with open_log(evolve(place, lease_s=1.5)) as log:
        first = row_of(place)
        while row_of(place).renewed_at < first.expires_at:
            await asyncio.sleep(0.05)
        assert log.lease.check()
        with pytest.raises(AnotherWriter):
            async with open_log(place):
                pass


async def test_the_lease_runs_by_the_clock_of_the_server(place):
    """The clocks of two computers differ; that of the server is one."""
    async with open_log(place, now=lambda: datetime(1999, 1, 1, tzinfo=UTC)) as log:
        row = row_of(place)
        assert row.expires_at - row.renewed_at == timedelta(seconds=place.lease_s)
        assert abs(row.renewed_at - datetime.now(UTC)) < timedelta(minutes=5)
        assert log.writer() == log.lease.holder


async def test_a_process_paused_in_a_transaction_does_not_keep_its_successor_waiting(place):
    """The server ends what is silent in the middle of a transaction, before the lease ends."""
    short = evolve(place, lease_s=1.5)
    async with open_log(short) as log:
        with closing(connect(short)) as paused:
            assert paused.execute("SHOW idle_in_transaction_session_timeout").fetchall() == [("1s",)]
            with pytest.raises(psycopg.Error), write_transaction(paused) as cursor:
                pid = paused.info.backend_pid
                while log._reader.rows("SELECT pid FROM pg_stat_activity WHERE pid = ?", (pid,)):
                    await asyncio.sleep(0.05)
                cursor.execute("SELECT 1")
            await log.append(to_link(observed()), caused_by="x")


def test_one_transaction_writes_at_a_time(place):
    """What it reads stays true until it is committed; another one waits, and reads as usual meanwhile."""
    with closing(connect(place)) as first, closing(connect(place)) as second:
        second.execute("SET lock_timeout = '50ms'")
        with write_transaction(first):
            assert second.execute("SELECT 1").fetchall() == [(1,)]
            with pytest.raises(psycopg.errors.LockNotAvailable), write_transaction(second):
                pytest.fail("two of them write")
        with write_transaction(second) as cursor:
            assert cursor.execute("SELECT 1").fetchall() == [(1,)]


async def test_positions_are_those_of_a_file(place, tmp_path):
    """The same events have the same seals in every kind of log, so one can be told from the other by nothing."""
    seals = []
    for where in (place, tmp_path / "log.db"):
        async with open_log(where, now=lambda: datetime(2025, 1, 1, tzinfo=UTC)) as log:
            await log.append(to_link(observed(), intended("i1")), caused_by="x")
            with pytest.raises(EventLogError):
                await log.append(to_link(observed()), caused_by="x")
            await log.append(to_link(confirmed("i1"), after=2), caused_by="x")
            seals.append(log._reader.rows("SELECT position, epoch, digest FROM log_chain ORDER BY position"))
    assert seals[0] == seals[1]
    assert [position for position, _, _ in seals[0]] == [2, 3]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\ufdd00000", "plain", "\x00", "ü\udfff"])
async def test_texts_that_the_database_does_not_take_come_back_as_they_were(place, text):
    """Remote texts may hold anything; in the views as well as in the events."""
    ref = evolve(HULY, record_id=f"id {text}")
    async with open_log(place) as log:
        await log.append(to_link(observed(ref, label=text, revision=text)), caused_by=text)
        known = log.views.known_record(ref)
        assert (known.ref, known.label, known.revision) == (ref, text, text)
        assert [it.ref for it in log.views.find(text)] == [ref]
        (recorded,) = await log.load(LINK)
        assert (recorded.event.label, recorded.caused_by) == (text, text)
    assert check_log(place).sound


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_can_be_kept(text):
    """And different ones stay different."""
    stored = kept(text)
    stored.encode()
    assert "\x00" not in stored
    assert as_it_was(stored) == text


def test_a_log_shares_a_database_with_others_in_a_schema_of_its_own(postgres, place, tmp_path):
    """The search path in the URL says which."""
    other = postgres.new_place(tmp_path)

    async def both():
        async with open_log(place) as log, open_log(other) as second:
            await log.append(to_link(observed()), caused_by="x")
            return log.max_position(), second.max_position()

    assert asyncio.run(both()) == (1, 0)


async def test_a_schema_that_is_not_there_is_named(place):
    """A misspelt one makes no log somewhere else."""
    with pytest.raises(LogMisconfigured, match="has no schema to be in; make the one that its search_path names"):
        async with open_log(with_options(place, "_misspelt")):
            pass


async def test_tables_of_another_program_are_left_alone(place):
    """A table of the same name is no log."""
    change(place, "CREATE TABLE heartbeat (beats TEXT)")
    for read_only in (False, True):
        with pytest.raises(LogMisconfigured, match=r"holds tables of another program \(heartbeat\); give the event log"):
            async with open_log(place, read_only=read_only):
                pass
    change(place, "DROP TABLE heartbeat")
    async with open_log(place):
        pass


async def test_there_must_be_a_log_to_look_at(place):
    """Looking makes none."""
    with pytest.raises(LogMisconfigured, match="there is no event log in .* yet; run a sync first"):
        async with open_log(place, read_only=True):
            pass


async def test_a_log_of_a_newer_version_is_refused(place):
    """For writing and for reading."""
    async with open_log(place):
        pass
    change(place, f"UPDATE log_facts SET value = '{LOG_FORMAT + 1}' WHERE name = 'log_format'")
    for read_only in (False, True):
        with pytest.raises(NewerEvent, match="was written by a newer version .*upgrade"):
            async with open_log(place, read_only=read_only):
                pass


async def test_a_database_that_would_lose_commits_is_refused(place):
    """Also when only this user is set up like that."""
    careless = evolve(place, url=Secret(place.url.reveal().replace("options=", "options=-csynchronous_commit%3Doff%20")))
    for read_only in (False, True):
        with pytest.raises(LogMisconfigured, match=r"would lose events in a power cut \(synchronous_commit=off\); set it"):
            async with open_log(careless, read_only=read_only):
                pass


async def test_a_database_in_another_encoding_is_refused(postgres, tmp_path):
    """It could not hold every text."""
    name = postgres.new_name("latin")
    postgres.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1")
    with pytest.raises(LogMisconfigured, match="needs a database in UTF-8"):
        async with open_log(place_of(postgres.url(name), folder=tmp_path)):
            pass


async def test_somebody_who_may_only_read_can_look_and_verify(postgres, place):
    """`status` and `verify` need no right to write."""
    async with open_log(place) as log:
        await log.append(to_link(observed()), caused_by="x")
    user, schema = postgres.new_name("reader"), place.url.reveal().partition("search_path%3D")[2]
    postgres.run(
        f"CREATE ROLE {user} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {user}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {user}",
    )
    reading = evolve(place, url=Secret(postgres.url(user=user, schema=schema)))
    async with open_log(reading, read_only=True) as log:
        assert log.views.counts().events == 1
    assert check_log(reading).sound
    with pytest.raises(LogMisconfigured, match="does not let this user do that"):
        async with open_log(reading):
            pass


@pytest.mark.parametrize("damage", ["state = '{}'", "topic = 'link.closed'", "originator_version = 7"])
async def test_damage_is_found_and_named(place, damage):
    """By `verify`, by whoever wants to write it, and by whoever looks at it."""
    async with open_log(place) as log:
        await log.append(to_link(observed()), caused_by="x")
        await log.append(to_link(intended("i1"), after=1), caused_by="x")
    change(place, f"UPDATE stored_events SET {damage} WHERE rowid = 2")
    report = check_log(place)
    assert (report.sound, report.sound_up_to) == (False, 1)
    for read_only in (False, True):
        with pytest.raises((LogDamaged, EventUnreadable)):
            async with open_log(place, read_only=read_only):
                pass
    assert row_of(place).expires_at is None  # nobody has to wait for the one who could not use it


async def test_a_missing_event_is_found(place):
    """As a gap."""
    async with open_log(place) as log:
        for number in range(3):
            await log.append(to_link(observed(), after=number), caused_by="x")
    change(place, "DELETE FROM stored_events WHERE rowid = 2")
    report = check_log(place)
    assert ([it.check for it in report.troubles], report.sound_up_to) == (["positions"], 1)


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM view_records", "DROP TABLE view_parked", "ALTER TABLE view_records RENAME COLUMN label TO labels"],
)
async def test_views_that_say_something_else_are_found_and_made_anew(place, damage):
    """Nothing is lost."""
    async with open_log(place) as log:
        await log.append(to_link(observed()), caused_by="x")
    before = view_rows(place)
    change(place, damage)
    assert check_log(place).only_views
    async with open_log(place):
        pass
    assert view_rows(place) == before
    assert check_log(place).sound


async def test_a_changed_table_beside_the_events_is_found(place):
    """A renamed column is damage, too."""
    async with open_log(place):
        pass
    change(place, "ALTER TABLE heartbeat RENAME COLUMN skipped TO left_out")
    (finding,) = check_log(place).troubles
    assert finding.told == "the columns of heartbeat are not those that were made"


async def test_a_server_that_goes_away_and_comes_back_is_used_again(tmp_path):
    """What could not be stored says so; nothing has to be started anew."""
    with postgres_server() as server:
        place = server.new_place(tmp_path)
        async with open_log(place) as log:
            await log.append(to_link(observed()), caused_by="before")
            server.stop()
            with pytest.raises(LogUnavailable):
                await log.append(to_link(observed(), link=OTHER_LINK), caused_by="meanwhile")
            with pytest.raises(LogUnavailable):
                log.max_position()
            assert log.lease.check()  # nobody knows better
            server.start()
            await log.append(to_link(intended("i1"), after=1), caused_by="after")
            assert [it.caused_by for it in log.all_events()] == ["before", "after"]
        assert check_log(place).sound


async def test_a_server_that_is_not_there_is_named(tmp_path):
    """Without the password."""
    place = place_of(f"postgresql://me:s3cret-word@/db?host={tmp_path}")
    with pytest.raises(LogUnavailable, match=r"^the event log postgresql:///db cannot be reached; .*") as refused:
        async with open_log(place):
            pass
    assert "s3cret-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("user", "name", "told"),
    [
        ("postgres", "nowhere", "does not exist; make it with `createdb`"),
        ("nobody_at_all", "postgres", "refuses us; check the user and the password"),
        ("keyholder", "postgres", "refuses us; check the user and the password"),
    ],
)
async def test_a_refused_connection_says_what_to_do(postgres, user, name, told):
    """And does not look like an outage."""
    with pytest.raises(LogMisconfigured, match=told):
        async with open_log(place_of(postgres.url(name, user=user))):
            pass


async def test_a_password_is_used_and_never_shown(postgres, place):
    """It may stand in the URL or beside it; a wrong one is named by nobody."""
    schema = place.url.reveal().partition("search_path%3D")[2]
    postgres.run(
        "DROP ROLE IF EXISTS keyholder",
        "CREATE ROLE keyholder LOGIN SUPERUSER PASSWORD 'right-p@ssword'",
    )
    url = postgres.url(user="keyholder", schema=schema)
    beside = PostgresPlace(Secret(url), password=Secret("right-p@ssword"), notes=place.notes)
    inside = place_of(url.replace("keyholder@", "keyholder:right-p%40ssword@"))
    for right in (beside, inside):
        async with open_log(right) as log:
            assert "right-p" not in f"{log.path} {log.path!r} {log.lease.holder}"
    wrong = evolve(beside, password=Secret("wr0ng-password"))
    with pytest.raises(LogMisconfigured, match="refuses us") as refused:
        async with open_log(wrong):
            pass
    assert "wr0ng" not in str(refused.value)
    assert redact(inside.url.reveal()) == "***"


def test_a_url_that_cannot_be_read_is_not_shown():
    """It may hold a password in an unexpected place."""
    place = place_of("postgresql://me:hidden-word@host/db?no_such_option=1")
    with pytest.raises(LogMisconfigured, match="cannot be read; write it like postgresql://USER@HOST/NAME") as refused:
        check_log(place)
    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize("missing", ["psycopg", "psycopg_pool"])
async def test_without_the_extra_its_name_is_told(monkeypatch, missing):
    """The packages for PostgreSQL are not needed by those who have a file."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(LogMisconfigured, match=r"pip install 'eventsourced-syncengine\[postgres\]'"):
        require_postgres()
    with pytest.raises(LogMisconfigured, match="needs more packages"):
        async with open_log(place_of("postgresql://host/db")):
            pass


def test_importing_the_log_does_not_import_the_driver():
    """It is imported by whoever opens such a log."""
    code = "import sys, syncengine.runner.cli, syncengine.runner.bootstrap; assert 'psycopg' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_nothing_is_stored_past_the_writer(place):
    """The library's own ways to save would not ask for the lease."""
    async with open_log(place) as log:
        with pytest.raises(EventLogError, match="stored by the writer of the log"):
            log._database._recorder.insert_events([])


async def test_a_lease_that_cannot_be_taken_again_says_why(place):
    """Somebody has it and lives."""
    async with open_log(place) as log:
        change(place, "UPDATE log_lease SET epoch = epoch + 1")
        with pytest.raises(LeaseLost, match="is being written by .*; this process writes nothing until then"):
            log.lease.check()


def test_statements_are_put_into_the_words_of_the_database():
    """The few that differ."""
    assert in_postgres("SELECT rowid FROM stored_events WHERE topic LIKE 'link.%' AND rowid > ?") == (
        b"SELECT notification_id FROM stored_events WHERE topic LIKE 'link.%%' AND notification_id > %s"
    )
    assert in_postgres("SELECT 1 FROM view_parked ORDER BY rowid") == b"SELECT 1 FROM view_parked ORDER BY rowid"
    assert b"WITHOUT" not in in_postgres(TABLES["view_records"])
    assert b"digest BYTEA NOT NULL" in in_postgres(TABLES["view_records"])
    assert b"rowid BIGINT GENERATED ALWAYS AS IDENTITY, version BIGINT" not in in_postgres(TABLES["view_restless"])
    assert b"(rowid BIGINT GENERATED ALWAYS AS IDENTITY, place TEXT" in in_postgres(
        "CREATE TABLE view_x (place TEXT NOT NULL)"
    )
