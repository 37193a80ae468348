"""Syncs projects and issues of a self-hosted Huly workspace (version 0.7) over its own services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.huly.settings import HulySettings
from syncengine.connector import Connector, ConnectorPlugin, Services

__all__ = ["HulySettings", "connect", "plugin"]


@asynccontextmanager
async def connect(settings: HulySettings, services: Services) -> AsyncIterator[Connector]:
    """
    Log in to the workspace and open the connector.

    Raises:
        ConfigurationError: address, workspace, status or project names in the settings do not fit what is there.
        ConnectorError: the server cannot be reached or refuses us.
    """
    from connectors.huly.opening import open_connector

    async with open_connector(settings, services) as connector:
        yield connector


plugin = ConnectorPlugin(
    name="huly",
    settings=HulySettings,
    connect=connect,
    summary="Huly 0.7: projects and issues of one workspace (title, description, status)",
)
