"""By which rules every link was last looked at: a note beside the events."""

from syncengine.adapters.event_log import open_log


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
