"""The part of the traces that needs OpenTelemetry's SDK; imported only when there is somebody to send them to."""

import logging
from collections.abc import Sequence
from hashlib import blake2b
from threading import Thread
from typing import cast

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from syncengine.adapters.telemetry.derived_trace_ids import DerivedIds
from syncengine.adapters.telemetry.spans import TracesTelemetry
from syncengine.errors import ConfigurationError

CLOSE_WITHIN_S = 5.0
"""Seconds; spans that the collector has not taken by then are lost."""

_log = logging.getLogger(__name__)


class ShareOfTraces(Sampler):
    """
    Takes a share of the traces, by nothing but the id of the trace, so that every process takes the same ones.

    The samplers of the SDK look at some bits of the id, which are evenly spread in drawn ids and not in derived ones.
    """

    def __init__(self, share: float) -> None:
        """Take this share, from 0 to 1."""
        self._share = share
        self._bound = round(share * 2**64)

    def should_sample(
        self,
        parent_context: Context | None,  # noqa: ARG002
        trace_id: int,
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,  # noqa: ARG002
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Whether spans of this trace are recorded and sent."""
        drawn = int.from_bytes(blake2b(trace_id.to_bytes(16), digest_size=8).digest())
        decision = Decision.RECORD_AND_SAMPLE if drawn < self._bound else Decision.DROP
        return SamplingResult(decision, attributes, trace_state)

    def get_description(self) -> str:
        """For people."""
        return f"{self._share:g} of all traces"


class TraceProvider:
    """
    A tracer provider of our own with what it needs.

    Attributes:
        telemetry: makes the spans.
    """

    def __init__(self, exporter: SpanExporter, *, sample: float, version: str) -> None:
        """Send this share of the traces to `exporter`, in batches and from another thread."""
        ids = DerivedIds()
        own = Resource({"service.name": "syncengine", "service.version": version})
        self._provider = TracerProvider(
            sampler=ShareOfTraces(sample),
            resource=own.merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
            id_generator=ids,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self.telemetry = TracesTelemetry(self._provider.get_tracer("syncengine", version), ids)

    def close(self) -> None:
        """Send what is left; returns after `CLOSE_WITHIN_S` seconds at the latest, and does not raise."""
        # The SDK's own limits of time leave out the export that is under way, which tries again and again.
        sending = Thread(target=self._shut_down, name="syncengine-last-spans", daemon=True)
        sending.start()
        sending.join(CLOSE_WITHIN_S)
        if sending.is_alive():
            _log.warning("the last spans were not sent: the collector did not take them within %g s", CLOSE_WITHIN_S)

    def _shut_down(self) -> None:
        try:
            self._provider.shutdown()
        except Exception:  # noqa: BLE001 - an exporter that cannot be stopped stops nobody else
            _log.exception("the last spans were not sent")


def otlp_exporter(endpoint: str) -> SpanExporter:
    """
    The exporter for a collector that takes OTLP over HTTP.

    Headers, certificates and limits of time come from the variables that OpenTelemetry has for them.

    Args:
        endpoint: address of the collector; `/v1/traces` is added, as OpenTelemetry does with addresses of collectors.

    Raises:
        ConfigurationError: the package that has it is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        message = (
            'traces.otlp_endpoint is set, but nothing here can send traces; pip install "eventsourced-syncengine[otlp]"'
        )
        raise ConfigurationError(message) from error
    path = "" if endpoint.rstrip("/").endswith("/v1/traces") else "/v1/traces"
    return cast("SpanExporter", OTLPSpanExporter(endpoint=endpoint.rstrip("/") + path))
