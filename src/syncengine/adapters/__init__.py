"""The outside world behind the engine's ports: the log on SQLite, plugins by entry point, the guard around connectors."""
