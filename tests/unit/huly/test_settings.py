"""The settings of a Huly endpoint, and what the entry point names."""

import subprocess
import sys

import pytest

from connectors.huly import HulySettings, plugin
from connectors.huly.connector import capabilities_for
from syncengine.connector import INTERFACE_VERSION, Secret
from syncengine.redaction import redact

NEEDED = {"url": "https://huly.example.com", "workspace": "team", "email": "a@example.com", "password": "secret"}

LOADED_BY_IMPORT = """
import sys, syncengine.connector
before = set(sys.modules)
import connectors.huly
print(*sorted(name.split(".")[0] if not name.startswith("connectors") else name for name in set(sys.modules) - before))
"""


def test_four_settings_are_enough():
    """The rest has safe values: 4 writers and 20 requests a second."""
    settings = HulySettings(**NEEDED)

    assert (settings.max_writers, settings.requests_per_s, settings.join_projects) == (4, 20.0, True)


def test_secrets_are_not_shown():
    """Neither in messages nor in logs."""
    assert "secret" not in repr(HulySettings(**NEEDED))
    token = HulySettings(url="https://huly.example.com", workspace="team", token="hidden")
    assert "hidden" not in repr(token)
    assert (token.token, token.password) == (Secret("hidden"), Secret(""))


def test_passwords_in_addresses_are_not_shown():
    """Neither by the settings nor, from then on, by anything else."""
    settings = HulySettings(**NEEDED | {"url": "https://user:proxy-word@huly.example.com?key=long-value"})
    assert "proxy-word" not in repr(settings)
    assert redact("proxy-word, long-value") == "***, ***"
    with pytest.raises(ValueError, match="must begin with http") as caught:
        HulySettings(**NEEDED | {"accounts_url": f"ftp://user:{'w' * 60}@host"})
    assert "wwww" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"password": ""}, "email and password, or a token"),
        ({"email": ""}, "email and password, or a token"),
        ({"token": "t"}, "not both"),
        ({"url": "huly.example.com"}, "url must begin with http"),
        ({"transactor_url": "example.com"}, "transactor_url must begin with http"),
        ({"url": ""}, "must not be empty"),
        ({"workspace": ""}, "must not be empty"),
        ({"workspace": "https://huly.example.com/workbench/team"}, "last part of the address"),
        ({"max_writers": 5}, "max_writers"),
        ({"max_writers": 0}, "max_writers"),
        ({"requests_per_s": 0}, "requests_per_s"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_mistakes_are_named(change, part):
    """Before anything is sent anywhere."""
    with pytest.raises(ValueError, match=part):
        HulySettings(**(NEEDED | change))


def test_the_settings_bound_what_the_engine_may_do():
    """Writers, rate, time, and which projects."""
    can = capabilities_for(HulySettings(**NEEDED, max_writers=2, requests_per_s=7, timeout_s=10))

    assert (can.max_concurrent_writes, can.requests_per_s, can.call_timeout_s) == (2, 7, 30)
    assert (can.key_storage, can.conditional_writes, can.change_cursor) == ("id", True, False)
    assert [schema.kind for schema in can.schemas] == ["project", "issue"]
    assert can.schemas[0].can_create
    assert not capabilities_for(HulySettings(**NEEDED, projects=("MOB",))).schemas[0].can_create


def test_plugin_names_its_settings_and_interface():
    """The runner reads the section of the settings file into them."""
    assert (plugin.name, plugin.settings, plugin.interface_version) == ("huly", HulySettings, INTERFACE_VERSION)
    assert "0.7" in plugin.summary


def test_importing_the_package_loads_nothing_heavy():
    """`syncengine connectors` imports every plugin."""
    run = subprocess.run([sys.executable, "-c", LOADED_BY_IMPORT], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(run.stdout.split())

    assert {"connectors.huly", "connectors.huly.settings"} <= loaded
    assert not loaded & {"aiohttp", "cattrs", "orjson", "markdown_it", "connectors.huly.connector"}
