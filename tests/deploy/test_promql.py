"""The evaluator in this folder, against cases that were computed by hand from the documentation of Prometheus."""

import math

import pytest

from tests.deploy.promql import evaluate
from tests.deploy.series import Scrape, stored

TARGET = {"job": "syncengine", "instance": "127.0.0.1:9464"}


def storage_of(*texts: str | None, every_s: float = 15.0):
    """One scrape each, the first at 0."""
    return stored(Scrape(number * every_s, text) for number, text in enumerate(texts))


def values(text: str, *scrapes: str | None, at: float, **options) -> dict[str, float]:
    """Values by the labels of the metric itself, those of the target left out."""
    found = evaluate(text, storage_of(*scrapes), at, **options)
    return {
        ",".join(f"{name}={value}" for name, value in sorted(labels) if name not in {*TARGET, "__name__"}): value
        for labels, value in found.items()
    }


GAUGES = 'g{a="1"} 1\ng{a="2"} 2\ng{a="30"} 30\n'
OTHER = 'h{a="1",b="x"} 10\nh{a="1",b="y"} 20\nh{a="2",b="x"} 40\n'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("g", {"a=1": 1, "a=2": 2, "a=30": 30}),
        ('g{a="2"}', {"a=2": 2}),
        ('g{a!="2"}', {"a=1": 1, "a=30": 30}),
        ('g{a=~"1|3"}', {"a=1": 1}),
        ('g{a!~"3.*"}', {"a=1": 1, "a=2": 2}),
        ('g{missing=""}', {"a=1": 1, "a=2": 2, "a=30": 30}),
        ('g{missing="x"}', {}),
        ("g > 1", {"a=2": 2, "a=30": 30}),
        ("2 >= g", {"a=1": 1, "a=2": 2}),
        ("g == 2", {"a=2": 2}),
        ("g != 2", {"a=1": 1, "a=30": 30}),
        ("g < 2", {"a=1": 1}),
        ("g <= 2", {"a=1": 1, "a=2": 2}),
        ("g * 2 + 1", {"a=1": 3, "a=2": 5, "a=30": 61}),
        ("(g - 1) / 2", {"a=1": 0, "a=2": 0.5, "a=30": 14.5}),
        ("100 - g", {"a=1": 99, "a=2": 98, "a=30": 70}),
        ("time() - g", {"a=1": 19, "a=2": 18, "a=30": -10}),
        ("time()", {"": 20}),
        ("sum(g)", {"": 33}),
        ("sum by (a) (h)", {"a=1": 30, "a=2": 40}),
        ("max by (b) (h)", {"b=x": 40, "b=y": 20}),
        ("min(h)", {"": 10}),
        ("count by (a) (h)", {"a=1": 2, "a=2": 1}),
        ("sum by (a) (h) / g", {}),
        ("sum by (a, job, instance) (h) / g", {"a=1": 30, "a=2": 20}),
        ("g / on (a) sum by (a) (h)", {"a=1": 1 / 30, "a=2": 2 / 40}),
        ("g and on (a) h", {"a=1": 1, "a=2": 2}),
        ("g unless on (a) h", {"a=30": 30}),
        ("h and ignoring (b) g", {"a=1,b=x": 10, "a=1,b=y": 20, "a=2,b=x": 40}),
        ('g{a="1"} or g', {"a=1": 1, "a=2": 2, "a=30": 30}),
        ("g or on (a) h", {"a=1": 1, "a=2": 2, "a=30": 30}),
        ('absent(g{a="1"})', {}),
        ('absent(g{a="9",b=~"x"})', {"a=9": 1}),
        ("up", {"": 1}),
    ],
)
def test_instants(text: str, wanted: dict[str, float]):
    """Selectors, comparisons, arithmetic, aggregations, matching and set operations, one scrape 5 seconds ago."""
    assert values(text, "", GAUGES + OTHER, at=20) == pytest.approx(wanted)


def test_division_by_zero_is_no_number_or_infinite():
    """As floating point has it."""
    found = values("g / 0", "g{a='1'} 0\n".replace("'", '"') + 'g{a="2"} 2\n', at=0)
    assert math.isnan(found["a=1"])
    assert found["a=2"] == math.inf


def test_a_value_is_kept_for_five_minutes():
    """As long as the series has not ended."""
    assert values("g", "g 1\n", at=299) == {"": 1}
    assert values("g", "g 1\n", at=300) == {}


def test_a_series_ends_with_the_scrape_that_lacks_it():
    """It is not carried on, whether it is missing or the whole target."""
    assert values("g", "g 1\n", "", at=15) == {}
    assert values("g", "g 1\n", None, at=15) == {}
    assert values("up", "g 1\n", None, at=15) == {"": 0}
    assert values("max_over_time(g[1m])", "g 1\n", None, at=15) == {"": 1}


@pytest.mark.parametrize(
    ("counts", "at", "wanted"),
    [
        # Samples at 15, 30, 45, 60 in (0, 60]: 30 in 45 seconds. The counter was 0 at 0, so it is stretched to the start.
        ((0, 10, 20, 30, 40), 60, 40),
        # The first one is 1000, so the time when it was 0 is far away, and the start is within one interval.
        ((990, 1000, 1010, 1020, 1030), 60, 40),
        # It began again after 20: 20 - 10, then 5, then 10 more, in 45 seconds; back to 0 would take 18 seconds, the start is 15 away.
        ((0, 10, 20, 5, 15), 60, (10 + 5 + 10) * 60 / 45),
        ((7, 7, 7, 7, 7), 60, 0),
        # Only the samples at 45 and 60: the start is 45 seconds away, so half an interval is added to 15 seconds.
        ((None, None, None, 100, 110), 60, 10 * (15 + 7.5) / 15),
        # The counter was 0 three seconds before the first one.
        ((None, None, None, 2, 12), 60, 10 * (15 + 3) / 15),
        # The last sample is 60 seconds old: half an interval is added at the end.
        ((1000, 1010, 1020, 1030), 90, None),
    ],
)
def test_increase(counts: tuple[int | None, ...], at: float, wanted: float | None):
    """Over a minute, on scrapes each 15 seconds; a rate is the same by the length of the range."""
    scrapes = ["" if count is None else f"c {count}\n" for count in counts]
    wanted = {} if wanted is None else {"": wanted}
    assert values("increase(c[1m])", *scrapes, at=at) == pytest.approx(wanted)
    assert values("rate(c[1m])", *scrapes, at=at) == pytest.approx({key: value / 60 for key, value in wanted.items()})


def test_the_start_of_a_range_belongs_to_it_before_prometheus_3():
    """One more sample where scrapes and ranges fall together."""
    scrapes = [f"g {number}\n" for number in (9, 1, 2, 3, 4)]
    assert values("max_over_time(g[1m])", *scrapes, at=60) == {"": 4}
    assert values("max_over_time(g[1m])", *scrapes, at=60, with_start=True) == {"": 9}
    assert values("min_over_time(g[1m])", *scrapes, at=60) == {"": 1}


@pytest.mark.parametrize(("share", "beyond", "wanted"), [(0.75, 4, 2), (0.25, 4, 0.5), (1, 4, 3), (0.99, 400, 3)])
def test_quantiles_are_interpolated_within_their_bucket(share: float, beyond: int, wanted: float):
    """The 3rd of 4 lies halfway through the bucket from 1 to 3; what lies beyond all bounds counts as the last of them."""
    buckets = f'b_bucket{{le="1"}} 2\nb_bucket{{le="3"}} 4\nb_bucket{{le="+Inf"}} {beyond}\n'
    assert values(f"histogram_quantile({share}, b_bucket)", buckets, at=0) == {"": wanted}


def test_the_quantile_of_nothing_is_no_number():
    """A histogram without observations."""
    (found,) = values("histogram_quantile(0.5, b_bucket)", 'b_bucket{le="1"} 0\nb_bucket{le="+Inf"} 0\n', at=0).values()
    assert math.isnan(found)


@pytest.mark.parametrize(
    "text",
    [
        "topk(3, g)",
        "sum without (a) (g)",
        "g offset 5m",
        "g > bool 1",
        "-g",
        "stddev(g)",
        "deriv(g[5m])",
        "g ^ 2",
        '{__name__=~"g.*"}',
        "max_over_time(g[5m:1m])",
        "g * on (a) group_left (b) h",
    ],
)
def test_what_is_not_known_is_not_passed_over(text: str):
    """Somebody who uses more in a rule has to add it here first."""
    with pytest.raises((NotImplementedError, KeyError)):
        values(text, GAUGES + OTHER, at=0)
