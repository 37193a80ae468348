"""Work beside other work."""

import asyncio

import pytest

from syncengine.runner.background import running


async def test_jobs_end_with_what_they_stand_beside():
    """However it ends."""
    ended = []

    async def job():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with running(job(), job()):
        await asyncio.sleep(0)
    assert ended == [True, True]
    with pytest.raises(KeyError):
        async with running(job()):
            await asyncio.sleep(0)
            raise KeyError
    assert len(asyncio.all_tasks()) == 1


async def test_jobs_that_never_had_a_turn():
    """There is nothing to wait for."""
    async with running(asyncio.sleep(1)):
        pass
    assert len(asyncio.all_tasks()) == 1


async def test_a_job_that_fails_ends_everything_loudly():
    """A watchdog that is gone without a word is worse than none."""

    async def job():
        raise ValueError("the dog is ill")

    with pytest.raises(ValueError, match="the dog is ill"):
        async with running(job()):
            await asyncio.Event().wait()


async def test_somebody_who_cancels_us_is_obeyed():
    """And no job stays behind."""

    async def beside():
        async with running(asyncio.Event().wait()):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(beside())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1
