"""Linked projects that an endpoint does not offer any more are said, for their items are not synced."""

from uuid import uuid4

import pytest

from syncengine.connector import Container
from syncengine.domain.events import Evidence
from syncengine.domain.identity import ROOT, ContainerId, EndpointName, Kind, LinkId, RecordId
from syncengine.domain.records import RecordRef
from syncengine.engine.pairings import left_out
from syncengine.engine.ports import KnownRecord

LEFT, RIGHT = EndpointName("left"), EndpointName("right")


def known(endpoint, record_id, link_id, **more):
    ref = RecordRef(endpoint, ROOT, RecordId(record_id))
    record = KnownRecord(ref=ref, link_id=link_id, kind=Kind("project"), digest=b"", **more)
    return {RecordId(record_id): record}


def offered(*ids):
    return {ContainerId(it): Container(container_id=ContainerId(it), kind=Kind("issue"), title="Shelf") for it in ids}


@pytest.fixture
def link_id():
    return LinkId(uuid4().hex)


def test_a_project_that_one_endpoint_does_not_offer_is_named_with_that_endpoint(link_id):
    """With the name that the other endpoint has for it."""
    projects = {LEFT: known(LEFT, "l", link_id, label="SH"), RIGHT: known(RIGHT, "r", link_id)}
    (line,) = left_out(projects, {LEFT: offered("other"), RIGHT: offered("r")})
    assert line.startswith("Shelf: its items are not synced, because left does not offer SH")


def test_a_project_that_is_offered_by_all_is_not_left_out(link_id):
    """The usual case says nothing."""
    projects = {LEFT: known(LEFT, "l", link_id), RIGHT: known(RIGHT, "r", link_id)}
    assert left_out(projects, {LEFT: offered("l"), RIGHT: offered("r")}) == []


def test_an_endpoint_that_did_not_answer_leaves_nothing_out(link_id):
    """Its problem is said already."""
    projects = {LEFT: known(LEFT, "l", link_id), RIGHT: known(RIGHT, "r", link_id)}
    assert left_out(projects, {RIGHT: offered("r")}) == []


@pytest.mark.parametrize("right", [{}, {"gone": Evidence.CONFIRMED}])
def test_a_project_without_a_counterpart_is_not_left_out(link_id, right):
    """It has none yet, or has lost it, which is shown as such."""
    projects = {LEFT: known(LEFT, "l", link_id), RIGHT: known(RIGHT, "r", link_id, **right) if right else {}}
    assert left_out(projects, {LEFT: offered(), RIGHT: offered()}) == []
