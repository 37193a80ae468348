"""Somebody sets the clock of this host; what was read or written later stays the newer, and waiting ends."""

from datetime import timedelta

import pytest
from attrs import evolve as changed

from syncengine.testing import Abilities, memory_connector, memory_listing
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World

HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S


async def one_issue(**more):
    world = World(**more)
    project = world.left.person_creates("", title="P")
    world.left.person_creates(project, title="issue")
    world.clock.advance(10)
    await world.settle_down()
    return world


def by_a_clock_that_is_ahead(seconds):
    def pages_of(remote, *where, **more):
        ahead = timedelta(seconds=seconds if remote.lag else 0.0)
        return (changed(page, taken_at=page.taken_at + ahead) for page in memory_listing.pages_of(remote, *where, **more))

    return pages_of


def titles(world):
    left, right = world.projects()
    both = (*world.left.items(left).values(), *world.right.items(right).values())
    return [it["title"] for it in both]


@pytest.mark.parametrize("side", ["left", "right"])
async def test_an_edit_after_the_clock_was_set_back_travels(side):
    """Every listing seems to be older than what is known, so the record is read."""
    world = await one_issue()
    world.clock.set_by(-YEAR_S)
    where = world.projects()[side == "right"]
    remote = getattr(world, side)
    remote.person_edits(where, next(iter(remote.items(where))), title="edited")
    await world.settle_down()
    assert titles(world) == ["edited", "edited"]


async def test_a_record_deleted_after_the_clock_was_set_back_is_gone():
    """A tombstone from what seems to be the past may tell of an earlier record, so it is looked into, and twice."""
    world = await one_issue(
        left_abilities=Abilities(key_storage="id", projects=True, natural_keys=("title",), tombstones=True)
    )
    world.clock.set_by(-HOUR_S)
    left, _ = world.projects()
    world.left.person_deletes(left, next(iter(world.left.items(left))))
    await world.engine.run_pass()
    assert titles(world) == ["issue"]
    await world.engine.run_pass()
    assert titles(world) == []


async def test_a_write_that_waits_is_looked_at_when_the_clock_was_set_back():
    """Its time would come in a year."""
    world = await one_issue()
    left, _ = world.projects()
    world.left.person_edits(left, next(iter(world.left.items(left))), title="edited")
    world.right_faults.plan("update", Weather.DROPPED_BEFORE)
    await world.engine.run_pass()
    assert len(world.log.views.open_writes()) == 1
    world.clock.set_by(-YEAR_S)
    await world.settle_down()
    assert titles(world) == ["edited", "edited"]


async def test_a_write_that_failed_again_while_the_clock_was_ahead_does_not_wait_for_a_year():
    """It was decided before the clock was set forward, and put off after that."""
    world = await one_issue()
    left, _ = world.projects()
    world.left.person_edits(left, next(iter(world.left.items(left))), title="edited")
    world.right_faults.plan("update", Weather.BUSY, Weather.BUSY)
    await world.engine.run_pass()
    world.clock.set_by(YEAR_S)
    await world.engine.run_pass()
    assert len(world.log.views.open_writes()) == 1
    world.clock.set_by(-YEAR_S)
    world.clock.advance(10)
    await world.settle_down()
    assert titles(world) == ["edited", "edited"]


async def test_patience_is_not_over_because_the_clock_was_set_forward():
    """The record may have been made and not be shown yet; making it again would double it."""
    world = World(
        right_abilities=Abilities(key_storage="marker", projects=True, natural_keys=("title",), listing_lag_s=60.0)
    )
    project = world.left.person_creates("", title="P")
    await world.engine.run_pass()
    world.clock.advance(120)
    await world.settle_down()
    world.left.person_creates(project, title="issue")
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    its_own_time, elapsed_s = world.clock.now(), world.clock.monotonic()
    world.right.now = lambda: its_own_time + timedelta(seconds=world.clock.monotonic() - elapsed_s)
    world.clock.set_by(YEAR_S)
    for _ in range(3):
        await world.engine.run_pass()
    assert titles(world) == ["issue", "issue"]
    world.clock.advance(120)
    await world.settle_down()
    assert titles(world) == ["issue", "issue"]
    assert world.right.effects["create"] == 2  # the project and the issue


@pytest.mark.parametrize("seconds", [2.0, HOUR_S, YEAR_S])
async def test_a_listing_that_lags_is_not_believed_because_the_clock_was_set_forward(seconds, monkeypatch):
    """It still shows what was there before our write, and claims to be newer."""
    world = World(
        right_abilities=Abilities(key_storage="marker", projects=True, natural_keys=("title",), listing_lag_s=60.0)
    )
    project = world.left.person_creates("", title="P")
    issue = world.left.person_creates(project, title="issue")
    for _ in range(3):
        await world.engine.run_pass()
        world.clock.advance(120)
    began, elapsed_s = world.clock.now(), world.clock.monotonic()
    world.right.now = lambda: began + timedelta(seconds=world.clock.monotonic() - elapsed_s)
    world.left.person_edits(project, issue, title="edited")
    await world.engine.run_pass()
    assert titles(world) == ["edited", "edited"]
    world.clock.set_by(seconds)
    monkeypatch.setattr(memory_connector, "pages_of", by_a_clock_that_is_ahead(seconds))
    await world.engine.run_pass()
    assert titles(world) == ["edited", "edited"]
