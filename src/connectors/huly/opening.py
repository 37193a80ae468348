"""Opens the connector: finds the services, logs in, and learns what the workspace has."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.huly.account import WorkspaceSession, read_server_config
from connectors.huly.collaborator import Collaborator
from connectors.huly.connector import HulyConnector
from connectors.huly.payloads import ServerConfig
from connectors.huly.settings import HulySettings
from connectors.huly.transactor import Transactor
from connectors.huly.wire import Wire, http_url, open_wire
from connectors.huly.workspace import Workspace
from syncengine.connector import Services
from syncengine.errors import ConfigurationError

_FIRST_WITH_RANKS = (0, 7, 411)


@asynccontextmanager
async def open_connector(settings: HulySettings, services: Services) -> AsyncIterator[HulyConnector]:
    """
    The connector, logged in and checked against the workspace.

    Raises:
        ConfigurationError, ConnectorError: as `connectors.huly.connect`.
    """
    async with open_wire(settings) as wire:
        yield HulyConnector(await _open_workspace(wire, settings, services))


async def _open_workspace(wire: Wire, settings: HulySettings, services: Services) -> Workspace:
    config = await read_server_config(wire, settings)
    if not config.collaborator_url:
        raise ConfigurationError("the server does not say where its collaborator is; set `collaborator_url`")
    session = WorkspaceSession(wire, settings, http_url(config.accounts_url))
    entrance = await session.enter()
    transactor = Transactor(wire, session, url=settings.transactor_url)
    await transactor.warm_up()
    workspace = Workspace(
        settings=settings,
        services=services,
        transactor=transactor,
        collaborator=Collaborator(wire, session, http_url(config.collaborator_url)),
        workspace_id=entrance.workspace,
        fills_ranks=_fills_ranks(config),
    )
    await workspace.learn_workflow()
    await workspace.learn_projects()
    return workspace


def _fills_ranks(config: ServerConfig) -> bool:
    """Servers of 0.7.411 and later give an issue its place themselves; one that hides its version is taken for such."""
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", config.version)
    return numbers is None or tuple(int(number) for number in numbers.groups()) >= _FIRST_WITH_RANKS
