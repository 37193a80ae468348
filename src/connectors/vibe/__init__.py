"""
Vibe Kanban: the local API of the app, with one git repository for each project (version 0.0.71).

Importing this package is cheap; what speaks HTTP is loaded when a connection is opened.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.vibe.settings import VibeSettings
from syncengine.connector import Connector, ConnectorPlugin, Services

__all__ = ["VibeSettings", "connect", "plugin"]


@asynccontextmanager
async def connect(settings: VibeSettings, services: Services) -> AsyncIterator[Connector]:
    """
    A connector to the server at `settings.url`, which has been seen to be of a supported version.

    Raises:
        Unreachable: nothing answers at the URL.
        EndpointGone: something else answers there, or a version that this connector does not speak to.
    """
    from connectors.vibe.connector import open_connector

    async with open_connector(settings, services) as connector:
        yield connector


plugin = ConnectorPlugin(
    name="vibe",
    settings=VibeSettings,
    connect=connect,
    summary="Vibe Kanban, local API with one git repository for each project (0.0.71)",
)
