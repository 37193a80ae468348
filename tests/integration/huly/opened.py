"""A Huly sandbox and connectors to it."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from connectors.huly import HulySettings, connect
from connectors.huly.sandbox import HulySandbox
from syncengine.connector import (
    ChangePage,
    Connector,
    ContainerId,
    EndpointName,
    Record,
    RecordId,
    Revision,
    Services,
    SyncKey,
)

HULY = EndpointName("huly")
KEY = SyncKey("0123456789abcdef" * 2)
OTHER_KEY = SyncKey("fedcba9876543210" * 2)


def settings_for(sandbox: HulySandbox, **more: Any) -> HulySettings:
    """Settings that fit, without a brake."""
    fitting = {
        "url": sandbox.url,
        "workspace": sandbox.slug,
        "email": sandbox.email,
        "password": sandbox.password,
        "requests_per_s": 1000,
        "timeout_s": 10,
    }
    return HulySettings(**(fitting | more))


def opened(sandbox: HulySandbox, **more: Any) -> AbstractAsyncContextManager[Connector]:
    """An open connector."""
    return connect(settings_for(sandbox, **more), Services(endpoint=HULY))


async def pages_of(connector: Connector, container: str, known: dict[RecordId, Revision] | None = None) -> list[ChangePage]:
    """All pages of a listing."""
    return [page async for page in connector.list_changes(ContainerId(container), None, known or {})]


async def records_of(connector: Connector, container: str) -> list[Record]:
    """All records of a container."""
    return [change for page in await pages_of(connector, container) for change in page.changes]


def revisions(records: list[Record]) -> dict[RecordId, Revision]:
    """What the engine would know after reading these."""
    return {record.ref.record_id: record.revision for record in records}
