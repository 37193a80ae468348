"""Work that goes on beside something else, and ends with it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def running(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """
    These jobs run while inside; afterwards they are cancelled and waited for.

    Raises:
        Exception: what a job failed with; it ends everything inside, for nobody should rely on a job that is gone.
    """
    inside, failed = asyncio.current_task(), []

    async def watched(job: Coroutine[Any, Any, None]) -> None:
        try:
            await job
        except Exception as error:  # noqa: BLE001 - raised again where everybody sees it
            failed.append(error)
            if inside is not None:
                inside.cancel()

    tasks = [asyncio.ensure_future(watched(job)) for job in jobs]
    try:
        yield
    except asyncio.CancelledError:
        if not failed:
            raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in jobs:
            job.close()  # one that was cancelled before its first step
    if failed:
        raise failed[0]
