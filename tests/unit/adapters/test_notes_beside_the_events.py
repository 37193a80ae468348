"""Notes beside the events: by which rules every link was last looked at, and when a container was listed from the start."""

from datetime import timedelta

from syncengine.adapters.event_log import open_log
from tests.unit.adapters.sample_events import NOON


async def test_the_last_mark_counts(tmp_path):
    """It outlives the process and a rebuild of the views, and stores no event."""
    path = tmp_path / "log.db"
    async with open_log(path) as log:
        assert log.views.rules() is None
        await log.note_rules("one")
        await log.note_rules("two")
        await log.rebuild_views()
    async with open_log(path, read_only=True) as log:
        assert log.views.rules() == "two"
        assert log.views.counts().events == 0


async def test_the_last_full_listing_of_each_container_counts(place):
    """It outlives the process and a rebuild of the views, stores no event, and is told in UTC."""
    later = NOON + timedelta(hours=1, microseconds=5)
    async with open_log(place) as log:
        assert log.views.listed_in_full_at("huly", "board") is None
        await log.note_full_listing("huly", "board", at=NOON)
        await log.note_full_listing("huly", "board", at=later)
        await log.note_full_listing("huly", "", at=NOON)
        await log.rebuild_views()
    async with open_log(place, read_only=True) as log:
        assert log.views.listed_in_full_at("huly", "board") == later
        assert log.views.listed_in_full_at("huly", "") == NOON
        assert log.views.listed_in_full_at("vibe", "board") is None
        assert log.views.counts().events == 0
