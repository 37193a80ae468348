"""The inbox beside the events: any process puts in, the one that writes takes out."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.adapters.inbox import ask
from syncengine.adapters.log_file import connect
from syncengine.domain.identity import link_id_for
from syncengine.engine.requests import ApprovePlan, ChooseValue
from syncengine.errors import EventUnreadable, LogMisconfigured

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CHOICE = ChooseValue(
    link_id=link_id_for("left", "shelf", "b1"), field="tags", value=("a", "b"), among={"left": None, "right": ("a", "b")}
)


async def test_what_one_process_asks_another_takes_in_this_order(tmp_path):
    """While the log is open for writing, and values come back as they were."""
    path = tmp_path / "log.db"
    async with open_log(path) as log:
        assert not log.inbox.waiting()
        ask(path, CHOICE, by="vera", now=NOON)
        ask(path, ApprovePlan(plan="0f1e2d3c4b5a"), by="\ud800", now=NOON)
        first, second = log.inbox.waiting()
        assert (first.request, first.by, first.at) == (CHOICE, "vera", NOON)
        assert (second.request, second.by) == (ApprovePlan(plan="0f1e2d3c4b5a"), "\ud800")
        await log.inbox.remove(first)
        assert log.inbox.waiting() == [second]
    async with open_log(path, read_only=True) as log:
        assert log.inbox.waiting() == [second], "it waits until somebody takes it"


async def test_a_number_is_never_given_twice(tmp_path):
    """Or a request could be removed that nobody has read."""
    path = tmp_path / "log.db"
    async with open_log(path) as log:
        ask(path, CHOICE, by="vera", now=NOON)
        (first,) = log.inbox.waiting()
        await log.inbox.remove(first)
        ask(path, CHOICE, by="vera", now=NOON)
        await log.inbox.remove(first)
        assert len(log.inbox.waiting()) == 1


async def test_nobody_asks_a_log_that_is_not_there(tmp_path):
    """A mistyped path makes no log."""
    with pytest.raises(LogMisconfigured, match="there is no event log at"):
        ask(tmp_path / "log.db", CHOICE, by="vera", now=NOON)
    assert list(tmp_path.iterdir()) == []


async def test_a_request_of_a_newer_version_is_named(tmp_path):
    """And stays where it is."""
    path = tmp_path / "log.db"
    async with open_log(path) as log:
        ask(path, CHOICE, by="vera", now=NOON)
        with closing(connect(path, read_only=False)) as connection:
            connection.execute("UPDATE inbox SET name = 'choose_colour'")
        with pytest.raises(EventUnreadable, match=r"the request 1 in the inbox \(choose_colour\) cannot be read"):
            log.inbox.waiting()
