"""What the codec stores, what it refuses, and what it says then."""

import enum
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from attrs import evolve, frozen

from syncengine.adapters import plain_json
from syncengine.adapters.event_codec import CODEC, FORMATS, EventCodec, EventFormat
from syncengine.domain.events import EndpointResumed, Event, PassStarted, WriteOvertaken
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.errors import EventLogError, EventUnreadable, NewerEvent, UnknownEvent
from tests.unit.adapters.sample_events import FULL_EXAMPLES, HULY, NOON, observed

NAMES = [
    "link.record_observed",
    "link.record_gone",
    "link.writes_intended",
    "link.write_confirmed",
    "link.write_rejected",
    "link.write_postponed",
    "link.write_overtaken",
    "link.conflict_parked",
    "link.conflict_resolved",
    "link.copy_found",
    "link.copy_missed",
    "link.copy_settled",
    "link.closed",
    "claim.taken",
    "claim.released",
    "feed.cursor_advanced",
    "endpoint.paused",
    "endpoint.resumed",
    "place.paused",
    "place.resumed",
    "host.given_up",
    "host.answered",
    "safety.stopped",
    "safety.cleared",
    "safety.approved",
    "pass.started",
    "pass.finished",
]


def encode(event, codec=CODEC, at=NOON):
    return codec.encode(event, recorded_at=at, caused_by="pass 1")


def stored(event):
    return plain_json.loads(encode(event)[1])


def decode(name, data, codec=CODEC, version=1):
    row = {"v": version, "at": NOON.isoformat(), "by": "pass 1", "data": data}
    return codec.decode(name, plain_json.dumps(row)).event


def there_and_back(value):
    event = observed(fields=FieldValues({"title": value}))
    return CODEC.decode(*encode(event)).event.fields["title"]


def test_every_kind_of_event_has_its_name():
    """The names are what is stored for ever."""
    assert [known.name for known in FORMATS] == NAMES
    assert {known.event_class for known in FORMATS} == set(get_args(Event))


@pytest.mark.parametrize("name", NAMES)
def test_an_event_comes_back_with_what_was_stored_about_it(name):
    """Name, event, time and cause survive."""
    event = FULL_EXAMPLES[name]
    stored_name, state = encode(event)

    decoded = CODEC.decode(stored_name, state)

    assert (stored_name, decoded.event, decoded.recorded_at, decoded.caused_by) == (name, event, NOON, "pass 1")


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        1,
        0,
        1.0,
        -0.0,
        0.1,
        None,
        "",
        "null",
        "nul\x00inside",
        "👩‍👩‍👧 ünï",
        "\ud800 alone",
        "\ud83d\ude00 two halves",
        "\u2028",
        '"\\ud800',
        (),
        ("a", "\udfff"),
        2**63 - 1,
        2**64,
        -(2**70),
        math.inf,
        -math.inf,
        1e308,
    ],
)
def test_a_field_value_keeps_value_and_type(value):
    """True is not 1, 1 is not 1.0, lists are tuples, and text need not be valid Unicode."""
    back = there_and_back(value)

    assert (type(back), repr(back)) == (type(value), repr(value))


def test_a_float_that_is_no_number_stays_one():
    """The fast encoder would have stored null."""
    assert math.isnan(there_and_back(math.nan))


def test_odd_text_outside_of_fields_survives():
    """Ids, labels, reasons and names of fields come from remotes, too."""
    event = observed(RecordRef("huly", "bo\udc80ard", "\ud800"), FieldValues({"t\ud800": "x"}), label="\udfff")

    assert CODEC.decode(*encode(event)).event == event


def test_remote_text_shaped_like_a_tag_of_the_library_survives():
    """The library's own transcoder can store this, but never read it again."""
    event = observed(fields=FieldValues({"_type_": "uuid_hex", "_data_": "no uuid"}))

    assert CODEC.decode(*encode(event)).event == event


def test_plain_data_is_stored():
    """Enums by value, sets sorted, tuples as lists, ids as text, times in ISO with microseconds."""
    write = stored(FULL_EXAMPLES["link.writes_intended"])["data"]["writes"][0]
    claim = stored(FULL_EXAMPLES["claim.taken"])["data"]

    assert (write["operation"], write["untold"]) == ("update", ["priority", "status"])
    assert claim["link_id"] == str(FULL_EXAMPLES["claim.taken"].link_id)
    assert stored(FULL_EXAMPLES["link.record_gone"]) == {
        "v": 1,
        "at": "2025-03-04T12:00:00.123456+00:00",
        "by": "pass 1",
        "data": {
            "ref": {"endpoint": "huly", "container": "board", "record_id": "h1"},
            "evidence": "tombstone",
            "taken_at": "2025-03-04T12:00:00.123456+00:00",
        },
    }


def test_what_other_programs_read_is_json():
    """Only text that is no Unicode makes an exception."""
    _, state = encode(FULL_EXAMPLES["link.writes_intended"])
    _, big = encode(observed(fields=FieldValues(title=2**70)))

    assert json.loads(state)["v"] == 1
    assert json.loads(big)["data"]["fields"]["title"] == 2**70


def test_a_time_of_another_zone_is_stored_in_utc():
    """The moment counts, not who wrote it down."""
    moment = datetime(2025, 3, 4, 14, 0, tzinfo=timezone(timedelta(hours=2)))

    assert stored(evolve(FULL_EXAMPLES["link.record_gone"], taken_at=moment))["data"]["taken_at"] == (
        "2025-03-04T12:00:00+00:00"
    )


def test_a_time_without_zone_is_refused():
    """Nobody could say later what it meant."""
    with pytest.raises(EventLogError, match="without a zone"):
        encode(evolve(FULL_EXAMPLES["link.record_gone"], taken_at=datetime(2025, 3, 4)))


def test_a_value_that_is_no_plain_data_is_refused():
    """Better before it is stored than when it is read."""
    with pytest.raises(EventLogError, match=r"link\.record_observed cannot be stored"):
        encode(observed(fields=FieldValues(title=object())))


def test_an_unknown_name_asks_for_an_upgrade():
    """A newer version has more kinds of events."""
    with pytest.raises(UnknownEvent, match=r"'link\.teleported'.*upgrade"):
        decode("link.teleported", {})


def test_a_newer_version_asks_for_an_upgrade():
    """Its data may mean something else."""
    with pytest.raises(NewerEvent, match=r"endpoint\.resumed has version 2, known up to 1.*upgrade"):
        decode("endpoint.resumed", {"endpoint": "huly"}, version=2)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("endpoint.resumed", lambda data: {**data, "mood": "good"}),
        ("claim.taken", lambda data: {**data, "ref": {**data["ref"], "mood": "good"}}),
        ("link.writes_intended", lambda data: {**data, "writes": [{**data["writes"][0], "mood": "good"}]}),
    ],
)
def test_a_field_that_is_not_known_asks_for_an_upgrade(name, change):
    """Dropping it would lose half of the event."""
    data = stored(FULL_EXAMPLES[name])["data"]

    with pytest.raises(NewerEvent, match=r"not known here \(mood\).*upgrade"):
        decode(name, change(data))


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("endpoint.resumed", {"endpoint": 3}, "endpoint"),
        ("endpoint.resumed", {"endpoint": None}, "endpoint"),
        ("pass.finished", {"writes": "3"}, "writes"),
        ("pass.finished", {"writes": True}, "writes"),
        ("pass.finished", {"problems": ["x", 1]}, r"problems\[1\]"),
        ("link.record_gone", {"evidence": "hearsay"}, "evidence"),
        ("link.record_gone", {"taken_at": "yesterday"}, "taken_at"),
        ("link.record_gone", {"taken_at": "2025-03-04T12:00:00"}, "taken_at"),
        ("link.record_gone", {"taken_at": "2025-03-04T12:00:00+02:00"}, "taken_at"),
        ("link.record_gone", {"ref": {"endpoint": "huly", "container": "board"}}, "ref"),
        ("link.record_gone", {"ref": {"endpoint": "huly", "container": "board", "record_id": 1}}, "ref"),
        ("link.record_gone", {"ref": None}, "ref"),
        ("link.record_observed", {"fields": {"title": {"a": 1}}}, "fields"),
        ("link.record_observed", {"fields": {"title": [1]}}, "fields"),
        ("link.record_observed", {"fields": []}, "fields"),
        ("link.record_observed", {"label": 7}, "label"),
        ("link.conflict_resolved", {"value": {}}, "value"),
        ("link.write_postponed", {"outcome": "perhaps"}, "outcome"),
        ("claim.taken", {"link_id": "no id"}, "link_id"),
    ],
)
def test_damage_is_noticed_and_its_place_is_told(name, change, told):
    """Nothing is turned into something else silently."""
    data = {**stored(FULL_EXAMPLES[name])["data"], **change}

    with pytest.raises(EventUnreadable, match=rf"the stored {name} is damaged: .*@ \$\.{told}"):
        decode(name, data)


def test_a_missing_field_is_damage():
    """Only optional fields may be missing."""
    with pytest.raises(EventUnreadable, match=r"required field missing @ \$\.endpoint"):
        decode("endpoint.resumed", {})


def test_a_missing_optional_field_has_its_default():
    """That is how a field is added without a new version."""
    data = stored(FULL_EXAMPLES["link.record_observed"])["data"]
    del data["revision"], data["label"]

    assert decode("link.record_observed", data) == evolve(FULL_EXAMPLES["link.record_observed"], revision=None, label=None)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{",
        b" {",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"v": 1}',
        b'{"v": 1, "at": "x", "by": "b", "data": {}}',
        b'{"v": 1, "at": 5, "by": "b", "data": {}}',
        b'{"v": 0, "at": "2025-03-04T12:00:00+00:00", "by": "b", "data": {}}',
        b'{"v": "2", "at": "2025-03-04T12:00:00+00:00", "by": "b", "data": {}}',
        b'{"v": true, "at": "2025-03-04T12:00:00+00:00", "by": "b", "data": 3}',
        b'{"v": 1, "at": "2025-03-04T12:00:00+00:00", "by": "b", "data": null}',
    ],
)
def test_a_damaged_row_is_noticed(state):
    """Whatever the bytes are, it is one error."""
    with pytest.raises(EventUnreadable, match=r"pass\.started"):
        CODEC.decode("pass.started", state)


@frozen(kw_only=True)
class Painted:
    """An event whose format changed twice."""

    colour: str
    coats: int = 1


PAINTED = EventCodec(
    formats=(EventFormat("wall.painted", Painted, 3),),
    upcasters={
        ("wall.painted", 1): lambda data: {"color": data["paint"]},
        ("wall.painted", 2): lambda data: {"colour": data["color"], "coats": 2},
    },
)


@pytest.mark.parametrize(
    ("version", "data"), [(1, {"paint": "red"}), (2, {"color": "red"}), (3, {"colour": "red", "coats": 2})]
)
def test_an_old_version_is_read_through_all_upcasters(version, data):
    """One step for each version, the last one giving what the class holds now."""
    assert decode("wall.painted", data, PAINTED, version) == Painted(colour="red", coats=2)


def test_an_old_event_that_an_upcaster_cannot_read_is_damaged():
    """Its error is told as damage, not as a bug of the program."""
    with pytest.raises(EventUnreadable, match=r"wall\.painted of version 1 is damaged: KeyError\('paint'\)"):
        decode("wall.painted", {}, PAINTED, 1)


def test_a_missing_upcaster_is_found_at_once():
    """Not when the first old event is read."""
    with pytest.raises(ValueError, match=r"wall\.painted has version 3, but no upcaster from \[1, 2\]"):
        EventCodec(formats=(EventFormat("wall.painted", Painted, 3),), upcasters={})


def test_all_kinds_share_one_reader():
    """The codec everybody uses knows every format."""
    assert CODEC.decode(*encode(PassStarted(sync_id="s"))).event == PassStarted(sync_id="s")
    assert CODEC.decode(*encode(EndpointResumed(endpoint="e"))).event == EndpointResumed(endpoint="e")
    assert CODEC.decode(*encode(WriteOvertaken(intent_id="i", reason=""))).recorded_at.tzinfo is UTC


def test_only_plain_data_is_stored():
    """A class that nobody named cannot get in."""

    class Mood(enum.Enum):
        GOOD = object()

    with pytest.raises(EventLogError, match="cannot be stored"):
        encode(observed(HULY, FieldValues(title=Mood.GOOD)))
