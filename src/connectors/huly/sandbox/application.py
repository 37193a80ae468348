"""The sandbox's HTTP application and the data it starts with."""

import socket

from aiohttp import web

from connectors.huly.sandbox.control import CONTROLS, Controls, control_routes
from connectors.huly.sandbox.fault_middleware import FAULTS, REQUESTS, faults_and_counts
from connectors.huly.sandbox.faults import Faults
from connectors.huly.sandbox.model import DEFAULT_PROJECT
from connectors.huly.sandbox.outer_routes import outer_routes
from connectors.huly.sandbox.request_log import RequestLog
from connectors.huly.sandbox.service import Service
from connectors.huly.sandbox.transactor_routes import SERVICE, transactor_routes

HOST = "127.0.0.1"
_LONGEST_LINE = 256 * 1024
_LARGEST_BODY = 64 * 1024 * 1024
_PATIENCE_AT_THE_END_S = 0.2


async def serve(
    service: Service,
    *,
    faults: Faults,
    requests: RequestLog,
    controls: Controls,
    port: int,
) -> tuple[web.AppRunner, int]:
    """Listens on this machine and returns what to clean up, and the port."""
    app = web.Application(middlewares=[faults_and_counts], client_max_size=_LARGEST_BODY)
    app[SERVICE] = service
    app[FAULTS] = faults
    app[REQUESTS] = requests
    app[CONTROLS] = controls
    app.add_routes([*control_routes(), *transactor_routes(), *outer_routes()])
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=service.settings.keep_alive_s,
        max_line_size=_LONGEST_LINE,
        shutdown_timeout=_PATIENCE_AT_THE_END_S,
    )
    await runner.setup()
    listening = socket.create_server((HOST, port))
    await web.SockSite(runner, listening).start()
    return runner, int(listening.getsockname()[1])


def seed(
    service: Service,
    *,
    owner: str,
    email: str,
    password: str,
    slug: str,
    default_project: bool,
) -> None:
    """Makes the workspace, its owner, and the connector's account as a member with role USER."""
    accounts = service.accounts
    ada = accounts.sign_up(email=owner, password=password, first_name="Ada", last_name="Admin")
    connector = accounts.sign_up(email=email, password=password, first_name="Connector", last_name="Account")
    workspace = accounts.create_workspace(ada, slug, slug=slug)
    workspace.members[connector.uuid] = "USER"
    if not default_project:
        del workspace.store.domain("space")[DEFAULT_PROJECT]
    for member in (ada, connector):
        service.desk(workspace).ensure_employee(member)
    service.late.run_all()
