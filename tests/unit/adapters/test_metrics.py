"""Counters and histograms made of notes."""

from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from syncengine.adapters.telemetry import metric_names as names
from syncengine.adapters.telemetry.bounded_labels import MOST_SETS
from syncengine.adapters.telemetry.metrics import open_metrics
from syncengine.engine import notes
from tests.fixtures.scrape import Scrape

LINK = UUID(int=7)


@pytest.fixture
def metrics():
    """Fresh metrics without a patient."""
    opened = open_metrics(None, version="1.2.3")
    yield opened
    opened.close()


def told(metrics, *what):
    """The scrape after these notes."""
    for note in what:
        metrics.telemetry.note(note)
    return Scrape.of(metrics.exposition())


def ended(**more):
    facts = {
        "status": "success",
        "duration_s": 0.25,
        "pairings": 1,
        "changed": 0,
        "judged": 0,
        "problems": 0,
        "quiet": True,
    }
    return notes.PassEnded(sync_id="s", **facts | more)


def outcome(outcome="confirmed", **more):
    facts = {"endpoint": "huly", "kind": "issue", "operation": "create", "attempt": 1}
    return notes.WriteOutcome(link_id=LINK, version=3, saved="x", intent_id=uuid4().hex, outcome=outcome, **facts | more)


def call(**more):
    facts = {"endpoint": "work", "connector": "huly", "operation": "fetch", "attempt": 1, "duration_s": 0.02}
    return notes.CallEnded(**facts | more)


def request(**more):
    facts = {"endpoint": "work", "method": "GET", "host": "huly.example", "port": 443, "status": 200, "duration_s": 0.02}
    return notes.RequestEnded(**facts | more)


def test_every_metric_is_there_with_type_and_help_before_anything_happened(metrics):
    """A dashboard or an alert never waits for the first event of a kind to know what it is about."""
    scrape = told(metrics)
    assert {it.name: it.type for it in names.FAMILIES} == scrape.types
    assert {it.name: it.help for it in names.FAMILIES} == scrape.helps


def test_counters_with_known_labels_start_at_zero(metrics):
    """The first count is a rise then, which `rate` and `increase` see."""
    scrape = told(metrics)
    assert [scrape("sync_runs_total", status=status) for status in ("success", "error", "skipped")] == [0, 0, 0]
    assert (scrape("projects_processed_total"), scrape("issues_synced_total")) == (0, 0)


def test_counters_start_at_zero_once_their_labels_are_known(metrics):
    """Endpoints are known when they are connected, kinds when work on them begins."""
    start = notes.PairingStarted(pairing="p", kind="issue", links=1)
    scrape = told(metrics, notes.EndpointConnected(endpoint="work", connector="huly"), start)
    assert scrape("syncengine_retries_total", endpoint="work", operation="fetch") == 0
    labels = {"endpoint": "work", "kind": "issue", "operation": "update", "outcome": "rejected"}
    assert scrape("syncengine_writes_total", **labels) == 0
    assert len(scrape.all("syncengine_writes_total")) == 2 * 6


def test_passes_are_counted_by_how_they_ended(metrics):
    """One that was stopped is an error only if it had problems."""
    scrape = told(
        metrics,
        ended(),
        ended(status="stopped"),
        ended(status="stopped", problems=1),
        ended(status="error", problems=2),
        notes.PassFailed(error="EventLogError", reason="disk full", duration_s=3),
        notes.PassSkipped(),
    )
    assert scrape("sync_runs_total", status="success") == 2
    assert scrape("sync_runs_total", status="error") == 3
    assert scrape("sync_runs_total", status="skipped") == 1


def test_the_duration_of_passes_is_in_milliseconds(metrics):
    """Failed ones are in it, skipped ones took no time."""
    failed = notes.PassFailed(error="EventLogError", reason="disk full", duration_s=3)
    scrape = told(metrics, ended(duration_s=0.25), failed, notes.PassSkipped())
    assert scrape("sync_duration_ms_count") == 2
    assert scrape("sync_duration_ms_sum") == 3250
    assert scrape("sync_duration_ms_bucket", le="250.0") == 1


def test_a_duration_over_a_clock_that_was_set_back_counts_as_nothing(metrics):
    """A negative one would not be a histogram any more."""
    scrape = told(metrics, ended(duration_s=-5))
    assert (scrape("sync_duration_ms_count"), scrape("sync_duration_ms_sum")) == (1, 0)


def links_of(pairing, kind, number):
    """The notes of a pairing with this many links."""
    yield notes.PairingStarted(pairing=pairing, kind=kind, links=number)
    for _ in range(number):
        yield notes.LinkEnded(pairing=pairing, link_id=uuid4())
    yield notes.PairingEnded(pairing=pairing, kind=kind, links=number)


def test_progress_shows_during_a_pass_and_is_counted_when_it_ended(metrics):
    """Projects themselves are no issues, and their root is no pair of projects."""
    half = [*links_of("root", "project", 2), *links_of("a", "issue", 3)]
    scrape = told(metrics, notes.PassStarted(sync_id="s"), *half)
    assert (scrape("projects_processed"), scrape("issues_synced")) == (1, 3)
    assert (scrape("projects_processed_total"), scrape("issues_synced_total")) == (0, 0)
    scrape = told(metrics, *links_of("b", "issue", 4), ended())
    assert (scrape("projects_processed"), scrape("issues_synced")) == (2, 7)
    assert (scrape("projects_processed_total"), scrape("issues_synced_total")) == (2, 7)


def test_progress_begins_anew_with_the_next_pass(metrics):
    """The gauges fall to 0, the counters go on; a pass that failed has processed what it has processed."""
    told(metrics, notes.PassStarted(sync_id="s"), *links_of("a", "issue", 3), ended())
    scrape = told(metrics, notes.PassStarted(sync_id="t"))
    assert (scrape("projects_processed"), scrape("issues_synced")) == (0, 0)
    failed = notes.PassFailed(error="EventLogError", reason="disk full", duration_s=3)
    scrape = told(metrics, *links_of("a", "issue", 2), failed)
    assert (scrape("projects_processed_total"), scrape("issues_synced_total")) == (2, 5)


def test_writes_are_counted_by_what_became_of_them(metrics):
    """One count for each saved outcome."""
    scrape = told(metrics, outcome(), outcome(), outcome("rejected", operation="update", endpoint="vibe"))
    labels = {"kind": "issue", "operation": "create", "endpoint": "huly"}
    assert scrape("syncengine_writes_total", **labels, outcome="confirmed") == 2
    labels = {"kind": "issue", "operation": "update", "endpoint": "vibe"}
    assert scrape("syncengine_writes_total", **labels, outcome="rejected") == 1


def test_conflicts_are_counted_by_field_and_rule(metrics):
    """Settled ones and parked ones apart."""
    facts = {"link_id": LINK, "version": 4, "kind": "issue", "field": "title"}
    scrape = told(
        metrics,
        notes.ConflictSettled(**facts, rule="Prefer", losers=("vibe",)),
        notes.ConflictSettled(**facts, rule="Prefer", losers=("vibe",)),
        notes.ConflictWaits(**facts, rule="AskAPerson"),
    )
    labels = {"kind": "issue", "field": "title"}
    assert scrape("syncengine_conflicts_total", **labels, rule="Prefer", outcome="settled") == 2
    assert scrape("syncengine_conflicts_total", **labels, rule="AskAPerson", outcome="parked") == 1


def test_calls_are_measured_by_endpoint_and_for_their_connector(metrics):
    """In seconds under the endpoint's name, in milliseconds under that of the plugin."""
    scrape = told(metrics, call(), call(duration_s=2.0, error="Unreachable"), call(endpoint="own", connector="my-Todo"))
    name = "syncengine_connector_call_duration_seconds"
    assert scrape(f"{name}_sum", endpoint="work", operation="fetch") == 0.02
    assert scrape(f"{name}_sum", endpoint="work", operation="fetch", error_type="Unreachable") == 2.0
    assert scrape("huly_api_latency_ms_count", operation="fetch") == 2
    assert scrape("huly_api_latency_ms_sum", operation="fetch") == 2020
    assert scrape("my_todo_api_latency_ms_count", operation="fetch") == 1
    assert (scrape.types["huly_api_latency_ms"], scrape.helps["huly_api_latency_ms"][-1]) == ("histogram", ".")


def test_requests_follow_the_conventions_for_http_clients(metrics):
    """Names, bounds, and an error type that is the status where the status is the error."""
    scrape = told(
        metrics,
        request(),
        request(method="get"),
        request(status=503, error="503"),
        request(status=None, error="ClientConnectorError"),
        request(method="BREW"),
    )
    name, labels = "http_client_request_duration_seconds", {"server_address": "huly.example", "server_port": "443"}
    assert scrape(f"{name}_count", **labels, http_request_method="GET", http_response_status_code="200") == 2
    failed = {"http_request_method": "GET", "http_response_status_code": "503", "error_type": "503"}
    assert scrape(f"{name}_count", **labels, **failed) == 1
    assert scrape(f"{name}_count", **labels, http_request_method="GET", error_type="ClientConnectorError") == 1
    assert scrape(f"{name}_count", **labels, http_request_method="_OTHER", http_response_status_code="200") == 1
    bounds = {dict(it)["le"] for it in scrape.all(f"{name}_bucket")} - {"+Inf"}
    assert sorted(map(float, bounds)) == [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]


def test_retries_are_counted(metrics):
    """By endpoint and operation."""
    again = notes.CallRetried(endpoint="work", operation="list", attempt=1, wait_s=0.2, reason="busy")
    assert told(metrics, again, again)("syncengine_retries_total", endpoint="work", operation="list") == 2


def test_a_breaker_is_in_one_state_at_a_time(metrics):
    """1 for the state it is in, 0 for the two others."""
    changed = [notes.BreakerChanged(host="huly.example:443", state=state) for state in ("open", "half_open")]
    scrape = told(metrics, *changed)
    states = {
        state: scrape("syncengine_breaker_state", host="huly.example:443", state=state) for state in names.BREAKER_STATES
    }
    assert states == {"closed": 0, "open": 0, "half_open": 1}


def test_ids_and_sentences_never_become_labels(metrics):
    """Whatever a faulty connector puts where a name belongs."""
    scrape = told(
        metrics,
        outcome(kind=str(uuid4()), operation=uuid4().hex),
        call(operation="Fix the roof of the shed", error="x" * 65),
        call(operation="5f0c9a1b2c3d4e5f60718293"),
    )
    labels = {"endpoint": "huly", "kind": "other", "operation": "other", "outcome": "confirmed"}
    assert scrape("syncengine_writes_total", **labels) == 1
    name = "syncengine_connector_call_duration_seconds_count"
    assert scrape(name, endpoint="work", operation="other", error_type="other") == 1
    assert scrape(name, endpoint="work", operation="other") == 1


def test_a_metric_stops_growing(metrics):
    """Ten thousand hosts are two hundred label sets and one that holds the rest."""
    scrape = told(metrics, *(request(host=f"host-{number}") for number in range(10_000)))
    counts = scrape.all("http_client_request_duration_seconds_count")
    assert len(counts) == MOST_SETS + 1
    rest = frozenset((label, "other") for label in names.HTTP_DURATION.labels)
    assert counts.pop(rest) == 10_000 - MOST_SETS
    assert set(counts.values()) == {1}


def test_hosts_of_breakers_and_connectors_stop_growing(metrics):
    """Gauges and names of metrics are bounded too."""
    changed = [notes.BreakerChanged(host=f"host-{number}", state="open") for number in range(1_000)]
    scrape = told(metrics, *changed, *(call(connector=f"c{number}") for number in range(1_000)))
    assert len(scrape.all("syncengine_breaker_state")) == 60 * 3
    assert sum(name.endswith("_api_latency_ms") for name in scrape.types) == 20


def test_zeros_in_advance_leave_room_for_what_is_counted(metrics):
    """Forty endpoints would fill the metric with zeros; the first real outcome still has its labels."""
    connected = [notes.EndpointConnected(endpoint=f"e{number}", connector="huly") for number in range(40)]
    start = notes.PairingStarted(pairing="p", kind="issue", links=1)
    scrape = told(metrics, *connected, start, outcome(endpoint="e39", kind="project"))
    labels = {"endpoint": "e39", "kind": "project", "operation": "create", "outcome": "confirmed"}
    assert scrape("syncengine_writes_total", **labels) == 1


def test_two_in_one_process_do_not_meet(metrics):
    """Neither each other nor the registry that all of a program shares."""
    other = open_metrics(None, version="2")
    before = {it.name for it in REGISTRY.collect()}
    told(metrics, ended())
    assert Scrape.of(other.exposition())("sync_runs_total", status="success") == 0
    assert {it.name for it in REGISTRY.collect()} == before
    assert "sync_runs" not in before
    other.close()


def test_nothing_of_the_library_that_counts_shows(metrics):
    """No scope labels, no target, no creation times."""
    text = told(metrics, ended(), call(), request()).text
    assert "otel" not in text
    assert "target_info" not in text
    assert "_created" not in text


def test_the_version_is_shown(metrics):
    """As a label of a metric that is always 1."""
    assert told(metrics)("syncengine_build_info", version="1.2.3") == 1


def test_after_the_end_nothing_is_counted_and_nothing_raises(caplog):
    """Stragglers are dropped, a second end is none and no reason for a log line."""
    metrics = open_metrics(None, version="1")
    metrics.close()
    metrics.close()
    assert told(metrics, ended(), outcome()).values == {}
    assert caplog.text == ""


def test_works_are_nobodys_business(metrics):
    """What there is to count is told in notes."""
    with metrics.telemetry.within(notes.PassWork(sync_id="s")) as nothing:
        assert nothing is None
