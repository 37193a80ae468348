"""The other commands and what all have in common, in this process."""

import asyncio
import json
import os
import re
import socket
from importlib.metadata import EntryPoint, version

import pytest
from typer.testing import CliRunner

from connectors.huly.connector import capabilities_for
from connectors.vibe.translate import ISSUE_SCHEMA, PROJECT_SCHEMA
from syncengine.adapters import plugins
from syncengine.adapters.lease import hold_lease
from syncengine.connector import Capabilities
from syncengine.runner.cli import app, exit_codes
from syncengine.runner.rule_coverage import problems_of_policy
from syncengine.runner.settings import load_settings


def test_init_writes_a_file_and_never_over_one(home, tmp_path):
    """By default where --config says."""
    target = tmp_path / "new.toml"
    done = CliRunner().invoke(app, ["--config", str(target), "init"])
    assert (done.exit_code, done.stdout.startswith(f"wrote {target}.")) == (0, True)
    target.write_text("mine", "utf-8")
    done = home.run("init", str(target))
    assert (done.exit_code, target.read_text("utf-8")) == (exit_codes.SETTINGS, "mine")
    assert (
        done.stderr
        == f"syncengine: {target} is there already and was not touched; name another file: `syncengine init PATH`\n"
    )
    done = home.run("init", str(tmp_path / "no" / "folder.toml"))
    assert "cannot be written: No such file or directory" in done.stderr


def test_connectors_with_their_settings(home):
    """Names, types, defaults and explanations."""
    done = home.run("connectors")
    assert done.stdout.splitlines() == [
        "shelf  (an unknown distribution)",
        "  Books on a shelf",
        "  path: Path, required",
        "      the file.",
        "  password: str, default ''",
        "      not looked at; the weather decides.",
        "  slow_s: float, default 0.0",
        "      seconds a write takes.",
        "  colour: Literal['red', 'green'], default 'red'",
        "      of the shelf.",
    ]
    (about,) = json.loads(home.run("connectors", "--json").stdout)
    assert about["usable"]
    assert about["settings"][0] == {"name": "path", "type": "Path", "required": True, "default": None, "about": "the file."}


def test_a_connector_that_cannot_be_used(home, monkeypatch):
    """The reason stands in its place."""
    points = [EntryPoint(name="odd", value="no_such_module:plugin", group=plugins.GROUP)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    assert (
        '  cannot be used: the connector "odd" of an unknown distribution needs the module' in home.run("connectors").stdout
    )
    monkeypatch.setattr(plugins, "entry_points", lambda group: [])
    assert home.run("connectors").stdout == "no connectors are installed\n"


def test_views_are_made_again(home):
    """From all events, with progress; afterwards everything is as before."""
    home.run("run", "--once")
    before = json.loads(home.run("status", "--json").stdout)["records"]
    done = home.run("rebuild-views")
    assert re.search(rf"made the views of {re.escape(str(home.log))} again from \d+ events", done.stdout)
    assert "events read: " in done.stdout
    assert json.loads(home.run("status", "--json").stdout)["records"] == before
    assert home.run("run", "--once").stdout.endswith("writes: none\n")


def test_a_second_writer_is_refused_with_who_holds_the_log(home):
    """Exit code 4; looking is still possible."""
    home.run("run", "--once")
    with hold_lease(home.log, command="syncengine run"):
        for command in (("run", "--once"), ("run",), ("rebuild-views",)):
            done = home.run(*command)
            assert done.exit_code == exit_codes.LOG
            assert f"is being written by process {os.getpid()} on {socket.gethostname()} since" in done.stderr
            assert "`syncengine status` and `syncengine plan` work beside it." in done.stderr
        for command in (("status",), ("plan",), ("explain", "Emma")):
            assert home.run(*command).exit_code == 0


def test_the_settings_file_from_the_environment(home, monkeypatch):
    """`SYNCENGINE_CONFIG` names it."""
    monkeypatch.setenv("SYNCENGINE_CONFIG", str(home.config))
    assert CliRunner().invoke(app, ["run", "--once"]).exit_code == 0
    assert home.right.titles() == ["Emma", "Ulysses"]


def test_version_and_help(monkeypatch):
    """The version of the distribution; help without a command."""
    assert CliRunner().invoke(app, ["--version"]).stdout == f"{version('eventsourced-syncengine')}\n"
    done = CliRunner().invoke(app, [])
    assert "rebuild-views" in done.output
    assert "Exit codes: 0 worked" in " ".join(done.output.split())


def test_a_bug_is_one_message_and_a_traceback_on_demand(home, monkeypatch):
    """Exit code 70."""
    monkeypatch.setattr("syncengine.runner.cli.connectors.installed_plugins", lambda: 1 / 0)
    done = home.run("connectors")
    assert done.exit_code == exit_codes.BUG
    assert done.stderr.startswith("syncengine: this is a bug: ZeroDivisionError: division by zero (at test_cli.py:")
    assert "Traceback" not in done.stderr
    monkeypatch.setenv("SYNCENGINE_DEBUG", "1")
    assert home.run("connectors").stderr.startswith("Traceback")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_interrupted_anywhere(home, monkeypatch, error):
    """Also before the signals are caught, for example while connecting."""

    def interrupted():
        raise error

    monkeypatch.setattr("syncengine.runner.cli.connectors.installed_plugins", interrupted)
    done = home.run("connectors")
    assert (done.exit_code, done.stderr) == (130, "interrupted; nothing is lost, start again to go on\n")


def test_a_reader_that_went_away_is_no_bug(home, monkeypatch):
    """`syncengine connectors | head -1` ends quietly."""

    def closed():
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("syncengine.runner.cli.connectors.installed_plugins", closed)
    done = home.run("connectors")
    assert (done.exit_code, done.stderr) == (1, "")


def test_the_written_settings_can_be_used(tmp_path, monkeypatch):
    """With the connectors of this distribution, and the variable it names; every field has a rule."""
    monkeypatch.setenv("HULY_PASSWORD", "x")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init"]).exit_code == 0
    settings = load_settings()
    assert sorted(settings.endpoints) == ["huly", "vibe"]
    assert settings.warnings == ()
    capabilities = {
        "huly": capabilities_for(settings.endpoints["huly"].settings),
        "vibe": Capabilities(schemas=(PROJECT_SCHEMA, ISSUE_SCHEMA)),
    }
    assert problems_of_policy(settings.policy, capabilities, everybody=True) == []
