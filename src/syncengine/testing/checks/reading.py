"""Checks of `discover`, `list_changes` and `fetch`."""

from datetime import UTC

from syncengine.connector import Record, RecordRef, Removed, Unchanged
from syncengine.errors import ConnectorError
from syncengine.testing.subject import Bench, Subject, bench, needs

MANY = 5
"""How many records the check of completeness makes; a listing that stops early must be caught."""


async def discover_lists_the_container(subject: Subject) -> None:
    """The container of the subject is discovered once, with the right kind of records."""
    async with bench(subject) as it:
        found = [found for found in await it.connector.discover() if found.container_id == subject.container]
        assert len(found) == 1, f"discover gives {len(found)} containers with the id {subject.container!r}"
        assert found[0].kind == subject.kind, f"its kind is {found[0].kind!r} instead of {subject.kind!r}"


async def every_record_is_listed(subject: Subject) -> None:
    """A full listing shows all records, says on its last page that it is complete, and not before."""
    async with bench(subject) as it:
        made = [await it.make() for _ in range(MANY)]
        listed = await it.list()
        missing = [str(record.ref) for record in made if not listed.shows(record.ref)]
        assert not missing, f"made {len(made)} records, but the listing does not show {', '.join(missing)}"
        assert listed.pages[-1].complete, "a listing from the beginning must end with a page that says complete"
        early = [number for number, page in enumerate(listed.pages[:-1]) if page.complete]
        assert not early, f"page {early[0]} says complete, but more pages followed" if early else ""


async def records_have_the_declared_fields(subject: Subject) -> None:
    """Listings and fetch give all readable fields of the schema and no others."""
    async with bench(subject) as it:
        made = await it.make()
        for how, record in (("list", (await it.list()).record(made.ref)), ("fetch", await it.now(made.ref))):
            fields = set(record.fields)
            assert fields == it.schema.readable, f"{how} gives {sorted(fields)}, declared {sorted(it.schema.readable)}"


async def pages_tell_when_they_were_taken(subject: Subject) -> None:
    """`taken_at` is aware UTC and not later than the answer."""
    async with bench(subject) as it:
        await _some_record(it)
        async for page in it.connector.list_changes(subject.container, None, {}):
            answered = subject.now()
            taken = page.taken_at
            assert taken.tzinfo is not None, f"taken_at is a naive datetime: {taken!r}"
            assert taken.utcoffset() == UTC.utcoffset(None), f"taken_at is not UTC: {taken!r}"
            assert taken <= answered, f"the page says it was taken at {taken}, but it came at {answered}"


async def refs_name_endpoint_and_container(subject: Subject) -> None:
    """Every record says where it is, in the words the engine uses for the place."""
    async with bench(subject) as it:
        made = await it.make()
        for how, record in (("create", made), ("fetch", await it.now(made.ref)), *await _listed(it, made.ref)):
            where = (record.ref.endpoint, record.ref.container)
            assert where == (subject.endpoint, subject.container), f"{how} gives a ref to {where}"


async def unknown_container_is_an_error(subject: Subject) -> None:
    """A container that is not there is never listed as an empty one."""
    async with bench(subject) as it:
        pages = it.connector.list_changes(subject.missing_container, None, {})
        try:
            got = [page async for page in pages]
        except ConnectorError:
            return
        raise AssertionError(f"listing a container that does not exist gave {got!r} instead of an error")


async def missing_record_is_fetched_as_none(subject: Subject) -> None:
    """Asking for a record that is not there is answered, not refused."""
    async with bench(subject) as it:
        record = await it.connector.fetch(_missing(subject))
        assert record is None, f"fetch gave {record!r} for a record that does not exist"


async def equal_revisions_mean_equal_fields(subject: Subject) -> None:
    """A change of a field moves the revision, in fetch and in listings."""
    async with bench(subject) as it:
        ref = (await it.make()).ref
        before = [await it.now(ref), (await it.list()).record(ref)]
        needs(any(record.revision for record in before), "records have no revision")
        await it.update(ref, it.updatable(1))
        after = [await it.now(ref), (await it.list()).record(ref)]
        for old, new in zip(before, after, strict=True):
            same = old.revision is not None and old.revision == new.revision and old.fields != new.fields
            assert not same, f"revision {old.revision!r} stands for {old.fields!r} and for {new.fields!r}"


async def changed_records_are_listed_whole(subject: Subject) -> None:
    """A record is listed as unchanged only if its revision is the one the engine knows."""
    async with bench(subject) as it:
        ref = (await it.make()).ref
        revision = (await it.list()).record(ref).revision
        needs(revision, "records have no revision")
        assert revision is not None
        await it.update(ref, it.updatable(1))
        change = (await it.list(known={ref.record_id: revision})).changes.get(ref.record_id)
        assert not isinstance(change, Unchanged), f"{ref} was changed after revision {revision!r}, but is Unchanged"
        assert change is not None, f"{ref} is not listed after an update"


async def reads_change_nothing(subject: Subject) -> None:
    """Discovering, listing, fetching and searching leave the remote as it is."""
    async with bench(subject) as it:
        needs(subject.count_writes, "the test cannot count changes of the remote")
        assert subject.count_writes is not None
        ref = await _some_record(it)
        before = subject.count_writes()
        await it.connector.discover()
        await it.list()
        await it.connector.fetch(ref)
        made = subject.count_writes() - before
        assert made == 0, f"reading changed the remote {made} times"


async def cursor_goes_on_where_it_ended(subject: Subject) -> None:
    """A listing from a cursor shows what was changed or made since."""
    async with bench(subject) as it:
        needs(it.capabilities.change_cursor, "listings have no cursor")
        old = await it.make()
        first = await it.list()
        assert first.cursor is not None, "change_cursor is declared, but no page of a listing gives next_cursor"
        await it.update(old.ref, it.updatable(1))
        new = await it.make()
        second = await it.list(since=first.cursor)
        assert second.shows(new.ref), f"{new.ref} was made after the cursor, but is not listed from there"
        assert second.shows(old.ref), f"{old.ref} was changed after the cursor, but is not listed from there"


async def deletions_are_listed(subject: Subject) -> None:
    """Where deletions are reported, a listing that goes on after one carries its tombstone."""
    async with bench(subject) as it:
        needs(it.capabilities.reports_deletions, "listings carry no deletions")
        needs(it.schema.can_delete, "records of this kind cannot be deleted")
        ref = (await it.make()).ref
        cursor = (await it.list()).cursor
        await it.connector.delete(ref, expected=(await it.now(ref)).fields)
        change = (await it.list(since=cursor)).changes.get(ref.record_id)
        assert isinstance(change, Removed), f"{ref} was deleted, but the listing gives {change!r}"


async def edits_of_persons_are_seen(subject: Subject) -> None:
    """What somebody else changes shows in fetch and in listings; nothing is answered from memory."""
    async with bench(subject) as it:
        needs(subject.person_edits, "the test cannot edit behind the connector's back")
        assert subject.person_edits is not None
        ref = (await it.make()).ref
        before = await it.now(ref)
        await it.list()
        await subject.person_edits(ref, it.updatable(1))
        now = await it.now(ref)
        assert now.fields != before.fields, "a person edited the record, but fetch gives the old fields"
        listed = (await it.list()).record(ref)
        assert listed.fields == now.fields, f"fetch gives {now.fields!r}, the listing {listed.fields!r}"


def _missing(subject: Subject) -> RecordRef:
    return RecordRef(subject.endpoint, subject.container, subject.missing)


async def _some_record(it: Bench) -> RecordRef:
    return (await it.make()).ref if it.schema.can_create else _missing(it.subject)


async def _listed(it: Bench, ref: RecordRef) -> list[tuple[str, Record]]:
    listed = await it.list()
    return [("list", listed.record(ref))] if listed.shows(ref) else []


CHECKS = (
    discover_lists_the_container,
    every_record_is_listed,
    records_have_the_declared_fields,
    pages_tell_when_they_were_taken,
    refs_name_endpoint_and_container,
    unknown_container_is_an_error,
    missing_record_is_fetched_as_none,
    equal_revisions_mean_equal_fields,
    changed_records_are_listed_whole,
    reads_change_nothing,
    cursor_goes_on_where_it_ended,
    deletions_are_listed,
    edits_of_persons_are_seen,
)
