"""The settings of a synchronisation, as values: what a settings file becomes, or a program makes itself."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.log_place import LogPlace
from syncengine.adapters.telemetry.traces import TraceSettings
from syncengine.connector import ConnectorPlugin
from syncengine.domain.identity import EndpointName
from syncengine.domain.policy import Policy
from syncengine.engine.pairings import Pairing
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.log_lines.settings import LogSettings
from syncengine.runner.server.access import ServerSettings

DEFAULT_FILE = "syncengine.toml"
DEFAULT_LOG = "syncengine.db"
DEFAULT_INTERVAL_S = 60.0
DEFAULT_STOP_WITHIN_S = 20.0


@frozen(kw_only=True)
class EndpointSettings:
    """
    One endpoint.

    Attributes:
        plugin: its connector, loaded.
        settings: what the connector's own settings class made of the section.
        calls: how often, how long and how patiently it is called.
    """

    name: EndpointName
    plugin: ConnectorPlugin
    settings: Any = field(repr=False)
    calls: CallSettings = field(factory=CallSettings)


@frozen(kw_only=True)
class Settings:
    """
    A settings file without mistakes, as far as they can be seen before anybody is called.

    Attributes:
        source: the file, or what else to call it in messages.
        log: where the event log is.
        interval_s: seconds from the start of one pass to the start of the next.
        pairings: containers that are kept the same without linked projects.
        stop_within_s: seconds the calls in flight get when the process is asked to end.
        server: where health and metrics can be asked for.
        health: what counts as too old, too many and too slow.
        logs: how much is logged, and how.
        traces: where traces go.
        warnings: one sentence each about what works but should not stay like that.
    """

    source: str
    log: LogPlace
    endpoints: Mapping[EndpointName, EndpointSettings]
    policy: Policy
    interval_s: float = DEFAULT_INTERVAL_S
    pairings: tuple[Pairing, ...] = ()
    stop_within_s: float = DEFAULT_STOP_WITHIN_S
    server: ServerSettings = field(factory=ServerSettings)
    health: HealthSettings = field(factory=HealthSettings)
    logs: LogSettings = field(factory=LogSettings)
    traces: TraceSettings = field(factory=TraceSettings)
    warnings: tuple[str, ...] = ()
