"""Every alert fires when it should, says what its page says, and is quiet again afterwards; told by real runs."""

import re

import promql_parser
import pytest

from tests.deploy.alerting import Rule, over_time, rules
from tests.deploy.series import TARGET
from tests.deploy.troubles import STORIES, outcome
from tests.docs.test_links import anchors
from tests.fixtures.installed_wheel import ROOT

RULES = {rule.name: rule for rule in rules()}


@pytest.fixture(scope="module", params=RULES.values(), ids=RULES)
def rule(request: pytest.FixtureRequest) -> Rule:
    """Each one; all tests of one stand side by side, so that the processes of a run do not tell the same stories."""
    return request.param


def test_each_alert_has_a_story():
    """And no story is about an alert that is gone."""
    assert set(STORIES) == set(RULES)


def test_the_alert_fires_and_clears(rule: Rule):
    """Not in the calm before, with the right labels in the trouble, and no longer when all is well again."""
    alert = rule.name
    story, seen = STORIES[alert], outcome(alert)
    alerts = over_time(seen.storage, seen.first, seen.last)
    early = {name for name, it in alerts.items() if it.between(seen.first, seen.began)}
    assert not early, "nothing was wrong yet"

    fired = alerts[alert].between(seen.began, seen.last)
    there = {tuple(sorted((name, value) for name, value in labels if name not in TARGET)) for labels in fired}
    assert there == {tuple(sorted((story.labels | _of_check(alert)).items()))}
    assert not alerts[alert].fired[max(alerts[alert].fired)], "it is well again"

    others = {name for name, it in alerts.items() if name != alert and it.between(seen.first, seen.last)}
    assert others <= story.also, "this trouble is nothing of theirs"


def _of_check(alert: str) -> dict[str, str]:
    """The label that alerts about a health check have."""
    found = re.search(r'syncengine_health_check\{check="(\w+)"\}', RULES[alert].expr)
    return {"check": found[1]} if found else {}


def test_the_alert_says_what_to_do(rule: Rule):
    """A severity, a summary, a description, and a heading of the operator's guide."""
    assert rule.labels.keys() == {"severity"}
    assert rule.labels["severity"] in {"critical", "warning", "info"}
    assert rule.annotations.keys() == {"summary", "description", "runbook"}
    page, _, heading = rule.annotations["runbook"].partition("#")
    assert (page, heading) == ("docs/operating.md", f"alert-{rule.name.lower()}")
    assert heading in anchors(ROOT / page)


def test_the_texts_name_labels_that_the_alert_has(rule: Rule):
    """No message says "refuses us" without saying who."""
    seen = outcome(rule.name)
    fired = over_time(seen.storage, seen.began, seen.last, wanted=[rule])[rule.name].between(seen.began, seen.last)
    there = {name for labels in fired for name, _ in labels}
    named = {name for text in rule.annotations.values() for name in re.findall(r"\$labels\.(\w+)", text)}
    assert "instance" in named
    assert named <= there


def test_the_metrics_of_the_alert_exist(rule: Rule):
    """Each name is in a scrape of a run that has seen trouble; an alert about a name nobody exports would never fire."""
    there = outcome("Throttled").storage.names() | outcome("BreakerOpen").storage.names()
    assert set(metric_names(rule.expr)) <= there


def metric_names(expr: str) -> list[str]:
    """The metrics an expression is about."""
    return re.findall(r"VectorSelector \{\s*name: Some\(\s*\"(\w+)\"", repr(promql_parser.parse(expr)))


def test_names_of_metrics_are_found_in_expressions():
    """Also in the depth of functions and aggregations."""
    text = "sum by (a) (rate(one_total{b='c'}[5m])) / two > 3 unless on (a) max_over_time(three[1h]) or absent(up)"
    assert sorted(metric_names(text.replace("'", '"'))) == ["one_total", "three", "two", "up"]


def test_no_rule_is_there_twice():
    """The name is what a silence and a page go by."""
    assert len(RULES) == len(rules())
