"""Reads one container: all pages of its listing, compared with what is known."""

from collections.abc import Mapping
from datetime import datetime

from attrs import define, field

from syncengine.domain.events import CursorAdvanced
from syncengine.domain.identity import ContainerId, RecordId, feed_stream
from syncengine.domain.records import Cursor, Record, Removed, Unchanged
from syncengine.engine.calls import asked
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.full_listings import is_full_listing_due
from syncengine.engine.ports import Append, Endpoint, KnownRecord, Views
from syncengine.engine.safety import digest_of
from syncengine.errors import ContractViolation, SuspiciousListing


@define(kw_only=True)
class Listing:
    """
    What a container held, sorted by what it means to us.

    Attributes:
        fresh: records that belong to no link yet.
        edited: records of links whose fields differ from what is known, with the time of their page.
        missing: known records that a full listing did not show and that are not proved to be gone.
        removed: known records whose tombstone was listed.
        cursor: where the next listing may go on; None when the endpoint has no cursors.
        is_full: it was asked for from the start, and not from a cursor on.
        held_back: some of what was listed waits to be told what it is, so the cursor has to stay where it was.
        proves_access: a record that we know was shown, so the others are not hidden as a whole; or a person says so.
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
    is_full: bool = True
    listed: int = 0
    held_back: bool = False
    proves_access: bool = False

    @property
    def counts_as_full(self) -> bool:
        """Whether a later one may go on at its cursor; where something was held back, all has to be listed again."""
        return self.is_full and self.cursor is not None and not self.held_back

    def advance(self, views: Views) -> Append | None:
        """The event that later listings go on behind this one; None when they go on where they did before."""
        name, container = self.endpoint.name, self.container
        if self.held_back or self.cursor is None or self.cursor == views.cursor(name, container):
            return None
        return Append(
            stream_id=feed_stream(name, container),
            after_version=views.feed_version(name, container),
            events=(CursorAdvanced(endpoint=name, container=container, cursor=self.cursor),),
        )


async def read_listing(
    endpoint: Endpoint, container: ContainerId, views: Views, *, now: datetime, in_full_every_s: float
) -> Listing:
    """
    List a container and compare; nothing is saved.

    Args:
        now: aware UTC.
        in_full_every_s: seconds after which a listing begins at the start, although there is a cursor to go on at.

    Raises:
        ConnectorError: the listing is incomplete, so nothing may be concluded from it.
        SuspiciousListing: a full listing is empty although records are known, and nobody approved of that.
    """
    known = views.known_records(endpoint.name, container)
    revisions = {key: it.revision for key, it in known.items() if it.revision is not None and not it.gone}
    listing = Listing(endpoint=endpoint, container=container, known=known)
    listing.cursor = views.cursor(endpoint.name, container)
    if listing.cursor is not None:
        last = views.listed_in_full_at(endpoint.name, container)
        listing.is_full = is_full_listing_due(last, now, every_s=in_full_every_s, known=known.values())
    if listing.is_full:
        listing.cursor = None
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
        _note_missing(listing, seen, views)
    return listing


def _sort(listing: Listing, change: Record | Unchanged | Removed) -> None:
    if isinstance(change, Unchanged):
        return
    if isinstance(change, Removed):
        gone = listing.known.get(change.record_id)
        listing.fresh.pop(change.record_id, None)
        listing.edited.pop(change.record_id, None)
        if gone is not None and not is_proved(gone):
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


def is_proved(known: KnownRecord) -> bool:
    """Whether a record is gone beyond doubt."""
    return known.gone is not None and known.gone.is_proof


def _note_missing(listing: Listing, seen: set[RecordId], views: Views) -> None:
    doubtful = [it for it in listing.known.values() if not is_proved(it)]
    listing.missing = [it for it in doubtful if it.ref.record_id not in seen]
    listing.proves_access = len(listing.missing) < len(doubtful)
    if doubtful and not seen:
        _require_approval(listing, doubtful, views)


def _require_approval(listing: Listing, doubtful: list[KnownRecord], views: Views) -> None:
    """A person said that the container is empty indeed; only then is that believed."""
    place = f"{listing.endpoint.name}/{listing.container}"
    plan = digest_of(place, (it.ref.record_id for it in doubtful))
    listing.proves_access = views.is_approved(plan)
    if not listing.proves_access and any(it.gone is None for it in doubtful):
        where = f"{listing.endpoint.name}/{listing.container or 'projects'}"
        raise SuspiciousListing(
            f"{where} lists nothing although {len(doubtful)} records are known there; nothing was written. Check the "
            f"account's access and filters; if everything really was deleted there, say so: `syncengine approve {plan}`",
            place=place,
            plan=plan,
        )
