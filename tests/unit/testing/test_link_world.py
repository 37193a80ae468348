"""The world of one link does with it what the engine does."""

import pytest

from syncengine.domain.events import WriteOvertaken
from tests.unit.domain.links import HULY, VIBE, issue, linked


def test_a_write_that_somebody_overtook_is_refused_by_the_remote():
    """As by a remote with conditional writes."""
    world = linked()
    world.person_edits(HULY, "title", "ours")
    world.look(HULY)
    world.decide()
    world.person_edits(VIBE, "title", "theirs")
    world.send(next(iter(world.pending)))
    assert isinstance(world.events[-2], WriteOvertaken)
    assert world.remotes[VIBE]["title"] == "theirs"
    assert world.link.sides[VIBE].observed["title"] == "theirs"


def test_a_lost_write_is_judged_by_what_is_there():
    """Landed or not, it is made exactly once."""
    for arrives in (True, False):
        world = linked()
        world.person_edits(HULY, "title", "ours")
        world.look(HULY)
        world.decide()
        (intent_id,) = world.pending
        if arrives:
            world.send(intent_id, answered=False)
        else:
            world.postpone(intent_id, unknown=True)
        world.judge(intent_id)
        assert world.remotes[VIBE]["title"] == "ours"
        assert not world.pending


def test_a_world_that_never_rests_says_so():
    """With the last events, so that the loop can be seen."""
    world = linked()
    for title in ("one", "two"):
        world.person_edits(HULY, "title", title)
        with pytest.raises(AssertionError, match="no rest after 1 rounds"):
            world.settle(rounds=1)
    assert world.settle() == 0


def test_a_story_can_be_read():
    """Sides, rules, events and what the remotes hold."""
    story = repr(linked(fields=issue(title="Fix the roof")))
    assert "1. huly seen at" in story
    assert "create on vibe" in story
    assert "vibe holds" in story
