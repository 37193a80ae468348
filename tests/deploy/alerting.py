"""The alert rules of `deploy/`, and when each of them fires."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from attrs import define, field, frozen

from tests.deploy.promql import evaluate
from tests.deploy.series import Labels, Storage
from tests.fixtures.installed_wheel import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
EVERY_S = 15.0
"""Seconds between two evaluations, and between two scrapes, as in `prometheus.yml`."""

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@frozen(kw_only=True)
class Rule:
    """
    One alert.

    Attributes:
        for_s: seconds that the expression has to hold, at each evaluation, before the alert fires.
    """

    name: str
    expr: str
    for_s: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def rules(path: Path = RULES) -> tuple[Rule, ...]:
    """All rules of the file."""
    groups = yaml.safe_load(path.read_text("utf-8"))["groups"]
    return tuple(
        Rule(
            name=it["alert"],
            expr=it["expr"],
            for_s=seconds(it["for"]),
            labels=it["labels"],
            annotations=it["annotations"],
        )
        for group in groups
        for it in group["rules"]
    )


def seconds(duration: str) -> float:
    """The length of "1h30m" as Prometheus writes it."""
    parts = re.findall(r"(\d+)([smhd])", duration)
    assert "".join(number + unit for number, unit in parts) == duration, duration
    return float(sum(int(number) * _UNITS_S[unit] for number, unit in parts))


@define
class Alerts:
    """
    One rule over time.

    Attributes:
        fired: the labels of whatever fired at each evaluation, by its time; nothing was pending where it is empty.
    """

    rule: Rule
    fired: dict[float, frozenset[Labels]] = field(factory=dict)
    _since: dict[Labels, float] = field(factory=dict)

    def look(self, storage: Storage, at: float, **how: bool) -> None:
        """Evaluate once; times must rise."""
        there = {_labels_of(labels) for labels in evaluate(self.rule.expr, storage, at, **how)}
        self._since = {labels: self._since.get(labels, at) for labels in there}
        self.fired[at] = frozenset(labels for labels, since in self._since.items() if at - since >= self.rule.for_s)

    def between(self, first: float, last: float) -> frozenset[Labels]:
        """Whatever fired at some evaluation in this time, both ends included."""
        return frozenset().union(*(labels for at, labels in self.fired.items() if first <= at <= last))


def over_time(
    storage: Storage, first: float, last: float, *, wanted: Iterable[Rule] = (), **how: bool
) -> dict[str, Alerts]:
    """All rules from the first to the last moment, by name."""
    alerts = {rule.name: Alerts(rule) for rule in wanted or rules()}
    at = first
    while at <= last:
        for it in alerts.values():
            it.look(storage, at, **how)
        at += EVERY_S
    return alerts


def _labels_of(labels: Labels) -> Labels:
    return frozenset(it for it in labels if it[0] != "__name__")
