"""
A remote system in memory: its containers and records, and the persons who work in it.

The state lives here and not in the connector, so it survives every "crash" of the program that uses it. What persons do
goes through the same spelling as what connectors do, for a remote does not care who types.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from attrs import evolve as changed
from attrs import frozen

from syncengine.connector import (
    ROOT,
    Container,
    ContainerId,
    FieldName,
    FieldValue,
    FieldValues,
    Kind,
    RecordId,
    SyncKey,
)
from syncengine.testing.abilities import ISSUE, PROJECT, Abilities
from syncengine.testing.key_marker import split_marker, with_marker


@frozen(kw_only=True)
class Stored:
    """
    A record as the remote holds it.

    Attributes:
        raw: its values; the marker text still has the key in it.
        revision: grows with every change, and when the record is touched.
        key: the sync key, where the remote has a field for it or uses it as the id.
    """

    raw: FieldValues
    revision: int
    key: SyncKey | None = None


@frozen
class Change:
    """One entry of a container's journal; `after` is None when the record was deleted."""

    at: datetime
    record_id: RecordId
    after: Stored | None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryRemote:
    """
    A remote system with persons in it.

    Attributes:
        abilities: what it can do; fixed for its life.
        calls: how often connectors called each operation ("list", "fetch", "create", ...).
        effects: how often "create", "update" and "delete" by connectors really changed something.
        changes: how often anything was changed by anybody.
    """

    def __init__(self, abilities: Abilities | None = None, *, now: Callable[[], datetime] = _utc_now) -> None:
        """Start empty; `now` is the aware UTC clock that changes and listings are timed with."""
        self.abilities = abilities or Abilities()
        self.now = now
        self.calls: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.changes = 0
        self._containers: dict[ContainerId, Container] = {}
        self._records: dict[ContainerId, dict[RecordId, Stored]] = {}
        self._journals: dict[ContainerId, list[Change]] = {}
        self._last_number = 0
        if self.abilities.projects:
            self.add_container(ROOT, kind=PROJECT.kind, title="projects")

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name or 'projects'!s}: {len(records)}" for name, records in self._records.items())
        return f"MemoryRemote({sizes})"

    @property
    def reads(self) -> int:
        """Calls that only looked, listings included."""
        return sum(self.calls[name] for name in ("discover", "list", "fetch", "find_by_key"))

    @property
    def listings(self) -> int:
        """Listings that were started."""
        return self.calls["list"]

    @property
    def writes(self) -> int:
        """Calls that wanted to change something, whether they did or not."""
        return sum(self.calls[name] for name in ("create", "update", "delete"))

    # What is there.

    @property
    def containers(self) -> tuple[Container, ...]:
        """The containers that exist now."""
        return tuple(self._containers.values())

    def has(self, container: ContainerId) -> bool:
        """Whether this container exists."""
        return container in self._containers

    def kind_of(self, container: ContainerId) -> Kind:
        """What the records of a container are; of an unknown container, what its id tells."""
        known = self._containers.get(container)
        return known.kind if known else self.abilities.kind_in(container)

    def items(self, container: ContainerId) -> Mapping[RecordId, FieldValues]:
        """The records of a container as persons see them, without sync keys."""
        return {record_id: self.split(stored)[0] for record_id, stored in self._records[container].items()}

    def stored(self, container: ContainerId, record_id: RecordId) -> Stored | None:
        """One record as it is now."""
        return self._records.get(container, {}).get(record_id)

    def keys(self, container: ContainerId) -> Counter[SyncKey]:
        """How many records of a container carry each sync key."""
        found = (self.split(stored)[1] for stored in self._records[container].values())
        return Counter(key for key in found if key is not None)

    def split(self, stored: Stored) -> tuple[FieldValues, SyncKey | None]:
        """The field values and the sync key of a record."""
        name = self.abilities.marker_field
        text = stored.raw.get(name)
        if self.abilities.key_storage != "marker" or not isinstance(text, str):
            return stored.raw, stored.key
        plain, key = split_marker(text)
        return stored.raw | FieldValues({name: plain}), key

    def visible(self, container: ContainerId, until: datetime) -> dict[RecordId, Stored]:
        """The records of a container as they were at a moment (aware UTC), that moment included."""
        if self.abilities.listing_lag_s == 0:
            return dict(self._records[container])
        shown: dict[RecordId, Stored] = {}
        for change in self.journal(container, until):
            if change.after is None:
                shown.pop(change.record_id, None)
            else:
                shown[change.record_id] = change.after
        return shown

    def journal(self, container: ContainerId, until: datetime) -> Iterator[Change]:
        """All changes of a container up to a moment (aware UTC), oldest first."""
        return (change for change in self._journals[container] if change.at <= until)

    @property
    def lag(self) -> timedelta:
        """How far listings are behind."""
        return timedelta(seconds=self.abilities.listing_lag_s)

    # What connectors and persons do.

    def add_container(self, container: str, *, kind: str = "issue", title: str = "") -> ContainerId:
        """Make an empty container; in a remote with projects, create a project instead."""
        container_id = ContainerId(container)
        self._containers[container_id] = Container(container_id=container_id, kind=Kind(kind), title=title)
        self._records[container_id] = {}
        self._journals[container_id] = []
        return container_id

    def insert(
        self,
        container: ContainerId,
        values: FieldValues,
        *,
        key: SyncKey | None = None,
        record_id: RecordId | None = None,
    ) -> RecordId:
        """Make a record; fields that are not given get the initial value of their schema."""
        kind = self.kind_of(container)
        initial = {spec.name: spec.initial for spec in self.abilities.schema(kind).fields}
        raw = FieldValues(initial) | self.abilities.spelled(kind, values)
        new_id = record_id or self._new_id(container)
        self._put(container, new_id, self._keyed(Stored(raw=raw, revision=0), key))
        if kind == PROJECT.kind and container == ROOT:
            self.add_container(new_id, kind=ISSUE.kind, title=str(raw.get("title", "")))
        return new_id

    def change(self, container: ContainerId, record_id: RecordId, values: FieldValues) -> None:
        """Set some fields of a record; a marker that stands in a text stays there."""
        before = self._records[container][record_id]
        plain, key = self.split(before)
        after = changed(before, raw=plain | self.abilities.spelled(self.kind_of(container), values))
        self._put(container, record_id, self._keyed(after, key))

    def remove(self, container: ContainerId, record_id: RecordId) -> None:
        """Delete a record; a project takes its issues with it."""
        del self._records[container][record_id]
        self._note(container, record_id, None)
        if container == ROOT and self.abilities.projects:
            self._drop_container(ContainerId(record_id))

    # What persons do.

    def person_creates(
        self, container: str = "", fields: Mapping[str, FieldValue] | None = None, /, **more: FieldValue
    ) -> RecordId:
        """A person makes a record; in the root container of a remote with projects, a project."""
        return self.insert(ContainerId(container), FieldValues(fields, **more))

    def person_edits(
        self, container: str, record_id: str, fields: Mapping[str, FieldValue] | None = None, /, **more: FieldValue
    ) -> None:
        """A person changes some fields and leaves a marker in a text alone."""
        self.change(ContainerId(container), RecordId(record_id), FieldValues(fields, **more))

    def person_removes_key(self, container: str, record_id: str) -> None:
        """A person clears away the sync key, be it a marker line or a field; an id cannot be cleared."""
        where, which = ContainerId(container), RecordId(record_id)
        before = self._records[where][which]
        self._put(where, which, changed(before, raw=self.split(before)[0], key=None))

    def person_deletes(self, container: str, record_id: str) -> None:
        """A person deletes a record."""
        self.remove(ContainerId(container), RecordId(record_id))

    def restore(self, container: str, record_id: str, stored: Stored) -> None:
        """Somebody brings a deleted record back as it was, from a bin or a backup."""
        self._put(ContainerId(container), RecordId(record_id), stored)

    def person_clones(self, container: str, record_id: str) -> RecordId:
        """A person copies a record with all its texts and fields; only the id is new."""
        where = ContainerId(container)
        original = self._records[where][RecordId(record_id)]
        copy_id = self._new_id(where)
        self._put(where, copy_id, changed(original, key=None) if self.abilities.key_storage == "id" else original)
        return copy_id

    def touch(self, container: str, record_id: str) -> None:
        """Something gives a record a new revision without changing any field."""
        where, which = ContainerId(container), RecordId(record_id)
        self._put(where, which, self._records[where][which])

    # Steps of the above.

    def _drop_container(self, container: ContainerId) -> None:
        self._containers.pop(container, None)
        self._records.pop(container, None)
        self._journals.pop(container, None)

    def _new_id(self, container: ContainerId) -> RecordId:
        self._last_number += 1
        return RecordId(f"{container or 'project'}-{self._last_number}")

    def _keyed(self, stored: Stored, key: SyncKey | None) -> Stored:
        name: FieldName = self.abilities.marker_field
        text = stored.raw.get(name, "")
        if key is None or self.abilities.key_storage == "none":
            return stored
        if self.abilities.key_storage != "marker":
            return changed(stored, key=key)
        if not isinstance(text, str) or name not in stored.raw:
            return stored
        return changed(stored, raw=stored.raw | FieldValues({name: with_marker(text, key)}))

    def _put(self, container: ContainerId, record_id: RecordId, after: Stored) -> None:
        self._last_number += 1
        numbered = changed(after, revision=self._last_number)
        self._records[container][record_id] = numbered
        self._note(container, record_id, numbered)

    def _note(self, container: ContainerId, record_id: RecordId, after: Stored | None) -> None:
        self.changes += 1
        self._journals[container].append(Change(self.now(), record_id, after))
