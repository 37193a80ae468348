"""
Every metric there is: name, type, labels, meaning. The page about metrics is drawn from it, and a test lints it.

Names and labels are a public format; dashboards and alerts are built on them. The names without the prefix `syncengine_`
are those that dashboards of the predecessor know, and the one that the OpenTelemetry conventions for HTTP clients fix.
Labels are bounded: names from the settings, from a connector's schema or from this library, never ids, titles or reasons.
"""

import re
from typing import Literal, get_args

from attrs import frozen

MetricType = Literal["counter", "gauge", "histogram"]
BreakerState = Literal["closed", "open", "half_open"]

HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""The bounds that the OpenTelemetry conventions for HTTP clients give."""

CALL_SECONDS = (*HTTP_SECONDS, 30.0, 60.0, 120.0)
"""A call may wait for its turn and hold several requests."""

CALL_MILLISECONDS = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2.5e3, 5e3, 7.5e3, 1e4, 3e4)

PASS_MILLISECONDS = (10.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 1.8e6)


@frozen(kw_only=True)
class Family:
    """
    One metric with all its label sets.

    Attributes:
        name: as it stands at `/metrics`.
        help: one sentence for people.
        buckets: upper bounds of a histogram, in its unit.
    """

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name=name, type="counter", help=text, labels=labels)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(name=name, type="gauge", help=text, labels=labels)


def _histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...]) -> Family:
    return Family(name=name, type="histogram", help=text, labels=labels, buckets=buckets)


# -- passes --------------------------------------------------------------------------------------------------------------

SYNC_RUNS = _counter(
    "sync_runs_total",
    "Passes that ended: without a problem, with problems or broken off, or not begun because one was still running.",
    "status",
)
SYNC_DURATION = _histogram("sync_duration_ms", "Milliseconds that passes took.", buckets=PASS_MILLISECONDS)
PROJECTS = _gauge(
    "projects_processed",
    "Pairs of projects whose issues this pass is through with, of those with something to do; stays until the next pass.",
)
ISSUES = _gauge("issues_synced", "Issues that this pass is through with; stays until the next pass begins.")
PROJECTS_TOTAL = _counter(
    "projects_processed_total", "Pairs of projects with something to do, counted when their pass ended."
)
ISSUES_TOTAL = _counter("issues_synced_total", "Issues that passes were through with, counted when their pass ended.")

# -- writes --------------------------------------------------------------------------------------------------------------

WRITES = _counter(
    "syncengine_writes_total",
    "Outcomes saved for writes; one write can have several, until it landed or was given up.",
    "endpoint",
    "kind",
    "operation",
    "outcome",
)
CONFLICTS = _counter(
    "syncengine_conflicts_total",
    "Fields that were edited differently on several sides, settled by their rule or parked for a person.",
    "kind",
    "field",
    "rule",
    "outcome",
)
PENDING = _gauge("syncengine_pending_writes", "Saved intents about whose write nothing is known yet.", "endpoint")
POSTPONED = _gauge(
    "syncengine_postponed_writes", "Saved intents that wait for another attempt or another look.", "endpoint"
)
OLDEST_INTENT = _gauge(
    "syncengine_oldest_open_intent_age_seconds",
    "Seconds since the oldest intent without an outcome was saved; 0 when there is none.",
)
PARKED = _gauge(
    "syncengine_parked_items",
    "Conflicts (field) and refused writes (write) that wait for a person or for a change.",
    "subject",
)
VANISHED = _gauge("syncengine_vanished_records", "Records that are missing on one side and not on the other.")

# -- calls ---------------------------------------------------------------------------------------------------------------

HTTP_DURATION = _histogram(
    "http_client_request_duration_seconds",
    "Seconds that HTTP requests took.",
    "http_request_method",
    "server_address",
    "server_port",
    "http_response_status_code",
    "error_type",
    buckets=HTTP_SECONDS,
)
CALL_DURATION = _histogram(
    "syncengine_connector_call_duration_seconds",
    "Seconds that attempts at calls of connectors took.",
    "endpoint",
    "operation",
    "error_type",
    buckets=CALL_SECONDS,
)
RETRIES = _counter(
    "syncengine_retries_total",
    "Reads made again after trouble that may pass; writes are never repeated.",
    "endpoint",
    "operation",
)
BREAKER = _gauge("syncengine_breaker_state", "1 for the state that the circuit breaker of a host is in.", "host", "state")
ENDPOINT_UP = _gauge("syncengine_endpoint_up", "1 while an endpoint is connected and answers.", "endpoint")
ENDPOINT_PAUSED = _gauge(
    "syncengine_endpoint_paused", "1 while an endpoint is left alone because it refuses us.", "endpoint"
)

# -- the process ---------------------------------------------------------------------------------------------------------

LAST_SUCCESS = _gauge(
    "syncengine_last_successful_pass_timestamp_seconds",
    "Unix time of the end of the last pass without any problem, also of an earlier process; 0 when there was none.",
)
PASS_RUNNING = _gauge("syncengine_pass_running_seconds", "Seconds since the pass under way began; 0 between passes.")
LOG_POSITION = _gauge("syncengine_log_position", "Position of the last event in the log.")
VIEW_LAG = _gauge("syncengine_view_lag_events", "Events in the log that the views do not show yet.")
LEASE_HELD = _gauge("syncengine_lease_held", "1 while this process may write the log.")
HEALTH_CHECK = _gauge(
    "syncengine_health_check", "1 for a health check that finds nothing wrong, 0 for one that does.", "check"
)
BUILD_INFO = _gauge("syncengine_build_info", "Always 1; which version is running.", "version")

FAMILIES: tuple[Family, ...] = tuple(it for it in dict(vars()).values() if isinstance(it, Family))
"""All of them, in the order of this module; the latencies of connectors (`api_latency`) come on top."""

# -- values of labels that are known in advance --------------------------------------------------------------------------

RUN_STATUSES = ("success", "error", "skipped")
OUTCOMES = ("confirmed", "found", "not_done", "unknown", "rejected", "overtaken")
READS = ("discover", "fetch", "find_by_key", "list")
WRITING = ("create", "update")
PARKED_SUBJECTS = ("field", "write")
BREAKER_STATES: tuple[BreakerState, ...] = get_args(BreakerState)
CHECKS = ("last_pass", "pass_running", "log", "lease", "views", "endpoints", "open_intents", "parked", "clock")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")


def api_latency(connector: str) -> Family:
    """The latency of one connector's calls, named after its plugin: `huly_api_latency_ms` for "huly"."""
    word = re.sub(r"[^a-z0-9]+", "_", connector.lower()).strip("_") or "other"
    return _histogram(
        f"{word if word[0].isalpha() else f'x{word}'}_api_latency_ms",
        f"Milliseconds that attempts at calls of the connector {word} took.",
        "operation",
        buckets=CALL_MILLISECONDS,
    )
