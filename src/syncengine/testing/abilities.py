"""What a remote in memory is able to do, and how it rounds the values it is given."""

from collections.abc import Callable, Mapping
from functools import partial

from attrs import field, frozen

from syncengine.connector import (
    ROOT,
    Capabilities,
    ContainerId,
    FieldKind,
    FieldName,
    FieldSpec,
    FieldValue,
    FieldValues,
    KeyStorage,
    Kind,
    RecordSchema,
)

Spelling = Callable[[FieldName, FieldValue], FieldValue]
"""How a remote stores a value; applying it twice must equal applying it once."""

ISSUE = RecordSchema(
    kind=Kind("issue"),
    fields=(
        FieldSpec(name="title"),
        FieldSpec(name="description", kind=FieldKind.TEXT, initial=""),
        FieldSpec(name="status", kind=FieldKind.CHOICE, initial="todo"),
    ),
    can_delete=True,
)
"""The issues of a memory remote that is not told otherwise."""

PROJECT = RecordSchema(
    kind=Kind("project"),
    fields=(FieldSpec(name="title"), FieldSpec(name="description", kind=FieldKind.TEXT, initial="")),
    can_delete=True,
)
"""The projects of a memory remote that is not told otherwise."""


def as_given(name: FieldName, value: FieldValue) -> FieldValue:
    """Store every value as it comes."""
    del name
    return value


def spelled_in_words(words: Mapping[str, Mapping[str, str]], name: FieldName, value: FieldValue) -> FieldValue:
    """Replace whole values by the words a remote has for them; use it with `functools.partial`."""
    return words.get(name, {}).get(value, value) if isinstance(value, str) else value


def stripped(name: FieldName, value: FieldValue) -> FieldValue:
    """Drop white space around texts."""
    del name
    return value.strip() if isinstance(value, str) else value


def lossy(name: FieldName, value: FieldValue) -> FieldValue:
    """Drop white space around texts, write statuses in small letters, and say "todo" for "backlog"."""
    if not isinstance(value, str):
        return value
    if name != "status":
        return value.strip()
    word = value.strip().lower()
    return "todo" if word == "backlog" else word


without_backlog: Spelling = partial(spelled_in_words, {"status": {"backlog": "todo"}})
"""The spelling of a remote that has no backlog."""


def never_refuses(container: ContainerId, fields: FieldValues) -> str | None:
    """Accept all values."""
    del container, fields
    return None


@frozen(kw_only=True)
class Abilities:
    """
    What a memory remote can do.

    Attributes:
        key_storage: where created records keep the sync key.
        marker_field: the text at whose end the key stands, with `key_storage="marker"`.
        conditional_writes: the comparison with `expected` and the write are one step; else others can come between.
        listing_lag_s: listings, and searches for a key, show the state of so many seconds ago.
        change_cursor: listings go on where the last one ended.
        tombstones: listings carry deletions.
        revisions: records have revisions.
        projects: the root container holds projects, and each project is a container of issues.
        spelling: how values are stored.
        natural_keys: fields whose values name a record for people.
        refuses: a reason for `RecordInvalid`, or None.
        page_size: records on one page of a listing.
    """

    schemas: tuple[RecordSchema, ...] = (PROJECT, ISSUE)
    key_storage: KeyStorage = "field"
    marker_field: FieldName = "description"
    conditional_writes: bool = True
    listing_lag_s: float = 0.0
    change_cursor: bool = False
    tombstones: bool = False
    revisions: bool = True
    projects: bool = False
    spelling: Spelling = as_given
    natural_keys: tuple[FieldName, ...] = ()
    refuses: Callable[[ContainerId, FieldValues], str | None] = never_refuses
    page_size: int = field(default=50)
    confirms_writes: bool = True
    suspect_after_s: float | None = None
    max_concurrent_reads: int = 4
    max_concurrent_writes: int = 4
    requests_per_s: float | None = None
    call_timeout_s: float = 30.0

    def capabilities(self) -> Capabilities:
        """The same in the words of the connector contract."""
        return Capabilities(
            schemas=self.schemas,
            key_storage=self.key_storage,
            key_lookup_lag_s=0.0 if self.key_storage == "id" else self.listing_lag_s,
            conditional_writes=self.conditional_writes,
            confirms_writes=self.confirms_writes,
            suspect_after_s=self.suspect_after_s,
            reports_deletions=self.tombstones,
            change_cursor=self.change_cursor,
            max_concurrent_reads=self.max_concurrent_reads,
            max_concurrent_writes=self.max_concurrent_writes,
            requests_per_s=self.requests_per_s,
            call_timeout_s=self.call_timeout_s,
        )

    def schema(self, kind: Kind) -> RecordSchema:
        """
        The schema of this kind of record.

        Raises:
            LookupError: there is none.
        """
        for schema in self.schemas:
            if schema.kind == kind:
                return schema
        raise LookupError(f"no schema for records of kind {kind!r}; give Abilities(schemas=...) one")

    def spelled(self, kind: Kind, values: FieldValues) -> FieldValues:
        """These values as they are stored, without the fields that records of this kind do not have."""
        readable = self.schema(kind).readable
        return FieldValues({name: self.spelling(name, value) for name, value in values.items() if name in readable})

    def kind_in(self, container: ContainerId) -> Kind:
        """What the records of a container are, as far as its id tells: projects in the root, else issues."""
        return PROJECT.kind if container == ROOT and self.projects else ISSUE.kind
