"""Where traces go, that they cost nothing while they are off, and that they never hold up the end."""

import logging
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from syncengine.adapters.telemetry import trace_provider
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.adapters.telemetry.traces import TraceSettings, open_traces
from syncengine.engine.notes import PassWork
from syncengine.errors import ConfigurationError

PASS = PassWork(sync_id="s1")
OTLP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class Collector(ThreadingHTTPServer):
    """Takes what an exporter sends."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: list[tuple[str, bytes]] = []
        self.serving = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self.serving.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.serving.join()
        self.server_close()


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Slow(SpanExporter):
    """An exporter whose collector does not answer until a test lets it."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.stopped = threading.Event()

    def export(self, spans):
        self.answers.wait(60)
        return SpanExportResult.SUCCESS

    def shutdown(self):
        self.stopped.set()


def test_traces_are_off_by_default():
    """Nobody is told, and ending nothing is nothing."""
    traces = open_traces(TraceSettings())
    assert isinstance(traces.telemetry, Silence)
    with traces.telemetry.within(PASS) as nothing:
        assert nothing is None
    assert traces.telemetry.within(PASS) is traces.telemetry.within(PASS), "not even an object is made"
    traces.close()


def test_nothing_of_the_sdk_is_imported_while_traces_are_off():
    """Nor its API; in a process of its own, because this one has both."""
    code = """
import sys
from syncengine.adapters.telemetry.traces import TraceSettings, open_traces
from syncengine.engine.notes import PassWork
with open_traces(TraceSettings()) as traces, traces.telemetry.within(PassWork(sync_id="s")):
    pass
print(sorted(it for it in sys.modules if it.split(".")[0] in {"opentelemetry", "google", "requests"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_missing_exporter_says_what_to_install(monkeypatch):
    """With the name of the extra."""
    monkeypatch.setitem(sys.modules, OTLP, None)
    with pytest.raises(ConfigurationError, match=r'pip install "eventsourced-syncengine\[otlp\]"'):
        open_traces(TraceSettings(otlp_endpoint="http://127.0.0.1:4318"))


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:4318", "https://otel.example/base/", "http://[::1]:4318"])
def test_addresses_that_can_be_meant(endpoint):
    """None at all, and those of HTTP."""
    assert TraceSettings(otlp_endpoint=endpoint).otlp_endpoint == endpoint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"otlp_endpoint": "127.0.0.1:4318"}, 'such as "http'),
        ({"otlp_endpoint": "grpc://127.0.0.1:4317"}, 'such as "http'),
        ({"otlp_endpoint": "http://"}, 'such as "http'),
        ({"otlp_endpoint": "http://me:canary@otel.example"}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"sample": -0.1}, "sample"),
        ({"sample": 1.1}, "sample"),
    ],
)
def test_settings_that_cannot_be_meant(settings, message):
    """Said with what to write instead, and without the password."""
    with pytest.raises(ValueError, match=message) as refused:
        TraceSettings(**settings)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("", "/v1/traces"), ("/otel/", "/otel/v1/traces"), ("/v1/traces", "/v1/traces")],
)
def test_spans_arrive_at_a_collector(path, expected):
    """At the path that collectors listen on, with the name of the service, when the process ends."""
    pytest.importorskip(OTLP, reason="the extra otlp is not installed")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with Collector() as collector:
        with (
            open_traces(TraceSettings(otlp_endpoint=collector.url + path), version="1.2.3") as traces,
            traces.telemetry.within(PASS),
        ):
            pass
        ((where, body),) = collector.taken
    assert where == expected
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    about = {it.key: it.value.string_value for it in sent.resource.attributes}
    assert (about["service.name"], about["service.version"]) == ("syncengine", "1.2.3")
    assert [span.name for span in sent.scope_spans[0].spans] == ["sync.pass"]


def test_the_name_of_the_service_may_be_set_from_outside(monkeypatch):
    """By the variable that OpenTelemetry has for it."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "sync-of-the-garden")
    exporter = InMemorySpanExporter()
    with open_traces(TraceSettings(), exporter=exporter) as traces, traces.telemetry.within(PASS):
        pass
    assert exporter.get_finished_spans()[0].resource.attributes["service.name"] == "sync-of-the-garden"


def test_a_collector_that_is_down_is_no_reason_to_raise_or_to_wait(monkeypatch):
    """The last spans are tried until the time is over, then they are lost."""
    pytest.importorskip(OTLP, reason="the extra otlp is not installed")
    monkeypatch.setattr(trace_provider, "CLOSE_WITHIN_S", 0.3)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "4")
    with Collector() as collector:
        gone = collector.url
    threads = set(threading.enumerate())
    traces = open_traces(TraceSettings(otlp_endpoint=gone))
    with traces.telemetry.within(PASS):
        pass
    started = time.monotonic()
    traces.close()
    assert time.monotonic() - started < 2
    # What is left of the exporter draws random numbers until it gives up; the next test may be one that counts them.
    for left in set(threading.enumerate()) - threads:
        left.join(30)
        assert not left.is_alive()


def test_a_collector_that_does_not_answer_holds_up_the_end_for_a_bounded_time(monkeypatch, caplog):
    """A line says that spans were lost."""
    monkeypatch.setattr(trace_provider, "CLOSE_WITHIN_S", 0.1)
    slow = Slow()
    traces = open_traces(TraceSettings(), exporter=slow)
    with traces.telemetry.within(PASS):
        pass
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        traces.close()
    assert time.monotonic() - started < 2
    assert "did not take them" in caplog.text
    slow.answers.set()
    assert slow.stopped.wait(10), "the exporter was told in the end"


def test_the_bound_is_five_seconds():
    """Less than what a supervisor of processes waits before it kills."""
    assert trace_provider.CLOSE_WITHIN_S <= 5


def test_an_exporter_that_cannot_be_stopped_stops_nobody_else(caplog):
    """Its error is a log line."""

    class Broken(InMemorySpanExporter):
        def shutdown(self):
            raise RuntimeError("no")

    with caplog.at_level(logging.ERROR):
        open_traces(TraceSettings(), exporter=Broken()).close()
    assert "the last spans were not sent" in caplog.text


def test_works_after_the_end_are_dropped():
    """A second end is none, and stragglers do not raise."""
    exporter = InMemorySpanExporter()
    traces = open_traces(TraceSettings(), exporter=exporter)
    traces.close()
    traces.close()
    with traces.telemetry.within(PASS):
        pass
    assert exporter.get_finished_spans() == ()
