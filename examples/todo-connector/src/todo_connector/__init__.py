"""To-do lists in a JSON file, as a connector for `syncengine`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from syncengine.connector import Connector, ConnectorPlugin, Services

__all__ = ["TodoSettings", "connect", "plugin"]


@frozen(kw_only=True)
class TodoSettings:
    """
    What a person sets for an endpoint of this kind.

    Attributes:
        path: the JSON file with the lists; must exist, so that a lost file is never taken for an empty one.
    """

    path: Path


@asynccontextmanager
async def connect(settings: TodoSettings, services: Services) -> AsyncIterator[Connector]:
    """
    A connector to the lists in `settings.path`.

    Raises:
        EndpointGone: there is no such file.
        RemoteBusy: the file cannot be read now.
    """
    from todo_connector.connector import TodoConnector  # late, so that listing the connectors stays quick

    connector = TodoConnector(settings.path, services.endpoint, services.now)
    await connector.discover()
    yield connector


plugin = ConnectorPlugin(name="todo", settings=TodoSettings, connect=connect, summary="To-do lists in a JSON file")
