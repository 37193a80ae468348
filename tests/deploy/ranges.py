"""Functions over the samples of a range, and quantiles of histograms, computed as Prometheus does."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from tests.deploy.operators import Vector, without_name
from tests.deploy.series import Labels

Samples = Sequence[tuple[float, float]]


def increase(samples: Samples, start: float, end: float) -> float | None:
    """
    How much a counter grew, stretched to the whole range.

    The samples do not reach the ends of the range. Where they begin or end less than about one interval from there, the rise is
    taken to go on to the end; otherwise for half an interval, and never back beyond the time when the counter was 0.
    """
    if len(samples) < 2:
        return None
    (first_at, first), (last_at, last) = samples[0], samples[-1]
    # A counter that falls has begun again from 0.
    rise = last - first + sum(_lost([value for _, value in samples]))
    covered_s = last_at - first_at
    each_s = covered_s / (len(samples) - 1)
    before_s, after_s = first_at - start, end - last_at
    if rise > 0 and first >= 0:
        before_s = min(before_s, covered_s * (first / rise))
    reached_s = covered_s + sum(it if it < each_s * 1.1 else each_s / 2 for it in (before_s, after_s))
    return rise * (reached_s / covered_s)


def _lost(values: Sequence[float]) -> list[float]:
    """What a counter stood at each time before it began again; most never do, and that is seen sooner."""
    if all(map(operator.le, values, values[1:])):
        return []
    return [before for before, after in pairwise(values) if after < before]


def rate(samples: Samples, start: float, end: float) -> float | None:
    """The same for each second."""
    rise = increase(samples, start, end)
    return None if rise is None else rise / (end - start)


RANGE_FUNCTIONS: Mapping[str, Callable[[Samples, float, float], float | None]] = {
    "increase": increase,
    "rate": rate,
    "max_over_time": lambda samples, _start, _end: max(value for _, value in samples),
    "min_over_time": lambda samples, _start, _end: min(value for _, value in samples),
}


def quantile(share: float, buckets: Vector) -> Vector:
    """`histogram_quantile`; NaN where nothing was observed."""
    histograms: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        bound = dict(labels).get("le")
        if bound is not None:
            rest = frozenset(it for it in without_name(labels) if it[0] != "le")
            histograms.setdefault(rest, []).append((float(bound), count))
    return {labels: _quantile(share, sorted(found)) for labels, found in histograms.items()}


def _quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float:
    if len(buckets) < 2 or not math.isinf(buckets[-1][0]) or not buckets[-1][1]:
        return math.nan
    rank = share * buckets[-1][1]
    place = next(it for it, (_, count) in enumerate(buckets) if count >= rank)
    if place == len(buckets) - 1:
        return buckets[-2][0]
    bound, count = buckets[place]
    below, fewer = buckets[place - 1] if place else (0.0, 0.0)
    return below + (bound - below) * ((rank - fewer) / (count - fewer))
