"""Turns notes into counters and histograms, and remembers what a few gauges show."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from opentelemetry.metrics import Counter, Histogram, Meter

from syncengine.adapters.telemetry import metric_names as names
from syncengine.adapters.telemetry.bounded_labels import BoundedLabels
from syncengine.adapters.telemetry.gauges import Reading
from syncengine.adapters.telemetry.metric_names import BreakerState, Family
from syncengine.engine import notes
from syncengine.engine.notes import Note, Work

MOST_CONNECTORS = 20
"""Connector plugins with a latency of their own."""

MOST_HOSTS = 60
"""Hosts whose circuit breakers are shown."""

_NOTHING = nullcontext()


class MetricsTelemetry:
    """A telemetry that counts; costs some microseconds a note."""

    def __init__(self, meter: Meter) -> None:
        """Make the instruments of `meter`, with 0 for what is known to be countable."""
        self._meter = meter
        self._runs = _Counting(meter, names.SYNC_RUNS)
        self._projects = _Counting(meter, names.PROJECTS_TOTAL)
        self._issues = _Counting(meter, names.ISSUES_TOTAL)
        self._writes = _Counting(meter, names.WRITES)
        self._conflicts = _Counting(meter, names.CONFLICTS)
        self._retries = _Counting(meter, names.RETRIES)
        self._pass_ms = _Measuring(meter, names.SYNC_DURATION)
        self._request_s = _Measuring(meter, names.HTTP_DURATION)
        self._call_s = _Measuring(meter, names.CALL_DURATION)
        self._api_ms: dict[str, _Measuring] = {}
        self._endpoints: set[str] = set()
        self._breakers: dict[str, BreakerState] = {}
        self._progress = _Progress()
        self._told: Mapping[type[Note], Callable[[Any], None]] = {
            notes.PassStarted: self._pass_started,
            notes.PairingStarted: self._pairing_started,
            notes.PairingEnded: self._pairing_ended,
            notes.LinkEnded: self._link_ended,
            notes.PassEnded: self._pass_ended,
            notes.PassFailed: self._pass_failed,
            notes.PassSkipped: self._pass_skipped,
            notes.WriteOutcome: self._write_outcome,
            notes.ConflictSettled: self._conflict_settled,
            notes.ConflictWaits: self._conflict_waits,
            notes.CallEnded: self._call_ended,
            notes.CallRetried: self._call_retried,
            notes.RequestEnded: self._request_ended,
            notes.BreakerChanged: self._breaker_changed,
            notes.EndpointConnected: self._endpoint_connected,
        }
        for status in names.RUN_STATUSES:
            self._runs.add(0, status)
        self._projects.add(0)
        self._issues.add(0)

    def note(self, note: Note, /) -> None:
        """Count it, if there is anything to count."""
        told = self._told.get(type(note))
        if told is not None:
            told(note)

    def within(self, work: Work, /) -> AbstractContextManager[None]:  # noqa: ARG002 - notes say all there is to count
        """Nothing to begin or end."""
        return _NOTHING

    def readings(self) -> Iterator[Reading]:
        """The gauges that come from notes and not from vital signs."""
        yield Reading(gauge=names.PROJECTS, value=self._progress.projects)
        yield Reading(gauge=names.ISSUES, value=self._progress.issues)

    def breakers(self) -> Mapping[str, BreakerState]:
        """The state of those circuit breakers that were told to have changed, by their hosts."""
        return {**self._breakers}

    # -- passes ------------------------------------------------------------------------------------------------------

    def _pass_started(self, _note: notes.PassStarted) -> None:
        self._progress = _Progress()

    def _pairing_started(self, note: notes.PairingStarted) -> None:
        self._progress.kinds[note.pairing] = note.kind
        for endpoint in self._endpoints:
            for operation in names.WRITING:
                for outcome in names.OUTCOMES:
                    self._writes.in_advance(endpoint, note.kind, operation, outcome)

    def _link_ended(self, note: notes.LinkEnded) -> None:
        self._progress.issues += self._progress.kinds.get(note.pairing) == "issue"

    def _pairing_ended(self, note: notes.PairingEnded) -> None:
        self._progress.projects += note.kind == "issue"

    def _pass_ended(self, note: notes.PassEnded) -> None:
        # One that was stopped did what it could; only its problems make it an error.
        self._count_pass("error" if note.status == "error" or note.problems else "success", note.duration_s)

    def _pass_failed(self, note: notes.PassFailed) -> None:
        self._count_pass("error", note.duration_s)

    def _pass_skipped(self, _note: notes.PassSkipped) -> None:
        self._runs.add(1, "skipped")

    def _count_pass(self, status: str, duration_s: float) -> None:
        self._runs.add(1, status)
        self._pass_ms.record(duration_s * 1000)
        self._projects.add(self._progress.projects)
        self._issues.add(self._progress.issues)

    # -- writes ------------------------------------------------------------------------------------------------------

    def _write_outcome(self, note: notes.WriteOutcome) -> None:
        self._writes.add(1, note.endpoint, note.kind, note.operation, note.outcome)

    def _conflict_settled(self, note: notes.ConflictSettled) -> None:
        self._conflicts.add(1, note.kind, note.field, note.rule, "settled")

    def _conflict_waits(self, note: notes.ConflictWaits) -> None:
        self._conflicts.add(1, note.kind, note.field, note.rule, "parked")

    # -- calls -------------------------------------------------------------------------------------------------------

    def _endpoint_connected(self, note: notes.EndpointConnected) -> None:
        self._endpoints.add(note.endpoint)
        for operation in names.READS:
            self._retries.in_advance(note.endpoint, operation)

    def _call_ended(self, note: notes.CallEnded) -> None:
        self._call_s.record(note.duration_s, note.endpoint, note.operation, note.error or "")
        latency = self._api_ms.get(note.connector) or self._latency_of(note.connector)
        if latency is not None:
            latency.record(note.duration_s * 1000, note.operation)

    def _latency_of(self, connector: str) -> "_Measuring | None":
        if len(self._api_ms) >= MOST_CONNECTORS:
            return None
        self._api_ms[connector] = _Measuring(self._meter, names.api_latency(connector))
        return self._api_ms[connector]

    def _call_retried(self, note: notes.CallRetried) -> None:
        self._retries.add(1, note.endpoint, note.operation)

    def _request_ended(self, note: notes.RequestEnded) -> None:
        method = note.method.upper() if note.method.upper() in names.METHODS else "_OTHER"
        status = "" if note.status is None else str(note.status)
        self._request_s.record(note.duration_s, method, note.host, str(note.port), status, note.error or "")

    def _breaker_changed(self, note: notes.BreakerChanged) -> None:
        if note.host in self._breakers or len(self._breakers) < MOST_HOSTS:
            self._breakers[note.host] = note.state


class _Progress:
    """How far the pass under way is, or how far the last one came."""

    def __init__(self) -> None:
        self.projects = 0
        self.issues = 0
        self.kinds: dict[str, str] = {}


class _Counting:
    """A counter of one family."""

    def __init__(self, meter: Meter, family: Family) -> None:
        self._counter: Counter = meter.create_counter(family.name, description=family.help)
        self._labels = BoundedLabels(family)

    def add(self, number: int, *labels: str) -> None:
        self._counter.add(number, self._labels.of(*labels))

    def in_advance(self, *labels: str) -> None:
        """Show 0 for a label set, so that its first count is seen as a rise."""
        known = self._labels.in_advance(*labels)
        if known is not None:
            self._counter.add(0, known)


class _Measuring:
    """A histogram of one family."""

    def __init__(self, meter: Meter, family: Family) -> None:
        self._histogram: Histogram = meter.create_histogram(
            family.name, description=family.help, explicit_bucket_boundaries_advisory=list(family.buckets)
        )
        self._labels = BoundedLabels(family)

    def record(self, value: float, *labels: str) -> None:
        self._histogram.record(max(value, 0.0), self._labels.of(*labels))  # a clock that was set back makes it negative
