"""Reads one container: all pages of its listing, compared with what is known."""

from collections.abc import Mapping
from datetime import datetime

from attrs import define, field

from syncengine.domain.identity import ContainerId, RecordId
from syncengine.domain.records import Cursor, Record, Removed, Unchanged
from syncengine.engine.calls import asked
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.ports import Endpoint, KnownRecord, Views
from syncengine.errors import ContractViolation, SuspiciousListing


@define(kw_only=True)
class Listing:
    """
    What a container held, sorted by what it means to us.

    Attributes:
        fresh: records that belong to no link yet.
        edited: records of links whose fields differ from what is known, with the time of their page.
        missing: known records that a full listing did not show.
        removed: known records whose tombstone was listed.
        taken_at: time of the first page; everything older than it is in the listing.
    """

    endpoint: Endpoint
    container: ContainerId
    known: Mapping[RecordId, KnownRecord]
    fresh: dict[RecordId, Record] = field(factory=dict)
    edited: dict[RecordId, Record] = field(factory=dict)
    missing: list[KnownRecord] = field(factory=list)
    removed: list[KnownRecord] = field(factory=list)
    taken_at: datetime | None = None
    cursor: Cursor | None = None
    listed: int = 0


async def read_listing(endpoint: Endpoint, container: ContainerId, views: Views) -> Listing:
    """
    List a container and compare; nothing is saved.

    Raises:
        ConnectorError: the listing is incomplete, so nothing may be concluded from it.
        SuspiciousListing: a full listing is empty although records are known.
    """
    known = views.known_records(endpoint.name, container)
    revisions = {key: it.revision for key, it in known.items() if it.revision is not None and not it.gone}
    listing = Listing(endpoint=endpoint, container=container, known=known)
    listing.cursor = views.cursor(endpoint.name, container)
    seen: set[RecordId] = set()
    complete = False
    pages = endpoint.connector.list_changes(container, listing.cursor, revisions)
    while (page := await asked(endpoint.name, "list", anext(pages, None), ref=container or None)) is not None:
        for change in page.changes:
            seen.add(change.ref.record_id if isinstance(change, Record) else change.record_id)
            _sort(listing, change)
        listing.taken_at = listing.taken_at or page.taken_at
        listing.cursor = page.next_cursor or listing.cursor
        complete = page.complete
    listing.listed = len(seen)
    if complete:
        _note_missing(listing, seen)
    return listing


def _sort(listing: Listing, change: Record | Unchanged | Removed) -> None:
    if isinstance(change, Unchanged):
        return
    if isinstance(change, Removed):
        gone = listing.known.get(change.record_id)
        listing.fresh.pop(change.record_id, None)
        listing.edited.pop(change.record_id, None)
        if gone is not None and not gone.gone:
            listing.removed.append(gone)
        return
    if change.ref.endpoint != listing.endpoint.name:
        message = f"the connector lists {change.ref} under the endpoint {listing.endpoint.name}; give both the same name"
        raise ContractViolation(message, endpoint=listing.endpoint.name, operation="list")
    record_id = change.ref.record_id
    known = listing.known.get(record_id)
    if known is None:
        listing.fresh[record_id] = change
    elif known.gone or known.digest != fingerprint(change.fields):
        listing.edited[record_id] = change
    else:
        listing.edited.pop(record_id, None)  # a later page shows it as we know it


def _note_missing(listing: Listing, seen: set[RecordId]) -> None:
    present = [it for it in listing.known.values() if not it.gone]
    if present and not seen:
        where = f"{listing.endpoint.name}/{listing.container or 'projects'}"
        raise SuspiciousListing(
            f"{where} lists nothing although {len(present)} records are known there; nothing was written. "
            "Check the account's access and filters; if everything really was deleted, take the container out of the sync"
        )
    listing.missing = [it for it in present if it.ref.record_id not in seen]
