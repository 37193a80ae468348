"""The guard around every call of a connector."""

import asyncio

import pytest

from syncengine.adapters.guarded_connector import GuardedConnector, ReadRetries
from syncengine.domain.identity import ContainerId, RecordId, SyncKey
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.errors import OutcomeUnknown, RateLimited, TransientError, Unreachable
from syncengine.testing.abilities import Abilities
from syncengine.testing.faults import Fault, Faults, Weather
from syncengine.testing.memory_connector import MemoryConnector
from syncengine.testing.memory_remote import MemoryRemote
from syncengine.testing.virtual_clock import VirtualClock

BOX = ContainerId("box")
KEY = SyncKey("0" * 32)


class Guarded:
    """A guarded connector over a memory remote with one record."""

    def __init__(self, **abilities):
        self.clock = VirtualClock(tick_s=0)
        self.remote = MemoryRemote(Abilities(**abilities), now=self.clock.now)
        self.remote.add_container(BOX)
        self.record_id = self.remote.person_creates(BOX, title="one")
        self.faults = Faults()
        inside = MemoryConnector(self.remote, "memory", faults=self.faults, sleep=self.clock.sleep)
        self.guarded = GuardedConnector(inside, clock=self.clock, retries=ReadRetries(attempts=3))
        self.ref = RecordRef(inside.endpoint, BOX, RecordId(self.record_id))


async def listed(guarded):
    return [change async for page in guarded.list_changes(BOX, None, {}) for change in page.changes]


async def test_a_read_is_tried_again_while_trouble_passes():
    """Two refused connections, then an answer: three calls."""
    it = Guarded()
    it.faults.plan("fetch", Weather.REFUSED, Weather.REFUSED)
    assert (await it.guarded.fetch(it.ref)).fields["title"] == "one"
    assert it.remote.calls["fetch"] == 3


async def test_a_read_is_given_up_after_its_attempts():
    """The third failure is the answer."""
    it = Guarded()
    it.faults.always("fetch", Weather.REFUSED)
    with pytest.raises(Unreachable):
        await it.guarded.fetch(it.ref)
    assert it.remote.calls["fetch"] == 3


async def test_a_remote_that_asks_for_a_long_wait_is_left_alone():
    """Waiting longer than a few seconds is the next pass's business."""
    it = Guarded()
    it.faults.plan("discover", Fault(weather=Weather.RATE_LIMITED, retry_after_s=60.0))
    with pytest.raises(RateLimited):
        await it.guarded.discover()
    assert it.remote.calls["discover"] == 1


async def test_a_short_retry_after_is_obeyed():
    """The wait is at least what the remote asked for."""
    it = Guarded()
    it.faults.plan("discover", Fault(weather=Weather.RATE_LIMITED, retry_after_s=3.0))
    before = it.clock.now()
    assert await it.guarded.discover()
    assert (it.clock.now() - before).total_seconds() >= 3


@pytest.mark.parametrize("weather", [Weather.REFUSED, Weather.BUSY, Weather.DROPPED_BEFORE])
async def test_a_write_is_made_exactly_once(weather):
    """No failure of a write is repeated here."""
    it = Guarded()
    it.faults.plan("create", weather)
    with pytest.raises((TransientError, OutcomeUnknown)):
        await it.guarded.create(BOX, KEY, FieldValues(title="two"))
    assert it.remote.calls["create"] == 1


async def test_a_good_answer_that_comes_too_late_proves_nothing():
    """Suspect after one second, answered after two."""
    it = Guarded(suspect_after_s=1.0)
    it.faults.plan("create", Fault(weather=Weather.LOST_ROW, delay_s=2.0))
    with pytest.raises(OutcomeUnknown, match="too late to prove"):
        await it.guarded.create(BOX, KEY, FieldValues(title="two"))
    assert len(it.remote.items(BOX)) == 1


async def test_a_prompt_answer_is_believed():
    """Suspect after one second, answered at once."""
    it = Guarded(suspect_after_s=1.0)
    made = await it.guarded.create(BOX, KEY, FieldValues(title="two"))
    changed = await it.guarded.update(made.ref, FieldValues(title="three"), expected=FieldValues(title="two"))
    assert changed.fields["title"] == "three"
    assert [found.ref for found in await it.guarded.find_by_key(BOX, KEY, FieldValues())] == [made.ref]
    await it.guarded.delete(made.ref, expected=FieldValues(title="three"))
    assert await it.guarded.fetch(made.ref) is None


async def test_a_call_without_an_answer_is_given_up():
    """A read is unreachable then, a write unknown."""
    it = Guarded(call_timeout_s=0.01)
    never = asyncio.Event()

    async def hang(*_, **__):
        await never.wait()

    it.guarded._connector.fetch = hang
    it.guarded._connector.create = hang
    with pytest.raises(Unreachable, match="within 0.01 seconds"):
        await it.guarded.fetch(it.ref)
    with pytest.raises(OutcomeUnknown, match="within 0.01 seconds"):
        await it.guarded.create(BOX, KEY, FieldValues(title="two"))


async def test_a_listing_starts_again_and_never_skips_a_page():
    """The first page is refused once; a later page that breaks off ends the listing with an error."""
    it = Guarded(page_size=1)
    it.remote.person_creates(BOX, title="two")
    it.faults.plan("list", Weather.REFUSED)
    assert len(await listed(it.guarded)) == 2
    it.faults.plan("list", Weather.TRUNCATED)
    with pytest.raises(Unreachable):
        await listed(it.guarded)


async def test_no_more_writes_at_once_than_declared():
    """Ten writes wait for each other where one at a time is declared."""
    it = Guarded(max_concurrent_writes=1, key_storage="id")
    inside, flying, most = it.guarded._connector, 0, 0
    create = inside.create

    async def counted(*args):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            return await create(*args)
        finally:
            flying -= 1

    inside.create = counted
    await asyncio.gather(*(it.guarded.create(BOX, SyncKey(f"{n:032x}"), FieldValues(title=str(n))) for n in range(10)))
    assert most == 1


async def test_requests_are_kept_below_the_declared_rate():
    """The limiter is there exactly where a rate is declared."""
    assert Guarded().guarded._rate is None
    assert Guarded(requests_per_s=20.0).guarded._rate.max_rate == 20.0


def test_pure_answers_pass_through():
    """What a connector says about spelling, names and ids is not touched."""
    it = Guarded(key_storage="id", natural_keys=("title",))
    inside = it.guarded._connector
    fields = FieldValues(title="one")
    assert it.guarded.as_stored(BOX, fields) == inside.as_stored(BOX, fields)
    assert it.guarded.natural_keys(BOX, fields) == inside.natural_keys(BOX, fields) != ()
    assert it.guarded.record_id_for(BOX, KEY) == inside.record_id_for(BOX, KEY) is not None
    assert it.guarded.capabilities is inside.capabilities
