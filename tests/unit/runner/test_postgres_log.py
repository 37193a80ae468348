"""A synchronisation whose log is in a PostgreSQL database: settings, commands, and processes that are killed."""

import asyncio
import json
import signal

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_check import check_log
from syncengine.adapters.log_place import PostgresPlace, notes_of
from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.identity import ROOT, Kind
from syncengine.domain.policy import Policy
from syncengine.errors import SettingsInvalid
from syncengine.runner.bootstrap import open_for_planning, open_sync_with
from syncengine.runner.cli import exit_codes
from syncengine.runner.settings import load_log_place, load_settings
from syncengine.testing import Abilities, MemoryConnector, MemoryRemote
from syncengine.testing.virtual_clock import VirtualClock
from tests.fixtures.postgres_server import cursor_at
from tests.unit.runner.processes import installed, until_all_is_in_flight

TEXTS = dict.fromkeys(("title", "description"), Prefer("left"))
PROJECTS = Policy(rules={Kind("project"): TEXTS, Kind("issue"): TEXTS | {"status": Prefer("left")}})


@pytest.fixture
def at_home(home, postgres_place):
    """The two shelves, with a database between them."""
    home.configure(('path = "log.db"', f'path = "{postgres_place.url.reveal()}"\nlease_s = 2'))
    return home


def test_the_settings_name_a_database(at_home, postgres_place):
    """With the notes about it beside the settings."""
    for place in (load_settings(at_home.config).log, load_log_place(at_home.config)):
        assert isinstance(place, PostgresPlace)
        assert (place.url, place.password, place.lease_s) == (postgres_place.url, None, 2.0)
        assert notes_of(place).parent == at_home.folder


def test_the_commands_work_as_with_a_file(at_home, postgres_place):
    """Sync, look, tell, check, make the views anew; the log is not beside the settings."""
    assert at_home.run("run", "--once").exit_code == 0
    assert at_home.right.titles() == ["Emma", "Ulysses"]
    told = at_home.run("status").stdout.splitlines()
    assert told[0].startswith("event log   postgresql:///postgres: ")
    assert "PostgreSQL 1" in told[0]
    assert told[1] == "written by  nobody at the moment"
    explained = at_home.run("explain", "B1")
    assert explained.exit_code == 0, explained.stderr
    assert "right" in explained.stdout
    verified = at_home.run("verify")
    assert verified.exit_code == 0
    assert "all sound" in verified.stdout
    assert "SQLite" not in verified.stdout
    assert at_home.run("rebuild-views").exit_code == 0
    assert at_home.run("run", "--once").exit_code == 0
    assert len(at_home.right.calls()) == 2
    assert not at_home.log.exists()
    by_option = at_home.run("status", "--json", "--log", postgres_place.url.reveal())
    assert json.loads(by_option.stdout)["records"] == {"left": 2, "right": 2}


def test_what_is_only_for_files_says_what_to_use_instead(at_home, tmp_path):
    """The database has its own tools."""
    at_home.run("run", "--once")
    for command in ("backup", "salvage"):
        answer = at_home.run(command, str(tmp_path / "copy.db"))
        assert answer.exit_code == exit_codes.LOG
        assert "is no file; " in answer.stderr
        assert "pg_dump" in answer.stderr
    assert not (tmp_path / "copy.db").exists()


def test_damage_has_a_way_out(at_home, postgres_place):
    """The one that exists for a database."""
    at_home.run("run", "--once")
    with cursor_at(postgres_place) as cursor:
        cursor.execute("UPDATE stored_events SET state = '{}' WHERE rowid = 1")
    answer = at_home.run("verify")
    assert answer.exit_code == exit_codes.LOG
    assert "from the last dump that `pg_dump` made" in answer.stderr


def test_looking_and_planning_make_no_log(at_home, postgres_place):
    """There is nothing in the database afterwards."""
    for command in ("status", "verify", "rebuild-views"):
        answer = at_home.run(command)
        assert answer.exit_code == exit_codes.LOG
        assert "there is no event log in postgresql:///postgres yet" in answer.stderr

    async def planned():
        async with open_for_planning(load_settings(at_home.config)) as sync:
            return await sync.engine.plan()

    asyncio.run(planned())
    with cursor_at(postgres_place) as cursor:
        assert cursor.execute("SELECT 1 FROM pg_tables WHERE schemaname = current_schema()").fetchall() == []


async def test_a_request_of_a_person_waits_while_another_process_writes(at_home, postgres_place):
    """`pause` and its like need no lease."""
    await asyncio.to_thread(at_home.run, "run", "--once")
    async with open_log(postgres_place) as log:
        answer = await asyncio.to_thread(at_home.run, "pause", "left", "--reason", "holidays")
        assert answer.exit_code == 0, answer.stderr
        (asked,) = log.inbox.waiting()
        await log.inbox.remove(asked)
        assert list(log.inbox.waiting()) == []


def test_a_killed_process_is_followed_by_another(at_home, postgres_place, tmp_path):
    """When its lease has run out; nothing is lost, nothing is made twice."""
    at_home.configure(('path = "right.json"', 'path = "right.json"\nslow_s = 50'))
    with installed(at_home, tmp_path) as processes:
        killed = processes.start("run")
        until_all_is_in_flight(at_home, killed)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        at_home.configure(("slow_s = 50", "slow_s = 0"))
        _, err, code = processes.run("run", "--until-quiet")
        while code != 0:
            assert f"is being written by process {killed.pid} on " in err, err
            _, err, code = processes.run("run", "--until-quiet")
    assert at_home.right.titles() == at_home.left.titles()
    assert len(at_home.right.calls()) == len(at_home.left.titles())
    assert check_log(postgres_place).sound


async def test_a_program_of_its_own_syncs_on_a_database(postgres_place):
    """Connectors in memory, and the URL as a text."""
    clock = VirtualClock()
    left, right = (MemoryRemote(Abilities(projects=True, natural_keys=("title",)), now=clock.now) for _ in "ab")
    project = left.person_creates(ROOT, title="P")
    for number in range(3):
        left.person_creates(project, title=f"issue {number}", status="todo")
    endpoints = {
        name: MemoryConnector(remote, name, sleep=clock.sleep) for name, remote in (("left", left), ("right", right))
    }
    url = postgres_place.url.reveal()
    async with open_sync_with(endpoints, log=url, policy=PROJECTS, clock=clock) as sync:
        while not (await sync.run_pass()).quiet:
            clock.advance(10)
    (twin,) = right.items(ROOT)
    right.person_edits(twin, next(iter(right.items(twin))), status="done")
    async with open_sync_with(endpoints, log=url, policy=PROJECTS, clock=clock) as sync:
        while not (await sync.run_pass()).quiet:
            clock.advance(10)
    assert sorted(it["status"] for it in left.items(project).values()) == ["done", "todo", "todo"]
    assert len(left.items(project)) == len(right.items(twin)) == 3
    assert check_log(postgres_place).sound


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('path = "mysql://me@host/db"', "log.path: an event log is a file or a PostgreSQL database"),
        ('path = "log.db"\npassword = {env = "HOME"}', "log.path: a log in a file has no password and no lease_s"),
        ('path = "log.db"\nlease_s = 5', "log.path: a log in a file has no password and no lease_s"),
        ('path = "postgresql://host/db"\nlease_s = 0', "log.lease_s"),
        ("path = 7", "log.path: must be a text"),
    ],
)
def test_mistakes_about_the_log_are_named(home, line, told):
    """With their place."""
    home.configure(('path = "log.db"', line))
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(home.config)
    assert told in str(refused.value)


def test_passwords_are_secrets_wherever_they_stand(home, monkeypatch):
    """In the URL and beside it they are warned about; from a variable they are not; nobody prints them."""
    home.configure(('path = "log.db"', 'path = "postgresql://me:in-the-url@host/db"\npassword = "beside-the-url"'))
    settings = load_settings(home.config)
    assert any("log.path: holds a password in plain text" in it for it in settings.warnings)
    assert any("log.password: a secret in plain text" in it for it in settings.warnings)
    shown = f"{settings} {settings.log} {settings.warnings}"
    assert "in-the-url" not in shown
    assert "beside-the-url" not in shown

    monkeypatch.setenv("LOG_PASSWORD", "from-a-variable")
    home.configure((":in-the-url", ""), ('password = "beside-the-url"', 'password = {env = "LOG_PASSWORD"}'))
    settings = load_settings(home.config)
    assert settings.log.password.reveal() == "from-a-variable"
    assert not [it for it in settings.warnings if "log." in it]
