"""How a memory remote is read: records, and listings of what it looked like some time ago."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from attrs import frozen

from syncengine.connector import (
    ChangePage,
    ContainerId,
    Cursor,
    EndpointName,
    Record,
    RecordId,
    RecordRef,
    Removed,
    Revision,
    Unchanged,
)
from syncengine.testing.memory_remote import MemoryRemote, Stored

Listed = Record | Unchanged | Removed


def record_of(
    remote: MemoryRemote, endpoint: EndpointName, container: ContainerId, record_id: RecordId, stored: Stored
) -> Record:
    """A stored record in the words of the connector contract."""
    fields, key = remote.split(stored)
    return Record(
        ref=RecordRef(endpoint, container, record_id),
        fields=fields.only(remote.abilities.schema(remote.kind_of(container)).readable),
        revision=Revision(str(stored.revision)) if remote.abilities.revisions else None,
        sync_key=key,
        label=record_id.upper(),
    )


def pages_of(
    remote: MemoryRemote,
    endpoint: EndpointName,
    container: ContainerId,
    since: Cursor | None,
    known: Mapping[RecordId, Revision],
    *,
    empty: bool,
) -> Iterator[ChangePage]:
    """The pages of one snapshot, which is as old as the remote's lag; `empty` makes it lie that nothing is there."""
    snapshot = _Snapshot(
        remote=remote, endpoint=endpoint, container=container, known=known, taken_at=remote.now() - remote.lag
    )
    with_cursor = remote.abilities.change_cursor
    full = since is None or not with_cursor
    changes = [] if empty else snapshot.changes(None if full else since)
    cursor = snapshot.cursor
    size = remote.abilities.page_size
    starts = range(0, max(len(changes), 1), size)
    for start in starts:
        last = start == starts[-1]
        yield ChangePage(
            changes=tuple(changes[start : start + size]),
            taken_at=snapshot.taken_at,
            # The cursor stands for the whole snapshot, so only the last page may give it.
            next_cursor=cursor if last and with_cursor else None,
            complete=last and full,
        )


@frozen(kw_only=True)
class _Snapshot:
    remote: MemoryRemote
    endpoint: EndpointName
    container: ContainerId
    known: Mapping[RecordId, Revision]
    taken_at: datetime

    @property
    def cursor(self) -> Cursor:
        return Cursor(str(sum(1 for _ in self.remote.journal(self.container, self.taken_at))))

    def changes(self, since: Cursor | None) -> list[Listed]:
        shown = self.remote.visible(self.container, self.taken_at)
        journal = list(self.remote.journal(self.container, self.taken_at))[int(since or 0) :]
        which = sorted(shown) if since is None else dict.fromkeys(change.record_id for change in journal)
        there = [self._listed(record_id, shown[record_id]) for record_id in which if record_id in shown]
        if not self.remote.abilities.tombstones:
            return there
        last = {change.record_id: change.after for change in journal}
        return [*there, *(Removed(record_id) for record_id, after in last.items() if after is None)]

    def _listed(self, record_id: RecordId, stored: Stored) -> Listed:
        record = record_of(self.remote, self.endpoint, self.container, record_id, stored)
        unchanged = record.revision is not None and self.known.get(record_id) == record.revision
        return Unchanged(record_id) if unchanged else record
