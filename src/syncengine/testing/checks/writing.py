"""Checks of `create`, `update`, `delete` and of finding again what was created."""

from syncengine.connector import FieldValues, Record, RecordRef
from syncengine.errors import RecordNotFound, StaleRevision
from syncengine.testing.subject import Bench, Subject, bench, needs, new_key

MARKER_LIKE = "[sync:0123456789abcdef0123456789abcdef]"
TEXTS = (
    "",
    "plain",
    "Zoë ☃ 日本語 🦉",
    "one\ntwo\n\nfour",
    f"quoted: {MARKER_LIKE} in a line\n\nand more",
    f"first\n\n{MARKER_LIKE}\n\nlast",
    "<b>&amp; 'quoted' \"twice\" \\n %s {}",
)
"""Texts that careless code damages."""


async def create_answers_what_is_stored(subject: Subject) -> None:
    """The answer of a create is the record as it can be read afterwards."""
    async with bench(subject) as it:
        answer = await it.make()
        now = await it.now(answer.ref)
        assert answer.fields == now.fields, f"create answered {answer.fields!r}, but {now.fields!r} is there"


async def as_stored_foretells_creates(subject: Subject) -> None:
    """A create stores its values in the spelling of `as_stored`."""
    async with bench(subject) as it:
        for number in (0, 1):
            sent = it.creatable(number)
            ref = (await it.make(sent)).ref
            _assert_stored(await it.now(ref), foretold=it.connector.as_stored(subject.container, sent), sent=sent)


async def initial_values_are_as_declared(subject: Subject) -> None:
    """Fields that a create cannot set begin with the value that the schema declares."""
    async with bench(subject) as it:
        declared = {spec.name: spec.initial for spec in it.schema.fields if spec.readable and not spec.creatable}
        needs(declared, "a create can set every field")
        now = (await it.now((await it.make()).ref)).fields.only(declared)
        assert now == declared, f"a new record holds {dict(now)!r}, the schema declares {declared!r}"


async def created_record_is_found_by_key(subject: Subject) -> None:
    """A record can be found by the key it was created with, and by no other."""
    async with bench(subject) as it:
        needs(it.capabilities.key_storage != "none", "records hold no key")
        key, other, fields = new_key(), new_key(), it.creatable(0)
        ref = (await it.make(fields, key=key)).ref
        await subject.wait(it.capabilities.key_lookup_lag_s)
        found = [record.ref.record_id for record in await it.connector.find_by_key(subject.container, key, fields)]
        assert found == [ref.record_id], f"made {ref}, but its key finds {found}"
        strangers = await it.connector.find_by_key(subject.container, other, it.creatable(1))
        assert not strangers, f"a key that was never used finds {[str(record.ref) for record in strangers]}"


async def create_twice_makes_one_record(subject: Subject) -> None:
    """With ids chosen by the client, a create that is repeated gives the record of the first."""
    async with bench(subject) as it:
        needs(it.capabilities.key_storage == "id", "ids are chosen by the remote")
        key, fields = new_key(), it.creatable(0)
        first = await it.make(fields, key=key)
        second = await it.connector.create(subject.container, key, fields)
        assert first.ref.record_id == second.ref.record_id, f"one key made {first.ref} and {second.ref}"


async def sync_key_survives_updates(subject: Subject) -> None:
    """Where records hold their key, it is read back, before and after every field was written."""
    async with bench(subject) as it:
        needs(it.capabilities.key_storage in {"field", "marker"}, "records do not hold a key in their values")
        key = new_key()
        ref = (await it.make(key=key)).ref
        carried = (await it.now(ref)).sync_key
        assert carried == key, f"created with key {key!r}, but the record carries {carried!r}"
        await it.update(ref, it.updatable(1))
        carried = (await it.now(ref)).sync_key
        assert carried == key, f"the record carries {carried!r} after an update instead of its key {key!r}"


async def update_answers_what_is_stored(subject: Subject) -> None:
    """The answer of an update is the record as it can be read afterwards."""
    async with bench(subject) as it:
        ref = (await it.make()).ref
        answer = await it.update(ref, it.updatable(1))
        now = await it.now(ref)
        assert answer.fields == now.fields, f"update answered {answer.fields!r}, but {now.fields!r} is there"


async def as_stored_foretells_updates(subject: Subject) -> None:
    """An update stores its values in the spelling of `as_stored`."""
    async with bench(subject) as it:
        ref = (await it.make()).ref
        sent = it.updatable(1)
        await it.update(ref, sent)
        _assert_stored(await it.now(ref), foretold=it.connector.as_stored(subject.container, sent), sent=sent)


async def update_changes_only_its_fields(subject: Subject) -> None:
    """Fields that an update does not name stay as they are."""
    async with bench(subject) as it:
        for name, value in it.updatable(1).items():
            ref = (await it.make(it.creatable(0))).ref
            before = (await it.now(ref)).fields.without({name})
            await it.update(ref, FieldValues({name: value}))
            after = (await it.now(ref)).fields.without({name})
            assert after == before, f"an update of {name} changed {before!r} into {after!r}"


async def stale_update_is_refused(subject: Subject) -> None:
    """An update whose expected values are no longer there raises `StaleRevision` and changes nothing."""
    async with bench(subject) as it:
        ref = (await it.make()).ref
        old = (await it.now(ref)).fields
        await it.update(ref, it.updatable(1))
        before = (await it.now(ref)).fields
        moved = FieldValues({name: value for name, value in it.updatable(0).items() if before[name] != old[name]})
        needs(moved, "the sample values are stored as if they were equal")
        try:
            await it.connector.update(ref, moved, expected=old.only(moved))
        except StaleRevision:
            after = (await it.now(ref)).fields
            assert after == before, f"the update was refused, but changed {before!r} into {after!r}"
            return
        raise AssertionError(f"an update that expected {old.only(moved)!r} wrote over {before.only(moved)!r}")


async def update_of_a_missing_record_is_refused(subject: Subject) -> None:
    """An update of a record that is not there raises `RecordNotFound`."""
    async with bench(subject) as it:
        sent = it.updatable(0)
        ref = RecordRef(subject.endpoint, subject.container, subject.missing)
        try:
            got = await it.connector.update(ref, sent, expected=sent)
        except RecordNotFound:
            return
        raise AssertionError(f"updating a record that does not exist answered {got!r}")


async def texts_survive(subject: Subject) -> None:
    """Texts with any characters and lines come back as `as_stored` says, also when they look like a sync marker."""
    async with bench(subject) as it:
        names = [name for name in it.text_fields() if name in it.creatable(0)]
        needs(names, "no text can be given to a create")
        for name in names:
            for text in TEXTS:
                await _text_survives(it, FieldValues({name: text}))


async def _text_survives(it: Bench, text: FieldValues) -> None:
    foretold = it.connector.as_stored(it.subject.container, text)
    ref = (await it.make(it.creatable(0) | text)).ref
    _assert_stored(await it.now(ref), foretold=foretold, sent=text)
    if all(name in it.updatable(1) for name in text):
        await it.update(ref, it.updatable(1).only(text))
        await it.update(ref, text)
        _assert_stored(await it.now(ref), foretold=foretold, sent=text)


async def deleted_record_is_gone(subject: Subject) -> None:
    """A deleted record can neither be read nor listed."""
    async with bench(subject) as it:
        needs(it.schema.can_delete, "records of this kind cannot be deleted")
        ref = (await it.make()).ref
        await it.connector.delete(ref, expected=(await it.now(ref)).fields)
        assert not await it.is_there(ref), f"{ref} was deleted, but can still be read"
        assert not (await it.list()).shows(ref), f"{ref} was deleted, but is still listed"


async def delete_of_a_missing_record_succeeds(subject: Subject) -> None:
    """Deleting what is gone already is success."""
    async with bench(subject) as it:
        needs(it.schema.can_delete, "records of this kind cannot be deleted")
        await it.connector.delete(RecordRef(subject.endpoint, subject.container, subject.missing), expected=FieldValues())


async def stale_delete_is_refused(subject: Subject) -> None:
    """A delete whose expected values are no longer there raises `StaleRevision` and leaves the record."""
    async with bench(subject) as it:
        needs(it.schema.can_delete, "records of this kind cannot be deleted")
        ref = (await it.make()).ref
        old = (await it.now(ref)).fields
        await it.update(ref, it.updatable(1))
        needs((await it.now(ref)).fields != old, "the sample values are stored as if they were equal")
        try:
            await it.connector.delete(ref, expected=old)
        except StaleRevision:
            assert await it.is_there(ref), "the delete was refused, but the record is gone"
            return
        raise AssertionError("a delete that expected old values removed the edited record")


def _assert_stored(record: Record, *, foretold: FieldValues, sent: FieldValues) -> None:
    now = record.fields.only(foretold)
    assert now == foretold, f"sent {sent!r}, as_stored foretold {foretold!r}, but {now!r} is there"


CHECKS = (
    create_answers_what_is_stored,
    as_stored_foretells_creates,
    initial_values_are_as_declared,
    created_record_is_found_by_key,
    create_twice_makes_one_record,
    sync_key_survives_updates,
    update_answers_what_is_stored,
    as_stored_foretells_updates,
    update_changes_only_its_fields,
    stale_update_is_refused,
    update_of_a_missing_record_is_refused,
    texts_survive,
    deleted_record_is_gone,
    delete_of_a_missing_record_succeeds,
    stale_delete_is_refused,
)
