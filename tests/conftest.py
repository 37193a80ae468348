"""What every test has: the Hypothesis profile that the environment chose, and servers to talk to."""

pytest_plugins = ["tests.fixtures.hypothesis_profiles", "tests.fixtures.own_secrets", "tests.fixtures.vibe_servers"]
