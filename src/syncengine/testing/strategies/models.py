"""Hypothesis strategies for the small models: names, moments, field values, schemas, refs, records."""

from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import strategies as st

from syncengine.domain.identity import ContainerId, EndpointName, FieldName, Kind, LinkId, RecordId, SyncKey
from syncengine.domain.records import (
    Cursor,
    FieldKind,
    FieldSpec,
    FieldValue,
    FieldValues,
    Record,
    RecordRef,
    RecordSchema,
    Revision,
)

_NAMES = ("title", "description", "status", "labels", "estimate")
_ENDPOINTS = ("huly", "vibe", "tracker")
_LINES = ("alpha", "beta", "gamma", "delta", "", "[sync:0f]")
_START = datetime(2024, 1, 1, tzinfo=UTC)

# Making a strategy costs more than drawing from it, so each is made once (`cache`).
_ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_:/ ", min_size=1, max_size=12)


@cache
def field_names() -> st.SearchStrategy[FieldName]:
    """Names of fields; mostly a few that meet again, sometimes any text."""
    return st.sampled_from(_NAMES) | st.text(min_size=1, max_size=8)


@cache
def endpoint_names() -> st.SearchStrategy[EndpointName]:
    """Names of endpoints that meet again."""
    return st.sampled_from(_ENDPOINTS).map(EndpointName)


@cache
def moments() -> st.SearchStrategy[datetime]:
    """Aware UTC datetimes, some of them equal or a few seconds apart."""
    near = st.integers(0, 400).map(lambda seconds: _START + timedelta(seconds=seconds))
    far = st.integers(-(10**15), 2 * 10**15).map(lambda micros: _START + timedelta(microseconds=micros))
    return near | far


@cache
def texts() -> st.SearchStrategy[str]:
    """Texts of several lines that share lines with each other, and any text at all."""
    lines = st.lists(st.sampled_from(_LINES), max_size=6).map("\n".join)
    return lines | st.text(max_size=20)


@cache
def string_sets() -> st.SearchStrategy[tuple[str, ...]]:
    """Values of fields that hold sets: sorted, no member twice."""
    members = st.sampled_from(("red", "green", "blue", "two words", ""))
    return st.frozensets(members, max_size=4).map(lambda found: tuple(sorted(found)))


@cache
def numbers() -> st.SearchStrategy[int | float]:
    """Numbers that are equal to themselves."""
    return st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)


@cache
def values(kind: FieldKind | None = None) -> st.SearchStrategy[FieldValue]:
    """Values of a field; of any kind when none is given."""
    by_kind: dict[FieldKind, st.SearchStrategy[FieldValue]] = {
        FieldKind.LINE: st.sampled_from(_LINES) | st.text(max_size=12),
        FieldKind.TEXT: texts(),
        FieldKind.CHOICE: st.sampled_from(("backlog", "todo", "in_progress", "done")),
        FieldKind.NUMBER: numbers() | st.none(),
        FieldKind.SET: string_sets(),
    }
    if kind is not None:
        return by_kind[kind]
    return st.one_of(*by_kind.values()) | st.none() | st.booleans()


def fields(names: st.SearchStrategy[FieldName] | None = None) -> st.SearchStrategy[FieldValues]:
    """Sets of field values, also empty."""
    return st.dictionaries(names or field_names(), values(), max_size=4).map(FieldValues)


@cache
def field_specs(name: FieldName) -> st.SearchStrategy[FieldSpec]:
    """What some endpoint can do with this field."""
    return st.sampled_from(FieldKind).flatmap(
        lambda kind: st.builds(
            FieldSpec,
            name=st.just(name),
            kind=st.just(kind),
            readable=st.booleans(),
            creatable=st.booleans(),
            updatable=st.booleans(),
            initial=values(kind),
        )
    )


@cache
def schemas() -> st.SearchStrategy[RecordSchema]:
    """What some endpoint can do with records of one kind."""
    specs = st.lists(field_names(), max_size=4, unique=True).flatmap(
        lambda names: st.tuples(*(field_specs(name) for name in names))
    )
    return st.builds(
        RecordSchema,
        kind=kinds(),
        fields=specs,
        can_create=st.booleans(),
        can_update=st.booleans(),
        can_delete=st.booleans(),
    )


@cache
def kinds() -> st.SearchStrategy[Kind]:
    """Kinds of records."""
    return st.sampled_from(("project", "issue")).map(Kind)


@cache
def refs() -> st.SearchStrategy[RecordRef]:
    """Places of records, some in the root container."""
    containers = st.just("") | _ids
    return st.builds(RecordRef, endpoint_names(), containers.map(ContainerId), _ids.map(RecordId))


@cache
def revisions() -> st.SearchStrategy[Revision]:
    """Revisions as remotes write them."""
    return st.integers(0, 10**9).map(lambda number: Revision(f'W/"{number}"'))


@cache
def cursors() -> st.SearchStrategy[Cursor]:
    """Cursors in some remote's words."""
    return _ids.map(Cursor)


@cache
def sync_keys() -> st.SearchStrategy[SyncKey]:
    """Sync keys."""
    return st.uuids().map(lambda link_id: SyncKey(link_id.hex))


@cache
def link_ids() -> st.SearchStrategy[LinkId]:
    """Ids of links."""
    return st.uuids()


@cache
def records() -> st.SearchStrategy[Record]:
    """Records as just read."""
    return st.builds(
        Record,
        ref=refs(),
        fields=fields(),
        revision=st.none() | revisions(),
        sync_key=st.none() | sync_keys(),
        label=st.none() | st.text(max_size=10),
    )
