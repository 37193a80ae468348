"""Checks of what a connector declares and of its pure answers."""

from syncengine.connector import FieldKind, FieldName, FieldValue, FieldValues
from syncengine.errors import RecordInvalid
from syncengine.testing.subject import Bench, Subject, bench, new_key

_PROBES = ("", "plain", "  padded  ", "UPPER lower", "tab\tand\nnew line\n\n", "Backlog", "in progress", "émigré ☃ 🦉")


async def capabilities_are_sane(subject: Subject) -> None:
    """The capabilities have a schema for the records, and numbers that make sense."""
    async with bench(subject) as it:
        declared = it.capabilities
        assert it.schema.fields, f"the schema of {subject.kind!r} has no fields"
        kinds = [schema.kind for schema in declared.schemas]
        assert len(kinds) == len(set(kinds)), f"two schemas for one kind: {kinds}"
        assert declared.key_storage in {"id", "field", "marker", "none"}, f"unknown key storage {declared.key_storage!r}"
        assert declared.key_lookup_lag_s >= 0, "key_lookup_lag_s is negative"
        assert min(declared.max_concurrent_reads, declared.max_concurrent_writes) >= 1, "no call may be in flight"
        assert declared.call_timeout_s > 0, "call_timeout_s must be positive"
        assert declared.requests_per_s is None or declared.requests_per_s > 0, "requests_per_s must be positive"
        assert declared.suspect_after_s is None or declared.suspect_after_s > 0, "suspect_after_s must be positive"
        assert it.connector.capabilities == declared, "the capabilities changed while the connector was open"


async def as_stored_is_idempotent(subject: Subject) -> None:
    """Spelling values twice is the same as spelling them once, and asking again gives the same answer."""
    async with bench(subject) as it:
        for fields in (subject.sample(0), subject.sample(1), *_probes(it)):
            try:
                once = it.connector.as_stored(subject.container, fields)
            except RecordInvalid:
                continue  # a word that the remote does not have may be refused
            again = it.connector.as_stored(subject.container, fields)
            assert again == once, f"as_stored gives {once!r}, then {again!r} for the same {fields!r}"
            twice = it.connector.as_stored(subject.container, once)
            assert twice == once, f"as_stored gives {once!r} for {fields!r}, but {twice!r} for its own answer"


async def as_stored_leaves_out_what_cannot_be_read(subject: Subject) -> None:
    """A field that listings do not carry is not promised to be stored."""
    async with bench(subject) as it:
        fields = subject.sample(0) | FieldValues({"no such field": "x"})
        stored = it.connector.as_stored(subject.container, fields)
        extra = set(stored) - it.schema.readable
        assert not extra, f"as_stored gives {sorted(extra)}, which the schema does not declare as readable"


async def natural_keys_are_pure(subject: Subject) -> None:
    """The names of a record depend on its fields only, and none is blank."""
    async with bench(subject) as it:
        for fields in (subject.sample(0), subject.sample(1), FieldValues()):
            keys = tuple(it.connector.natural_keys(subject.container, fields))
            again = tuple(it.connector.natural_keys(subject.container, fields))
            assert keys == again, f"natural_keys gives {keys!r}, then {again!r} for the same {fields!r}"
            assert all(key.strip() for key in keys), f"natural_keys gives a blank name for {fields!r}: {keys!r}"


async def record_ids_are_as_foretold(subject: Subject) -> None:
    """With ids chosen by the client a create makes the record with the foretold id; else nothing is foretold."""
    async with bench(subject) as it:
        key = new_key()
        foretold = it.connector.record_id_for(subject.container, key)
        if it.capabilities.key_storage != "id":
            assert foretold is None, f"record_id_for gives {foretold!r}, but ids are not chosen by the client"
            return
        record = await it.make(key=key)
        assert record.ref.record_id == foretold, f"foretold {foretold!r}, created {record.ref.record_id!r}"


def _probes(it: Bench) -> list[FieldValues]:
    texts = {FieldKind.LINE, FieldKind.TEXT, FieldKind.CHOICE}
    names: list[FieldName] = it.fields(lambda spec: spec.kind in texts)
    values: tuple[FieldValue, ...] = _PROBES
    return [FieldValues({name: value}) for name in names for value in values]


CHECKS = (
    capabilities_are_sane,
    as_stored_is_idempotent,
    as_stored_leaves_out_what_cannot_be_read,
    natural_keys_are_pure,
    record_ids_are_as_foretold,
)
