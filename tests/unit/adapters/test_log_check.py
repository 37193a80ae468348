"""What `syncengine verify` and start-up find in a log that something else has changed."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from syncengine.adapters import log_check
from syncengine.adapters.event_log import open_log
from syncengine.adapters.hash_chain import seal_of
from syncengine.adapters.log_check import check_log, require_sound, require_sound_tail
from syncengine.adapters.log_report import CHECKS
from syncengine.adapters.stored_rows import AFTER
from syncengine.errors import EventLogError, EventUnreadable, LogDamaged, NewerEvent, UnknownEvent
from tests.unit.adapters.damaged_logs import change, reseal, seals_of, view_rows
from tests.unit.adapters.sample_events import LINK, NOON, OTHER_LINK, confirmed, intended, observed, to_link

EVENTS = 8
OTHER_STATE = "state = CAST(replace(state, 'huly', 'HULY') AS BLOB)"


@pytest.fixture
async def path(tmp_path):
    """Five transactions; the seals stand at positions 2, 3, 4, 6 and 8."""
    path = tmp_path / "log.db"
    async with open_log(path, now=lambda: NOON) as log:
        await log.append(to_link(observed(), intended("i1", "i2")), caused_by="pass 1")
        await log.append(to_link(confirmed("i1"), after=2), caused_by="pass 1")
        await log.append(to_link(confirmed("i2"), after=3), caused_by="pass 1")
        await log.append(to_link(observed(), intended("j1"), link=OTHER_LINK), caused_by="pass 2")
        await log.append(to_link(observed(label="x"), observed(label="y"), after=4), caused_by="pass 2")
    return path


def wrong(report):
    return [finding.check for finding in report.troubles]


def test_a_sound_log_is_sound_in_every_respect(path):
    """And says what was looked at."""
    report = check_log(path)
    assert (report.events, report.sound_up_to, report.log_format) == (EVENTS, EVENTS, 2)
    assert {finding.check: finding.told for finding in report.findings} == CHECKS
    assert report.sound
    assert require_sound(path)


async def test_a_new_log_is_sound(tmp_path):
    """With nothing in it."""
    async with open_log(tmp_path / "log.db"):
        assert check_log(tmp_path / "log.db").sound


async def test_a_log_is_checked_while_it_is_written(path):
    """As it was at one moment."""
    async with open_log(path) as log:
        for number in range(20):
            append = log.append(to_link(observed(label=str(number)), after=6 + number), caused_by="x")
            _, report = await asyncio.gather(append, asyncio.to_thread(check_log, path))
            assert report.sound, report.troubles


def test_every_transaction_has_a_seal_that_knows_the_epoch(path):
    """Of the taking of the lease by which it was stored."""
    assert [seal.position for seal in seals_of(path)] == [2, 3, 4, 6, 8]
    assert {seal.epoch for seal in seals_of(path)} == {1}
    assert len({seal.digest for seal in seals_of(path)}) == 5


async def test_appends_that_share_a_transaction_share_a_seal(path):
    """One that fails among them leaves nothing behind, not even in the seal."""
    async with open_log(path) as log:
        good = [log.append(to_link(observed(), link=type(LINK)(int=number)), caused_by="x") for number in range(5)]
        bad = log.append(to_link(observed()), caused_by="x")
        results = await asyncio.gather(*good, bad, return_exceptions=True)
    assert [it is None for it in results] == [True] * 5 + [False]
    assert (seals_of(path)[-1].position, seals_of(path)[-1].epoch) == (EVENTS + 5, 2)
    assert check_log(path).sound


SEALED_WRONG = {
    "an event was changed": (f"UPDATE stored_events SET {OTHER_STATE} WHERE rowid = 5", "chain", 4),
    "a name was changed": ("UPDATE stored_events SET topic = 'link.closed' WHERE rowid = 7", "chain", 6),
    "an event is missing": ("DELETE FROM stored_events WHERE rowid = 3", "positions", 2),
    "the last events are missing": ("DELETE FROM stored_events WHERE rowid > 6", "positions", 6),
    "everything is missing": ("DELETE FROM stored_events", "positions", 0),
    "an event was added": (
        "INSERT INTO stored_events SELECT 'ff' || originator_id, 1, topic, state FROM stored_events WHERE rowid = 1",
        "chain",
        8,
    ),
    "a version was skipped": (f"UPDATE stored_events SET originator_version = 9 WHERE rowid = {EVENTS}", "versions", 6),
    "a stream was renamed": ("UPDATE stored_events SET originator_id = 'abc' WHERE rowid = 1", "versions", 0),
    "an event holds a text": ("UPDATE stored_events SET state = CAST(state AS TEXT) WHERE rowid = 1", "decoding", 0),
    "an event holds nothing": ("UPDATE stored_events SET state = NULL WHERE rowid = 4", "decoding", 3),
    "a seal was changed": ("UPDATE log_chain SET digest = zeroblob(32) WHERE position = 4", "chain", 3),
    "a seal is no digest": ("UPDATE log_chain SET digest = 'ok' WHERE position = 4", "chain", 3),
    "a seal is missing": ("DELETE FROM log_chain WHERE position = 4", "chain", 3),
    "the last seal is missing": ("DELETE FROM log_chain WHERE position = 8", "chain", 6),
    "there are no seals": ("DELETE FROM log_chain", "chain", 0),
    "a seal too many": ("INSERT INTO log_chain VALUES (9, 1, x'00')", "positions", 8),
    "another epoch": ("UPDATE log_chain SET epoch = 2 WHERE position = 8", "chain", 6),
    "an epoch that falls": ("UPDATE log_chain SET epoch = 0 WHERE position = 8", "chain", 6),
}


@pytest.mark.parametrize(("statement", "check", "sound_up_to"), SEALED_WRONG.values(), ids=SEALED_WRONG)
async def test_what_is_not_as_it_was_stored_is_found(path, statement, check, sound_up_to):
    """By `verify`, with what can still be used; and nobody writes on such a log."""
    change(path, statement)

    report = check_log(path)
    assert check in wrong(report)
    assert report.sound_up_to == sound_up_to
    with pytest.raises(LogDamaged, match=rf"{path} is damaged; restore it from a backup") as refused:
        async with open_log(path):
            pass
    assert refused.value.sound_up_to == sound_up_to
    assert (f"save its events up to {sound_up_to} with `syncengine salvage`" in str(refused.value)) == bool(sound_up_to)
    assert check_log(path) == report


def test_a_transaction_that_was_replaced_together_with_its_seal_is_found(path):
    """It fits the seal before it; the next one was made for another story."""
    change(path, f"UPDATE stored_events SET {OTHER_STATE} WHERE rowid = 5")
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"{AFTER} LIMIT 2", (4,)).fetchall()
        new = seal_of(seals_of(path)[2], 1, rows)
        connection.execute("UPDATE log_chain SET digest = ? WHERE position = 6", (new.digest,))
        connection.commit()
    report = check_log(path)
    assert wrong(report) == ["chain"]
    assert report.troubles[0].told == "the events 7 to 8 are not as they were stored"


@pytest.mark.parametrize(("statement", "check", "sound_up_to"), SEALED_WRONG.values(), ids=SEALED_WRONG)
async def test_the_last_part_of_a_long_log_is_looked_at_whenever_it_is_opened(
    path, monkeypatch, statement, check, sound_up_to
):
    """For writing and for reading; here the tail is everything after position 3."""
    monkeypatch.setattr(log_check, "SHORT", 0)
    monkeypatch.setattr(log_check, "TAIL_EVENTS", 0)
    change(path, statement)
    if sound_up_to >= 4 or statement == "DELETE FROM stored_events" or statement == "DELETE FROM log_chain":
        for read_only in (False, True):
            with pytest.raises(LogDamaged) as refused:
                async with open_log(path, read_only=read_only):
                    pass
            assert refused.value.sound_up_to == sound_up_to
    assert not check_log(path).sound


async def test_a_long_log_is_not_read_as_a_whole_when_it_is_opened(path, monkeypatch):
    """What lies before its last part is for `verify`."""
    monkeypatch.setattr(log_check, "SHORT", 0)
    monkeypatch.setattr(log_check, "TAIL_EVENTS", 0)
    change(path, f"UPDATE stored_events SET {OTHER_STATE} WHERE rowid = 1")
    async with open_log(path):
        pass
    assert check_log(path).sound_up_to == 0
    monkeypatch.setattr(log_check, "TAIL_EVENTS", EVENTS)
    with pytest.raises(LogDamaged):
        require_sound_tail(path)


async def test_the_tail_of_a_long_log_is_found_as_the_log_finds_it(path, monkeypatch):
    """Through the index: a stream with a gap before the tail is no sound one."""
    monkeypatch.setattr(log_check, "SHORT", 0)
    monkeypatch.setattr(log_check, "TAIL_EVENTS", 0)
    change(path, "UPDATE stored_events SET originator_version = 77 WHERE rowid = 4")
    monkeypatch.setattr(log_check, "TAIL", 1)
    with pytest.raises(LogDamaged, match="event 7 is not the next of its stream"):
        require_sound_tail(path)


async def test_a_log_that_loses_its_end_while_it_is_open_is_not_written_on(path):
    """Somebody put an older copy under it, or deleted rows."""
    async with open_log(path) as log:
        change(path, "DELETE FROM stored_events WHERE rowid > 6")
        with pytest.raises(LogDamaged, match="its last event is 6, but 8 by its last seal"):
            await log.append(to_link(observed(label="z"), after=6), caused_by="x")


NOT_UNDERSTOOD = {
    "an unknown kind": ("topic = 'link.teleported'", UnknownEvent, "cannot be read: event 4 .*upgrade"),
    "a newer version": (
        "state = CAST(replace(state, '\"v\":1', '\"v\":9') AS BLOB)",
        NewerEvent,
        "cannot be read: event 4",
    ),
    "no event at all": ("state = CAST('{' AS BLOB)", EventUnreadable, r"is damaged; restore it from a backup \(event 4"),
}


@pytest.mark.parametrize(("values", "error", "told"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
async def test_an_event_that_was_stored_so_and_is_not_understood_is_named(path, values, error, told):
    """It is no damage: another version stored it, and can read it."""
    reseal(path, f"UPDATE stored_events SET {values} WHERE rowid = 4")

    report = check_log(path)
    assert wrong(report) == ["decoding"]
    assert isinstance(report.error, error)
    for read_only in (False, True):
        with pytest.raises(error, match=told):
            async with open_log(path, read_only=read_only):
                pass


VIEWS_WRONG = (
    "UPDATE view_records SET digest = x'00'",
    "DELETE FROM view_records",
    "DELETE FROM view_open_writes",
    "UPDATE view_open_writes SET attempts = 7",
    "DELETE FROM view_decisions",
    "INSERT INTO view_paused VALUES ('huly', 'because', 'now')",
    "UPDATE view_progress SET position = position - 1",
    "UPDATE view_restless SET version = version - 1",
    "DROP TABLE view_cursors",
    "ALTER TABLE view_paused RENAME COLUMN reason TO treason",
)


@pytest.mark.parametrize("statement", VIEWS_WRONG)
async def test_views_that_say_something_else_are_found_and_made_anew(path, statement, caplog):
    """The events are what counts: start-up makes the tables beside them again, and says so."""
    right = view_rows(path)
    change(path, statement)

    report = check_log(path)
    assert wrong(report) == ["views"]
    assert report.sound_up_to == EVENTS
    assert report.only_views
    assert not require_sound(path)
    async with open_log(path):
        pass
    assert f"the tables beside the events in {path} were damaged and are made anew" in caplog.text
    assert view_rows(path) == right
    assert check_log(path).sound


async def test_links_that_need_nothing_are_no_damage(path):
    """What was noted beside the events is not in the events."""
    async with open_log(path) as log:
        await log.mark_quiet({LINK: 6})
    assert view_rows(path)["view_restless"] == [(OTHER_LINK.hex, 2)]
    assert check_log(path).sound


async def test_the_links_of_the_last_transactions_are_looked_at_again_after_a_start(path):
    """The notes that they moved may be on a page that never reached the disk, and nothing else would tell."""
    async with open_log(path) as log:
        await log.mark_quiet({LINK: 6, OTHER_LINK: 2})
        killed = path.with_name("killed.db")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(killed)) as copy:
            source.backup(copy)
    async with open_log(path):
        assert view_rows(path)["view_restless"] == [], "the last holder left everything in order"

    for name in ("lost page", "killed"):
        if name == "lost page":
            change(path, "UPDATE log_facts SET value = 'of other notes' WHERE name = 'notes'")
        async with open_log(killed if name == "killed" else path) as log:
            assert sorted(view_rows(log.path)["view_restless"]) == sorted([(LINK.hex, 6), (OTHER_LINK.hex, 2)])
            for number in range(3):
                await log.append(to_link(observed(label=str(number)), after=2 + number, link=OTHER_LINK), caused_by="x")
            await log.mark_quiet({LINK: 6, OTHER_LINK: 5})
    change(path, "DELETE FROM log_facts WHERE name = 'notes'")
    async with open_log(path):
        assert view_rows(path)["view_restless"] == [(OTHER_LINK.hex, 5)]
    assert check_log(path).sound


async def test_views_of_another_version_are_no_damage(path):
    """They are made anew by whoever writes next."""
    change(path, "UPDATE log_facts SET value = '1' WHERE name = 'views_version'", "DROP TABLE view_parked")
    assert check_log(path).sound


async def test_events_that_contradict_each_other_are_found(path):
    """As another program might have stored them: a link with two open decisions."""
    decision = "(SELECT {0} FROM stored_events AS other WHERE other.rowid = 2)"
    columns = ", ".join(f"{name} = {decision.format(name)}" for name in ("topic", "state"))
    reseal(path, f"UPDATE stored_events SET {columns} WHERE rowid IN (7, 8)")
    report = check_log(path)
    assert wrong(report) == ["views"]
    assert "contradict each other" in report.troubles[0].told
    with pytest.raises(EventLogError, match="UNIQUE"):
        async with open_log(path):
            pass


async def test_a_table_whose_columns_were_renamed_is_found(path):
    """A byte in the description of the tables; nothing else would show it before the table is used."""
    change(path, "ALTER TABLE log_lease RENAME COLUMN since TO sinde")
    assert check_log(path).told == "the columns of log_lease are not those that were made"
    with pytest.raises(LogDamaged, match="the columns of log_lease"):
        async with open_log(path):
            pass


async def test_a_note_that_is_no_text_any_more_is_found(path):
    """Whoever needs it next could not read it."""
    change(path, "UPDATE log_facts SET value = CAST(x'ff' AS TEXT) WHERE name = 'views_version'")
    assert check_log(path).told.startswith(
        "the notes in log_facts cannot be read (Could not decode to UTF-8 column 'value'"
    )
    with pytest.raises(LogDamaged, match="the notes in log_facts cannot be read"):
        async with open_log(path):
            pass


async def test_a_damaged_page_is_found(path):
    """SQLite's own check of the file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'stored_events'").fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 100)

    report = check_log(path)
    assert wrong(report)[0] == "file"
    assert report.sound_up_to == 0
    assert not report.only_views
    with pytest.raises(LogDamaged, match="is damaged; restore it from a backup"):
        async with open_log(path):
            pass


def test_a_file_that_cannot_be_opened_is_reported_as_far_as_it_goes(path):
    """Its first page is gone; there is nothing to go on with."""
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 1000)
    report = check_log(path)
    assert wrong(report) == ["file"]
    assert {it.told for it in report.findings[1:-1]} == {"nothing wrong up to position 0; not looked at from there on"}
    assert report.findings[-1].told == "not looked at"


async def test_an_epoch_never_falls_behind_what_the_seals_know(path):
    """Also when the row of the lease was lost: whoever was fenced out stays out."""
    async with open_log(path) as log:
        await log.append(to_link(observed(label="z"), after=6), caused_by="x")
    assert seals_of(path)[-1].epoch == 2
    change(path, "DELETE FROM log_lease")
    async with open_log(path) as log:
        assert log.lease.epoch == 3
        await log.append(to_link(observed(label="a"), after=7), caused_by="x")
    change(path, "UPDATE log_lease SET epoch = 1")
    async with open_log(path) as log:
        assert log.lease.epoch == 4
    assert check_log(path).sound
