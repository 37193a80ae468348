"""The only file that knows all parts: opens a log and endpoints, and puts an engine between them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from attrs import evolve as changed

from syncengine.adapters.event_log import OpenLog, open_log
from syncengine.adapters.guard.breaker import Breakers, host_of
from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.adapters.log_place import LogPlace, notes_of, place_of
from syncengine.adapters.log_snapshot import log_exists
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.connector import Connector
from syncengine.domain.identity import EndpointName
from syncengine.domain.policy import Policy
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Clock, Endpoint, Telemetry
from syncengine.engine.sync_pass import Engine
from syncengine.errors import SettingsInvalid, SyncEngineError
from syncengine.runner.clock import SystemClock
from syncengine.runner.hosts import recall_hosts
from syncengine.runner.late_connector import EndpointKeeper, LateConnector
from syncengine.runner.refused_credentials import RefusedCredentials
from syncengine.runner.rule_coverage import problems_of_policy
from syncengine.runner.settings import Settings
from syncengine.runner.sync import Sync


@asynccontextmanager
async def open_sync(
    settings: Settings,
    *,
    telemetry: Telemetry | None = None,
    clock: Clock | None = None,
    reach_all: bool = False,
    retry_refused: bool = False,
    command: str | None = None,
) -> AsyncIterator[Sync]:
    """
    A synchronisation as the settings describe it, alone in writing its log while inside.

    An endpoint that cannot be reached for now does not stop the others: its part of every pass is reported as a problem
    until it answers. One that refuses us, or settings that do not fit it, end the attempt.

    Args:
        telemetry: told what happens.
        clock: the time of this computer when None.
        reach_all: raise when an endpoint cannot be reached, for a single pass that somebody waits for.
        retry_refused: try credentials once more that were refused before and have not changed since.
        command: what another process that wants the same log is told about this one.

    Raises:
        AnotherWriter: another process writes the log; says who.
        EventLogError: the log cannot be used.
        SettingsInvalid: a field has no conflict rule, or a rule is about nothing.
        ConnectorError: an endpoint refuses us, or (with `reach_all`) cannot be reached.
    """
    clock = clock or SystemClock()
    # The log first: nobody should log in anywhere for a log that another process is writing.
    async with (
        open_log(settings.log, now=clock.now, command=command) as log,
        open_sync_on(
            log,
            settings,
            telemetry=telemetry or Silence(),
            clock=clock,
            reach_all=reach_all,
            retry_refused=retry_refused,
        ) as sync,
    ):
        yield sync


@asynccontextmanager
async def open_for_planning(settings: Settings, *, telemetry: Telemetry | None = None) -> AsyncIterator[Sync]:
    """
    The same for `engine.plan()` only: nothing is written anywhere, and another process may be writing the log.

    Raises:
        EventLogError, SettingsInvalid, ConnectorError: as `open_sync` with `reach_all`.
    """
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="syncengine-plan-") as folder:
        if log_exists(settings.log):
            log = open_log(settings.log, read_only=True, now=clock.now)
        else:
            log = open_log(Path(folder) / "empty.db", now=clock.now)
        async with log as opened:
            opening = open_sync_on(
                opened, settings, telemetry=telemetry or Silence(), clock=clock, reach_all=True, read_only=True
            )
            async with opening as sync:
                yield sync


@asynccontextmanager
async def open_sync_with(
    endpoints: Mapping[str, Connector],
    *,
    log: LogPlace | str,
    policy: Policy,
    pairings: Sequence[Pairing] = (),
    telemetry: Telemetry | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Sync]:
    """
    A synchronisation inside another program: open connectors instead of a settings file.

    Args:
        endpoints: open connectors by the names their records carry; the caller closes them.
        log: where the event log is, or will be made: a path, or a URL that begins with "postgresql://".
        policy: the rules; every field that two endpoints can read needs one.
        pairings: containers that are kept the same without linked projects.

    Raises:
        AnotherWriter, EventLogError: as `open_sync`.
        SettingsInvalid: the policy does not fit the endpoints.
    """
    clock, telemetry = clock or SystemClock(), telemetry or Silence()
    opened = {EndpointName(name): connector for name, connector in endpoints.items()}
    _require_fitting(opened, policy, pairings, source="the policy", everybody=True)
    async with open_log(place_of(log) if isinstance(log, str) else log, now=clock.now) as opened_log:
        breakers = Breakers(clock=clock, telemetry=telemetry)
        recall_hosts(opened_log, breakers)
        guard = partial(
            GuardedConnector, clock=clock, telemetry=telemetry, breakers=breakers, may_write=opened_log.require_lease
        )
        guarded = {name: guard(it, endpoint=name, plugin=name) for name, it in opened.items()}
        sync = _assembled(guarded, opened_log, policy, pairings, clock, telemetry, breakers)
        yield changed(sync, hosts=frozenset(endpoints))


@asynccontextmanager
async def open_sync_on(
    log: OpenLog,
    settings: Settings,
    *,
    telemetry: Telemetry,
    clock: Clock,
    breakers: Breakers | None = None,
    reach_all: bool = False,
    read_only: bool = False,
    retry_refused: bool = False,
) -> AsyncIterator[Sync]:
    """
    As `open_sync`, on a log that is open already and stays open.

    Args:
        breakers: the circuit breakers, for somebody who wants to know their states.
        read_only: connectors are told to change nothing, not even what they would prepare for later.

    Raises:
        SettingsInvalid, ConnectorError: as `open_sync`.
    """
    breakers = breakers or Breakers(clock=clock, telemetry=telemetry)
    recall_hosts(log, breakers)
    async with AsyncExitStack() as stack:
        refused = RefusedCredentials(notes_of(settings.log), read_only)
        if retry_refused:
            refused.forget()
        keepers = await _open_endpoints(stack, settings, telemetry, clock, breakers, refused, log)
        _require_open(keepers, reach_all=reach_all)
        opened = {keeper.name: keeper.connector for keeper in keepers if keeper.connector is not None}
        _require_fitting(
            opened, settings.policy, settings.pairings, source=settings.source, everybody=len(opened) == len(keepers)
        )
        connectors = {keeper.name: LateConnector(keeper) for keeper in keepers}
        sync = _assembled(connectors, log, settings.policy, settings.pairings, clock, telemetry, breakers)
        yield changed(
            sync,
            keepers={keeper.name: keeper for keeper in keepers},
            hosts=frozenset(host_of(it.settings, otherwise=it.name) for it in settings.endpoints.values()),
        )


async def _open_endpoints(
    stack: AsyncExitStack,
    settings: Settings,
    telemetry: Telemetry,
    clock: Clock,
    breakers: Breakers,
    refused: RefusedCredentials,
    log: OpenLog,
) -> list[EndpointKeeper]:
    """All endpoints at once, each tried once when this returns."""
    late: dict[EndpointName, Connector] = {}

    def fits(name: EndpointName, connector: Connector) -> None:
        late[name] = connector
        if settled:
            _require_fitting(late, settings.policy, (), source=settings.source, everybody=False)

    settled = False
    make = partial(
        EndpointKeeper,
        clock=clock,
        telemetry=telemetry,
        backoff=settings.policy.backoff,
        on_open=fits,
        read_only=refused.read_only,
        breakers=breakers,
        refused=refused,
        may_write=log.require_lease,
    )
    keepers = [make(endpoint) for endpoint in settings.endpoints.values()]
    for keeper in keepers:
        stack.push_async_callback(keeper.close)
    await asyncio.gather(*(keeper.open() for keeper in keepers))
    settled = True
    return keepers


def _require_open(keepers: Sequence[EndpointKeeper], *, reach_all: bool) -> None:
    refusals = [keeper.refusal for keeper in keepers if keeper.refusal is not None]
    troubles = [keeper.trouble for keeper in keepers if keeper.trouble is not None and keeper.connector is None]
    errors: list[SyncEngineError] = [*refusals, *(troubles if reach_all else ())]
    if errors:
        for other in errors[1:]:
            errors[0].add_note(str(other))
        raise errors[0]


def _require_fitting(
    connectors: Mapping[EndpointName, Connector],
    policy: Policy,
    pairings: Iterable[Pairing],
    *,
    source: str,
    everybody: bool,
) -> None:
    capabilities = {name: connector.capabilities for name, connector in connectors.items()}
    problems = problems_of_policy(policy, capabilities, pairings, everybody=everybody)
    if problems:
        raise SettingsInvalid(problems, source=source)


def _assembled(
    connectors: Mapping[EndpointName, Connector],
    log: OpenLog,
    policy: Policy,
    pairings: Sequence[Pairing],
    clock: Clock,
    telemetry: Telemetry,
    breakers: Breakers,
) -> Sync:
    endpoints = {name: Endpoint(name=name, connector=connector) for name, connector in connectors.items()}
    engine = Engine(
        endpoints=endpoints.values(),
        log=log,
        views=log.views,
        policy=policy,
        clock=clock,
        telemetry=telemetry,
        pairings=pairings,
        inbox=log.inbox,
    )
    return Sync(
        engine=engine,
        log=log,
        views=log.views,
        endpoints=endpoints,
        clock=clock,
        telemetry=telemetry,
        breakers=breakers,
    )
