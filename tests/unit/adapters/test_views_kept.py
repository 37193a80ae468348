"""What the views keep in memory between passes, and when it is thrown away."""

from datetime import UTC, datetime

from syncengine.adapters import views
from syncengine.adapters.event_log import open_log
from syncengine.domain.events import RecordObserved
from syncengine.domain.identity import ContainerId, EndpointName, Kind, RecordId, link_id_for
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.links import claim
from syncengine.engine.ports import Append

HULY = EndpointName("huly")


async def see(log, container, record_id, title, after=0):
    ref = RecordRef(HULY, ContainerId(container), RecordId(record_id))
    link = link_id_for(ref.endpoint, ref.container, ref.record_id)
    event = RecordObserved(ref=ref, kind=Kind("issue"), fields=FieldValues(title=title), taken_at=datetime.now(UTC))
    claims = [] if after else [claim(ref, link)]
    await log.append(Append(stream_id=link, after_version=after, events=(event,)), *claims, caused_by="test")
    return link


async def test_the_same_records_are_given_again_until_the_log_grows(tmp_path):
    """A quiet pass reads nothing; an edit is seen at once."""
    async with open_log(tmp_path / "log.db") as log:
        await see(log, "A", "1", "one")
        first = log.views.known_records(HULY, ContainerId("A"))
        assert log.views.known_records(HULY, ContainerId("A")) is first
        await see(log, "A", "1", "two", after=1)
        second = log.views.known_records(HULY, ContainerId("A"))
        assert second[RecordId("1")].digest != first[RecordId("1")].digest


async def test_no_more_is_kept_than_allowed(tmp_path, monkeypatch):
    """With room for one record, a second container drives out the first."""
    monkeypatch.setattr(views, "KEPT_RECORDS", 1)
    async with open_log(tmp_path / "log.db") as log:
        await see(log, "A", "1", "one")
        await see(log, "B", "2", "two")
        first = log.views.known_records(HULY, ContainerId("A"))
        assert set(log.views.known_records(HULY, ContainerId("B"))) == {"2"}
        again = log.views.known_records(HULY, ContainerId("A"))
        assert again is not first
        assert again == first


async def test_links_are_restless_until_they_are_marked_at_the_version_they_have(tmp_path):
    """A mark for an older version is no mark."""
    async with open_log(tmp_path / "log.db") as log:
        link = await see(log, "A", "1", "one")
        assert log.views.restless(HULY, ContainerId("A")) == [link]
        await log.mark_quiet({link: 1})
        assert not log.views.restless(HULY, ContainerId("A"))
        await see(log, "A", "1", "two", after=1)
        await log.mark_quiet({link: 1})
        assert log.views.restless(HULY, ContainerId("A")) == [link]
        await log.mark_quiet({link: 2})
        assert not log.views.restless(HULY, ContainerId("A"))
        await log.rebuild_views()
        assert log.views.restless(HULY, ContainerId("A")) == [link], "after a rebuild everything is looked at once more"
