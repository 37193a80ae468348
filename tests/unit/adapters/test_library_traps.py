"""What the `eventsourcing` library and SQLite would do to us if we let them; each was found by trying."""

import asyncio
import inspect
import sqlite3
import threading
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Notification, TranscodingNotRegisteredError, UUIDAsHex

from syncengine.adapters import eventsourcing_bridge
from syncengine.adapters.event_log import open_log
from syncengine.adapters.eventsourcing_bridge import EnvelopeMapper, LogApplication, PlainTranscoder
from syncengine.adapters.log_file import assert_durable, connect, write_transaction
from syncengine.domain.records import FieldValues
from syncengine.errors import EventLogError, LogMisconfigured
from tests.unit.adapters.sample_events import FULL_EXAMPLES, LINK, NOON, OTHER_LINK, intended, observed, to_link


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


@pytest.mark.parametrize("name", ["PERSISTENCE_MODULE", "SYNCENGINE_PERSISTENCE_MODULE", "APPLICATION_PERSISTENCE_MODULE"])
async def test_the_environment_cannot_put_the_log_into_memory(path, monkeypatch, name):
    """The library lets environment variables win over explicit settings; then every event is lost at the end."""
    monkeypatch.setenv(name, "eventsourcing.popo")
    monkeypatch.setenv("SYNCENGINE_SQLITE_DBNAME", ":memory:")
    monkeypatch.setenv("SYNCENGINE_COMPRESSOR_TOPIC", "zlib")
    monkeypatch.setenv("SYNCENGINE_IS_SNAPSHOTTING_ENABLED", "y")
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")

    async with open_log(path, read_only=True) as log:
        assert [recorded.event for recorded in log.all_events()] == [observed()]


def test_the_stock_application_still_falls_for_it(tmp_path, monkeypatch):
    """Why `construct_env` is replaced; when this fails, the library has changed."""
    monkeypatch.setenv("APPLICATION_PERSISTENCE_MODULE", "eventsourcing.popo")
    settings = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(tmp_path / "stock.db")}
    with Application(settings):
        assert not (tmp_path / "stock.db").exists()


def test_the_stock_transcoder_cannot_read_what_looks_like_its_tag():
    """Why the transcoder is replaced: it stores remote text of that shape, and the stream is poisoned."""
    stock = JSONTranscoder()
    stock.register(UUIDAsHex())
    poison = {"_type_": "no such type", "_data_": "from a remote"}

    with pytest.raises(TranscodingNotRegisteredError):
        stock.decode(stock.encode(poison))

    ours = PlainTranscoder()
    assert ours.decode(ours.encode(poison)) == poison


async def test_a_field_of_that_shape_goes_through_the_log(path):
    """As the whole of a record's fields."""
    event = observed(fields=FieldValues({"_type_": "uuid_hex", "_data_": "00"}))
    async with open_log(path) as log:
        await log.append(to_link(event), caused_by="x")
        assert (await log.load(LINK))[0].event == event


async def test_readers_do_not_wait_for_a_waiting_writer(path):
    """In the library's pool a second writer that waits keeps every reader waiting, for seconds."""
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
        somebody = sqlite3.connect(path, isolation_level=None)
        somebody.execute("BEGIN IMMEDIATE")
        waiting = [
            asyncio.create_task(log.append(to_link(observed(), link=UUID(int=number)), caused_by="x"))
            for number in range(3)
        ]
        try:
            await asyncio.sleep(0)
            for _ in range(50):
                assert len(await log.load(LINK)) == 1
                assert log.views.counts().events == 1
            # From another thread, too: one that waits behind the writer would not come back.
            assert await asyncio.wait_for(asyncio.to_thread(log.max_position), 2) == 1
            assert not any(task.done() for task in waiting)
        finally:
            somebody.execute("ROLLBACK")
            somebody.close()
        await asyncio.gather(*waiting)
        assert log.max_position() == 4


async def test_a_writer_waits_for_somebody_else_and_does_not_fail(path):
    """A deferred transaction that has read before it writes fails at once when somebody else wrote in between."""
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
        somebody = sqlite3.connect(path, isolation_level=None)
        somebody.execute("BEGIN IMMEDIATE")
        somebody.execute("INSERT INTO heartbeat (slot, skipped) VALUES (1, 5)")
        # This append reads its stream before it commits.
        task = asyncio.create_task(log.append(to_link(intended("i1"), after=1), caused_by="x"))
        await asyncio.sleep(0)
        somebody.execute("COMMIT")
        somebody.close()
        await task
        assert (log.max_position(), log.heartbeat.skipped()) == (2, 5)


def test_nobody_can_write_between_our_reading_and_our_writing(path):
    """The write lock is taken at the start, not at the first write."""
    first, second = (connect(path, read_only=False) for _ in range(2))
    try:
        first.execute("CREATE TABLE numbers (number)")
        second.execute("PRAGMA busy_timeout = 0")
        with write_transaction(first) as cursor:
            cursor.execute("SELECT count(*) FROM numbers").fetchall()
            with pytest.raises(sqlite3.OperationalError, match="locked"), write_transaction(second):
                pass
            cursor.execute("INSERT INTO numbers VALUES (1)")
        with write_transaction(second) as cursor:
            assert cursor.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    finally:
        first.close()
        second.close()


async def test_the_library_writes_with_the_lock_from_the_start_too(path):
    """Through whichever of its methods: the connections are ours."""
    async with open_log(path):
        pass
    application = LogApplication(path)
    somebody = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        with (
            application.datastore.transaction(commit=True) as cursor,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            cursor.execute("SELECT count(*) FROM stored_events")
            somebody.execute("BEGIN IMMEDIATE")
    finally:
        somebody.close()
        application.close()


async def test_a_failed_opening_does_not_lock_out_the_next_writer(path, monkeypatch):
    """The library's pool keeps its writer lock for ever when opening a connection fails once."""
    calls = []

    def fails_once(*args, **more):
        calls.append(args)
        if len(calls) == 1:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(*args, **more)

    monkeypatch.setattr(eventsourcing_bridge, "connect", fails_once)
    with pytest.raises(EventLogError, match="unable to open"):
        async with open_log(path):
            pass
    async with open_log(path) as log:
        await asyncio.wait_for(log.append(to_link(observed()), caused_by="x"), 4)


async def test_a_reader_that_cannot_open_its_connection_harms_nobody(path, monkeypatch):
    """The next reader and the writer go on."""
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
        failing = threading.Event()
        failing.set()

        def fails_at_times(*args, **more):
            if failing.is_set():
                raise sqlite3.OperationalError("too many open files")
            return connect(*args, **more)

        monkeypatch.setattr(eventsourcing_bridge, "connect", fails_at_times)
        with log._reader.cursor():  # the pool's spare connection is taken
            with pytest.raises(EventLogError, match="too many open files"):
                log.max_position()
            failing.clear()
            assert log.max_position() == 1
        await asyncio.wait_for(log.append(to_link(intended("i1"), after=1), caused_by="x"), 4)


async def test_events_are_stored_through_the_writer_only(path):
    """The library's own ways to save would make a second writer, and views without their events."""
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
        (recorded,) = await log.load(LINK)

        with pytest.raises(EventLogError, match="stored by the writer"):
            log._database._application.events.put([recorded])


async def test_the_library_reads_our_rows(path):
    """Its event store and its notifications work with our mapper: what is stored is an ordinary log of the library."""
    events = [observed(), intended("i1")]
    async with open_log(path, now=lambda: NOON) as log:
        await log.append(to_link(*events), to_link(FULL_EXAMPLES["link.closed"], link=OTHER_LINK), caused_by="x")
        application = log._database._application

        assert [recorded.event for recorded in application.events.get(LINK)] == events
        notifications = application.recorder.select_notifications(start=1, limit=50)
        assert [row.topic for row in notifications] == ["link.record_observed", "link.writes_intended", "link.closed"]
        assert [application.mapper.to_domain_event(row) for row in notifications] == list(log.all_events())


async def test_a_row_of_the_library_comes_back_with_its_position(path):
    """Where it has one; a text id will do as well."""
    mapper = EnvelopeMapper(PlainTranscoder())
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
        (recorded,) = await log.load(LINK)
    row = mapper.to_stored_event(recorded)
    notification = Notification(LINK.hex, row.originator_version, row.topic, row.state, id=1)

    assert mapper.to_domain_event(notification) == recorded


async def test_two_events_of_one_stream_and_version_cannot_be_stored(path):
    """The library's table sees to it; here below our own check."""
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"INSERT INTO stored_events VALUES ('{LINK.hex}', 1, 'x', 'x')")
    connection.close()


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_less_than_full_durability_is_refused(path, synchronous):
    """With NORMAL a power cut loses what was acknowledged."""
    connection = connect(path, read_only=False)
    connection.execute(f"PRAGMA synchronous={synchronous}")
    with pytest.raises(LogMisconfigured, match=f"{path} would lose events in a power cut"):
        assert_durable(connection, path)
    connection.close()


def test_a_place_without_write_ahead_log_is_refused(path):
    """As memory is, and some network file systems."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(LogMisconfigured, match=rf"{path} cannot use WAL here \(mode 'memory'\); put it on a local disk"):
        assert_durable(connection, path)
    connection.close()


def test_every_connection_for_writing_is_durable(path):
    """Not only the first one of the pool."""
    connections = [connect(path, read_only=False) for _ in range(2)]
    for connection in connections:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_stored_names_do_not_depend_on_classes():
    """The library would store import paths and import whatever a row names."""
    source = inspect.getsource(eventsourcing_bridge)

    assert "get_topic" not in source
    assert "resolve_topic" not in source


async def test_a_log_held_by_another_program_says_so(path, monkeypatch):
    """Somebody has it open in an editor for databases, in the middle of a change."""
    monkeypatch.setattr("syncengine.adapters.log_file.BUSY_TIMEOUT_S", 0.05)
    async with open_log(path) as log:
        somebody = sqlite3.connect(path, isolation_level=None)
        somebody.execute("BEGIN IMMEDIATE")
        with pytest.raises(EventLogError, match=rf"{path} is locked by another program; close whatever"):
            await log.append(to_link(observed()), caused_by="x")
        somebody.execute("ROLLBACK")
        somebody.close()
        await log.append(to_link(observed()), caused_by="x")


async def test_a_full_disk_says_so(path):
    """Nothing of the append is stored, and reading goes on."""
    async with open_log(path) as log:
        await log.append(to_link(observed()), caused_by="x")
        pages = path.stat().st_size  # far less than what comes
        await log._submit(lambda cursor: cursor.execute(f"PRAGMA max_page_count = {pages // 4096 + 40}").fetchall())
        big = observed(fields=FieldValues(title="x" * 1_000_000))
        with pytest.raises(EventLogError, match=rf"{path} cannot grow because the disk is full; make room"):
            await log.append(to_link(big, link=OTHER_LINK), caused_by="x")

        assert log.max_position() == 1
        await log.append(to_link(intended("i1"), after=1), caused_by="x")


def test_an_error_of_no_kind_we_know_is_told_as_it_is():
    """With the path all the same."""
    from syncengine.adapters.log_file import log_trouble

    told = log_trouble(Path("/x/log.db"), ValueError("odd"))
    assert str(told) == "the event log /x/log.db failed: odd"
