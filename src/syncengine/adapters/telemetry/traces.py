"""
Traces with OpenTelemetry, off unless the settings name a collector.

While they are off nothing of OpenTelemetry's SDK is imported and nobody listens. Nothing here is global: `open_traces`
makes a tracer provider of its own.
"""

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from attrs import field, frozen, validators

from syncengine.adapters.telemetry.listeners import Silence
from syncengine.engine.ports import Telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from syncengine.adapters.telemetry.trace_provider import TraceProvider


def _check_endpoint(_instance: object, _attribute: Any, endpoint: str) -> None:
    if not endpoint:
        return
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError('otlp_endpoint must be an address such as "http://127.0.0.1:4318"')
    if parts.username or parts.password:
        raise ValueError("otlp_endpoint must not hold credentials; put them into OTEL_EXPORTER_OTLP_HEADERS")


@frozen(kw_only=True)
class TraceSettings:
    """
    Where traces go.

    Attributes:
        otlp_endpoint: address of a collector that takes OTLP over HTTP, for example "http://127.0.0.1:4318"; empty for no
            traces.
        sample: which part of the traces is sent, from 0 to 1; a pass or a write is sent as a whole or not at all.

    Raises:
        ValueError: a value that cannot be meant, with what to write instead.
    """

    otlp_endpoint: str = field(default="", validator=_check_endpoint)
    sample: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])


class Traces:
    """
    Whoever turns works into spans, or nobody.

    Attributes:
        telemetry: tell it what happens.
    """

    def __init__(self, provider: "TraceProvider | None") -> None:
        """Make spans with `provider`; none when None."""
        self._provider = provider
        self.telemetry: Telemetry = Silence() if provider is None else provider.telemetry

    def close(self) -> None:
        """
        Send what is left and stop; takes 5 seconds at most and does not raise, whatever the collector does.

        May be called twice. It waits in the thread it is called in; an event loop calls it through `asyncio.to_thread`.
        """
        if self._provider is not None:
            self._provider.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_traces(settings: TraceSettings, *, exporter: "SpanExporter | None" = None, version: str = "") -> Traces:
    """
    Traces as the settings want them; close them at the end.

    Args:
        exporter: where spans go instead of to a collector.
        version: of this library, sent along.

    Raises:
        ConfigurationError: the settings name a collector, and the exporter that speaks to it is not installed.
    """
    if exporter is None and not settings.otlp_endpoint:
        return Traces(None)
    from syncengine.adapters.telemetry.trace_provider import TraceProvider, otlp_exporter

    return Traces(TraceProvider(exporter or otlp_exporter(settings.otlp_endpoint), sample=settings.sample, version=version))
