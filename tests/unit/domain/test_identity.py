"""Ids are derived, so that a repeated run derives the same ones."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.domain.identity import (
    ROOT,
    ContainerId,
    EndpointName,
    RecordId,
    SyncKey,
    claim_stream,
    endpoint_stream,
    feed_stream,
    intent_id_for,
    link_id_for,
    link_id_of,
    pass_stream,
    sync_key_for,
)

LINK = UUID("12345678123456781234567812345678")


def test_a_sync_key_names_its_link():
    """Reading what was written gives the link back."""
    assert link_id_of(sync_key_for(LINK)) == LINK


def test_a_sync_key_in_capitals_names_the_same_link():
    """A remote that changes capitals does not lose the link."""
    assert link_id_of(SyncKey(sync_key_for(LINK).upper())) == LINK


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TSK-12",
        "1234567812345678123456781234567",
        "0x345678123456781234567812345678ab"[:32],
        "1_345678123456781234567812345678",
        " 2345678123456781234567812345678",
        "+2345678123456781234567812345678",
        "{345678123456781234567812345678}",
        "१२३४५६७८१२३४५६७८१२३४५६७८१२३४५६७८",
        "12345678-1234-5678-1234-56781234",
    ],
)
def test_text_that_is_no_sync_key_names_no_link(text):
    """Only 32 hexadecimal digits do; Python reads much more than that as a number."""
    assert link_id_of(SyncKey(text)) is None


@given(text=st.text(max_size=40))
def test_whatever_names_a_link_is_the_key_of_that_link(text):
    """No two texts of different digits name one link."""
    link_id = link_id_of(SyncKey(text))
    assert link_id is None or sync_key_for(link_id) == text.lower()


def test_the_parts_of_a_place_do_not_run_into_each_other():
    """ "ab" in "c" and "a" in "bc" are two places."""
    one = link_id_for(EndpointName("x"), ContainerId("ab"), RecordId("c"))
    two = link_id_for(EndpointName("x"), ContainerId("a"), RecordId("bc"))
    assert one != two


def test_streams_of_different_things_never_meet():
    """A claim, a feed, an endpoint, a pass and a link have streams of their own, even with equal names."""
    name = "huly"
    streams = {
        link_id_for(EndpointName(name), ROOT, RecordId("1")),
        claim_stream(EndpointName(name), ROOT, RecordId("1")),
        feed_stream(EndpointName(name), ROOT),
        endpoint_stream(EndpointName(name)),
        pass_stream(name),
    }
    assert len(streams) == 5


def test_an_intent_has_one_id_for_each_version_and_endpoint():
    """The same decision derives the same id; another one never does."""
    ids = {intent_id_for(LINK, version, EndpointName(name)) for version in (1, 2) for name in ("huly", "vibe")}
    assert len(ids) == 4
    assert intent_id_for(LINK, 1, EndpointName("huly")) in ids


def test_ids_stay_the_same_for_ever():
    """Ids are stored in logs and in remote records, so deriving them may never change."""
    link_id = link_id_for(EndpointName("huly"), ContainerId("p"), RecordId("1"))
    assert str(link_id) == "414d7ce8-a636-5b42-99ae-5d09310cd8d9"
    assert intent_id_for(link_id, 3, EndpointName("vibe")) == "e71d21102f9f53ef95e1f4675de8f119"
