"""What every test has: the Hypothesis profile that the environment chose, and servers to talk to."""

import pytest

pytest_plugins = [
    "tests.fixtures.hypothesis_profiles",
    "tests.fixtures.own_secrets",
    "tests.fixtures.postgres_server",
    "tests.fixtures.vibe_servers",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that may take longest begin first, so that no worker is left alone with one of them at the end."""
    items.sort(key=_longest_s, reverse=True)


def _longest_s(item: pytest.Item) -> float:
    limit = item.get_closest_marker("timeout")
    return float(limit.args[0]) if limit is not None else 0.0
