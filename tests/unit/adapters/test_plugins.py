"""Connectors are found by entry point, loaded by name, and refused with a sentence that helps."""

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
from attrs import evolve, frozen

from syncengine.adapters import plugins
from syncengine.adapters.plugins import InstalledPlugin, installed_plugins, load_plugin
from syncengine.connector import INTERFACE_VERSION, ConnectorPlugin
from syncengine.errors import PluginRejected, UnknownConnector


@frozen
class NoSettings:
    """Nothing to set."""


GOOD = ConnectorPlugin(name="good", settings=NoSettings, connect=lambda *_: None)
NEWER = evolve(GOOD, interface_version=INTERFACE_VERSION + 1)
OLDER = evolve(GOOD, interface_version=INTERFACE_VERSION - 1)
WRONG = "not a plugin"


def broken():
    raise RuntimeError("no licence")


def offer(name, target, distribution="some-connector 1.0"):
    return InstalledPlugin(
        name=name,
        distribution=distribution,
        entry_point=EntryPoint(name=name, value=f"{__name__}:{target}", group=plugins.GROUP),
    )


def test_the_connectors_of_this_distribution_are_installed():
    """Huly and Vibe Kanban come with the library."""
    own = [it.name for it in installed_plugins() if it.distribution.startswith("eventsourced-syncengine")]
    assert own == ["huly", "vibe"]


@pytest.mark.parametrize("name", ["huly", "vibe"])
def test_our_own_connectors_load(name):
    """Each says who it is."""
    assert load_plugin(name).name == name


def test_an_unknown_name_lists_the_installed_ones():
    """The person sees what can be chosen."""
    with pytest.raises(UnknownConnector, match=r'no connector named "hully" is installed; installed: good, other'):
        load_plugin("hully", [offer("other", "GOOD"), offer("good", "GOOD")])


def test_a_plugin_loads_by_name_only():
    """A broken neighbour does no harm."""
    assert load_plugin("good", [offer("bad", "missing"), offer("good", "GOOD")]) is GOOD


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("NEWER", "upgrade eventsourced-syncengine"),
        ("OLDER", "upgrade some-connector 1.0"),
        ("WRONG", "names a str and not a syncengine.connector.ConnectorPlugin"),
        ("missing", "cannot be loaded: AttributeError"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named_with_its_distribution(target, says):
    """The message holds the distribution and the way out."""
    with pytest.raises(PluginRejected, match=says) as caught:
        load_plugin("it", [offer("it", target)])
    assert "some-connector 1.0" in str(caught.value)


def test_a_name_that_is_offered_twice_is_refused():
    """Nobody guesses which one was meant."""
    twice = [offer("it", "GOOD", "one 1.0"), offer("it", "GOOD", "two 2.0")]
    with pytest.raises(PluginRejected, match=r"one 1.0 and two 2.0; uninstall one"):
        load_plugin("it", twice)


def test_a_missing_module_is_named():
    """A dependency of the plugin is not installed."""
    point = EntryPoint(name="it", value="no_such_module_here:plugin", group=plugins.GROUP)
    with pytest.raises(PluginRejected, match="needs the module 'no_such_module_here'"):
        load_plugin("it", [InstalledPlugin(name="it", distribution="some 1.0", entry_point=point)])


def test_a_shadowed_connectors_package_is_named():
    """An unrelated package of the same name exists; whoever has both sees which file is in the way."""
    point = EntryPoint(name="huly", value="connectors.no_such_connector:plugin", group=plugins.GROUP)
    hidden = InstalledPlugin(name="huly", distribution="eventsourced-syncengine 0.1", entry_point=point)
    with pytest.raises(PluginRejected, match=r"another distribution has installed a package of the same name") as caught:
        load_plugin("huly", [hidden])
    assert "connectors" in str(caught.value)
    assert "__init__.py" in str(caught.value)


def test_entry_points_without_a_distribution_are_said_so():
    """They can only come from a broken installation."""
    found = [SimpleNamespace(name="it", dist=None)]
    assert installed_plugins(lambda: found)[0].distribution == "an unknown distribution"
