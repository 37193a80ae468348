"""An endpoint whose listings go on at a cursor is listed from the start now and then, so nothing stays hidden for good."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.events import Evidence
from syncengine.domain.identity import EndpointName
from syncengine.domain.pauses import item_subject
from syncengine.domain.policy import DAY_S
from syncengine.domain.records import RecordRef
from syncengine.engine.full_listings import is_full_listing_due
from syncengine.engine.ports import KnownRecord
from syncengine.engine.requests import PausePlace, ResumePlace
from syncengine.testing import Abilities
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World, policy_of

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
EVERYTHING = 4
"""What the left side lists from the start: a project and three issues."""


@pytest.fixture
async def world():
    """Three issues on both sides; listings of the left go on at a cursor and show no deletions."""
    world = World(
        left_abilities=Abilities(key_storage="id", projects=True, natural_keys=("title",), change_cursor=True, page_size=2)
    )
    project = world.left.person_creates("", title="P")
    for number in range(3):
        world.left.person_creates(project, title=f"issue {number}")
    await world.settle_down()
    return world


def titles(world, side):
    remote = getattr(world, side)
    board = world.projects()[side == "right"]
    return sorted(it["title"] for it in remote.items(board).values())


async def listed(world):
    report = await world.engine.run_pass()
    assert not report.problems
    return report.listed["left"]


async def hide_the_next_listing(world):
    """A listing from the cursor on lies that nothing has changed."""
    world.left_faults.plan("list", None, Weather.EMPTY_LISTING)
    await world.engine.run_pass()


async def test_what_a_listing_did_not_show_once_is_found_within_a_day(world):
    """It lies behind the cursor, and nothing else would ever show it."""
    left, _ = world.projects()
    world.left.person_creates(left, title="hidden")
    await hide_the_next_listing(world)
    await world.settle_down()
    assert "hidden" not in titles(world, "right")
    world.clock.advance(DAY_S)
    await world.settle_down()
    assert titles(world, "right") == titles(world, "left")


async def test_a_deletion_that_no_listing_reports_is_found_within_a_day(world):
    """By two looks, as everywhere; the second one follows at once and not another day later."""
    left, _ = world.projects()
    world.left.person_deletes(left, min(world.left.items(left)))
    await world.settle_down()
    assert len(titles(world, "right")) == 3
    world.clock.advance(DAY_S)
    assert [await listed(world), await listed(world)] == [EVERYTHING - 1, EVERYTHING - 1 - 1]
    assert titles(world, "right") == titles(world, "left") == ["issue 1", "issue 2"]


async def test_between_two_full_listings_only_changes_are_listed(world):
    """That is what a cursor is for; a restart does not forget when it was."""
    assert await listed(world) == 0
    world.clock.advance(DAY_S)
    assert await listed(world) == EVERYTHING
    world.start()
    assert await listed(world) == 0


async def test_a_clock_that_was_set_back_leads_to_one_full_listing(world):
    """Nobody knows how long ago the last one was."""
    world.clock.set_by(-DAY_S)
    assert [await listed(world), await listed(world)] == [EVERYTHING, 0]


async def test_a_full_listing_that_broke_off_is_made_again(world):
    """Only one that was read to its end counts."""
    world.clock.advance(DAY_S)
    world.left_faults.plan("list", None, Weather.TRUNCATED)
    await world.engine.run_pass()
    assert await listed(world) == EVERYTHING - 1  # that of the projects was whole


async def test_rules_that_were_read_anew_say_how_often(world):
    """From the next pass on."""
    world.clock.advance(60)
    assert await listed(world) == 0
    world.engine.use(policy=evolve(policy_of(Prefer("left")), full_listing_every_s=30.0), pairings=())
    assert await listed(world) == EVERYTHING


async def test_while_a_new_record_waits_for_its_create_to_be_judged_everything_is_listed(world):
    """What was hidden before may be this record, and the cursor has gone past it."""
    _, right = world.projects()
    world.right.person_creates(right, title="new")
    world.left_faults.plan("create", Weather.DROPPED_AFTER)
    await world.engine.run_pass()
    (write,) = world.log.views.open_writes()
    world.inbox.put(PausePlace(subject=item_subject(write.link_id), reason="a walk"), by="vera")
    world.clock.advance(DAY_S)
    numbers = [await listed(world), await listed(world)]
    assert numbers == [EVERYTHING + 1, EVERYTHING + 1 - 1]  # the projects have nothing to wait for
    world.inbox.put(ResumePlace(subject=item_subject(write.link_id)), by="vera")
    await world.settle_down()
    assert titles(world, "left") == titles(world, "right")


def known(gone):
    ref = RecordRef(EndpointName("left"), "board", "one")
    return KnownRecord(ref=ref, link_id=None, kind="issue", digest=b"", gone=gone)


@pytest.mark.parametrize(
    ("last", "gone", "is_due"),
    [
        (None, None, True),
        (NOON, None, False),
        (NOON - timedelta(seconds=9.9), None, False),
        (NOON - timedelta(seconds=10), None, True),
        (NOON + timedelta(seconds=1), None, True),
        (NOON, Evidence.ABSENT, True),
        (NOON, Evidence.CONFIRMED, False),
        (NOON, Evidence.TOMBSTONE, False),
        (NOON, Evidence.OURS, False),
    ],
)
def test_when_a_full_listing_is_due(last, gone, is_due):
    """Never yet, ten seconds ago, in the future, or while something is missing without proof."""
    assert is_full_listing_due(last, NOON, every_s=10, known=[known(gone)]) is is_due
