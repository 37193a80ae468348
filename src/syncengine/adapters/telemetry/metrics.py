"""
Metrics with OpenTelemetry, as text for Prometheus.

Nothing here is global: each `Metrics` has a meter provider and a registry of its own, so several may live in one process.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from syncengine.adapters.telemetry.bounded_labels import BoundedLabels
from syncengine.adapters.telemetry.gauges import Reading, readings_of, readings_of_breakers, readings_of_checks
from syncengine.adapters.telemetry.metric_names import BUILD_INFO, FAMILIES, BreakerState, Family
from syncengine.adapters.telemetry.metrics_telemetry import MetricsTelemetry
from syncengine.adapters.telemetry.vital_signs import Patient

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Checks = Callable[[], Mapping[str, bool]]
"""Which health checks find nothing wrong at the moment, by name."""

BreakerStates = Callable[[], Mapping[str, BreakerState]]
"""The state of the circuit breaker of each host."""

_log = logging.getLogger(__name__)


class Metrics:
    """
    Everything that is counted, and its text.

    Attributes:
        telemetry: tell it what happens.
        content_type: of what `exposition` returns.
    """

    content_type = CONTENT_TYPE

    def __init__(self, patient: Patient | None, *, version: str) -> None:
        """Count from 0; `open_metrics` is the way to get one."""
        self._registry = CollectorRegistry(auto_describe=False)
        # Resource and exemplars of a whole host program would end up as noise in the text.
        reader = PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=self._registry)
        self._provider = MeterProvider(
            [reader], resource=Resource({}), exemplar_filter=AlwaysOffExemplarFilter(), shutdown_on_exit=False
        )
        meter = self._provider.get_meter("syncengine", version)
        self.telemetry = MetricsTelemetry(meter)
        self._gauges = _Gauges(meter)
        self._patient = patient
        self._checks: Checks | None = None
        self._breakers: BreakerStates = self.telemetry.breakers
        self._version = version
        self._one_scrape = Lock()
        self._closed = False

    def watch(self, patient: Patient) -> None:
        """Take the gauges from here from now on; asked once for each scrape."""
        self._patient = patient

    def watch_checks(self, checks: Checks) -> None:
        """Take `syncengine_health_check` from here from now on; called once for each scrape, after the vital signs."""
        self._checks = checks

    def watch_breakers(self, states: BreakerStates) -> None:
        """
        Take `syncengine_breaker_state` from here from now on; called once for each scrape.

        Without it only those breakers are shown that were told to have changed, and none of a host that never failed.
        """
        self._breakers = states

    def exposition(self) -> bytes:
        """
        All metrics in the text format of Prometheus; takes milliseconds, and may be called from any thread.

        Every metric is there with its type and help, also those that nothing was counted for yet. Gauges whose source
        cannot be asked are missing from this one scrape.
        """
        with self._one_scrape:
            self._gauges.show(self._readings())
            return generate_latest(_Everything(self._registry))

    def close(self) -> None:
        """Stop counting; what comes later is dropped. May be called twice."""
        if not self._closed:
            self._closed = True
            self._provider.shutdown()

    def _readings(self) -> list[Reading]:
        patient, checks, breakers = self._patient, self._checks, self._breakers
        readings = [Reading(gauge=BUILD_INFO, labels=(self._version,), value=1), *self.telemetry.readings()]
        readings += _asked(lambda: readings_of_breakers(breakers()))
        if patient is not None:
            readings += _asked(lambda: readings_of(patient.vital_signs()))
        if checks is not None:
            readings += _asked(lambda: readings_of_checks(checks()))
        return readings


def open_metrics(patient: Patient | None, *, version: str) -> Metrics:
    """
    Metrics that count from 0; close them at the end.

    Args:
        patient: whose vital signs the gauges show; None when it is attached later.
        version: of this library, shown in `syncengine_build_info`.
    """
    return Metrics(patient, version=version)


def _asked(source: Callable[[], Iterable[Reading]]) -> list[Reading]:
    try:
        return list(source())
    except Exception:  # noqa: BLE001 - a scrape that fails would hide everything else, most of all what is wrong
        _log.exception("some gauges are missing from this scrape")
        return []


class _Gauges:
    """Instruments that are asked when a scrape comes and all answer from the same moment."""

    def __init__(self, meter: Meter) -> None:
        self._labels = {family: BoundedLabels(family) for family in FAMILIES if family.type == "gauge"}
        self._shown: dict[Family, list[Observation]] = {}
        for family in self._labels:
            meter.create_observable_gauge(family.name, callbacks=[self._asked_for(family)], description=family.help)

    def show(self, readings: list[Reading]) -> None:
        self._shown = {}
        for it in readings:
            observation = Observation(it.value, dict(self._labels[it.gauge].of(*it.labels)))
            self._shown.setdefault(it.gauge, []).append(observation)

    def _asked_for(self, family: Family) -> Callable[[CallbackOptions], list[Observation]]:
        return lambda _options: self._shown.get(family, [])


class _Everything:
    """The families of a registry, together with empty ones for those that have no value yet."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        found: dict[tuple[str, str], Metric] = {(it.name, it.type): it for it in self._registry.collect()}
        for family in FAMILIES:
            name = family.name.removesuffix("_total") if family.type == "counter" else family.name
            there = found.pop((name, family.type), None)
            yield there if there is not None else Metric(name, family.help, family.type)
        yield from found.values()
