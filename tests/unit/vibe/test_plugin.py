"""What the entry point names."""

import subprocess
import sys

from connectors.vibe import VibeSettings, plugin
from syncengine.connector import INTERFACE_VERSION

LOADED_BY_IMPORT = """
import sys, syncengine.connector
before = set(sys.modules)
import connectors.vibe
print(*sorted(name.split(".")[0] if not name.startswith("connectors") else name for name in set(sys.modules) - before))
"""


def test_plugin_names_its_settings_and_interface():
    """The runner reads the section of the settings file into them."""
    assert (plugin.name, plugin.settings, plugin.interface_version) == ("vibe", VibeSettings, INTERFACE_VERSION)
    assert "0.0.71" in plugin.summary


def test_importing_the_package_loads_nothing_heavy():
    """`syncengine connectors` imports every plugin."""
    run = subprocess.run([sys.executable, "-c", LOADED_BY_IMPORT], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(run.stdout.split())

    assert {"connectors.vibe", "connectors.vibe.settings"} <= loaded
    assert not loaded & {"aiohttp", "cattrs", "orjson", "connectors.vibe.client", "connectors.vibe.connector"}
