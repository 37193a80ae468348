"""How values inside events become plain data and come back, with cattrs; strict, so that damage is noticed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError

from syncengine.adapters.plain_json import plain_float
from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.records import FieldValue, FieldValues, RecordRef, Revision

Structure = Callable[[Any, Any], Any]
Unstructure = Callable[[Any], Any]

_ONE_VALUE = frozenset({str, int, float, bool, type(None)})
_REF_KEYS = frozenset({"endpoint", "container", "record_id"})


def event_converter(*, detailed: bool = False) -> Converter:
    """
    A converter for event classes: unknown keys and values of a wrong type are refused.

    Args:
        detailed: collect all problems with their paths, which is slower.
    """
    converter = Converter(forbid_extra_keys=True, detailed_validation=detailed)
    _add_plain(converter)
    _add_times(converter)
    _add_field_values(converter)
    converter.register_structure_hook(RecordRef, _ref)
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(UUID, lambda value, _: UUID(value))
    converter.register_unstructure_hook_func(lambda of_type: of_type == frozenset[FieldName], sorted)
    return converter


def _add_plain(converter: Converter) -> None:
    # cattrs would turn null into "None" and "3" into 3.
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _whole_number)
    for optional in (str | None, Revision | None):
        converter.register_structure_hook(optional, _text_or_none)


def _add_times(converter: Converter) -> None:
    converter.register_unstructure_hook(datetime, time_to_text)
    converter.register_structure_hook(datetime, lambda value, _: time_from_text(value))


def _add_field_values(converter: Converter) -> None:
    converter.register_unstructure_hook(FieldValues, lambda fields: _plain_fields(fields.plain()))
    converter.register_structure_hook(FieldValues, _fields)
    converter.register_unstructure_hook_func(lambda of_type: of_type == FieldValue, _plain_value)
    converter.register_structure_hook(FieldValue, _value)
    by_endpoint = Mapping[EndpointName, FieldValue]
    converter.register_unstructure_hook_func(lambda of_type: of_type == by_endpoint, _plain_fields)


def time_to_text(value: datetime) -> str:
    """
    An aware time in UTC with microseconds, ISO 8601.

    Raises:
        ValueError: the time names no zone.
    """
    if value.tzinfo is UTC:
        return value.isoformat()
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} is a time without a zone; times in events are aware UTC")
    return value.astimezone(UTC).isoformat()


def time_from_text(value: str) -> datetime:
    """
    The aware UTC time that `time_to_text` wrote.

    Raises:
        ValueError: it is no such text.
    """
    time = datetime.fromisoformat(value)
    if time.tzinfo is not UTC:
        raise ValueError(f"{value!r} is not a time in UTC")
    return time


def _text(value: Any, _: object) -> Any:
    if value.__class__ is str:
        return value
    raise ValueError(f"{value!r} is not text")


def _text_or_none(value: Any, _: object) -> Any:
    if value is None or value.__class__ is str:
        return value
    raise ValueError(f"{value!r} is not text")


def _whole_number(value: Any, _: object) -> Any:
    if value.__class__ is int:
        return value
    raise ValueError(f"{value!r} is not a whole number")


def _ref(data: Any, _: object) -> RecordRef:
    # Written by hand because nearly every event holds one.
    endpoint, container, record_id = data["endpoint"], data["container"], data["record_id"]
    if len(data) != len(_REF_KEYS):
        raise ForbiddenExtraKeysError("", RecordRef, data.keys() - _REF_KEYS)
    if endpoint.__class__ is container.__class__ is record_id.__class__ is str:
        return RecordRef(endpoint, container, record_id)  # type: ignore[arg-type]  # the names are types for us only
    raise ValueError(f"{data!r} is not a reference to a record")


def _plain_fields(fields: Mapping[Any, FieldValue]) -> Mapping[Any, Any]:
    # Tuples may stay; JSON has one kind of list.
    if float in map(type, fields.values()):
        return {name: _plain_value(value) for name, value in fields.items()}
    return fields


def _plain_value(value: Any) -> Any:
    return plain_float(value) if isinstance(value, float) else value


def _fields(data: Any, _: object) -> FieldValues:
    if data.__class__ is not dict:
        raise ValueError(f"{data!r} is not a set of field values")
    for value in data.values():
        if value.__class__ not in _ONE_VALUE:
            _value(value, None)
    return FieldValues(data)


def _value(value: Any, _: object) -> FieldValue:
    if value.__class__ in _ONE_VALUE:
        return value  # type: ignore[no-any-return]
    if value.__class__ is list and all(member.__class__ is str for member in value):
        return tuple(value)
    raise ValueError(f"{value!r} is not the value of a field")
