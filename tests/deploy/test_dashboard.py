"""The dashboard can be imported anywhere, and each of its expressions shows something in a real run."""

import asyncio
import math
import re
import tempfile
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from connectors.huly.sandbox.faults import Fault as HulyFault
from connectors.vibe.sandbox.faults import Fault as VibeFault
from syncengine.adapters.telemetry.metric_names import FAMILIES
from tests.deploy.alerting import EVERY_S
from tests.deploy.dashboard import dashboard, expressions, filled_in, panels
from tests.deploy.promql import evaluate
from tests.deploy.sandbox_run import SandboxRun, sandbox_run
from tests.deploy.series import Storage, stored
from tests.deploy.test_alert_rules import metric_names

EXPRESSIONS = list(expressions())
TYPES = {"stat", "timeseries", "state-timeline"}


async def _a_busy_quarter_of_an_hour(run: SandboxRun) -> None:
    """Edits on both sides, a conflict, requests too many, and a server that drops connections."""
    await run.watched.minutes(3)
    for number in range(6):
        run.huly.edit_issue(f"GARDEN-{number + 1}", status="Done")
        await run.watched.minutes(1)
    run.huly.faults.add(HulyFault(kind="status", status=429, retry_after_ms=50, times=3))
    run.huly.edit_issue("GARDEN-7", title="from Huly")
    (project,) = run.vibe.projects()
    (task,) = [it for it in run.vibe.tasks(project) if it.title == "issue 6"]
    run.vibe.edit_task(task.id, title="from Vibe")
    await run.watched.minutes(2)
    run.vibe.faults.add(VibeFault(kind="drop-before", method="GET", times=30))
    await run.watched.minutes(4)


@cache
def scraped() -> tuple[Storage, float, float]:
    """What was scraped, and when it began and ended."""

    async def told() -> tuple[Storage, float, float]:
        with tempfile.TemporaryDirectory() as folder:
            async with sandbox_run(Path(folder)) as run:
                await _a_busy_quarter_of_an_hour(run)
                scrapes = run.watched.scrapes
        return stored(scrapes), scrapes[0].at, scrapes[-1].at

    return asyncio.run(told())


@pytest.mark.parametrize(
    ("title", "expr"), EXPRESSIONS, ids=[f"{title}-{place}" for place, (title, _) in enumerate(EXPRESSIONS)]
)
def test_the_panel_shows_something(title: str, expr: str):
    """At some moment of a run between a Huly and a Vibe server there is a number to draw."""
    storage, first, last = scraped()
    moments = (first + number * EVERY_S for number in range(round((last - first) / EVERY_S) + 1))
    drawn = (value for at in moments for value in evaluate(expr, storage, at).values())
    assert any(math.isfinite(value) for value in drawn), f"{title} stays empty"


def test_every_metric_is_on_a_panel():
    """What is worth counting is worth a look."""
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for _, expr in EXPRESSIONS for name in metric_names(expr)}
    assert {it.name for it in FAMILIES} <= shown


def test_the_panel_has_words_and_a_unit():
    """Nobody has to know PromQL to read it."""
    for panel in panels():
        assert panel["type"] in TYPES
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        assert all(it["legendFormat"] or len(panel["targets"]) == 1 for it in panel["targets"])


def test_titles_and_ids_are_there_once():
    """Grafana links to a panel by its id."""
    everything = dashboard()["panels"]
    assert len({it["id"] for it in everything}) == len(everything)
    assert len({it["title"] for it in panels()}) == len(panels())


def test_panels_lie_side_by_side():
    """None covers another one, and all are within the 24 columns."""
    places = [it["gridPos"] for it in dashboard()["panels"]]
    assert all(it["x"] >= 0 and it["x"] + it["w"] <= 24 for it in places)
    for one, two in combinations(places, 2):
        beside = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
        above = one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
        assert beside or above, (one, two)


def test_nothing_belongs_to_one_grafana():
    """The data source is a variable, and no panel or variable goes by an id that some installation gave."""
    everything = dashboard()
    assert everything["id"] is None
    variables = {it["name"]: it for it in everything["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    sources = [it["datasource"] for it in panels()]
    sources += [it["datasource"] for panel in panels() for it in panel["targets"]]
    sources.append(variables["instance"]["datasource"])
    assert all(it == {"type": "prometheus", "uid": "${datasource}"} for it in sources)
    assert everything["annotations"]["list"] == []


def test_every_expression_keeps_to_the_chosen_instances():
    """One that forgets the variable would mix up processes."""
    for panel in panels():
        for target in panel["targets"]:
            selectors = re.findall(r"\w+\{[^}]*\}", target["expr"])
            assert len(selectors) == len(metric_names(target["expr"].replace("$__rate_interval", "1m")))
            assert all('instance=~"$instance"' in it for it in selectors)


def test_legends_name_labels_that_are_there():
    """`{{endpoint}}` would stay as it is where the series has no such label."""
    storage, first, last = scraped()
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            for at in (first + (last - first) * share for share in (0.2, 0.4, 0.6, 0.8)):
                for labels in evaluate(filled_in(target["expr"]), storage, at):
                    # A call without an answer has no status: that one label may be missing.
                    missing = named - {name for name, _ in labels} - {"http_response_status_code"}
                    assert not missing, panel["title"]
