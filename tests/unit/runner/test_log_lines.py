"""The schema of log lines: a public format, so what is there stays as it is."""

import inspect
import json
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from syncengine.engine import notes
from syncengine.runner.log_lines import schema as log_lines
from syncengine.runner.log_lines.rendering import FIXED_KEYS
from syncengine.runner.log_lines.set_up import facts_of

RESERVED = {*FIXED_KEYS, *log_lines.TRACE_IDS, "exception", "stack", "exc_info", "stack_info", "unreadable"}

GOLDEN = {
    "pass.started info": "sync_id",
    "pass.ended info": "sync_id status duration_s pairings listed changed writes judged problems quiet",
    "pass.failed error": "error reason duration_s",
    "pass.problem warning": "problem",
    "pass.skipped warning": "",
    "pairing.started debug": "pairing kind links",
    "pairing.ended debug": "pairing kind links",
    "link.ended debug": "pairing link_id",
    "link.saved debug": "link_id version saved",
    "record.seen debug": "link_id version endpoint kind record_id saved",
    "record.missing warning": "link_id version endpoint record_id evidence saved",
    "write.intended info": "link_id version intent_id endpoint kind operation attempt fields saved",
    "conflict.settled info": "link_id version kind field rule losers saved",
    "conflict.parked warning": "link_id version kind field rule saved",
    "write.outcome info": "link_id version saved intent_id endpoint kind operation attempt outcome reason not_before?",
    "write.sent info": "link_id intent_id endpoint operation attempt",
    "write.judged info": "link_id intent_id endpoint operation attempt verdict",
    "call.ended debug": "endpoint connector operation attempt error? duration_s",
    "call.retried info": "endpoint operation attempt wait_s reason",
    "http.request debug": "endpoint method host port status? error? duration_s",
    "breaker.changed warning": "host state reason",
    "endpoint.connected info": "endpoint connector",
    "endpoint.not_connected warning": "endpoint reason",
    "endpoint.close_failed warning": "endpoint reason",
    "endpoint.paused error": "endpoint error reason",
    "endpoint.resumed info": "endpoint",
    "start.step info": "step detail",
    "stop.asked info": "within_s",
    "stop.done info": "passes cut_off",
    "settings.reloaded info": "changed",
    "settings.refused error": "reason",
    "health.changed warning": "status reasons",
    "clock.jumped warning": "by_s",
    "lease.lost error": "reason",
    "lease.back warning": "",
}
"""
Name and level of each event, and its keys; a question mark where a key may be missing.

Add to this freely. Take nothing away and rename nothing without a line about it in the changelog: dashboards and searches of
people depend on it.
"""

AROUND = "sync_id link_id intent_id endpoint operation attempt"


def keys(event):
    return " ".join(f"{it.name}{'?' if log_lines.is_optional(it) else ''}" for it in log_lines.logged_fields(event))


def test_events_and_their_keys_are_those_that_were_published():
    """In the order of the module."""
    assert {f"{it.name} {it.level}": keys(it) for it in log_lines.events()} == GOLDEN
    assert " ".join(log_lines.context()) == AROUND


def test_every_name_is_used_once():
    """A reader has to know what a line is by its name."""
    names = [it.name for it in log_lines.events()]
    assert len(names) == len(set(names))
    classes = [it for it in vars(notes).values() if inspect.isclass(it) and issubclass(it, notes.Note)]
    assert set(classes) - set(log_lines.events()) == {notes.Note}


@pytest.mark.parametrize("kind", [*log_lines.events(), notes.PassWork, notes.LinkWork, notes.WriteWork, notes.CallWork])
def test_keys_do_not_take_the_place_of_others(kind):
    """A note with a field called "event" would hide what happened."""
    assert not RESERVED & {it.name for it in log_lines.logged_fields(kind)}


@pytest.mark.parametrize("event", log_lines.events())
def test_every_key_is_explained(event):
    """By its class or by the glossary; the schema says it too."""
    for attribute in log_lines.logged_fields(event):
        assert log_lines.meaning(event, attribute.name).strip()
    assert log_lines.first_sentence(event).endswith(".")


def test_no_explanation_is_left_over():
    """Of a key that is gone."""
    used = {it.name for event in log_lines.events() for it in log_lines.logged_fields(event)}
    assert set(log_lines.MEANINGS) <= used | set(log_lines.context()) | RESERVED


def test_lines_about_writes_say_which():
    """Every event of a write has all five."""
    for event in log_lines.events():
        if event.name.startswith("write."):
            assert {"intent_id", "link_id", "endpoint", "operation", "attempt"} <= set(keys(event).split())


def test_the_examples_of_the_page_are_in_the_schema():
    """Whole lines, as they are shown."""
    page = (Path(__file__).parents[3] / "docs" / "log-lines.md").read_text("utf-8")
    shown = [json.loads(line) for line in page.splitlines() if line.startswith("{")]
    assert len(shown) == 6
    for line in shown:
        VALID.validate(line)


# -- the schema ------------------------------------------------------------------------------------------------------------

VALID = Draft202012Validator(log_lines.schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
AROUND_EVERY = {"timestamp": "2025-03-01T12:00:00.5Z", "logger": "syncengine"}


def values(kind: Any):
    if kind in (str, bool, UUID):
        return st.from_type(kind)
    if kind is int:
        return st.integers()
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind is datetime:
        return st.datetimes(timezones=st.just(UTC))
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), max_size=2).map(tuple)
    if NoneType in get_args(kind):
        return st.one_of(*(st.none() if it is NoneType else values(it) for it in get_args(kind)))
    return st.dictionaries(st.text(max_size=5), st.integers(), max_size=2)


def any_note():
    return st.one_of(*(st.builds(it, **{a.name: values(a.type) for a in attrs.fields(it)}) for it in log_lines.events()))


def line_of(note, **more):
    return AROUND_EVERY | {"event": note.name, "level": note.level} | facts_of(note) | more


def test_the_schema_is_one():
    """By the rules of its own draft."""
    Draft202012Validator.check_schema(log_lines.schema())
    assert json.loads(json.dumps(log_lines.schema())) == log_lines.schema()


@given(note=any_note())
def test_whatever_a_note_says_is_in_the_schema(note):
    """With any values its types allow, alone and inside of works."""
    VALID.validate(json.loads(json.dumps(line_of(note))))
    VALID.validate(json.loads(json.dumps({"sync_id": "s", "link_id": "0" * 32} | line_of(note, trace_id="a" * 32))))


GOOD = line_of(notes.WriteSent(link_id=UUID(int=1), intent_id="i", endpoint="huly", operation="create", attempt=1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "write.snet"},
        {"event": None},
        {"level": "debug"},
        {"timestamp": "2025-03-01 12:00"},
        {"attempt": "1"},
        {"attempt": None},
        {"link_id": str(UUID(int=1))},
        {"title": "Secret plans"},
        {"exception": "Traceback"},
        {"trace_id": "x"},
    ],
)
def test_other_lines_of_ours_are_not_in_the_schema(wrong):
    """Unknown events, keys and types, and null."""
    VALID.validate(GOOD)
    with pytest.raises(ValidationError):
        VALID.validate(GOOD | wrong)


@pytest.mark.parametrize("missing", ["event", "level", "timestamp", "logger", "intent_id"])
def test_what_every_line_has_must_not_be_missing(missing):
    """Nor what the event needs."""
    with pytest.raises(ValidationError):
        VALID.validate({key: it for key, it in GOOD.items() if key != missing})


def test_other_libraries_may_say_what_they_like():
    """As long as the fixed keys and those of works are what they are everywhere."""
    other = AROUND_EVERY | {"logger": "aiohttp.access", "level": "critical", "event": "hello", "colour": 3, "sync_id": "s"}
    VALID.validate(other)
    for wrong in ({"level": "loud"}, {"sync_id": 3}, {"exception": ["no"]}):
        with pytest.raises(ValidationError):
            VALID.validate(other | wrong)


def test_a_type_without_a_word_in_the_schema_is_refused():
    """Whoever adds one finds out at once."""
    strange = attrs.make_class("Strange", {"what": attrs.field(type=complex)})
    with pytest.raises(TypeError, match="no word for <class 'complex'>"):
        log_lines.type_of(attrs.fields(strange).what)
