"""
Connectors with one defect each, for the test that the conformance kit notices it.

`BROKEN` names, for each check, a connector that keeps the whole contract but for that promise.
"""

import asyncio
from datetime import timedelta
from itertools import count

from attrs import evolve as changed

from syncengine.connector import NO_FIELDS, FieldValues, Record, RecordRef, Removed, Revision, Unchanged
from syncengine.errors import RecordInvalid, RecordNotFound, RecordRefused, StaleRevision, Unreachable
from syncengine.testing import Abilities, MemoryConnector
from tests.conformance.memory_subjects import ISSUES_THAT_START_AS_TODO

BROKEN = {}
"""By name of the check: the abilities of the remote and the connector that breaks this check and no other."""


def breaks(check, **abilities):
    """Enter a connector class for the check that must catch it."""

    def enter(connector):
        BROKEN[check] = (Abilities(**abilities), connector)
        return connector

    return enter


async def _each_record(pages, change):
    """The pages with every whole record passed through a function."""
    async for page in pages:
        yield changed(page, changes=tuple(change(it) if isinstance(it, Record) else it for it in page.changes))


# What is declared.


@breaks("capabilities_are_sane")
class DeclaresNoWriters(MemoryConnector):
    @property
    def capabilities(self):
        return changed(super().capabilities, max_concurrent_writes=0)


def one_space_less(name, value):
    return value.removeprefix(" ") if isinstance(value, str) else value


@breaks("as_stored_is_idempotent", spelling=one_space_less)
class SpellsDifferentlyEachTime(MemoryConnector):
    """Its remote takes one leading space away at every write."""


@breaks("as_stored_leaves_out_what_cannot_be_read")
class PromisesUnknownFields(MemoryConnector):
    def as_stored(self, container, fields):
        return fields


@breaks("natural_keys_are_pure")
class NumbersItsNames(MemoryConnector):
    numbers = count()

    def natural_keys(self, container, fields):
        return (f"{fields.get('title')} {next(self.numbers)}",)


@breaks("record_ids_are_as_foretold", key_storage="id")
class ForetellsAnotherId(MemoryConnector):
    def record_id_for(self, container, key):
        return f"x-{key}"


# Reading.


@breaks("discover_lists_the_container")
class DiscoversNothing(MemoryConnector):
    async def discover(self):
        return ()


@breaks("every_record_is_listed")
class StopsAfterThree(MemoryConnector):
    async def list_changes(self, container, since, known):
        async for page in super().list_changes(container, since, known):
            yield changed(page, changes=page.changes[:3])


def with_secret(record):
    return record and changed(record, fields=record.fields | FieldValues(secret="x"))


@breaks("records_have_the_declared_fields")
class TellsSecrets(MemoryConnector):
    def list_changes(self, container, since, known):
        return _each_record(super().list_changes(container, since, known), with_secret)

    async def fetch(self, ref):
        return with_secret(await super().fetch(ref))

    async def create(self, container, key, fields):
        return with_secret(await super().create(container, key, fields))

    async def update(self, ref, patch, *, expected):
        return with_secret(await super().update(ref, patch, expected=expected))

    async def delete(self, ref, *, expected):
        await super().delete(ref, expected=expected.without({"secret"}))


@breaks("pages_tell_when_they_were_taken")
class LivesInTheFuture(MemoryConnector):
    async def list_changes(self, container, since, known):
        async for page in super().list_changes(container, since, known):
            yield changed(page, taken_at=page.taken_at + timedelta(hours=2))


@breaks("refs_name_endpoint_and_container")
class CallsItselfMemory(MemoryConnector):
    def __init__(self, remote, endpoint, **more):
        super().__init__(remote, f"not {endpoint}", **more)


@breaks("unknown_container_is_an_error")
class TakesUnknownForEmpty(MemoryConnector):
    async def list_changes(self, container, since, known):
        try:
            async for page in super().list_changes(container, since, known):
                yield page
        except RecordNotFound:
            return


@breaks("missing_record_is_fetched_as_none")
class RefusesToFetchNothing(MemoryConnector):
    async def fetch(self, ref):
        record = await super().fetch(ref)
        if record is None:
            raise RecordNotFound("the remote answered 404")
        return record


@breaks("equal_revisions_mean_equal_fields")
class KnowsOneRevisionOnly(MemoryConnector):
    def list_changes(self, container, since, known):
        pages = super().list_changes(container, since, {})
        return _each_record(pages, lambda record: changed(record, revision=Revision("1")))

    async def fetch(self, ref):
        record = await super().fetch(ref)
        return record and changed(record, revision=Revision("1"))


@breaks("changed_records_are_listed_whole")
class TakesKnownForUnchanged(MemoryConnector):
    def list_changes(self, container, since, known):
        def shortened(record):
            return Unchanged(record.ref.record_id) if record.ref.record_id in known else record

        return _each_record(super().list_changes(container, since, known), shortened)


@breaks("reads_change_nothing")
class MarksAsRead(MemoryConnector):
    async def fetch(self, ref):
        record = await super().fetch(ref)
        if record is not None:
            self.remote.touch(ref.container, ref.record_id)
        return record


@breaks("cursor_goes_on_where_it_ended", change_cursor=True)
class ListsOnlyNewRecordsFromACursor(MemoryConnector):
    async def list_changes(self, container, since, known):
        journal = list(self.remote.journal(container, self.remote.now())) if since else []
        before = {change.record_id for change in journal[: int(since or 0)]}
        async for page in super().list_changes(container, since, known):
            new = [it for it in page.changes if not isinstance(it, Record) or it.ref.record_id not in before]
            yield changed(page, changes=tuple(new))


@breaks("deletions_are_listed", tombstones=True)
class ForgetsTombstones(MemoryConnector):
    async def list_changes(self, container, since, known):
        async for page in super().list_changes(container, since, known):
            yield changed(page, changes=tuple(it for it in page.changes if not isinstance(it, Removed)))


@breaks("edits_of_persons_are_seen")
class AnswersFromMemory(MemoryConnector):
    def __init__(self, remote, endpoint, **more):
        super().__init__(remote, endpoint, **more)
        self.seen = {}

    async def fetch(self, ref):
        if ref not in self.seen:
            self.seen[ref] = await super().fetch(ref)
        return self.seen[ref]

    async def update(self, ref, patch, *, expected):
        self.seen.pop(ref, None)
        return await super().update(ref, patch, expected=expected)

    async def delete(self, ref, *, expected):
        self.seen.pop(ref, None)
        await super().delete(ref, expected=expected)


# Writing.


def shouted(name, value):
    return value.upper() if name == "title" else value


@breaks("create_answers_what_is_stored", spelling=shouted)
class AnswersTheWishOfACreate(MemoryConnector):
    async def create(self, container, key, fields):
        record = await super().create(container, key, fields)
        return changed(record, fields=record.fields | fields)


@breaks("as_stored_foretells_creates")
class AddsToNewTitles(MemoryConnector):
    async def create(self, container, key, fields):
        return await super().create(container, key, fields | FieldValues(title=f"{fields['title']} (new)"))


@breaks("initial_values_are_as_declared", schemas=(ISSUES_THAT_START_AS_TODO,))
class StartsInTheBacklog(MemoryConnector):
    async def create(self, container, key, fields):
        record = await super().create(container, key, fields)
        self.remote.change(container, record.ref.record_id, FieldValues(status="backlog"))
        return changed(record, fields=record.fields | FieldValues(status="backlog"))


@breaks("created_record_is_found_by_key")
class FindsNothing(MemoryConnector):
    async def find_by_key(self, container, key, fields):
        return ()


@breaks("create_twice_makes_one_record", key_storage="id")
class StumblesOverItself(MemoryConnector):
    async def create(self, container, key, fields):
        if self.remote.stored(container, self.record_id_for(container, key)):
            raise RecordInvalid("duplicate key")
        return await super().create(container, key, fields)


@breaks("sync_key_survives_updates", key_storage="marker")
class WritesOverTheMarker(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        record = await super().update(ref, patch, expected=expected)
        if "description" in patch:
            self.remote.person_removes_key(ref.container, ref.record_id)
        return record


@breaks("update_answers_what_is_stored", spelling=shouted)
class AnswersTheWishOfAnUpdate(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        record = await super().update(ref, patch, expected=expected)
        return changed(record, fields=record.fields | patch)


@breaks("as_stored_foretells_updates")
class SaysThatItEdited(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        # Only where a single record is updated in all its fields, which is what no other check looks at.
        alone = self.remote.has(ref.container) and len(self.remote.items(ref.container)) == 1
        if alone and len(patch) > 1:
            patch = patch | FieldValues(title=f"{patch['title']} (edited)")
        return await super().update(ref, patch, expected=expected)


@breaks("update_changes_only_its_fields")
class ClearsTheDescription(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        cleared = NO_FIELDS if "description" in patch else FieldValues(description="")
        return await super().update(ref, cleared | patch, expected=expected)


@breaks("stale_update_is_refused")
class WritesBlind(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        return await super().update(ref, patch, expected=NO_FIELDS)


@breaks("update_of_a_missing_record_is_refused")
class InventsRecords(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        try:
            return await super().update(ref, patch, expected=expected)
        except RecordNotFound:
            if not self.remote.has(ref.container):
                raise
            return Record(ref=ref, fields=patch)


@breaks("texts_survive", key_storage="field")
class CutsAtAnythingLikeAMarker(MemoryConnector):
    def list_changes(self, container, since, known):
        return _each_record(super().list_changes(container, since, known), cut)

    async def fetch(self, ref):
        return cut(await super().fetch(ref))

    async def create(self, container, key, fields):
        return cut(await super().create(container, key, fields))

    async def update(self, ref, patch, *, expected):
        return cut(await super().update(ref, patch, expected=NO_FIELDS if "[sync" in str(expected) else expected))


def cut(record):
    text = record and str(record.fields["description"]).split("[sync:")[0]
    return record and changed(record, fields=record.fields | FieldValues(description=text))


@breaks("deleted_record_is_gone")
class KeepsWhatIsDeleted(MemoryConnector):
    async def delete(self, ref, *, expected):
        now = await super().fetch(ref)
        if now is not None and now.fields.only(expected) != expected:
            raise StaleRevision("changed")


@breaks("delete_of_a_missing_record_succeeds")
class RefusesToDeleteNothing(MemoryConnector):
    async def delete(self, ref, *, expected):
        if self.remote.stored(ref.container, ref.record_id) is None:
            raise RecordNotFound("the remote answered 404")
        await super().delete(ref, expected=expected)


@breaks("stale_delete_is_refused")
class DeletesBlind(MemoryConnector):
    async def delete(self, ref, *, expected):
        await super().delete(ref, expected=NO_FIELDS)


# Under bad conditions.


@breaks("cancelled_calls_leave_the_connector_usable")
class DiesOfCancellation(MemoryConnector):
    open = True

    async def fetch(self, ref):
        if not self.open:
            raise Unreachable("the session is closed")
        try:
            return await super().fetch(ref)
        except asyncio.CancelledError:
            self.open = False
            raise


@breaks("errors_are_exact")
class RaisesABranch(MemoryConnector):
    async def create(self, container, key, fields):
        if not self.remote.has(container):
            raise RecordRefused("something is wrong with this record")
        return await super().create(container, key, fields)


@breaks("concurrent_updates_do_not_mix")
class RemembersOneCallOnly(MemoryConnector):
    async def update(self, ref, patch, *, expected):
        self.ref, self.patch = ref, patch
        if not self.remote.has(ref.container) or len(self.remote.items(ref.container)) < 3:
            return await super().update(ref, patch, expected=expected)
        record = await super().fetch(ref)
        await super().update(self.ref, self.patch, expected=NO_FIELDS)
        assert record is not None
        return changed(record, ref=RecordRef(self.endpoint, ref.container, self.ref.record_id))
