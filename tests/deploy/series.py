"""
What Prometheus would have stored of some scrapes of one target.

A scrape is a time and a text; None for the text is a target that did not answer. As in Prometheus, `up` says whether it did,
and a series that is no longer in a scrape ends there instead of being carried on for five minutes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from attrs import Factory, define, frozen
from prometheus_client.parser import text_string_to_metric_families

TARGET = {"job": "syncengine", "instance": "127.0.0.1:9464"}

Labels = frozenset[tuple[str, str]]

ENDED = None
"""In place of a value: the series is not there any more from this time on."""


@frozen
class Scrape:
    """
    One attempt to read the metrics.

    Attributes:
        at: seconds since the epoch.
    """

    at: float
    text: str | None


@define
class Series:
    """The values of one series, in order of time."""

    times: list[float] = Factory(list)
    values: list[float | None] = Factory(list)

    def at(self, time: float, *, lookback_s: float) -> float | None:
        """The last value, if it is not too old and the series has not ended."""
        place = bisect_right(self.times, time) - 1
        if place < 0 or self.times[place] <= time - lookback_s:
            return None
        return self.values[place]

    def between(self, first: float, last: float, *, with_first: bool) -> list[tuple[float, float]]:
        """Times and values up to `last`, and from `first`, with or without the one that is exactly there."""
        begin = bisect_left(self.times, first) if with_first else bisect_right(self.times, first)
        end = bisect_right(self.times, last)
        values = self.values[begin:end]
        found = zip(self.times[begin:end], values, strict=True)
        return [(time, value) for time, value in found if value is not None] if ENDED in values else list(found)


class Storage:
    """All series, by name."""

    def __init__(self) -> None:
        """Empty."""
        self._series: dict[Labels, Series] = {}
        self._by_name: dict[str, dict[Labels, Series]] = {}

    def named(self, name: str) -> Mapping[Labels, Series]:
        """The series of this name, by their labels with the name."""
        return self._by_name.get(name, {})

    def names(self) -> set[str]:
        """All there are."""
        return set(self._by_name)

    def everything(self) -> Mapping[Labels, Series]:
        """All series by their labels with the name."""
        return self._series

    def add(self, labels: Labels, time: float, value: float | None) -> None:
        """One sample, later than all others of its series."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = Series()
            self._by_name.setdefault(dict(labels)["__name__"], {})[labels] = series
        series.times.append(time)
        series.values.append(value)


def stored(scrapes: Iterable[Scrape], target: Mapping[str, str] = TARGET) -> Storage:
    """The series of these scrapes, which are in order of time."""
    storage = Storage()
    of_target = frozenset(target.items())
    alive: set[Labels] = set()
    for scrape in scrapes:
        seen = set()
        for series, value in samples_in(scrape.text or ""):
            labels = _labels(series, of_target)
            storage.add(labels, scrape.at, value)
            seen.add(labels)
        for gone in alive - seen:
            storage.add(gone, scrape.at, ENDED)
        storage.add(of_target | {("__name__", "up")}, scrape.at, float(scrape.text is not None))
        alive = seen
    return storage


def samples_in(text: str) -> Iterator[tuple[str, float]]:
    """What stands before the values of a scrape, and the values."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            yield series, float(value)


@cache
def _labels(series: str, target: Labels) -> Labels:
    """
    The name and the labels, as the Prometheus client reads them; the same in each scrape, so read once.

    A label without a value is none.
    """
    ((sample,),) = (family.samples for family in text_string_to_metric_families(f"{series} 0\n"))
    own = {name: value for name, value in sample.labels.items() if value}
    return frozenset(({"__name__": sample.name} | own | dict(target)).items())
