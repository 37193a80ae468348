"""What the memory connector does beside keeping the contract: faults, crash points, counts."""

import asyncio

import pytest

from syncengine.connector import (
    NO_FIELDS,
    Connector,
    Cursor,
    FieldSpec,
    FieldValues,
    Kind,
    RecordRef,
    RecordSchema,
    SyncKey,
)
from syncengine.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    RateLimited,
    RecordInvalid,
    RemoteBusy,
    StaleRevision,
    Unreachable,
)
from syncengine.testing import (
    Abilities,
    Fault,
    Faults,
    MemoryConnector,
    MemoryRemote,
    SimulatedCrash,
    VirtualClock,
    Weather,
)

KEY = SyncKey("0123456789abcdef0123456789abcdef")
OTHER = SyncKey("f" * 32)
FIELDS = FieldValues(title="Fix the roof")


def opened(*, faults=None, at=None, clock=None, **abilities):
    clock = clock or VirtualClock()
    remote = MemoryRemote(Abilities(**abilities), now=clock.now)
    remote.add_container("board")
    more = {"at": at} if at else {}
    return MemoryConnector(remote, "memory", faults=faults, sleep=clock.sleep, **more)


async def listed(connector, since=None):
    return [page async for page in connector.list_changes("board", since, {})]


def titles(connector):
    return [fields["title"] for fields in connector.remote.items("board").values()]


def test_it_is_a_connector():
    """In every method of the protocol."""
    assert isinstance(opened(), Connector)
    assert "memory" in repr(opened())


@pytest.mark.parametrize(
    ("weather", "error"),
    [
        (Weather.REFUSED, Unreachable),
        (Weather.DROPPED_BEFORE, OutcomeUnknown),
        (Weather.RATE_LIMITED, RateLimited),
        (Weather.BUSY, RemoteBusy),
        (Weather.INVALID, RecordInvalid),
        (Weather.UNAUTHORISED, AuthenticationFailed),
    ],
)
async def test_bad_weather_before_the_effect_stores_nothing(weather, error):
    """Only a lost connection leaves the outcome open."""
    connector = opened()
    connector.faults.plan("create", weather)
    with pytest.raises(error):
        await connector.create("board", KEY, FIELDS)
    assert titles(connector) == []
    await connector.create("board", KEY, FIELDS)
    assert titles(connector) == ["Fix the roof"]
    assert connector.faults.happened == [("create", weather)]


async def test_an_answer_that_is_lost_after_the_effect_looks_like_one_lost_before():
    """Nobody can tell them apart, but the record is there."""
    connector = opened()
    connector.faults.plan("create", Weather.DROPPED_AFTER)
    with pytest.raises(OutcomeUnknown):
        await connector.create("board", KEY, FIELDS)
    assert titles(connector) == ["Fix the roof"]
    assert connector.remote.effects == {"create": 1}


@pytest.mark.parametrize("weather", [Weather.DROPPED_BEFORE, Weather.DROPPED_AFTER])
async def test_a_read_that_is_cut_off_changed_nothing(weather):
    """So its error is another one."""
    connector = opened()
    connector.faults.plan("discover", weather)
    with pytest.raises(Unreachable):
        await connector.discover()


async def test_a_remote_says_how_long_to_wait():
    """In seconds."""
    connector = opened()
    connector.faults.plan("update", Fault(weather=Weather.RATE_LIMITED, retry_after_s=7.5))
    with pytest.raises(RateLimited) as caught:
        await connector.update(RecordRef("memory", "board", "1"), FIELDS, expected=NO_FIELDS)
    assert caught.value.retry_after_s == 7.5


async def test_a_slow_answer_takes_its_time_after_the_effect():
    """The clock moves on; the record is there."""
    clock = VirtualClock()
    connector = opened(clock=clock)
    connector.faults.plan("create", Fault(weather=Weather.SLOW, delay_s=30))
    before = clock.now()
    await connector.create("board", KEY, FIELDS)
    assert (clock.now() - before).total_seconds() > 30
    assert titles(connector) == ["Fix the roof"]


async def test_a_good_answer_may_be_a_lie_when_it_is_slow():
    """As Vibe Kanban 0.0.71 did: 200, and the row is lost."""
    connector = opened()
    connector.faults.plan("create", Weather.LOST_ROW)
    answer = await connector.create("board", KEY, FIELDS)
    assert answer.fields["title"] == "Fix the roof"
    assert await connector.fetch(answer.ref) is None
    there = await connector.create("board", KEY, FIELDS)
    connector.faults.plan("update", Weather.LOST_ROW)
    connector.faults.plan("delete", Weather.LOST_ROW)
    assert (await connector.update(there.ref, FieldValues(title="new"), expected=FIELDS)).fields["title"] == "new"
    await connector.delete(there.ref, expected=NO_FIELDS)
    assert titles(connector) == ["Fix the roof"]


async def test_a_listing_can_break_off_after_its_first_page():
    """What came before is not the whole truth."""
    connector = opened(page_size=1)
    for number in range(3):
        connector.remote.person_creates("board", title=str(number))
    connector.faults.plan("list", Weather.TRUNCATED)
    pages = connector.list_changes("board", None, {})
    assert len((await anext(pages)).changes) == 1
    with pytest.raises(Unreachable, match="broke off"):
        await anext(pages)


async def test_a_listing_can_lie_that_nothing_is_there():
    """And call itself complete."""
    connector = opened()
    connector.remote.person_creates("board", title="x")
    connector.faults.plan("list", Weather.EMPTY_LISTING)
    (page,) = await listed(connector)
    assert (page.changes, page.complete) == ((), True)
    (page,) = await listed(connector)
    assert len(page.changes) == 1


async def test_planned_faults_come_one_after_the_other_and_then_none():
    """None in a plan is a call that goes well."""
    connector = opened()
    connector.faults.plan("discover", Weather.BUSY, None, Weather.BUSY)
    results = []
    for _ in range(4):
        try:
            await connector.discover()
            results.append("fine")
        except RemoteBusy:
            results.append("busy")
    assert results == ["busy", "fine", "busy", "fine"]


async def test_a_fault_can_last_until_it_is_cleared():
    """An outage."""
    connector = opened()
    connector.faults.always("discover", Weather.REFUSED)
    for _ in range(3):
        with pytest.raises(Unreachable):
            await connector.discover()
    connector.faults.clear()
    assert await connector.discover()


async def test_the_same_seed_gives_the_same_weather():
    """And about the share that was asked for, only where it was asked for."""
    runs = []
    for _ in range(2):
        faults = Faults()
        faults.dial(0.5, seed=4, among=[Weather.BUSY, Weather.REFUSED], operations=["fetch"])
        runs.append([faults.draw("fetch") for _ in range(200)])
        assert faults.draw("create") is None
    assert runs[0] == runs[1]
    assert 60 < sum(1 for fault in runs[0] if fault) < 140


@pytest.mark.parametrize(("point", "there"), [("create.before", 0), ("create.after", 1)])
async def test_the_process_can_die_on_either_side_of_an_effect(point, there):
    """The remote lives on with or without it."""

    async def die(at):
        if at == point:
            raise SimulatedCrash(at)

    connector = opened(at=die)
    with pytest.raises(SimulatedCrash):
        await connector.create("board", KEY, FIELDS)
    assert len(titles(connector)) == there


async def test_every_call_passes_its_two_points_and_every_page_too():
    """A test can stop anywhere."""
    points = []

    async def note(at):
        points.append(at)

    connector = opened(at=note, page_size=1)
    for number in range(2):
        connector.remote.person_creates("board", title=str(number))
    await listed(connector)
    await connector.discover()
    assert points == ["list.before", "list.after", "list.before", "list.after", "discover.before", "discover.after"]


async def test_calls_are_counted_by_operation():
    """Reads, listings and writes."""
    connector = opened()
    record = await connector.create("board", KEY, FIELDS)
    await connector.fetch(record.ref)
    await connector.find_by_key("board", KEY, FIELDS)
    await listed(connector)
    await connector.discover()
    await connector.update(record.ref, FieldValues(title="new"), expected=FIELDS)
    await connector.delete(record.ref, expected=NO_FIELDS)
    await connector.delete(record.ref, expected=NO_FIELDS)
    remote = connector.remote
    assert (remote.reads, remote.listings, remote.writes) == (4, 1, 4)
    assert remote.effects == {"create": 1, "update": 1, "delete": 1}


async def test_without_conditional_writes_somebody_can_come_between():
    """The comparison is made before the write; the window is there and can be tested."""
    connector = opened(conditional_writes=False)
    record = await connector.create("board", KEY, FIELDS)
    expected = record.fields.only({"title"})
    update = asyncio.ensure_future(connector.update(record.ref, FieldValues(title="ours"), expected=expected))
    for _ in range(2):
        await asyncio.sleep(0)
    connector.remote.person_edits("board", record.ref.record_id, title="theirs")
    await update
    assert titles(connector) == ["ours"]


async def test_with_conditional_writes_nobody_can_come_between():
    """The remote itself compares and refuses."""
    connector = opened(conditional_writes=True)
    record = await connector.create("board", KEY, FIELDS)
    expected = record.fields.only({"title"})
    update = asyncio.ensure_future(connector.update(record.ref, FieldValues(title="ours"), expected=expected))
    await asyncio.sleep(0)
    connector.remote.person_edits("board", record.ref.record_id, title="theirs")
    with pytest.raises(StaleRevision, match="title"):
        await update
    assert titles(connector) == ["theirs"]


async def test_a_search_by_key_is_as_late_as_the_listings():
    """And the capabilities say so."""
    clock = VirtualClock()
    connector = opened(clock=clock, key_storage="field", listing_lag_s=4.0)
    assert connector.capabilities.key_lookup_lag_s == 4.0
    await connector.create("board", KEY, FIELDS)
    assert await connector.find_by_key("board", KEY, FIELDS) == ()
    clock.advance(5)
    assert len(await connector.find_by_key("board", KEY, FIELDS)) == 1


async def test_records_without_keys_are_found_by_their_natural_name():
    """For kinds of records that have no other way."""
    connector = opened(key_storage="none", natural_keys=("title",))
    await connector.create("board", KEY, FIELDS)
    assert len(await connector.find_by_key("board", OTHER, FieldValues(title=" FIX the roof"))) == 1
    assert await connector.find_by_key("board", OTHER, FieldValues(title="Other")) == ()
    assert connector.natural_keys("board", FieldValues(title="  ")) == ()


async def test_a_listing_from_a_cursor_shows_only_what_came_after_it():
    """With tombstones, and never as complete."""
    connector = opened(change_cursor=True, tombstones=True)
    old, deleted = (connector.remote.person_creates("board", title=title) for title in ("old", "x"))
    (page,) = await listed(connector)
    assert page.complete
    connector.remote.person_deletes("board", deleted)
    new = connector.remote.person_creates("board", title="new")
    (page,) = await listed(connector, page.next_cursor)
    assert not page.complete
    assert {getattr(change, "record_id", None) or change.ref.record_id for change in page.changes} == {new, deleted}
    assert old not in str(page.changes)


async def test_a_cursor_is_not_used_by_a_remote_without_one():
    """It lists everything."""
    connector = opened()
    connector.remote.person_creates("board", title="x")
    (page,) = await listed(connector, Cursor("1"))
    assert (len(page.changes), page.complete, page.next_cursor) == (1, True, None)


@pytest.mark.parametrize(
    ("schema", "sent", "message"),
    [
        (RecordSchema(kind="issue", fields=(FieldSpec(name="title"),), can_create=False), {"title": "x"}, "not possible"),
        (
            RecordSchema(kind="issue", fields=(FieldSpec(name="title", creatable=False),)),
            {"title": "x"},
            "cannot set title",
        ),
        (RecordSchema(kind="issue", fields=(FieldSpec(name="title"),)), {"title": "x", "more": 1}, "cannot set more"),
    ],
)
async def test_what_the_schema_forbids_is_refused(schema, sent, message):
    """A remote that ignored it would hide mistakes of the engine."""
    connector = opened(schemas=(schema,))
    with pytest.raises(RecordInvalid, match=message):
        await connector.create("board", KEY, FieldValues(sent))


async def test_a_remote_can_refuse_values_of_its_own_accord():
    """With its own words."""
    connector = opened(refuses=lambda container, fields: "too long" if len(str(fields.get("title"))) > 5 else None)
    with pytest.raises(RecordInvalid, match="too long"):
        await connector.create("board", KEY, FIELDS)


async def test_a_record_that_cannot_be_deleted_says_so():
    """It is not silently kept."""
    connector = opened(schemas=(RecordSchema(kind="issue", fields=(FieldSpec(name="title"),), can_delete=False),))
    record = await connector.create("board", KEY, FIELDS)
    with pytest.raises(RecordInvalid, match="deleted"):
        await connector.delete(record.ref, expected=NO_FIELDS)


async def test_a_search_in_a_container_that_is_not_there_is_an_error():
    """And not an empty answer."""
    connector = opened()
    with pytest.raises(Exception, match="no container"):
        await connector.find_by_key("nowhere", KEY, FIELDS)


def test_kinds_follow_the_container():
    """A flat remote may hold records of any kind."""
    remote = MemoryRemote(Abilities(schemas=(RecordSchema(kind="note", fields=(FieldSpec(name="title"),)),)))
    remote.add_container("notes", kind="note")
    connector = MemoryConnector(remote, "memory")
    assert remote.kind_of("notes") == Kind("note")
    assert connector.as_stored("notes", FieldValues(title="x", status="y")) == {"title": "x"}
