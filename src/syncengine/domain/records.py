"""
What connectors exchange with the engine.

Vocabulary: an *endpoint* is a configured account, a *container* a project or board inside it, a *record* a remote item
as last read. Field values are in the words all endpoints share ("in_progress"), each rounded to what its remote can
hold ("todo" where there is no backlog): that rounding is the side's own *spelling*.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, NewType, Self

from attrs import field, frozen

from syncengine.domain.identity import ContainerId, EndpointName, FieldName, Kind, RecordId, SyncKey

FieldValue = str | int | float | bool | None | tuple[str, ...]

Revision = NewType("Revision", str)
"""The remote's own mark of a version: equal marks mean equal fields."""

Cursor = NewType("Cursor", str)
"""Where a listing goes on next time, in the remote's own words."""


class FieldValues(Mapping[FieldName, FieldValue]):
    """An immutable set of field values; equal to any mapping with the same items."""

    __slots__ = ("_values",)
    _values: dict[FieldName, FieldValue]

    def __init__(self, values: Mapping[str, FieldValue] | None = None, /, **more: FieldValue) -> None:
        merged = {**(values or {}), **more}
        self._values = {name: _frozen_value(value) for name, value in merged.items()}

    @classmethod
    def _of(cls, values: dict[FieldName, FieldValue]) -> Self:
        """Around a new dictionary whose values are frozen already."""
        made = cls.__new__(cls)
        made._values = values  # noqa: SLF001
        return made

    def __getitem__(self, name: FieldName) -> FieldValue:
        return self._values[name]

    def __iter__(self) -> Iterator[FieldName]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FieldValues):
            return self._values == other._values
        return self._values == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"FieldValues({self._values!r})"

    def __or__(self, other: Mapping[FieldName, FieldValue]) -> "FieldValues":
        if isinstance(other, FieldValues):
            return FieldValues._of({**self._values, **other._values})
        return FieldValues({**self._values, **other})

    def only(self, names: Collection[FieldName]) -> "FieldValues":
        """The values of these fields, without the others."""
        return FieldValues._of({name: value for name, value in self._values.items() if name in names})

    def without(self, names: Collection[FieldName]) -> "FieldValues":
        """All values but those of these fields."""
        return FieldValues._of({name: value for name, value in self._values.items() if name not in names})

    def plain(self) -> dict[FieldName, FieldValue]:
        """The same values in a dictionary of their own."""
        return self._values.copy()


def _frozen_value(value: FieldValue) -> FieldValue:
    # Sets have no order of their own: unsorted, one set would be another value in the next process.
    freeze = _FREEZING.get(type(value))
    return value if freeze is None else freeze(value)


_FREEZING: Mapping[type, Callable[[Any], tuple[str, ...]]] = {
    list: tuple,
    set: lambda value: tuple(sorted(value)),
    frozenset: lambda value: tuple(sorted(value)),
}
"""How values that are no values of a field, but clearly mean one, become one."""


NO_FIELDS = FieldValues()


@frozen(order=True)
class RecordRef:
    """Where a record is."""

    endpoint: EndpointName
    container: ContainerId
    record_id: RecordId

    def __str__(self) -> str:
        return f"{self.endpoint}/{self.container or 'projects'}/{self.record_id}"


@frozen(kw_only=True)
class Record:
    """
    A remote item as just read.

    Attributes:
        revision: mark of this version, when the remote has one that is equal only for equal fields.
        sync_key: the key found in the record, when it carries one.
        label: the name people use for it, for example "TSK-12".
    """

    ref: RecordRef
    fields: FieldValues
    revision: Revision | None = None
    sync_key: SyncKey | None = None
    label: str | None = None


@frozen
class Unchanged:
    """A listed record whose revision is the one the engine already knows; its fields were not read."""

    record_id: RecordId


@frozen
class Removed:
    """A tombstone: the remote itself says that the record was deleted."""

    record_id: RecordId


@frozen(kw_only=True)
class ChangePage:
    """
    One page of a listing.

    Attributes:
        changes: records that exist or changed, tombstones, and marks of unchanged ones; may repeat (at least once).
        next_cursor: where the next listing may start once this page is saved; None when the remote has no cursor.
        taken_at: aware UTC; the page shows every change made before it (time before the request, less listing lag).
        complete: the pages up to and including this one are a full listing of the container.
    """

    changes: tuple[Record | Unchanged | Removed, ...]
    taken_at: datetime
    next_cursor: Cursor | None = None
    complete: bool = False


@frozen(kw_only=True)
class Container:
    """
    A project or board that can be listed.

    Attributes:
        container_id: for a child container this equals the record id of its project in the root container.
        kind: what the records in it are.
        title: its name, for people.
    """

    container_id: ContainerId
    kind: Kind
    title: str = ""


class FieldKind(Enum):
    """How values of a field may be merged."""

    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    SET = "set"


@frozen(kw_only=True)
class FieldSpec:
    """
    What an endpoint can do with one field.

    Attributes:
        readable: listings carry it.
        creatable: a create can set it.
        updatable: an update can set it.
        initial: the value a new record gets when a create cannot set the field.
    """

    name: FieldName
    kind: FieldKind = FieldKind.LINE
    readable: bool = True
    creatable: bool = True
    updatable: bool = True
    initial: FieldValue = None


@frozen(kw_only=True)
class RecordSchema:
    """
    What an endpoint can do with records of one kind.

    Attributes:
        can_create, can_update, can_delete: which writes the remote allows at all.
    """

    kind: Kind = field(converter=Kind)
    fields: tuple[FieldSpec, ...]
    can_create: bool = True
    can_update: bool = True
    can_delete: bool = False

    def __attrs_post_init__(self) -> None:
        names = [spec.name for spec in self.fields]
        if len(names) != len(set(names)):
            raise ValueError(f"the schema of {self.kind!r} names a field twice: {names}")

    def spec(self, name: FieldName) -> FieldSpec | None:
        """The field of this name, or None when the endpoint does not have it."""
        return next((spec for spec in self.fields if spec.name == name), None)

    @property
    def readable(self) -> frozenset[FieldName]:
        """Names of the fields that listings carry."""
        return frozenset(spec.name for spec in self.fields if spec.readable)
