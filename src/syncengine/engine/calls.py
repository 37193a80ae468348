"""One place where the engine calls connectors, so that nothing but our own errors comes back."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from syncengine.domain.identity import EndpointName
from syncengine.errors import ConnectorError, ContractViolation, SyncEngineError

T = TypeVar("T")


async def asked(endpoint: EndpointName, operation: str, call: Awaitable[T], *, ref: str | None = None) -> T:
    """
    What the connector answers.

    Raises:
        ConnectorError: with endpoint, operation and ref filled in.
        ContractViolation: the connector let something else escape.
    """
    try:
        return await call
    except ConnectorError as error:
        error.endpoint = error.endpoint or endpoint
        error.operation = error.operation or operation
        error.ref = error.ref or ref
        raise
    except SyncEngineError:
        raise
    except Exception as error:
        message = f"the connector let a {type(error).__name__} escape ({error}); a bug in the connector, please report it"
        raise ContractViolation(message, endpoint=endpoint, operation=operation, ref=ref) from error


async def together(*jobs: Coroutine[Any, Any, T]) -> list[T]:
    """
    The results of all jobs in their order; when one fails the others are cancelled and waited for first.

    Raises:
        Exception: what the first failing job raised, as it is (no exception group).
    """
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
