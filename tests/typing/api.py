"""
The public API as its users write it; never run, only checked: `mypy tests/typing/api.py`.

A change that makes one of these lines wrong breaks the programs of others.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import assert_type

from attrs import frozen

import syncengine
from syncengine import (
    AskAPerson,
    Backoff,
    ConflictRule,
    Engine,
    FieldConflict,
    FieldValues,
    LatestWrite,
    MergeText,
    Pairing,
    Park,
    PassReport,
    Plan,
    Policy,
    Prefer,
    Record,
    RecordRef,
    SafetyLimits,
    Settings,
    SettingsInvalid,
    Sync,
    SyncEngineError,
    Take,
    TransientError,
    UnionOfSets,
    load_settings,
    open_sync,
    open_sync_with,
    run_forever,
    run_until_quiet,
    story,
)
from syncengine.connector import (
    INTERFACE_VERSION,
    NO_FIELDS,
    ROOT,
    Capabilities,
    ChangePage,
    Connector,
    ConnectorDefaults,
    ConnectorPlugin,
    Container,
    ContainerId,
    Cursor,
    EndpointName,
    FieldKind,
    FieldSpec,
    Kind,
    RecordId,
    RecordSchema,
    Removed,
    Revision,
    Services,
    SyncKey,
    Unchanged,
)
from syncengine.errors import ConnectorError, RecordNotFound, Remedy, StaleRevision
from syncengine.http import Answer, open_session, refuse_unwell, send
from syncengine.testing import (
    CHECKS,
    Abilities,
    ConnectorConformance,
    Fault,
    Faults,
    MemoryConnector,
    MemoryRemote,
    Result,
    Subject,
    VirtualClock,
    Weather,
    check_rule,
    run_checks,
    stripped,
)

# -- a runner ----------------------------------------------------------------------------------------------------------


async def run(path: Path) -> PassReport:
    """Settings from a file."""
    settings = assert_type(load_settings(path), Settings)
    async with open_sync(settings) as sync:
        assert_type(sync, Sync)
        engine: Engine = sync.engine
        report = assert_type(await engine.run_pass(), PassReport)
        assert_type(report.writes, dict[str, int])
        assert_type(report.problems, list[str])
        assert_type(report.quiet, bool)
        plan = assert_type(await engine.plan(), Plan)
        assert_type([step.link.label for step in plan.steps], list[str])
        await run_forever(sync, settings.interval_s, on_report=lambda it: print(it.observed))
        return await run_until_quiet(sync)


async def tell(sync: Sync, text: str) -> list[str]:
    """The story of an item."""
    (item,) = {it.link_id for it in sync.views.find(text)}
    return story(item, await sync.log.load(item))


def complain(error: SyncEngineError) -> str:
    """Errors are divided by what has to be done about them."""
    match error:
        case SettingsInvalid():
            return "; ".join(assert_type(error.problems, tuple[str, ...]))
        case TransientError():
            return f"{error.endpoint} asks to wait for {error.retry_after_s} s"
        case ConnectorError():
            return f"{error.operation} of {error.ref}: {error.message}"
        case _:
            return "restart" if error.remedy is Remedy.STOP else str(error)


# -- embedded ----------------------------------------------------------------------------------------------------------

PREFERENCES: Mapping[str, ConflictRule] = {
    "title": Prefer("left"),
    "status": LatestWrite(then=Prefer("left"), clock_skew_s=60),
    "labels": UnionOfSets(),
    "description": MergeText(then=AskAPerson()),
}


async def embed(left: Connector, right: Connector, log: Path) -> None:
    """Connectors that are open already."""
    policy = Policy(
        rules={Kind("issue"): PREFERENCES},
        creates={Kind("issue"): frozenset({EndpointName("right")})},
        backoff=Backoff(first_s=1, longest_s=60),
        safety=SafetyLimits(deletions=0),
    )
    ids = {EndpointName("left"): ContainerId("1"), EndpointName("right"): ContainerId("2")}
    pairings = [Pairing(kind=Kind("issue"), containers=ids, title="Garden")]
    async with open_sync_with({"left": left, "right": right}, log=log, policy=policy, pairings=pairings) as sync:
        await sync.run_pass(retry_refused=True)
        sync.engine.stop()


# -- a rule ------------------------------------------------------------------------------------------------------------


@frozen
class Shortest:
    """The shortest text wins."""

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Take it, or leave other values to a person."""
        texts = [version.value for version in conflict.versions.values() if isinstance(version.value, str)]
        if len(texts) < len(conflict.versions):
            return Park(f"{conflict.field} holds no text everywhere")
        return Take(min(texts, key=lambda text: (len(text), text)))


SHORTEST: ConflictRule = Shortest()
check_rule(Shortest(), examples=10)

# -- a connector -------------------------------------------------------------------------------------------------------

NOTE = RecordSchema(
    kind=Kind("note"),
    fields=(FieldSpec(name="title"), FieldSpec(name="labels", kind=FieldKind.SET, initial=())),
    can_delete=True,
)


@frozen(kw_only=True)
class NoteSettings:
    """What a person sets."""

    url: str


class Notes(ConnectorDefaults):
    """Fulfils the protocol without inheriting from it."""

    def __init__(self, endpoint: EndpointName, services: Services) -> None:
        self._services = services
        self._records: dict[RecordId, Record] = {}
        self._endpoint = endpoint

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(schemas=(NOTE,), key_storage="field", requests_per_s=5)

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """As they are."""
        return fields.only(NOTE.readable)

    async def discover(self) -> Sequence[Container]:
        """One container."""
        return [Container(container_id=ROOT, kind=NOTE.kind)]

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """Three kinds of change."""
        changes: tuple[Record | Unchanged | Removed, ...] = (
            *self._records.values(),
            Unchanged(RecordId("1")),
            Removed(RecordId("2")),
        )
        yield ChangePage(changes=changes, taken_at=self._services.now(), next_cursor=Cursor("3"), complete=since is None)

    async def fetch(self, ref: RecordRef) -> Record | None:
        """One record."""
        return self._records.get(ref.record_id)

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """By key."""
        return [it for it in self._records.values() if it.sync_key == key]

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """A new one."""
        ref = RecordRef(self._endpoint, container, RecordId(key))
        return Record(ref=ref, fields=fields, revision=Revision("1"), sync_key=key, label="N-1")

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """Or the error that says why not."""
        there = self._records.get(ref.record_id)
        if there is None:
            raise RecordNotFound("not there", endpoint=ref.endpoint, operation="update", ref=str(ref))
        if there.fields.only(expected) != expected:
            raise StaleRevision("changed meanwhile")
        return Record(ref=ref, fields=there.fields | patch | NO_FIELDS)

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """Gone already is success."""
        self._records.pop(ref.record_id, None)


@asynccontextmanager
async def connect(settings: NoteSettings, services: Services) -> AsyncIterator[Connector]:
    """Open it."""
    async with open_session(timeout_s=5, headers={"Accept": "application/json"}) as session:
        answer = assert_type(await send(session, "GET", settings.url, changes=False), Answer)
        refuse_unwell(answer, changes=False)
    yield Notes(services.endpoint, services)


plugin = ConnectorPlugin(name="notes", settings=NoteSettings, connect=connect, interface_version=INTERFACE_VERSION)

# -- its tests ---------------------------------------------------------------------------------------------------------


async def check() -> Sequence[Result]:
    """All checks on a remote in memory."""
    clock, faults = VirtualClock(), Faults()
    remote = MemoryRemote(Abilities(key_storage="marker", spelling=stripped, listing_lag_s=2), now=clock.now)
    remote.add_container("notes")
    faults.plan("create", Weather.DROPPED_AFTER, Fault(weather=Weather.SLOW, delay_s=6), None)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Connector]:
        yield MemoryConnector(remote, "memory", faults=faults, sleep=clock.sleep)

    subject = Subject(
        open=opened,
        endpoint="memory",
        container="notes",
        sample=lambda number: FieldValues(title=f"note {number}", description="", status="todo"),
        waivers={"deletions_are_listed": "not written yet"},
    )
    return await run_checks(subject, CHECKS[:3])


class TestMemory(ConnectorConformance):
    """Three lines for an author."""


assert_type(asyncio.run(check()), Sequence[Result])
assert_type(syncengine.Prefer("huly").endpoint, EndpointName)
