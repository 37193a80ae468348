"""Which item people mean by a name."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from syncengine.adapters.event_log import OpenLog
from syncengine.domain.events import LinkEvent
from syncengine.domain.identity import LinkId
from syncengine.domain.link import Link, replay
from syncengine.engine.ports import KnownRecord
from syncengine.runner.cli import show

ITEM_HELP = "A label such as TSK-12, a record id, the id of an item, or an exact title."


def meant(log: OpenLog, item: str, *, as_json: bool = False) -> LinkId | None:
    """
    The one item this text means; None when there is none or there are several, which is said.

    Args:
        as_json: list several as JSON.

    Raises:
        EventLogError: the log cannot be read.
    """
    found = _matches(log, item)
    if len(found) > 1:
        _list(log, item, found, as_json=as_json)
        return None
    link_id = next(iter(found), None)
    if link_id is None or not log.stream_version(link_id):
        show.complain(
            f'syncengine: nothing in the log {log.path} is known as "{item}". '
            "Try its label, its exact title, or an id from `syncengine status --json`"
        )
        return None
    return link_id


async def link_of(log: OpenLog, link_id: LinkId) -> Link:
    """
    An item as the log has it.

    Raises:
        EventLogError: the log cannot be read.
    """
    return replay(link_id, (cast("LinkEvent", it.event) for it in await log.load(link_id)))


def _matches(log: OpenLog, item: str) -> dict[LinkId, list[KnownRecord]]:
    """The items this may mean, each with the records that made it so."""
    found: dict[LinkId, list[KnownRecord]] = {}
    for record in log.views.find(item):
        found.setdefault(record.link_id, []).append(record)
    if not found:
        try:
            found[UUID(item.strip())] = []  # perhaps an item none of whose records is known any more
        except ValueError:
            return {}
    return found


def _list(log: OpenLog, item: str, found: dict[LinkId, list[KnownRecord]], *, as_json: bool) -> None:
    rows = [(str(link_id), _records(log.views.records_of(link_id))) for link_id in found]
    if as_json:
        show.data({"matches": [{"link_id": link_id, "records": records} for link_id, records in rows]})
        return
    show.line(f'"{item}" may mean {len(rows)} items; ask again with the id of one of them:')
    show.table(("id", "records"), rows)


def _records(records: Sequence[KnownRecord]) -> str:
    return ", ".join(f"{it.ref} ({it.label})" if it.label else str(it.ref) for it in records)
