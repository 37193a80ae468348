"""Finds connectors by entry point and loads them by name, only when they are asked for."""

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points

from attrs import frozen

from syncengine.connector import INTERFACE_VERSION, ConnectorPlugin
from syncengine.errors import PluginRejected, UnknownConnector

GROUP = "syncengine.connectors"
OWN_DISTRIBUTION = "eventsourced-syncengine"


@frozen(kw_only=True)
class InstalledPlugin:
    """
    A connector somebody installed; not loaded yet.

    Attributes:
        distribution: name and version of the distribution that offers it.
    """

    name: str
    distribution: str
    entry_point: EntryPoint


def installed_plugins(found: Callable[[], Iterable[EntryPoint]] | None = None) -> Sequence[InstalledPlugin]:
    """
    Every connector that is installed, by name.

    Args:
        found: where entry points come from, for tests.
    """
    points = found() if found else entry_points(group=GROUP)
    plugins = [InstalledPlugin(name=it.name, distribution=_distribution(it), entry_point=it) for it in points]
    return sorted(plugins, key=lambda plugin: (plugin.name, plugin.distribution))


def load_plugin(name: str, plugins: Sequence[InstalledPlugin] | None = None) -> ConnectorPlugin:
    """
    The connector of this name.

    Raises:
        UnknownConnector: nobody offers it; the message lists what is installed.
        PluginRejected: it is offered twice, cannot be imported, or was written for another interface version.
    """
    everybody = installed_plugins() if plugins is None else plugins
    offers = [plugin for plugin in everybody if plugin.name == name]
    if not offers:
        names = ", ".join(sorted({plugin.name for plugin in everybody})) or "none"
        raise UnknownConnector(
            f'no connector named "{name}" is installed; installed: {names}. '
            "Check the spelling, or install the distribution that offers it"
        )
    if len(offers) > 1:
        owners = " and ".join(plugin.distribution for plugin in offers)
        raise PluginRejected(f'the connector "{name}" is offered by {owners}; uninstall one of them')
    return _checked(offers[0], _loaded(offers[0]))


def _loaded(plugin: InstalledPlugin) -> object:
    try:
        return plugin.entry_point.load()
    except ModuleNotFoundError as error:
        raise PluginRejected(_missing_module(plugin, error)) from error
    except Exception as error:
        raise PluginRejected(
            f'the connector "{plugin.name}" of {plugin.distribution} cannot be loaded: {type(error).__name__}: {error}; '
            f"reinstall or report it to the authors of {plugin.distribution}"
        ) from error


def _missing_module(plugin: InstalledPlugin, error: ModuleNotFoundError) -> str:
    if plugin.distribution.startswith(OWN_DISTRIBUTION) and (error.name or "").startswith("connectors"):
        shadow = getattr(sys.modules.get("connectors"), "__file__", None) or "an unknown place"
        return (
            f'the connector "{plugin.name}" is hidden: another distribution has installed a package of the same name '
            f'"connectors" (found at {shadow}). Uninstall that one, or use an environment of its own for {OWN_DISTRIBUTION}'
        )
    return (
        f'the connector "{plugin.name}" of {plugin.distribution} needs the module {error.name!r}, which is not installed; '
        f"reinstall {plugin.distribution} with its dependencies"
    )


def _checked(plugin: InstalledPlugin, loaded: object) -> ConnectorPlugin:
    if not isinstance(loaded, ConnectorPlugin):
        raise PluginRejected(
            f'the entry point "{plugin.name}" of {plugin.distribution} names a {type(loaded).__name__} '
            "and not a syncengine.connector.ConnectorPlugin; report it to its authors"
        )
    if loaded.interface_version != INTERFACE_VERSION:
        newer = loaded.interface_version > INTERFACE_VERSION
        cure = "upgrade eventsourced-syncengine" if newer else f"upgrade {plugin.distribution}"
        raise PluginRejected(
            f'the connector "{plugin.name}" of {plugin.distribution} was written for interface version '
            f"{loaded.interface_version}, this is version {INTERFACE_VERSION}; {cure}"
        )
    return loaded


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"
