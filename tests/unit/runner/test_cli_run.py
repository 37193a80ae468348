"""The commands `run` and `plan`, in this process."""

import json
import re
import sqlite3

import pytest

from syncengine.runner.cli import exit_codes


def test_one_pass_keeps_the_shelves_the_same(home):
    """The books arrive, and it is said what was done."""
    done = home.run("run", "--once")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "books: 0 of 2",
        "books: 1 of 2",
        "books: 2 of 2",
        "listed 2 on left, 0 on right; new or changed: 2; writes: 2 confirmed",
    ]
    assert home.right.titles() == ["Emma", "Ulysses"]
    assert home.run("run", "--once").stdout == "listed 2 on left, 2 on right; new or changed: 0; writes: none\n"


def test_passes_until_nothing_is_left(home):
    """Reports as lines of JSON; the last one is quiet."""
    done = home.run("run", "--until-quiet", "--json")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(it["writes"], it["quiet"], it["ok"]) for it in reports] == [({"confirmed": 2}, False, True), ({}, True, True)]
    assert reports[0]["listed"] == {"left": 2, "right": 0}
    assert done.exit_code == 0


def test_lost_answers_are_settled_by_looking(home):
    """Each book was made once, although no answer came."""
    home.right.weather("lost_answers")
    done = home.run("run", "--until-quiet")
    assert done.exit_code == 0
    assert "writes: 2 unknown" in done.stdout
    assert "settled by looking: 2" in done.stdout
    assert home.right.calls() == ["create right-1", "create right-2"]


def test_a_pass_with_problems(home):
    """The problem stands on standard error, and the exit code tells."""
    home.run("run", "--once")
    home.configure(('path = "right.json"', 'path = "right.json"\nslow_s = 0'))
    document = home.right.read()
    home.right.write({**document, "books": {}})
    done = home.run("run", "--once")
    assert done.exit_code == exit_codes.PERSON
    assert "problem: books: SuspiciousListing: right/shelf lists nothing although 2 records are known there" in done.stderr


def test_refused_books_wait_until_the_cause_is_gone(home):
    """The item is parked, and sent again only when a person says so."""
    home.right.weather("refuses")
    assert home.run("run", "--once").stdout.endswith("writes: 2 rejected\n")
    home.right.weather("fine")
    assert home.run("run", "--once").stdout.endswith("writes: none\n")
    assert home.run("run", "--once", "--retry-refused").stdout.endswith("writes: 2 confirmed\n")


@pytest.mark.parametrize(
    ("weather", "message"),
    [
        ("bad_password", "syncengine: right connect: the password is wrong\nCheck the credentials in [endpoints.right]; "),
        ("unreachable", "syncengine: right connect: nobody answers\nCheck that it is running"),
        ("busy", "syncengine: right connect: please wait\nTry again later."),
        ("buggy", "syncengine: right connect: the connector let a KeyError escape"),
    ],
)
def test_endpoints_that_cannot_be_connected(home, weather, message):
    """One message, exit code 3, no traceback."""
    home.right.weather(weather)
    for command in (("run", "--once"), ("run", "--until-quiet"), ("plan",)):
        done = home.run(*command)
        assert done.exit_code == exit_codes.REFUSED
        assert done.stderr.startswith(message)
        assert "Traceback" not in done.output


def test_settings_that_do_not_fit_what_is_there(home):
    """A connector that finds no such workspace: exit code 2, as for every mistake in the settings."""
    home.right.weather("other_name")
    done = home.run("run", "--once")
    assert done.exit_code == exit_codes.SETTINGS
    assert done.stderr == "syncengine: there is no such shelf; the shelves are: A, B\nThis is about [endpoints.right]\n"


@pytest.mark.parametrize("command", [("run", "--once"), ("plan",), ("status",), ("explain", "Emma"), ("rebuild-views",)])
def test_a_log_of_a_newer_version(home, command):
    """Nothing is done to it."""
    home.run("run", "--once")
    with sqlite3.connect(home.log) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = home.run(*command)
    assert done.exit_code == exit_codes.LOG
    assert "was written by a newer version (log format 99" in done.stderr


def test_running_for_ever_ends_when_credentials_are_refused(home):
    """The log lines tell what happened until then."""
    home.configure(("interval_s = 60", "interval_s = 0.05"))
    home.right.weather("bad_password")
    done = home.run("run", "--log-format", "json")
    assert done.exit_code == exit_codes.REFUSED
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [it["step"] for it in told if it["event"] == "start.step"] == ["settings", "log", "server"]
    (connected,) = [it for it in told if it["event"] == "endpoint.connected"]
    assert (connected["endpoint"], connected["level"]) == ("left", "info")
    assert done.stderr.splitlines()[-2] == "syncengine: right connect: the password is wrong"


def test_log_lines_of_a_single_pass_when_asked_for(home):
    """Otherwise there are none."""
    assert home.run("run", "--once").stderr == ""
    home.left.put("b1", title="Persuasion")
    done = home.run("run", "--once", "--log-level", "info", "--log-format", "json")
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()][-1:] == ["pass.ended"]


def test_contradicting_options(home):
    """A usage error, as the command line library tells it."""
    done = home.run("run", "--once", "--until-quiet")
    assert done.exit_code == exit_codes.SETTINGS
    assert "use either --once or --until-quiet" in done.stderr


def test_mistakes_in_the_settings(home):
    """All of them, exit code 2; commands that need no endpoints do not mind."""
    home.run("run", "--once")
    home.configure(('connector = "shelf"\npath = "left.json"', 'connector = "shelf"\npaht = "x"\ncolour = "blue"'))
    done = home.run("run", "--once")
    assert done.exit_code == exit_codes.SETTINGS
    assert done.stderr == (
        f"syncengine: {home.config} cannot be used:\n"
        '  - endpoints.left.paht: not known; did you mean "path"?\n'
        '  - endpoints.left.colour: "blue" is not possible; possible here: green, red\n'
    )
    assert home.run("status").exit_code == 0


def test_a_plain_password_is_warned_about(home):
    """On every run, on standard error."""
    home.configure(('path = "left.json"', 'path = "left.json"\npassword = "abc123"'))
    done = home.run("run", "--once")
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: endpoints.left.password: a secret in plain text; better password = {env = ")
    assert "abc123" not in done.output


def test_a_plan_says_what_and_why_and_writes_nothing(home):
    """A table for people."""
    done = home.run("plan")
    assert done.exit_code == 0
    assert re.search(r"B1 +create +right +title \"Emma\", status \"todo\" +status and title missing on right", done.stdout)
    assert done.stdout.endswith("read 2 on left and 0 on right; planned: 2. Nothing was written.\n")
    assert (home.log.exists(), home.right.titles()) == (False, [])


def test_a_plan_for_programs(home):
    """Creates, conflicts that wait for a person, items that only turn out to be the same, and problems."""
    home.run("run", "--until-quiet")
    home.left.put("b1", title="Persuasion", status="read")
    home.right.put("right-1", status="lost")
    home.left.put("b2", title="Dubliners")
    home.right.put("right-2", title="Dubliners")
    planned = json.loads(home.run("plan", "--json").stdout)
    steps = {(it["item"], it["action"]): it for it in planned["steps"]}
    waits = steps["B1", "wait"]
    assert waits["fields"] == {"left": "read", "right": "lost"}
    assert waits["why"] == "status: status was changed on left and right; choose one of the values"
    assert ("B2", "agree") in steps
    assert (planned["listed"], planned["problems"], planned["open_writes"]) == ({"left": 2, "right": 2}, [], [])
    told = home.run("plan").stdout
    assert re.search(r"B1 +wait for a person +books +left: \"read\" and right: \"lost\"", told)
    assert "planned: 1; 1 to be noted as the same without a write" in told


def test_a_plan_mentions_open_writes_and_problems(home):
    """Writes without an outcome would be settled first; a suspicious listing makes the exit code 1."""
    home.right.weather("lost_answers")
    home.run("run", "--once")
    assert "before that, 2 writes without an outcome would be settled by looking" in home.run("plan").stdout
    assert len(json.loads(home.run("plan", "--json").stdout)["open_writes"]) == 2
    home.right.weather("fine")
    home.run("run", "--until-quiet")
    home.left.write({**home.left.read(), "books": {}})
    done = home.run("plan")
    assert done.exit_code == exit_codes.PROBLEMS
    assert "problem: books: left/shelf lists nothing although 2 records are known there" in done.stderr
