"""What was scraped, and what came of it, as a unit test for `promtool`."""

import itertools
import json
import math
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.alerting import EVERY_S, RULES, Alerts
from tests.deploy.promql import evaluate
from tests.deploy.series import Labels, Series, Storage

PROMTOOL = shutil.which("promtool")


def version() -> int:
    """The first number of the version that is installed."""
    said = subprocess.run([PROMTOOL, "--version"], capture_output=True, text=True, check=True, timeout=60)
    return int(re.search(r"version (\d+)\.", said.stdout + said.stderr)[1])


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)


def rules_without_texts(folder: Path) -> Path:
    """The rules without their annotations, which a unit test would have to repeat word for word."""
    everything = yaml.safe_load(RULES.read_text("utf-8"))
    for group in everything["groups"]:
        for rule in group["rules"]:
            del rule["annotations"]
    path = folder / "rules.yml"
    path.write_text(yaml.safe_dump(everything))
    return path


def series_of(storage: Storage, first: float, last: float) -> list[dict[str, str]]:
    """All series, beginning at 0 as `promtool` wants it."""
    return [
        {"series": name_of(labels), "values": _values(labels, series, first, last)}
        for labels, series in storage.everything().items()
    ]


def _values(labels: Labels, series: Series, first: float, last: float) -> str:
    there = dict(zip(series.times, series.values, strict=True))
    # A time stamp is one of our clock, which begins at 0 over there.
    less = first if dict(labels)["__name__"].endswith("_timestamp_seconds") else 0.0
    count = round((last - first) / EVERY_S) + 1
    slots = [_slot(there, first + number * EVERY_S, less) for number in range(count)]
    runs = ((value, len(list(same))) for value, same in itertools.groupby(slots))
    return " ".join(_repeated(value, number) for value, number in runs)


def _slot(there: Mapping[float, float | None], at: float, less: float) -> str:
    if at not in there:
        return "_"
    value = there[at]
    return "stale" if value is None else _number(value - less if value else value)


def _repeated(value: str, number: int) -> str:
    if value in {"_", "stale"}:
        return " ".join([value] * number)
    return value if number == 1 else f"{value}+0x{number - 1}"


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else str(value).replace("inf", "Inf").replace("nan", "NaN")


def name_of(labels: Labels) -> str:
    """A series as it is written."""
    rest = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels) if name != "__name__")
    return f"{dict(labels).get('__name__', '')}{{{rest}}}"


def alert_tests(alerts: Mapping[str, Alerts], first: float, *, every: int) -> list[dict[str, Any]]:
    """What fires at each `every`-th evaluation."""
    return [
        {
            "eval_time": f"{round(at - first)}s",
            "alertname": name,
            "exp_alerts": [{"exp_labels": dict(it.rule.labels) | dict(labels)} for labels in it.fired[at]],
        }
        for name, it in alerts.items()
        for at in list(it.fired)[::every]
    ]


def value_tests(
    expressions: Iterable[str], storage: Storage, first: float, times: Sequence[float], **how: bool
) -> list[dict[str, Any]]:
    """What expressions give, rounded, because sums may be taken in another order; NaN, which equals nothing, is left out."""
    return [
        {
            "expr": rounded(expr),
            "eval_time": f"{round(at - first)}s",
            "exp_samples": [
                {"labels": name_of(_unnamed(labels)), "value": _rounded(value)}
                for labels, value in evaluate(expr, storage, at, **how).items()
                if not math.isnan(value)
            ],
        }
        for expr in expressions
        for at in times
    ]


def rounded(expr: str) -> str:
    """The expression, rounded and without NaN."""
    return f"round(({expr}) >= -Inf, 1e-6)"


def _unnamed(labels: Labels) -> Labels:
    return frozenset(it for it in labels if it[0] != "__name__")


def _rounded(value: float) -> float:
    # As Prometheus computes round(), so that the same number comes out.
    inverse = 1.0 / 1e-6
    return math.floor(value * inverse + 0.5) / inverse if math.isfinite(value) else value
