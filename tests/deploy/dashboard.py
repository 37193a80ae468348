"""The Grafana dashboard of `deploy/`: its panels, and their expressions as Grafana sends them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.samples import DEPLOY

DASHBOARD = DEPLOY / "grafana" / "dashboard.json"

VARIABLES = {
    # The chosen instances: all of them.
    "$instance": ".*",
    # Four scrapes, or the step of the picture if that is longer.
    "$__rate_interval": "1m",
}


def dashboard() -> dict[str, Any]:
    """The file."""
    return json.loads(DASHBOARD.read_text("utf-8"))


def panels() -> list[dict[str, Any]]:
    """All panels that show something, so no headings."""
    return [it for it in dashboard()["panels"] if it["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """The title of the panel and the expression, with the variables filled in, for everything that is drawn."""
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], filled_in(target["expr"])


def filled_in(text: str, variables: Mapping[str, str] = VARIABLES) -> str:
    """The text as Grafana sends it."""
    for name, value in variables.items():
        text = text.replace(name, value)
    assert "$" not in text, f"nobody fills this in: {text}"
    return text
