"""The request bodies that the server takes: their fields, and what it says about a field of the wrong kind."""

import json
from collections.abc import Callable
from typing import Any

import attrs

from connectors.vibe.sandbox.json_reader import END, BodyError, JsonReader
from connectors.vibe.sandbox.uuids import BadUuidError, read_uuid

STATUSES = ("todo", "inprogress", "inreview", "done", "cancelled")
"""The status words of a task, in the order in which the server lists them."""

_LIST, _OBJECT, _QUOTE, _NULL, _TRUE, _FALSE = b'[{"ntf'


@attrs.frozen
class Field:
    """One field of a body: how its value is read, and whether the body is refused without it."""

    name: str
    read: Callable[[JsonReader], Any]
    required: bool = False


@attrs.frozen
class Shape:
    """A kind of body, under the name that the server's complaints use."""

    name: str
    fields: tuple[Field, ...]


def read_body(data: bytes, shape: Shape) -> dict[str, Any]:
    """
    The fields of a JSON body; a missing optional field is None, an unknown one is left out.

    Raises:
        BodyError: with status 400 or 422, at the first mistake from the front.
    """
    reader = JsonReader(data)
    match reader.peek():
        case byte if byte == _OBJECT:
            return _read_fields(reader, shape)
        case byte if byte == _LIST:
            return _read_listed(reader, shape)
    raise _wrong_type(reader, f"struct {shape.name}")


def _read_fields(reader: JsonReader, shape: Shape) -> dict[str, Any]:
    known = {field.name: field for field in shape.fields}
    values: dict[str, Any] = {}
    reader.at += 1
    while reader.next_in(_OBJECT, first=reader.data[reader.at - 1] == _OBJECT):
        _read_field(reader, known, values)
    for field in shape.fields:
        if field.required and field.name not in values:
            raise reader.wrong(f"missing field `{field.name}`")
    return {name: values.get(name) for name in known}


def _read_field(reader: JsonReader, known: dict[str, Field], values: dict[str, Any]) -> None:
    name = reader.string()
    if name in values:
        reader.peek()
        raise reader.wrong(f"duplicate field `{name}`")
    reader.colon()
    try:
        if name in known:
            values[name] = known[name].read(reader)
        else:
            reader.skip_value()
    except BodyError as error:
        raise error.inside(name) from None


def _read_listed(reader: JsonReader, shape: Shape) -> dict[str, Any]:
    """The server also takes a list of all values in the order of the fields."""
    values: dict[str, Any] = {}
    reader.at += 1
    for index, field in enumerate(shape.fields):
        if not reader.next_in(_LIST, first=index == 0):
            wanted = f"struct {shape.name} with {len(shape.fields)} elements"
            raise reader.wrong(f"invalid length {index}, expected {wanted}")
        try:
            values[field.name] = field.read(reader)
        except BodyError as error:
            raise error.inside(f"[{index}]") from None
    reader.close_list()
    return values


def _text(reader: JsonReader) -> str:
    if reader.peek() != _QUOTE:
        raise _wrong_type(reader, "a string")
    return reader.string()


def _flag(reader: JsonReader) -> bool:
    first = reader.peek()
    if first not in (_TRUE, _FALSE):
        raise _wrong_type(reader, "a boolean")
    reader.literal()
    return first == _TRUE


def _uuid(reader: JsonReader) -> str:
    if reader.peek() != _QUOTE:
        raise _wrong_type(reader, "a UUID string")
    text = reader.string()
    try:
        return read_uuid(text)
    except BadUuidError as error:
        raise reader.wrong(f"UUID parsing failed: {error}") from None


def _uuids(reader: JsonReader) -> list[str]:
    if reader.peek() != _LIST:
        raise _wrong_type(reader, "a sequence")
    reader.at += 1
    read: list[str] = []
    while reader.next_in(_LIST, first=not read):
        try:
            read.append(_uuid(reader))
        except BodyError as error:
            raise error.inside(f"[{len(read)}]") from None
    return read


def _status(reader: JsonReader) -> str:
    if reader.peek() == _OBJECT:
        return _status_as_key(reader)
    if reader.peek() != _QUOTE:
        raise reader.no_value()
    return _status_word(reader)


def _status_word(reader: JsonReader) -> str:
    word = reader.string()
    if word not in STATUSES:
        raise reader.wrong(f"unknown variant `{word}`, expected one of {', '.join(f'`{s}`' for s in STATUSES)}")
    return word


def _status_as_key(reader: JsonReader) -> str:
    """The server also takes ``{"done": null}`` for ``"done"``."""
    reader.at += 1
    if reader.peek() != _QUOTE:
        raise _wrong_type(reader, "variant identifier")
    word = _status_word(reader)
    reader.colon()
    try:
        if reader.peek() != _NULL:
            raise _wrong_type(reader, "unit")
        reader.literal()
    except BodyError as error:
        raise error.inside(f".{word}") from None
    reader.close_object()
    return word


def _or_null(read: Callable[[JsonReader], Any]) -> Callable[[JsonReader], Any]:
    def read_or_null(reader: JsonReader) -> Any:
        if reader.peek() != _NULL:
            return read(reader)
        reader.literal()
        return None

    return read_or_null


def _wrong_type(reader: JsonReader, wanted: str) -> BodyError:
    """Reads what stands in place of the wanted value, as far as the server does before it complains."""
    match reader.peek():
        case byte if byte in (_LIST, _OBJECT):
            found = "sequence" if byte == _LIST else "map"
        case byte if byte == _QUOTE:
            found = f"string {json.dumps(reader.string(), ensure_ascii=False)}"
        case byte if byte == _NULL:
            reader.literal()
            found = "null"
        case byte if byte in (_TRUE, _FALSE):
            reader.literal()
            found = f"boolean `{'true' if byte == _TRUE else 'false'}`"
        case byte if byte != END and chr(byte) in "-0123456789":
            found = _number_name(reader.number())
        case _:
            return reader.no_value()
    return reader.wrong(f"invalid type: {found}, expected {wanted}")


def _number_name(value: float) -> str:
    if isinstance(value, int):
        return f"integer `{value}`"
    return f"floating point `{repr(value).replace('e+', 'e').replace('e-0', 'e-')}`"


_SCRIPTS = tuple(Field(n, _or_null(_text)) for n in ("setup_script", "dev_script", "cleanup_script", "copy_files"))
_ATTACHED = (Field("parent_task_attempt", _or_null(_uuid)), Field("image_ids", _or_null(_uuids)))

CREATE_PROJECT = Shape(
    "CreateProject",
    (
        Field("name", _text, required=True),
        Field("git_repo_path", _text, required=True),
        Field("use_existing_repo", _flag, required=True),
        *_SCRIPTS,
    ),
)
UPDATE_PROJECT = Shape(
    "UpdateProject", (Field("name", _or_null(_text)), Field("git_repo_path", _or_null(_text)), *_SCRIPTS)
)
CREATE_TASK = Shape(
    "CreateTask",
    (
        Field("project_id", _uuid, required=True),
        Field("title", _text, required=True),
        Field("description", _or_null(_text)),
        *_ATTACHED,
    ),
)
UPDATE_TASK = Shape(
    "UpdateTask",
    (
        Field("title", _or_null(_text)),
        Field("description", _or_null(_text)),
        Field("status", _or_null(_status)),
        *_ATTACHED,
    ),
)
