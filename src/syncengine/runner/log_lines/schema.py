"""
The schema of the log lines, drawn from the notes and works they are made of.

`docs/log-schema.json` and the tables in `docs/log-lines.md` are this, written down; a test compares. The lines of other
libraries have a branch of their own: of them only the keys that every line has are fixed.
"""

import inspect
import re
from collections.abc import Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from attrs import Attribute

from syncengine.engine import notes
from syncengine.engine.notes import Note, Work
from syncengine.runner.log_lines.rendering import FIXED_KEYS
from syncengine.runner.log_lines.set_up import OUR_LOGGER, logged_fields
from syncengine.runner.log_lines.settings import Level

MEANINGS: Mapping[str, str] = {
    # Every line.
    "timestamp": "when it was written, in UTC",
    "level": "how loud it is",
    "logger": f"`{OUR_LOGGER}` for the lines described here; else the name of the logger of another library",
    "event": "what happened; of another library, its message",
    # What works put on the lines inside them.
    "sync_id": "the pass",
    "link_id": "the item, that is the records which belong together; `syncengine explain` takes it",
    "intent_id": "the write; it stays the same in all its attempts",
    "endpoint": "the configured name of the endpoint",
    "operation": "what is done there: create, update, fetch, find_by_key, list, discover or connect",
    "attempt": "counted from 1",
    "trace_id": "the trace, where tracing is on",
    "span_id": "the span, where tracing is on",
    "exception": "the traceback of an exception, in one text",
    "stack": "where it was written, for libraries that say so",
    # What several notes have.
    "kind": 'what the record is, for example "issue"',
    "version": "place of the event in the stream of the link, from 1",
    "saved": "which event of the event log it was",
    "record_id": "the record, by its id on the endpoint",
    "error": "the class of the error",
    "reason": "why, in words",
    "duration_s": "seconds",
    "pairing": "the paired containers, by their ids",
    "links": "how many items there are to look at",
    "connector": "name of the plugin",
    "field": "name of the field",
    "rule": "name of the conflict rule",
    "host": "name or address of the host",
    # What one has.
    "status": "how it went",
    "pairings": "pairs of containers that were looked at",
    "problem": "what did not work, in words",
    "evidence": "how we know: the endpoint says so, or it is not there when asked for",
    "fields": "names of the fields that are written",
    "losers": "endpoints whose value was given up",
    "verdict": "what looking showed",
    "wait_s": "seconds until the next attempt",
    "method": "of the HTTP request",
    "port": "of the host",
    "state": "of the breaker",
    "passes": "passes since the start",
    "within_s": "seconds that calls in flight get",
    "changed": "names of the settings that are others now",
    "reasons": "what is not well, in words",
    "by_s": "seconds, negative for backwards",
}
"""What a key means where the class of the note does not say it itself."""

TRACE_IDS: Mapping[str, int] = {"trace_id": 32, "span_id": 16}
"""Hexadecimal digits."""

_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    UUID: {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    datetime: {"type": "string", "format": "date-time"},
}

Schema = dict[str, Any]


def events() -> list[type[Note]]:
    """Every note there is, in the order of its module."""
    return [kind for kind in _kinds(Note) if hasattr(kind, "name")]


def context() -> dict[str, "Attribute[Any]"]:
    """What works put on every line inside them, by key."""
    return {it.name: it for kind in _kinds(Work) if hasattr(kind, "name") for it in logged_fields(kind)}


def _kinds(root: type[Any]) -> list[type[Any]]:
    # Not `__subclasses__`, which may still know the classes that attrs made those with slots from.
    return [it for it in vars(notes).values() if inspect.isclass(it) and issubclass(it, root)]


def schema() -> Schema:
    """The JSON Schema (2020-12) of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A log line of syncengine",
        "description": "One JSON object a line. `event` says what happened and which other keys there are.",
        "type": "object",
        "required": list(FIXED_KEYS),
        "if": {"properties": {"logger": {"const": OUR_LOGGER}}},
        "then": {"anyOf": [{"$ref": f"#/$defs/{kind.name}"} for kind in events()]},
        "else": {"$ref": "#/$defs/other"},
        "$defs": {**{kind.name: _schema_of(kind) for kind in events()}, "other": _of_others()},
    }


def _schema_of(kind: type[Note]) -> Schema:
    own = {it.name: {**type_of(it), "description": meaning(kind, it.name)} for it in logged_fields(kind)}
    fixed = {"level": {"const": kind.level}, "logger": {"const": OUR_LOGGER}, "event": {"const": kind.name}}
    return {
        "description": first_sentence(kind),
        "type": "object",
        # `event` first: a validator that looks for the right one of these can stop there.
        "properties": {"event": fixed["event"], "timestamp": _timestamp(), **fixed, **_around(), **own},
        "required": [*FIXED_KEYS, *(it.name for it in logged_fields(kind) if not is_optional(it))],
        "additionalProperties": False,
    }


def _of_others() -> Schema:
    texts = {name: {"type": "string", "description": MEANINGS[name]} for name in ("logger", "event", "exception", "stack")}
    level = {"enum": [*get_args(Level), "critical"]}
    return {
        "description": "What other libraries write: their message is the event, and they may add keys of their own.",
        "type": "object",
        "properties": {"timestamp": _timestamp(), "level": level, **texts, **_around()},
        "required": list(FIXED_KEYS),
    }


def _timestamp() -> Schema:
    return {"type": "string", "format": "date-time", "pattern": "Z$"}


def _around() -> Schema:
    ids = {
        name: {"type": "string", "pattern": f"^[0-9a-f]{{{digits}}}$", "description": MEANINGS[name]}
        for name, digits in TRACE_IDS.items()
    }
    return {name: {**type_of(it), "description": MEANINGS[name]} for name, it in context().items()} | ids


def type_of(attribute: "Attribute[Any]") -> Schema:
    """The schema of a field's values; null is never written, the key is left out then."""
    return _schema_for(attribute.type)


def is_optional(attribute: "Attribute[Any]") -> bool:
    """Whether the key may be missing."""
    return NoneType in get_args(attribute.type)


def _schema_for(kind: Any) -> Schema:
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(inside)}
    if origin in {Union, UnionType}:
        (only,) = (it for it in inside if it is not NoneType)
        return _schema_for(only)
    if origin is tuple:
        return {"type": "array", "items": _schema_for(inside[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema_for(inside[1])}
    raise TypeError(f"the schema of log lines has no word for {kind}")


def meaning(kind: type[Note | Work], name: str) -> str:
    """
    What a field means, by its class, those the class comes from, or `MEANINGS`.

    Raises:
        LookupError: nobody says it.
    """
    for each in kind.__mro__:
        words = _said_by(each).get(name)
        if words is not None:
            return words
    return MEANINGS[name]


def first_sentence(kind: type[Any]) -> str:
    """What a class is, by its docstring."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n", maxsplit=1)[0].split())


def _said_by(kind: type[Any]) -> Mapping[str, str]:
    text = inspect.cleandoc(kind.__dict__.get("__doc__") or "")
    section = re.search(r"^Attributes:\n(?P<body>(?: {4}.*\n?|\n)+)", text, re.MULTILINE)
    lines = re.findall(r"^ {4}(\w+):\s+(.*(?:\n {8,}.*)*)", section["body"] if section else "", re.MULTILINE)
    # The root classes say what `name` and `level` are, which are no fields.
    return {} if kind in {Note, Work} else {name: " ".join(words.split()).rstrip(".") for name, words in lines}
