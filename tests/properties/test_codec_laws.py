"""Whatever event there is, storing it and reading it gives the same event."""

from collections.abc import Mapping
from datetime import UTC, timedelta, timezone

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncengine.adapters import plain_json
from syncengine.adapters.event_codec import CODEC, FORMATS
from syncengine.domain.events import Evidence, Operation, Proof, Settlement, Write
from syncengine.domain.records import FieldValues, RecordRef
from tests.fixtures import hypothesis_profiles  # noqa: F401 - chooses the profile
from tests.unit.adapters.sample_events import FULL_EXAMPLES, NOON

# Unlike `st.text()` this has lone surrogates, which remotes written in JavaScript can send.
texts = st.text(st.characters())
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11))])
times = st.datetimes(timezones=zones)
values = st.one_of(
    texts, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), st.lists(texts, max_size=3).map(tuple)
)
fields = st.dictionaries(texts, values, max_size=4).map(FieldValues)
refs = st.builds(RecordRef, endpoint=texts, container=texts, record_id=texts)

by_name = st.dictionaries(texts, values, max_size=3)

settlements = st.builds(Settlement, field=texts, rule=texts, value=values, losers=by_name)
writes = st.builds(
    Write,
    intent_id=texts,
    endpoint=texts,
    container=texts,
    operation=st.sampled_from(Operation),
    ref=st.none() | refs,
    fields=fields,
    stored=fields,
    expected=fields,
    initial=fields,
    untold=st.frozensets(texts, max_size=3),
)
maybe = st.none() | texts

# Every field of every event; a test below says so.
FIELDS = {
    "link.record_observed": {
        "ref": refs,
        "kind": texts,
        "fields": fields,
        "taken_at": times,
        "revision": maybe,
        "label": maybe,
    },
    "link.record_gone": {"ref": refs, "evidence": st.sampled_from(Evidence), "taken_at": times},
    "link.writes_intended": {
        "basis": st.dictionaries(texts, fields, max_size=3),
        "writes": st.lists(writes, max_size=2).map(tuple),
        "reasons": st.dictionaries(texts, texts, max_size=3),
        "settled": st.lists(settlements, max_size=2).map(tuple),
        "moot": st.frozensets(texts, max_size=2),
    },
    "link.write_confirmed": {
        "intent_id": texts,
        "ref": refs,
        "fields": fields,
        "proof": st.sampled_from(Proof),
        "written_at": times,
        "revision": maybe,
        "label": maybe,
    },
    "link.write_rejected": {"intent_id": texts, "reason": texts, "error": texts},
    "link.write_postponed": {
        "intent_id": texts,
        "outcome": st.sampled_from(["not_done", "unknown"]),
        "not_before": times,
        "reason": texts,
    },
    "link.write_overtaken": {"intent_id": texts, "reason": texts},
    "link.conflict_parked": {"field": texts, "rule": texts, "reason": texts, "versions": by_name},
    "link.conflict_resolved": {"field": texts, "value": values, "by": texts},
    "link.copy_found": {
        "ref": refs,
        "kind": texts,
        "fields": fields,
        "taken_at": times,
        "revision": maybe,
        "label": maybe,
        "sign": st.sampled_from(["key", "looks"]),
    },
    "link.copy_missed": {"ref": refs},
    "link.copy_settled": {"ref": refs, "verdict": st.sampled_from(["kept", "new", "ignored", "gone"]), "by": texts},
    "link.closed": {"reason": texts},
    "claim.taken": {"ref": refs, "link_id": st.uuids()},
    "claim.released": {"ref": refs, "link_id": st.uuids()},
    "feed.cursor_advanced": {"endpoint": texts, "container": texts, "cursor": texts},
    "endpoint.paused": {"endpoint": texts, "reason": texts, "error": texts},
    "endpoint.resumed": {"endpoint": texts},
    "place.paused": {"subject": texts, "reason": texts, "error": texts, "by": texts},
    "place.resumed": {"subject": texts, "by": texts},
    "host.given_up": {"host": texts, "reason": texts},
    "host.answered": {"host": texts},
    "safety.stopped": {"place": texts, "plan": texts, "reason": texts, "deletions": st.lists(refs, max_size=3).map(tuple)},
    "safety.cleared": {"place": texts},
    "safety.approved": {"plan": texts, "by": texts},
    "pass.started": {"sync_id": texts},
    "pass.finished": {
        "sync_id": texts,
        "writes": st.integers(),
        "judged": st.integers(),
        "problems": st.lists(texts, max_size=3).map(tuple),
    },
}


def typed(value):
    """A value with the types of everything in it, because True == 1 == 1.0 and a list is not a tuple."""
    if attrs.has(type(value)):
        return type(value), {field.name: typed(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return isinstance(value, FieldValues), {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple, [typed(inner) for inner in value]
    return type(value), str(value) if isinstance(value, float) else value


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_reading_what_was_stored_gives_the_same_event(known):
    """The law, for every kind of event."""

    @given(event=st.builds(known.event_class, **FIELDS[known.name]), recorded_at=times, caused_by=texts)
    @example(event=FULL_EXAMPLES[known.name], recorded_at=NOON, caused_by="")
    def law(event, recorded_at, caused_by):
        name, state = CODEC.encode(event, recorded_at=recorded_at, caused_by=caused_by)
        decoded = CODEC.decode(name, state)
        assert decoded == (event, recorded_at, caused_by)
        assert typed(decoded.event) == typed(event)

    law()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False).map(plain_json.plain_float) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, plain, max_size=4))
@example({"two halves that are no character": "\ud83d\ude00"})
def test_plain_data_survives_as_bytes(data):
    """The layer below: any plain data, in the fast spelling or in the slow one."""
    assert plain_json.loads(plain_json.dumps(data)) == data


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_the_law_draws_every_field(known):
    """A field that is always its default could hide a defect."""
    assert FIELDS[known.name].keys() == {field.name for field in attrs.fields(known.event_class)}
