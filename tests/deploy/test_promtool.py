"""
The evaluator of this folder against `promtool`, on everything that was scraped.

`promtool` is in no Python package, so this is skipped where the one of the system is not installed; the alerts are then fired by
the evaluator alone.
"""

from pathlib import Path

import pytest
import yaml

from tests.deploy import promtool
from tests.deploy.alerting import EVERY_S, RULES, over_time, rules
from tests.deploy.dashboard import expressions
from tests.deploy.test_dashboard import scraped
from tests.deploy.troubles import STORIES, outcome

pytestmark = pytest.mark.skipif(
    promtool.PROMTOOL is None,
    reason="promtool is not installed; the rules are parsed by promql-parser and evaluated by tests/deploy/promql.py instead",
)


def test_the_rules_are_accepted():
    """Expressions, durations and templates."""
    said = promtool.run("check", "rules", RULES)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_configuration_is_accepted():
    """With the rules it names; versions before 2.55 know no `http_headers`."""
    said = promtool.run("check", "config", RULES.with_name("prometheus.yml"))
    if "field http_headers not found" in said.stdout + said.stderr:
        pytest.skip("this promtool is older than the configuration")
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("alert", STORIES)
def test_the_same_alerts_fire(alert: str, tmp_path: Path):
    """At every second evaluation of each story; and the expressions give the same values."""
    seen = outcome(alert)
    alerts = over_time(seen.storage, seen.first, seen.last, **how())
    times = [seen.began + EVERY_S, seen.ended, seen.ended + 20 * EVERY_S]
    wanted = [rule.expr for rule in rules() if "time()" not in rule.expr]
    agrees(
        tmp_path,
        input_series=promtool.series_of(seen.storage, seen.first, seen.last),
        alert_rule_test=promtool.alert_tests(alerts, seen.first, every=2),
        promql_expr_test=promtool.value_tests(wanted, seen.storage, seen.first, times, **how()),
    )


def test_the_panels_show_the_same(tmp_path: Path):
    """Each expression of the dashboard, at every minute of a run between the practice servers."""
    storage, first, last = scraped()
    wanted = [expr for _, expr in expressions() if "time()" not in expr]
    times = [first + minute * 60 for minute in range(1, round((last - first) / 60))]
    tests = promtool.value_tests(wanted, storage, first, times, **how())
    assert {it["expr"] for it in tests if it["exp_samples"]} == {promtool.rounded(expr) for expr in wanted}
    agrees(tmp_path, input_series=promtool.series_of(storage, first, last), promql_expr_test=tests)


def test_a_wrong_value_would_be_noticed(tmp_path: Path):
    """`promtool` compares, and does not only read."""
    wrong = {"expr": "g", "eval_time": "0s", "exp_samples": [{"labels": "g", "value": 2}]}
    with pytest.raises(AssertionError, match="exp:"):
        agrees(tmp_path, input_series=[{"series": "g", "values": "1"}], promql_expr_test=[wrong])


def how() -> dict[str, bool]:
    """What is different before Prometheus 3."""
    return {"with_start": promtool.version() < 3}


def agrees(folder: Path, **test: list) -> None:
    """`promtool` comes to the same."""
    promtool.rules_without_texts(folder)
    whole = {"rule_files": ["rules.yml"], "evaluation_interval": f"{EVERY_S:g}s"}
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump({**whole, "tests": [{"interval": f"{EVERY_S:g}s", **test}]}))
    said = promtool.run("test", "rules", file)
    assert said.returncode == 0, (said.stdout + said.stderr)[:6000]
