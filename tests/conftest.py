pytest_plugins = ["tests.fixtures.vibe_servers"]
