"""How the engine calls connectors, so that only our own errors come back, and how it does several things at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from syncengine.domain.identity import EndpointName
from syncengine.errors import ConnectorError, ContractViolation, SyncEngineError

T = TypeVar("T")
Item = TypeVar("Item")

AT_ONCE = 64
"""Items worked on at once; the writes in flight are bounded by what each endpoint declares, this bounds the memory."""


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


async def each_of(items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
    """
    Work on all items, a bounded number at once; when one fails for good the others are finished first.

    Raises:
        Exception: what the first failing work raised, as it is.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def bounded(item: Item) -> None:
        async with room:
            await work(item)

    results = await asyncio.gather(*(bounded(item) for item in items), return_exceptions=True)
    for failure in (result for result in results if isinstance(result, BaseException)):
        raise failure
