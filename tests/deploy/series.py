"""
What Prometheus would have stored of some scrapes of one target.

A scrape is a time and a text; None for the text is a target that did not answer. As in Prometheus, `up` says whether it did,
and a series that is no longer in a scrape ends there instead of being carried on for five minutes.
"""

from bisect import bisect_right
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
        found = []
        for place in range(bisect_right(self.times, last) - 1, -1, -1):
            time, value = self.times[place], self.values[place]
            if time < first or (time == first and not with_first):
                break
            if value is not None:
                found.append((time, value))
        return found[::-1]


class Storage:
    """All series, by name."""

    def __init__(self) -> None:
        """Empty."""
        self._by_name: dict[str, dict[Labels, Series]] = {}

    def named(self, name: str) -> Mapping[Labels, Series]:
        """The series of this name, by their labels with the name."""
        return self._by_name.get(name, {})

    def names(self) -> set[str]:
        """All there are."""
        return set(self._by_name)

    def everything(self) -> Mapping[Labels, Series]:
        """All series by their labels with the name."""
        return {labels: series for found in self._by_name.values() for labels, series in found.items()}

    def add(self, labels: Mapping[str, str], time: float, value: float | None) -> Labels:
        """One sample, later than all others of its series."""
        key = frozenset(labels.items())
        series = self._by_name.setdefault(labels["__name__"], {}).setdefault(key, Series())
        series.times.append(time)
        series.values.append(value)
        return key


def stored(scrapes: Iterable[Scrape], target: Mapping[str, str] = TARGET) -> Storage:
    """The series of these scrapes, which are in order of time."""
    storage = Storage()
    alive: set[Labels] = set()
    for scrape in scrapes:
        seen = set()
        for labels, value in samples_in(scrape.text or ""):
            seen.add(storage.add({**labels, **target}, scrape.at, value))
        for gone in alive - seen:
            storage.add(dict(gone), scrape.at, ENDED)
        storage.add({"__name__": "up", **target}, scrape.at, float(scrape.text is not None))
        alive = seen
    return storage


def samples_in(text: str) -> Iterator[tuple[dict[str, str], float]]:
    """Labels, with the name, and values of a scrape; a label without a value is none."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            yield dict(_labels(series)), float(value)


@cache
def _labels(series: str) -> Mapping[str, str]:
    """What stands before the value, as the Prometheus client reads it; the same in each scrape, so read once."""
    ((sample,),) = (family.samples for family in text_string_to_metric_families(f"{series} 0\n"))
    return {"__name__": sample.name} | {name: value for name, value in sample.labels.items() if value}
