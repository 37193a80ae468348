"""Settings that are read again while everything runs."""

import asyncio
from functools import partial

import pytest

from syncengine.domain.conflict_rules import Prefer
from syncengine.engine.notes import ReloadRefused, SettingsReloaded
from syncengine.runner.bootstrap import open_sync
from syncengine.runner.reload import Reloader
from syncengine.runner.settings import load_settings
from tests.fixtures.heard import Heard

ASK = 'status = {rule = "ask_a_person"}'
THIRD = '[endpoints.third]\nconnector = "shelf"\npath = "third.json"\n\n'


@pytest.fixture
async def running(home):
    """An open synchronisation, what it tells, and a reloader."""
    settings, heard, used = load_settings(home.config), Heard(), []
    async with open_sync(settings, telemetry=heard) as sync:
        await sync.run_pass()
        heard.notes.clear()
        reload = Reloader(settings, load=partial(load_settings, home.config), sync=sync, on_change=used.append)
        reload.used = used
        yield sync, heard, reload
    assert len(asyncio.all_tasks()) == 1


def told(heard):
    """What was said about the settings."""
    return heard.of(ReloadRefused), heard.of(SettingsReloaded)


async def test_nothing_is_different(running):
    """Then nothing happens, and the connections stay."""
    _, heard, reload = running
    assert await reload() == 60
    assert told(heard) == ([], [SettingsReloaded(changed=())])
    assert "endpoint.connected" not in heard.names


async def test_interval_and_rules_are_used_at_once(home, running):
    """A conflict after the reload goes by the new rule."""
    sync, heard, reload = running
    home.configure(("interval_s = 60", "interval_s = 5"), (ASK, 'status = {rule = "prefer", endpoint = "right"}'))
    assert await reload() == 5
    assert told(heard) == ([], [SettingsReloaded(changed=("policy", "interval_s"))])
    assert reload.used == [reload.settings]
    assert reload.settings.policy.rules["issue"]["status"] == Prefer("right")
    (ours,) = (book for book, it in home.right.books().items() if it["title"] == "Emma")
    home.left.put("b1", status="done")
    home.right.put(ours, status="doing")
    await sync.run_pass()
    assert home.left.books()["b1"]["status"] == "doing"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (("interval_s = 60", 'interval_s = "often"'), "sync.interval_s: must be a number"),
        ((ASK, ""), "sync.rules.issue.status: no conflict rule"),
        (("[log]", "[log"), "this is no TOML"),
    ],
)
async def test_mistakes_leave_everything_as_it_was(home, running, mistake, said):
    """And are explained as at start."""
    sync, heard, reload = running
    before = reload.settings
    home.configure(mistake)
    assert await reload() == 60
    ((refused,), used) = told(heard)
    assert said in refused.reason
    assert used == []
    assert reload.settings is before
    assert (await sync.run_pass()).ok


async def test_what_needs_a_restart_is_refused_and_the_rest_used(home, running):
    """Each refusal says what to do; asking again explains it again."""
    _, heard, reload = running
    home.configure(
        ('path = "log.db"', 'path = "other.db"'),
        ("interval_s = 60", "interval_s = 7"),
        ("[endpoints.left]", THIRD + "[endpoints.left]"),
    )
    for _ in range(2):
        heard.notes.clear()
        assert await reload() == 7
        refused, _ = told(heard)
        assert [it.reason for it in refused] == [
            "[log] path is used at start only; restart to change it",
            "[endpoints.third] was added; restart to use that",
        ]
    assert reload.settings.log == home.log
    assert set(reload.settings.endpoints) == {"left", "right"}


async def test_an_endpoint_with_other_settings_is_opened_again(home, running):
    """The others keep their connection."""
    sync, heard, reload = running
    (home.folder / "moved.json").write_bytes((home.folder / "right.json").read_bytes())
    home.configure(('path = "right.json"', 'path = "moved.json"'))
    await reload()
    assert told(heard) == ([], [SettingsReloaded(changed=("endpoints.right",))])
    assert [it.endpoint for it in heard.notes if it.name == "endpoint.connected"] == ["right"]
    home.left.put("b1", title="Persuasion")
    assert (await sync.run_pass()).writes == {"confirmed": 1}
    assert "Persuasion" in (home.folder / "moved.json").read_text()


async def test_new_credentials_bring_a_refused_endpoint_back(home, running):
    """The way out when a password was changed: correct it, and tell the process."""
    sync, heard, reload = running
    home.right.weather("bad_password")
    home.configure(('path = "right.json"', 'path = "right.json"\ncolour = "green"'))
    await reload()
    assert (await sync.run_pass()).problems == ["AuthenticationFailed: right connect: the password is wrong"]
    home.right.weather("fine")
    home.configure(('colour = "green"', 'colour = "red"'))
    await reload()
    assert (await sync.run_pass()).ok
    assert [it for it in heard.names if it.startswith("endpoint")] == [
        "endpoint.not_connected",
        "endpoint.paused",
        "endpoint.connected",
        "endpoint.resumed",
    ]
