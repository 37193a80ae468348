"""The log from the outside: what is stored, what is refused, and what people are told."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve

from syncengine.adapters import fence, log_tables
from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_file import LOG_FORMAT
from syncengine.domain.events import ClaimTaken, CursorAdvanced, PassStarted
from syncengine.domain.identity import claim_stream, feed_stream
from syncengine.domain.records import RecordRef
from syncengine.engine.ports import Append, EventLog, Recorded, Views
from syncengine.errors import (
    AnotherWriter,
    ConcurrentAppend,
    EventLogError,
    EventUnreadable,
    LogMisconfigured,
    NewerEvent,
    Remedy,
    UnknownEvent,
)
from tests.unit.adapters.behind_the_log import change, view_rows
from tests.unit.adapters.sample_events import (
    FULL_EXAMPLES,
    HULY,
    LINK,
    NOON,
    OTHER_LINK,
    confirmed,
    intended,
    observed,
    to_link,
)

CLAIM = claim_stream("huly", "board", "h1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


@pytest.fixture
async def log(place):
    async with open_log(place, now=lambda: NOON) as log:
        yield log


async def filled(path):
    """A log with a story in it."""
    async with open_log(path, now=lambda: NOON) as log:
        await log.append(
            to_link(observed(), intended("i1", "i2")),
            to_link(ClaimTaken(ref=HULY, link_id=LINK), link=CLAIM),
            caused_by="pass 1",
        )
        await log.append(to_link(confirmed("i1"), after=2), caused_by="pass 1")
        for number, event in enumerate(FULL_EXAMPLES.values()):
            await log.append(to_link(event, link=UUID(int=number)), caused_by="pass 2")
    return path


async def test_what_was_appended_is_loaded(log):
    """In order, in its envelope."""
    await log.append(to_link(observed(), intended("i1")), caused_by="pass 1")
    await log.append(to_link(confirmed("i1"), after=2), caused_by="pass 2")

    events = [observed(), intended("i1"), confirmed("i1")]
    assert list(await log.load(LINK)) == [
        Recorded(
            stream_id=LINK,
            version=number,
            event=event,
            recorded_at=NOON,
            caused_by="pass 2" if number == 3 else "pass 1",
            position=number,
        )
        for number, event in enumerate(events, start=1)
    ]


async def test_the_log_is_what_the_engine_asks_for(log):
    """The two protocols; mypy checks this too."""
    as_log: EventLog = log
    as_views: Views = log.views
    assert await as_log.load(LINK) == []
    assert as_views.open_writes() == []


async def test_what_was_appended_is_there_when_the_log_is_opened_again(place):
    """With the views."""
    async with open_log(place) as log:
        await log.append(to_link(observed(), intended("i1")), caused_by="pass 1")
    async with open_log(place) as log:
        assert [recorded.event for recorded in log.all_events()] == [observed(), intended("i1")]
        assert [write.intent_id for write in log.views.open_writes()] == ["i1"]


async def test_several_streams_are_stored_together(log):
    """One conflict among them, and none is stored."""
    await log.append(to_link(ClaimTaken(ref=HULY, link_id=LINK), link=CLAIM), caused_by="pass 1")

    with pytest.raises(ConcurrentAppend) as refused:
        await log.append(
            to_link(observed(), link=OTHER_LINK),
            to_link(ClaimTaken(ref=HULY, link_id=OTHER_LINK), link=CLAIM),
            caused_by="pass 1",
        )

    assert refused.value.remedy is Remedy.DECIDE_AGAIN
    assert str(CLAIM) in str(refused.value)
    assert log.max_position() == 1
    assert log.views.known_record(HULY).link_id == LINK


async def test_a_longer_stream_is_a_conflict(log):
    """Somebody else was first; the loser loads and decides again."""
    await log.append(to_link(observed()), caused_by="pass 1")

    with pytest.raises(ConcurrentAppend):
        await log.append(to_link(intended("i1")), caused_by="pass 2")

    assert log.stream_version(LINK) == 1


async def test_a_shorter_stream_is_a_bug(log):
    """A stream has no gaps."""
    await log.append(to_link(observed()), caused_by="pass 1")

    with pytest.raises(EventLogError, match=f"stream {LINK} has no version 5") as refused:
        await log.append(to_link(intended("i1"), after=5), caused_by="pass 1")

    assert not isinstance(refused.value, ConcurrentAppend)
    assert log.max_position() == 1


async def test_one_append_may_continue_its_own_stream(log):
    """The second part builds on the first."""
    await log.append(to_link(observed()), to_link(intended("i1"), after=1), caused_by="pass 1")

    assert log.stream_version(LINK) == 2


async def test_of_many_appends_to_one_stream_one_wins(log):
    """And the others are told, whoever shared a transaction with whom."""
    appends = [log.append(to_link(observed(label=str(number))), caused_by=str(number)) for number in range(20)]
    others = [log.append(to_link(observed(), link=UUID(int=number)), caused_by="x") for number in range(20)]
    results = await asyncio.gather(*appends, *others, return_exceptions=True)

    assert sum(result is None for result in results[:20]) == 1
    assert sum(isinstance(result, ConcurrentAppend) for result in results[:20]) == 19
    assert results[20:] == [None] * 20
    assert log.max_position() == 21


async def test_positions_have_no_gaps(log):
    """Also after appends that were refused."""
    for number in range(3):
        await log.append(to_link(observed(), link=UUID(int=number)), caused_by="x")
        with pytest.raises(ConcurrentAppend):
            await log.append(to_link(observed(), link=UUID(int=number)), caused_by="x")

    assert [recorded.position for recorded in log.all_events()] == [1, 2, 3]


async def test_nothing_to_append_is_nothing(log):
    """Not even a transaction."""
    await log.append(caused_by="x")
    await log.append(to_link(), caused_by="x")

    assert log.max_position() == 0


async def test_events_of_a_cancelled_caller_may_be_stored(place):
    """The stream is then longer than the caller knows, which the next append finds."""
    async with open_log(place) as log:
        task = asyncio.create_task(log.append(to_link(observed()), caused_by="x"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with open_log(place, read_only=True) as log:
        assert log.stream_version(LINK) == 1


async def test_an_event_that_cannot_be_stored_fails_alone(log):
    """Before it reaches the writer."""
    results = await asyncio.gather(
        log.append(to_link(observed(label=object())), caused_by="x"),
        log.append(to_link(observed(), link=OTHER_LINK), caused_by="x"),
        return_exceptions=True,
    )

    assert "cannot be stored" in str(results[0])
    assert results[1] is None


@pytest.mark.parametrize("count", [4_999, 5_000, 5_001])
async def test_the_whole_log_is_read_in_pages(log, count):
    """No event is skipped or told twice where one page ends."""
    events = tuple(PassStarted(sync_id=str(number)) for number in range(count))
    await log.append(to_link(*events), caused_by="x")

    assert [recorded.position for recorded in log.all_events()] == list(range(1, count + 1))
    assert [recorded.event.sync_id for recorded in log.all_events(start=count)] == [str(count - 1)]
    assert list(log.all_events(start=count + 1)) == []


async def test_a_commit_is_durable_and_says_how(log, place):
    """What `status` shows, whether it writes or only looks."""
    told = r"WAL, synchronous=FULL" if isinstance(place, Path) else r"PostgreSQL [0-9.]+, synchronous_commit=on"
    assert re.fullmatch(told, log.durability())
    await log.append(to_link(observed()), caused_by="x")
    async with open_log(place, read_only=True) as looking:
        assert re.fullmatch(told, looking.durability())


async def test_the_views_rebuilt_are_the_views_written(place):
    """Both ways equal, row by row, over every kind of event."""
    await filled(place)
    written = view_rows(place)
    change(place, "DELETE FROM view_records", "UPDATE view_open_writes SET attempts = 77", "DROP TABLE view_parked")
    progress = []

    async with open_log(place) as log:
        count = await log.rebuild_views(lambda done, of: progress.append((done, of)))
        await asyncio.sleep(0)

    assert view_rows(place) == written
    assert any(written.values())
    assert count == 4 + len(FULL_EXAMPLES)
    assert progress == [(count, count)]


async def test_the_views_of_a_long_log_are_rebuilt_page_by_page(path):
    """No event is skipped where one page ends, and whoever waits is told how far it is."""
    ref = RecordRef("huly", "board", "h1")
    async with open_log(path) as log:
        appends = [to_link(observed(evolve(ref, record_id=str(n))), link=UUID(int=n)) for n in range(5_002)]
        await log.append(*appends, caused_by="x")
    written = view_rows(path)
    progress = []

    async with open_log(path) as log:
        assert await log.rebuild_views(lambda *told: progress.append(told)) == 5_002
        await asyncio.sleep(0)

    assert view_rows(path) == written
    assert progress == [(5_000, 5_002), (5_002, 5_002)]


async def test_an_event_that_cannot_be_read_leaves_the_views_as_they_were(place):
    """A rebuild is one transaction."""
    await filled(place)
    before = view_rows(place)

    async with open_log(place) as log:
        change(place, "UPDATE stored_events SET state = '{' WHERE rowid = 3")
        with pytest.raises(EventUnreadable, match="event 3 "):
            await log.rebuild_views()

    assert view_rows(place) == before


async def test_views_of_another_version_are_rebuilt_when_the_log_is_opened(place, monkeypatch):
    """Without anybody asking, but only by who may write."""
    await filled(place)
    written = view_rows(place)
    change(place, "DROP TABLE view_records", "CREATE TABLE view_old_fashioned (x TEXT)")
    monkeypatch.setattr(log_tables, "VIEWS_VERSION", log_tables.VIEWS_VERSION + 1)

    with pytest.raises(LogMisconfigured, match="run `syncengine rebuild-views`"):
        async with open_log(place, read_only=True):
            pass

    async with open_log(place) as log:
        assert log.views_are_current()
    assert view_rows(place) == written
    async with open_log(place, read_only=True) as log:
        assert log.views_are_current()


async def test_a_reader_sees_what_another_process_writes(place):
    """`status` and `explain` need no lease, and change nothing."""
    async with open_log(place) as writing, open_log(place, read_only=True) as reading:
        await writing.append(to_link(observed()), caused_by="x")

        assert [recorded.event for recorded in reading.all_events()] == [observed()]
        assert reading.views.known_record(HULY) is not None
        for refused in (reading.append(to_link(observed()), caused_by="x"), reading.rebuild_views()):
            with pytest.raises(EventLogError, match=rf"{re.escape(str(place))} was opened for reading only"):
                await refused


async def test_a_second_writer_is_refused(place):
    """With the name of the first; the first one is not disturbed."""
    async with open_log(place, command="syncengine run") as log:
        with pytest.raises(AnotherWriter, match=r"\(syncengine run\)"):
            async with open_log(place):
                pass
        await log.append(to_link(observed()), caused_by="x")
        assert log.writer().command == "syncengine run"
    async with open_log(place, read_only=True) as log:
        assert log.writer() is None


async def test_a_closed_log_says_so(place):
    """To readers and to writers."""
    async with open_log(place) as log:
        await log.append(to_link(observed()), caused_by="x")

    with pytest.raises(EventLogError, match="closed"):
        await log.append(to_link(intended("i1"), after=1), caused_by="x")
    with pytest.raises(EventLogError, match="failed"):
        await log.load(LINK)


async def test_a_log_of_a_newer_version_is_refused(path):
    """For writing and for reading; nothing is changed."""
    await filled(path)
    change(path, f"PRAGMA user_version = {LOG_FORMAT + 1}")

    for read_only in (False, True):
        with pytest.raises(NewerEvent, match=rf"{path} was written by a newer version .*upgrade"):
            async with open_log(path, read_only=read_only):
                pass


@pytest.mark.parametrize(
    ("damage", "error", "told"),
    [
        ("topic = 'link.teleported'", UnknownEvent, r"cannot be read: event 2 \(version 2 of stream .*upgrade"),
        ("state = CAST(replace(state, '\"v\":1', '\"v\":9') AS BLOB)", NewerEvent, r"cannot be read: event 2 .*upgrade"),
        ("state = '{'", EventUnreadable, r"is damaged; restore it from a backup \(event 2 \(version 2 of stream"),
        ("state = 17", EventUnreadable, r"is damaged; restore it from a backup"),
        ("originator_id = 'x'", EventUnreadable, r"is damaged; restore it from a backup \(event 2 .*'x'"),
    ],
)
async def test_an_event_that_cannot_be_read_is_named(path, damage, error, told):
    """Which event of which file, and what to do; also when it was damaged after the log was opened."""
    await filled(path)

    async with open_log(path) as log:
        change(path, f"UPDATE stored_events SET {damage} WHERE rowid = 2")
        with pytest.raises(error, match=rf"the event log {path} {told}"):
            list(log.all_events())
        if "originator_id" not in damage:
            with pytest.raises(error, match=rf"the event log {path} {told}"):
                await log.load(LINK)


async def test_a_folder_is_no_log(tmp_path):
    """It suggests a file in it."""
    with pytest.raises(LogMisconfigured, match=rf"{tmp_path} is a folder; .*{tmp_path}/log\.db"):
        async with open_log(tmp_path):
            pass


async def test_a_missing_folder_is_named(tmp_path):
    """A misspelt path does not make a log somewhere else."""
    with pytest.raises(LogMisconfigured, match=rf"the folder {tmp_path}/lgo of the event log does not exist"):
        async with open_log(tmp_path / "lgo" / "log.db"):
            pass


@pytest.mark.parametrize("content", [b"# settings\n", b"\x00" * 5000, b"SQLite format 3"])
async def test_another_file_is_no_log(path, content):
    """It is left as it is."""
    path.write_bytes(content)

    for read_only in (False, True):
        with pytest.raises(LogMisconfigured, match=rf"{path} is not an event log"):
            async with open_log(path, read_only=read_only):
                pass

    assert path.read_bytes() == content


async def test_the_database_of_another_program_is_no_log(path):
    """Nothing is written into it, not even its journal mode."""
    change(path, "CREATE TABLE tasks (id)")
    content = path.read_bytes()

    for read_only in (False, True):
        with pytest.raises(LogMisconfigured, match=rf"{path} is the database of another program"):
            async with open_log(path, read_only=read_only):
                pass

    assert path.read_bytes() == content


async def test_there_must_be_a_log_to_look_at(path):
    """Looking makes none."""
    with pytest.raises(LogMisconfigured, match=rf"there is no event log at {path} yet"):
        async with open_log(path, read_only=True):
            pass
    assert not path.exists()

    path.touch()
    with pytest.raises(LogMisconfigured, match=rf"the event log {path} is empty"):
        async with open_log(path, read_only=True):
            pass


async def test_an_empty_file_becomes_a_log(path):
    """As left behind by somebody who reserved the name."""
    path.touch()
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_damaged_file_is_noticed(path, read_only):
    """When it is opened, or when the damaged part is reached; always as one kind of error with the way out."""
    await filled(path)
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(1, pages):
            file.seek(page * 4096)
            file.write(os.urandom(4096))

    with pytest.raises(EventLogError, match=rf"{path} is damaged; restore it from a backup"):
        async with open_log(path, read_only=read_only) as log:
            list(log.all_events())


async def test_a_file_cut_short_is_noticed(path):
    """Half of a copy."""
    await filled(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)

    with pytest.raises(EventLogError, match=rf"{path} is damaged"):
        async with open_log(path) as log:
            list(log.all_events())
            log.views.counts()
            await log.rebuild_views()


@contextmanager
def ordinary_user():
    """Not root, whom no permission stops; inside a folder that this user may look into."""
    with tempfile.TemporaryDirectory() as folder:
        root = os.geteuid() == 0
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)


async def test_a_read_only_file_is_named():
    """With what would help; looking at it is possible."""
    with ordinary_user() as folder:
        path = await filled(folder / "log.db")
        path.chmod(0o444)

        with pytest.raises(LogMisconfigured, match=rf"the event log {path} is read-only for this user; change its"):
            async with open_log(path):
                pass
        async with open_log(path, read_only=True) as log:
            assert log.max_position() > 0


async def test_a_file_nobody_may_read_is_named():
    """Also for those who only look."""
    with ordinary_user() as folder:
        path = await filled(folder / "log.db")
        path.chmod(0)

        for read_only in (False, True):
            with pytest.raises(LogMisconfigured, match=rf"the event log {path} cannot be read by this user"):
                async with open_log(path, read_only=read_only):
                    pass


async def test_a_read_only_folder_is_named():
    """SQLite writes beside its file."""
    with ordinary_user() as folder:
        path = await filled(folder / "log.db")
        (folder / "log.db.lock").unlink()
        folder.chmod(0o555)
        try:
            with pytest.raises(EventLogError, match=rf"{path}.*right to write its folder"):
                async with open_log(path):
                    pass
            with pytest.raises(EventLogError, match=rf"{path} cannot be written; give this user .* folder"):
                async with open_log(path, read_only=True) as log:
                    list(log.all_events())
        finally:
            folder.chmod(0o755)


@pytest.mark.parametrize("name", ["with space.db", "100%25.db", "what?.db", "#1.db", ":memory:", "mode=memory", "ü.db"])
async def test_the_path_may_hold_any_character(tmp_path, name):
    """None of them means anything to SQLite."""
    async with open_log(tmp_path / name) as log:
        await log.append(to_link(observed()), caused_by="x")

    assert (tmp_path / name).stat().st_size > 0


async def test_a_relative_path_stays_what_it_was(tmp_path, monkeypatch):
    """Also when the program changes its folder meanwhile."""
    monkeypatch.chdir(tmp_path)
    async with open_log(Path("log.db")) as log:
        monkeypatch.chdir("/")
        await log.append(to_link(observed()), caused_by="x")
        assert len(await log.load(LINK)) == 1

    assert (tmp_path / "log.db").exists()


def test_importing_the_log_leaves_the_standard_library_alone():
    """Only opening a log imports the library that replaces a function of `dataclasses`."""
    code = (
        "import dataclasses, sys; before = dataclasses._process_class\n"
        "import syncengine, syncengine.adapters.event_log, syncengine.adapters.views\n"
        "assert dataclasses._process_class is before\n"
        "assert not [name for name in sys.modules if name.startswith('eventsourcing')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_a_feed_and_its_page_are_stored_together(log):
    """What the engine does with every page: observations and cursor in one append."""
    feed = feed_stream("huly", "board")
    await log.append(
        to_link(observed()),
        Append(
            stream_id=feed,
            after_version=0,
            events=(CursorAdvanced(endpoint="huly", container="board", cursor="9"),),
        ),
        caused_by="pass 1",
    )

    assert log.views.cursor("huly", "board") == "9"
    assert log.stream_version(feed) == log.views.feed_version("huly", "board") == 1


async def test_the_time_is_that_of_the_clock_it_was_given(place):
    """By default that of the machine, in UTC."""
    async with open_log(place, now=lambda: NOON + timedelta(days=1)) as log:
        await log.append(to_link(observed()), caused_by="x")
        assert next(log.all_events()).recorded_at == NOON + timedelta(days=1)
    async with open_log(place) as log:
        await log.append(to_link(observed(), link=OTHER_LINK), caused_by="x")
        (recorded,) = log.all_events(start=2)
        assert abs(recorded.recorded_at - fence.utc_now()) < timedelta(minutes=1)


async def test_the_last_pass_is_remembered(place):
    """Whatever the summary holds; beside the events, which do not grow."""
    async with open_log(place) as log:
        assert (log.heartbeat.last_pass(), log.heartbeat.skipped()) == (None, 0)
        await log.heartbeat.note_skipped()
        assert (log.heartbeat.last_pass(), log.heartbeat.skipped()) == (None, 1)
        for sync_id in ("first", "second"):
            await log.heartbeat.note_pass(
                sync_id=sync_id, started_at=NOON, finished_at=NOON + timedelta(seconds=2), summary={"writes": 3}
            )
        await log.heartbeat.note_skipped()

    async with open_log(place, read_only=True) as log:
        last = log.heartbeat.last_pass()
        assert (last.sync_id, last.started_at, last.finished_at) == ("second", NOON, NOON + timedelta(seconds=2))
        assert last.summary == {"writes": 3}
        assert log.heartbeat.skipped() == 2
        assert log.max_position() == 0
        with pytest.raises(EventLogError, match="for reading only"):
            await log.heartbeat.note_skipped()
