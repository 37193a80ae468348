"""What must be true after every disaster, whatever it was."""

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from syncengine.adapters.event_log import OpenLog, open_log
from syncengine.domain.events import RecordObserved, WriteConfirmed, WritesIntended
from syncengine.domain.records import FieldValue
from tests.disasters.inventory import HULY, VIBE, Held, Inventory, words_of
from tests.disasters.site import Site

LEAST, SHARE = 5, 0.1
"""What may be destroyed without an approval: max(5, 10 %)."""


def allowed(known: int) -> int:
    """How many of this many records may go."""
    return max(LEAST, int(known * SHARE))


def nothing_was_destroyed(before: Inventory, after: Inventory, *, approved: int = 0) -> None:
    """
    No more records went than may, or than somebody approved of.

    Args:
        before: what was there right after the disaster, so that all that went since was destroyed by us.
        approved: records that a person agreed to lose.
    """
    for side in (HULY, VIBE):
        gone = before.gone_in(after, side)
        limit = max(approved, allowed(len(before.on(side))))
        assert len(gone) <= limit, f"{len(gone)} of {len(before.on(side))} records were destroyed on {side}: {gone[:3]}"
        projects = before.projects[side].keys() - after.projects[side].keys()
        assert not projects, f"projects were destroyed on {side}: {projects}"


async def nothing_was_forgotten(site: Site, before: Inventory, after: Inventory) -> None:
    """Titles and texts that are not on a server any more are still in the log."""
    async with open_log(site.log, read_only=True) as log:
        remembered = set(_texts(log))
    forgotten = before.replaced_in(after) - remembered
    assert not forgotten, f"overwritten, and not in the log: {forgotten}"


async def nothing_doubtful_is_hidden(site: Site) -> None:
    """Both sides are the same, or `syncengine status` says about each item that is not why that is so."""
    inventory = await site.look()
    doubts = await read_doubts(site)
    hidden = [held for held in inventory.different() if not doubts.explain(held, inventory)]
    assert not hidden, f"{len(hidden)} records differ without a word in `status`, for example {hidden[:3]}"


async def all_is_well(site: Site) -> None:
    """Both sides are the same, each item is there once, and nothing waits for anybody."""
    inventory = await site.look()
    assert not inventory.doubled(), inventory.doubled()
    assert not inventory.different(), inventory.different()[:4]
    status = await site.status()
    assert not status["open_writes"], status["open_writes"]
    assert not status["parked"], status["parked"][:3]
    assert not status["held_plans"], status["held_plans"]
    assert not status["paused"], status["paused"]


@frozen(kw_only=True)
class Doubts:
    """
    What `syncengine status` says about why something is not the same on both sides.

    Attributes:
        records: ids of the records of items that wait, those of whole projects included.
        texts: plans that are held back, problems of the last pass, and projects that it left out.
        about_all: an endpoint is paused, cannot be asked at all, or shows no project.
    """

    records: frozenset[str]
    texts: str
    about_all: bool

    def explain(self, held: Held, inventory: Inventory) -> bool:
        """Whether a person who reads it learns about this record."""
        project = inventory.projects[held.side][held.project_id]
        named = held.project_id in self.texts or f"{project}:" in self.texts or f"({project})" in self.texts
        return bool({held.record_id, held.project_id} & self.records) or named or self.about_all


async def read_doubts(site: Site) -> Doubts:
    """Read the status, with the records behind each of its lines."""
    status: dict[str, Any] = await site.status()
    async with open_log(site.log, read_only=True) as log:
        waiting = [it for it in log.views.parked() if it.reason]
        records = {str(known.ref.record_id) for it in waiting for known in log.views.records_of(it.link_id)}
        records |= {
            str(known.ref.record_id) for it in log.views.open_writes() for known in log.views.records_of(it.link_id)
        }
    plans = [f"{it['place']} {it['reason']}" for it in status["held_plans"]]
    last: dict[str, Any] = status["last_pass"] or {}
    problems = [*last.get("problems", []), *last.get("left_out", [])]
    return Doubts(
        records=frozenset(records),
        texts="\n".join([*plans, *problems]),
        about_all=bool(
            status["paused"]
            or any(it["place"].endswith("/") for it in status["held_plans"])
            or any(" discover: " in line for line in problems)
        ),
    )


def _texts(log: OpenLog) -> Iterable[tuple[str, ...]]:
    for recorded in log.all_events():
        for value in _values(recorded.event):
            if isinstance(value, str):
                yield words_of(value)


def _values(event: object) -> Iterable[FieldValue]:
    match event:
        case RecordObserved() | WriteConfirmed():
            yield from event.fields.values()
        case WritesIntended():
            for settlement in event.settled:
                yield from (settlement.value, *settlement.losers.values())
            for write in event.writes:
                yield from (*write.fields.values(), *write.expected.values())
