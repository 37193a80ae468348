"""What gauges show of the vital signs; pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from syncengine.adapters.telemetry import metric_names as names
from syncengine.adapters.telemetry.metric_names import Family
from syncengine.adapters.telemetry.vital_signs import VitalSigns
from syncengine.engine.ports import OpenWrite


@frozen(kw_only=True)
class Reading:
    """The value of a gauge at one moment; `labels` are the values in the order of the gauge's labels."""

    gauge: Family
    value: float
    labels: tuple[str, ...] = field(default=())


def readings_of(signs: VitalSigns) -> Iterator[Reading]:
    """All gauges that are about the state of a synchronisation."""
    yield from _about_passes(signs)
    yield from _about_the_log(signs)
    yield from _about_endpoints(signs)
    yield from _about_writes(signs)


def readings_of_checks(checks: Mapping[str, bool]) -> Iterator[Reading]:
    """
    One for each health check.

    Args:
        checks: whether each found nothing wrong, by name; those named "endpoint:NAME" count as one, "endpoints".
    """
    found: dict[str, bool] = {}
    for name, well in checks.items():
        check = "endpoints" if name.partition(":")[0] == "endpoint" else name
        found[check] = found.get(check, True) and well
    for check, well in found.items():
        yield Reading(gauge=names.HEALTH_CHECK, labels=(check,), value=float(well))


def readings_of_breakers(states: Mapping[str, names.BreakerState]) -> Iterator[Reading]:
    """For each host 1 for the state that its breaker is in, and 0 for the others."""
    for host, now in states.items():
        for state in names.BREAKER_STATES:
            yield Reading(gauge=names.BREAKER, labels=(host, state), value=float(state == now))


def _about_passes(signs: VitalSigns) -> Iterator[Reading]:
    last, began = signs.last_success_at, signs.pass_started_at
    yield Reading(gauge=names.LAST_SUCCESS, value=last.timestamp() if last else 0.0)
    running_s = max((signs.now - began).total_seconds(), 0.0) if began else 0.0
    yield Reading(gauge=names.PASS_RUNNING, value=running_s)


def _about_the_log(signs: VitalSigns) -> Iterator[Reading]:
    yield Reading(gauge=names.LOG_POSITION, value=signs.log_position)
    yield Reading(gauge=names.VIEW_LAG, value=max(signs.log_position - signs.view_position, 0))
    yield Reading(gauge=names.LEASE_HELD, value=float(signs.lease_held))


def _about_endpoints(signs: VitalSigns) -> Iterator[Reading]:
    for name, it in signs.endpoints.items():
        up = it.connected and it.trouble is None
        yield Reading(gauge=names.ENDPOINT_UP, labels=(name,), value=float(up))
        yield Reading(gauge=names.ENDPOINT_PAUSED, labels=(name,), value=float(it.paused is not None))


def _about_writes(signs: VitalSigns) -> Iterator[Reading]:
    yield Reading(gauge=names.OLDEST_INTENT, value=signs.oldest_open_s)
    waiting = [it for it in signs.open_writes if it.outcome is not None]
    untold = [it for it in signs.open_writes if it.outcome is None]
    for gauge, writes in ((names.PENDING, untold), (names.POSTPONED, waiting)):
        for endpoint, number in _by_endpoint(writes, signs.endpoints).items():
            yield Reading(gauge=gauge, labels=(endpoint,), value=number)
    subjects = Counter(it.subject.partition(":")[0] for it in signs.parked)
    for subject in names.PARKED_SUBJECTS:
        yield Reading(gauge=names.PARKED, labels=(subject,), value=subjects[subject])
    yield Reading(gauge=names.VANISHED, value=subjects["gone"])


def _by_endpoint(writes: Iterable[OpenWrite], endpoints: Iterable[str]) -> Mapping[str, int]:
    """How many for each endpoint, also for those that have none."""
    return dict.fromkeys(endpoints, 0) | Counter(str(it.endpoint) for it in writes)
