"""
What the engine costs beside the remote calls it makes, as ratios against floors taken in the same run.

The floor is the bare calls: as many at once as the endpoint allows, each waiting for one round trip. The engine makes the
same calls with intents and outcomes saved in a real log. An item costs two calls: a create, and an update for the status.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import define, field

from benchmarks.measured import Measured
from syncengine.adapters.event_log import open_log
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.connector import (
    Capabilities,
    ChangePage,
    ConnectorDefaults,
    Container,
    ContainerId,
    Cursor,
    EndpointName,
    FieldSpec,
    FieldValues,
    Kind,
    Record,
    RecordId,
    RecordRef,
    RecordSchema,
    Revision,
    SyncKey,
    Unchanged,
)
from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.policy import Policy
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Endpoint
from syncengine.engine.sync_pass import Engine

ISSUE = Kind("issue")
BOARD = ContainerId("board")
FIELDS = ("title", "description", "status")


@define
class SlowBoard(ConnectorDefaults):
    """A remote that does nothing but wait one round trip for every write."""

    name: EndpointName
    round_trip_s: float
    at_once: int
    revisions: bool = False
    records: dict[RecordId, FieldValues] = field(factory=dict)
    room: asyncio.Semaphore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.room = asyncio.Semaphore(self.at_once)

    @property
    def capabilities(self) -> Capabilities:
        """A status cannot be set on create."""
        fields = tuple(FieldSpec(name=name, creatable=name != "status", initial="todo") for name in FIELDS)
        schemas = (RecordSchema(kind=ISSUE, fields=fields),)
        return Capabilities(schemas=schemas, key_storage="id", max_concurrent_writes=self.at_once)

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """As given."""
        return fields

    async def discover(self) -> Sequence[Container]:
        """One board."""
        return [Container(container_id=BOARD, kind=ISSUE)]

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """Everything, in one page."""
        taken_at = datetime.now(UTC)
        yield ChangePage(changes=tuple(self._shown(key, known) for key in self.records), taken_at=taken_at, complete=True)

    def _shown(self, key: RecordId, known: Mapping[RecordId, Revision]) -> Record | Unchanged:
        record = self._record(key)
        return Unchanged(key) if self.revisions and known.get(key) == record.revision else record

    def _record(self, key: RecordId) -> Record:
        fields = self.records[key]
        revision = Revision(str(hash(fields))) if self.revisions else None
        return Record(ref=RecordRef(self.name, BOARD, key), fields=fields, revision=revision)

    async def fetch(self, ref: RecordRef) -> Record | None:
        """One record."""
        return self._record(ref.record_id) if ref.record_id in self.records else None

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """By id."""
        return [self._record(RecordId(key))] if key in self.records else []

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """One round trip."""
        await self.wait()
        self.records[RecordId(key)] = FieldValues(status="todo") | fields
        return self._record(RecordId(key))

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """One round trip."""
        await self.wait()
        self.records[ref.record_id] = self.records[ref.record_id] | patch
        return self._record(ref.record_id)

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """Not needed here."""
        raise NotImplementedError

    async def wait(self) -> None:
        """One round trip, as many at once as allowed."""
        async with self.room:
            await asyncio.sleep(self.round_trip_s)


class _Now:
    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _boards(items: int, round_trip_s: float, at_once: int, *, revisions: bool = False) -> tuple[SlowBoard, SlowBoard]:
    left = SlowBoard(EndpointName("left"), 0.0, at_once, revisions)
    right = SlowBoard(EndpointName("right"), round_trip_s, at_once, revisions)
    for number in range(items):
        fields = FieldValues(title=f"Item {number}", description="A few lines of text.\n" * 8, status="in_progress")
        left.records[RecordId(f"L{number}")] = fields
    return left, right


async def _engine_run(left: SlowBoard, right: SlowBoard, folder: Path, passes: int = 1) -> list[tuple[float, float]]:
    """Wall and CPU seconds of each pass."""
    rules = {name: Prefer(EndpointName("left")) for name in FIELDS}
    taken = []
    async with open_log(folder / "log.db") as log:
        engine = Engine(
            endpoints=[Endpoint(name=left.name, connector=left), Endpoint(name=right.name, connector=right)],
            log=log,
            views=log.views,
            policy=Policy(rules={ISSUE: rules}),
            clock=_Now(),
            telemetry=Silence(),
            pairings=[Pairing(kind=ISSUE, containers={left.name: BOARD, right.name: BOARD})],
        )
        for _ in range(passes):
            wall, cpu = time.perf_counter(), time.process_time()
            report = await engine.run_pass()
            taken.append((time.perf_counter() - wall, time.process_time() - cpu))
            if not report.ok:
                raise RuntimeError(report.problems)
    return taken


async def _bare_run(items: int, board: SlowBoard) -> tuple[float, float]:
    async def item() -> None:
        await board.wait()
        await board.wait()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(item() for _ in range(items)))
    return time.perf_counter() - wall, time.process_time() - cpu


def measure_whole_engine(round_trip_s: float, at_once: int, items: int, limit: float | None) -> list[Measured]:
    """A first sync of this many items against the same calls made bare; the median of three runs each."""
    ratios, cpus = [], []
    for _ in range(3):
        left, right = _boards(items, round_trip_s, at_once)
        bare = asyncio.run(_bare_run(items, _boards(0, round_trip_s, at_once)[1]))
        with tempfile.TemporaryDirectory() as folder:
            ((wall, cpu),) = asyncio.run(_engine_run(left, right, Path(folder)))
        ratios.append(wall / bare[0])
        cpus.append((cpu - bare[1]) / items * 1e6)
    what = f"whole engine / bare calls, {round_trip_s * 1000:g} ms round trip, {at_once} at once"
    if round_trip_s:
        return [Measured(goal="G1", what=what, value=sorted(ratios)[1], unit="x", limit=limit)]
    what = f"CPU an item over bare calls, no round trip, {at_once} at once"
    return [Measured(goal="G2", what=what, value=sorted(cpus)[1], unit="us", limit=limit)]


def measure_unchanged(items: int, *, revisions: bool) -> list[Measured]:
    """CPU of a quiet pass for each listed record, without what the remote itself costs."""
    left, right = _boards(items, 0.0, 64, revisions=revisions)
    with tempfile.TemporaryDirectory() as folder:
        _, _, *quiet = asyncio.run(_engine_run(left, right, Path(folder), passes=7))
    listing = []
    for _ in range(5):
        start = time.process_time()
        known = {key: left._record(key).revision or Revision("") for key in left.records}  # noqa: SLF001
        start = time.process_time()
        for board in (left, right):
            for key in board.records:
                board._shown(key, known)  # noqa: SLF001
        listing.append(time.process_time() - start)
    per_record = (sorted(cpu for _, cpu in quiet)[len(quiet) // 2] - sorted(listing)[2]) / (2 * items) * 1e6
    how = "by revision" if revisions else "by digest"
    rows = [Measured(goal="G8", what=f"CPU for an unchanged listed record, {how}", value=per_record, unit="us", limit=5.0)]
    floor = _fingerprint_floor(left)
    return [*rows, Measured(goal="G8", what="  floor: orjson and blake2b of its fields", value=floor, unit="us")]


def _fingerprint_floor(board: SlowBoard) -> float:
    start = time.process_time()
    for fields in board.records.values():
        fingerprint(fields)
    return (time.process_time() - start) / len(board.records) * 1e6


def measure_engine(scale: float = 1.0) -> list[Measured]:
    """All rows; `scale` below 1 for a quick look."""
    items = max(20, int(1000 * scale))
    return [
        *measure_whole_engine(0.1, 32, items, 1.05),
        *measure_whole_engine(0.02, 16, items, 1.15),
        *measure_whole_engine(0.0, 16, items, 500.0),
        *measure_unchanged(max(100, int(10_000 * scale)), revisions=True),
        *measure_unchanged(max(100, int(10_000 * scale)), revisions=False),
        Measured(
            goal="",
            what="peak memory of this process",
            unit="MB",
            value=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        ),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    for row in measure_engine(parser.parse_args().scale):
        print(row)
