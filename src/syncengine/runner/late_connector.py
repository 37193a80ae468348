"""Opens an endpoint, now or as soon as it can be reached; until then it answers for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress

from syncengine.adapters.guard.breaker import Breakers, host_of
from syncengine.adapters.guard.cleaned_errors import cleaned
from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.adapters.guard.heard_requests import noting_requests
from syncengine.connector import Capabilities, Connector, Services
from syncengine.domain.identity import ContainerId, EndpointName, RecordId, SyncKey
from syncengine.domain.policy import Backoff
from syncengine.domain.records import ChangePage, Container, Cursor, FieldValues, Record, RecordRef, Revision
from syncengine.engine.notes import EndpointConnected, EndpointNotClosed, EndpointNotConnected
from syncengine.engine.ports import Clock, Telemetry
from syncengine.errors import (
    AuthenticationFailed,
    ConfigurationError,
    SettingsInvalid,
    SyncEngineError,
    TransientError,
    Unreachable,
)
from syncengine.http import listening
from syncengine.redaction import redact
from syncengine.runner.refused_credentials import RefusedCredentials
from syncengine.runner.settings_model import EndpointSettings

CLOSING_S = 5.0
"""Seconds a connector may take to close its connection."""


class EndpointKeeper:
    """
    Holds one endpoint open from the first connection to the end.

    The connection is opened and closed by one task of its own, as connectors that use task groups need it. Trouble that may
    pass is met by trying again; credentials that were refused are never tried a second time.

    Attributes:
        connector: the guarded connector, once it is open.
        trouble: why it is not open, as far as that may pass.
        refusal: why it will not be opened any more.
        breakers: those of the synchronisation it belongs to.
    """

    def __init__(
        self,
        endpoint: EndpointSettings,
        *,
        clock: Clock,
        telemetry: Telemetry,
        backoff: Backoff,
        on_open: Callable[[EndpointName, Connector], None],
        read_only: bool = False,
        breakers: Breakers | None = None,
        refused: RefusedCredentials | None = None,
        may_write: Callable[[], object] | None = None,
    ) -> None:
        self.name = endpoint.name
        self.connector: Connector | None = None
        self.trouble: TransientError | None = None
        self.refusal: SyncEngineError | None = None
        self._endpoint = endpoint
        self._clock = clock
        self._telemetry = telemetry
        self._backoff = backoff
        self._on_open = on_open
        self._read_only = read_only
        self.breakers = breakers or Breakers(clock=clock, telemetry=telemetry)
        self._refused = refused
        self._may_write = may_write
        self._tried = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Try once; afterwards `connector`, `trouble` or `refusal` says how it went. Goes on trying in the first two."""
        self._task = asyncio.create_task(self._keep(), name=f"endpoint {self.name}")
        await self._tried.wait()

    async def close(self) -> None:
        """Close the connection, or stop trying; a connector that takes longer than `CLOSING_S` is cut off."""
        self._closing.set()
        if self._task is not None:
            if self.connector is not None:
                await asyncio.wait({self._task}, timeout=CLOSING_S)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def reopen(self, endpoint: EndpointSettings) -> None:
        """Close it and open it again with other settings, which may be accepted where the old ones were refused."""
        await self.close()
        self.connector, self.trouble, self.refusal = None, None, None
        self._tried, self._closing = asyncio.Event(), asyncio.Event()
        self._endpoint = endpoint
        await self.open()

    def there(self) -> Connector:
        """
        The open connector.

        Raises:
            Unreachable: it cannot be reached yet.
            SyncEngineError: it refused us.
        """
        if self.connector is not None:
            return self.connector
        if self.refusal is not None:
            raise self.refusal.with_traceback(None)
        raise Unreachable(self.trouble.message if self.trouble else "not connected yet", endpoint=self.name)

    async def _keep(self) -> None:
        attempts = 0
        known = self._refused.known_refusal(self._endpoint) if self._refused is not None else None
        self.refusal = None if known is None else self._note(known)
        while self.refusal is None and not self._closing.is_set():
            attempts += 1
            try:
                with listening(noting_requests(self._telemetry, self.name)):
                    await self._connect_and_stay()
            except AuthenticationFailed as error:
                self.refusal = self._note(error)
                if self._refused is not None:
                    self._refused.remember(self._endpoint, error, self._clock.now())
            except TransientError as error:
                self._note(error)
                self.trouble = error
                self._tried.set()
                await self._clock.sleep(max(self._backoff.wait_s(attempts), error.retry_after_s or 0.0))
            except Exception as error:  # noqa: BLE001 - anything a connector lets escape
                self.refusal = self._note(error)
        self._tried.set()

    async def _connect_and_stay(self) -> None:
        services = Services(endpoint=self.name, now=self._clock.now, read_only=self._read_only)
        plugin = self._endpoint.plugin
        try:
            async with plugin.connect(self._endpoint.settings, services) as connector:
                guarded = GuardedConnector(
                    connector,
                    endpoint=self.name,
                    plugin=plugin.name,
                    clock=self._clock,
                    telemetry=self._telemetry,
                    calls=self._endpoint.calls,
                    breakers=self.breakers,
                    host=host_of(self._endpoint.settings, otherwise=self.name),
                    may_write=self._may_write,
                )
                self._on_open(self.name, guarded)
                self.connector = guarded
                if self._refused is not None:
                    self._refused.forget(self.name)
                self._telemetry.note(EndpointConnected(endpoint=self.name, connector=plugin.name))
                self._tried.set()
                await self._closing.wait()
        except Exception as error:
            if self.connector is None:
                raise
            # Whatever goes wrong while closing, nothing depends on it any more.
            self._telemetry.note(EndpointNotClosed(endpoint=self.name, reason=redact(str(error))))

    def _note(self, raised: Exception) -> SyncEngineError:
        error = cleaned(raised, endpoint=self.name, operation="connect")
        if isinstance(error, ConfigurationError) and not isinstance(error, SettingsInvalid):  # which names its places
            error.add_note(f"This is about [endpoints.{self.name}]")
        self._telemetry.note(EndpointNotConnected(endpoint=self.name, reason=str(error)))
        return error


class LateConnector(Connector):
    """Stands for an endpoint that could not be reached at start: every call is `Unreachable` until it can."""

    def __init__(self, keeper: EndpointKeeper) -> None:
        self._there = keeper.there

    @property
    def capabilities(self) -> Capabilities:
        """What the endpoint can do; nobody knows before it was reached."""
        return self._there().capabilities

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """As the connector, once it is open."""
        return self._there().as_stored(container, fields)

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """As the connector, once it is open."""
        return self._there().natural_keys(container, fields)

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """As the connector, once it is open."""
        return self._there().record_id_for(container, key)

    async def discover(self) -> Sequence[Container]:
        """As the connector, once it is open."""
        return await self._there().discover()

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """As the connector, once it is open."""
        async for page in self._there().list_changes(container, since, known):
            yield page

    async def fetch(self, ref: RecordRef) -> Record | None:
        """As the connector, once it is open."""
        return await self._there().fetch(ref)

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """As the connector, once it is open."""
        return await self._there().find_by_key(container, key, fields)

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """As the connector, once it is open."""
        return await self._there().create(container, key, fields)

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """As the connector, once it is open."""
        return await self._there().update(ref, patch, expected=expected)

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """As the connector, once it is open."""
        await self._there().delete(ref, expected=expected)
