"""Two shelves with a settings file between them, and the command line to use it."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import structlog
from attrs import frozen
from typer.testing import CliRunner

from syncengine.adapters import plugins
from syncengine.runner.cli import app
from syncengine.runner.log_lines.set_up import take_down_logs
from tests.unit.runner import shelf
from tests.unit.runner.shelf import Shelf

SETTINGS = """
[log]
path = "log.db"

[sync]
interval_s = 60

[sync.rules.issue]
title = {rule = "prefer", endpoint = "left"}
status = {rule = "ask_a_person"}

[sync.backoff]
first_s = 0.05
longest_s = 0.2

[[sync.pairings]]
kind = "issue"
title = "books"
left = "shelf"
right = "shelf"

[server]
listen = "127.0.0.1:0"

[endpoints.left]
connector = "shelf"
path = "left.json"

[endpoints.right]
connector = "shelf"
path = "right.json"
"""


@frozen(kw_only=True)
class Home:
    """A folder with a settings file and two shelves."""

    folder: Path
    left: Shelf
    right: Shelf

    @property
    def config(self):
        return self.folder / "syncengine.toml"

    @property
    def log(self):
        return self.folder / "log.db"

    def configure(self, *changes):
        """Replace parts of the settings file: pairs of old and new text."""
        text = self.config.read_text("utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.config.write_text(text, "utf-8")

    def run(self, *arguments):
        """The command with these arguments, in this process."""
        return CliRunner().invoke(app, ["--config", str(self.config), *arguments])


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Two books on the left, none on the right; the shelf connector is installed."""
    point = EntryPoint(name="shelf", value=f"{shelf.__name__}:plugin", group=plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    (tmp_path / "syncengine.toml").write_text(SETTINGS, "utf-8")
    left, right = Shelf.at(tmp_path / "left.json", "Emma", "Ulysses"), Shelf.at(tmp_path / "right.json")
    return Home(folder=tmp_path, left=left, right=right)


@pytest.fixture(autouse=True)
def _default_logs():
    """What a command sets up for its log lines ends with the test."""
    yield
    take_down_logs()
    structlog.reset_defaults()
