"""The expressions on the page about metrics are about metrics that there are."""

import re
from pathlib import Path

import pytest

from syncengine.adapters.telemetry.metric_names import FAMILIES

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
LABELS = {it.name: set(it.labels) for it in FAMILIES}
WORDS = {"time", "sum", "by", "increase", "rate", "histogram_quantile", "le"}


def expressions():
    """Those of the table, without the marks of Markdown."""
    rows = PAGE.read_text("utf-8").partition("| expression |")[2].splitlines()
    return [row.split("`")[1] for row in rows if row.startswith("| `")]


def family_of(name):
    """The metric that a name in an expression is of."""
    return next((it for it in LABELS if name == it or re.fullmatch(rf"{it}_(bucket|sum|count)", name)), None)


def strangers_in(expression):
    """Names of metrics and labels that there are not."""
    bare = re.sub(r'"[^"]*"|\[\w+\]', "", expression)
    names = [name for name in re.findall(r"[a-z_]\w*", bare) if name not in WORDS]
    families = {family for family in map(family_of, names) if family}
    known = set().union(*(LABELS[family] for family in families))
    return [name for name in names if family_of(name) is None and name not in known]


@pytest.mark.parametrize("expression", expressions())
def test_expressions_use_what_there_is(expression):
    """Metrics by name, and labels of those metrics."""
    assert strangers_in(expression) == []


def test_there_are_expressions():
    """The search finds the table."""
    assert len(expressions()) >= 8


def test_a_wrong_name_is_noticed():
    """A metric that is not there, and a label of another metric."""
    assert strangers_in("rate(syncengine_writes[5m])") == ["syncengine_writes"]
    assert strangers_in("sum by (host) (sync_runs_total)") == ["host"]
