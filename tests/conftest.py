"""What every test has: the Hypothesis profile that the environment chose, and servers to talk to."""

from tests.fixtures import hypothesis_profiles as hypothesis_profiles

pytest_plugins = ["tests.fixtures.vibe_servers"]
