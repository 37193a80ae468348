"""Checks of what happens under cancellation, errors and several calls at once."""

import asyncio
from collections.abc import Awaitable

from syncengine.connector import FieldValues, Record, RecordRef
from syncengine.errors import ConnectorError, EndpointRefused, PermanentError, RecordRefused, TransientError
from syncengine.testing.subject import Bench, Subject, bench, needs, new_key

BRANCHES = frozenset({ConnectorError, TransientError, PermanentError, RecordRefused, EndpointRefused})
"""Errors that say what to do but not what happened; connectors raise more special ones."""


async def cancelled_calls_leave_the_connector_usable(subject: Subject) -> None:
    """After calls were cancelled at any moment the next ones work as ever."""
    async with bench(subject) as it:
        ref = (await it.make()).ref
        for turns in range(4):
            await _cancelled(it, turns, ref)
        async with asyncio.timeout(it.capabilities.call_timeout_s):
            assert await it.is_there(ref), "the record cannot be read any more"
            await it.connector.discover()


async def _cancelled(it: Bench, turns: int, ref: RecordRef) -> None:
    async def look() -> None:
        await it.connector.fetch(ref)
        await it.list()

    task = asyncio.ensure_future(look())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def errors_are_exact(subject: Subject) -> None:
    """What is asked of a container that is not there is refused with an error that tells what happened."""
    async with bench(subject) as it:
        where, fields = subject.missing_container, it.creatable(0)
        if it.schema.can_create:
            await _refused_exactly("create", it.connector.create(where, new_key(), fields))
        ref = RecordRef(subject.endpoint, where, subject.missing)
        if it.schema.can_update:
            await _refused_exactly("update", it.connector.update(ref, fields, expected=fields))


async def _refused_exactly(operation: str, call: Awaitable[Record]) -> None:
    try:
        got = await call
    except ConnectorError as refusal:
        what = type(refusal)
    except Exception as escaped:
        raise AssertionError(f"{operation} let {type(escaped).__name__} escape: {escaped}") from escaped
    else:
        raise AssertionError(f"{operation} in a container that does not exist answered {got!r}")
    assert what not in BRANCHES, f"{operation} raised {what.__name__}, which is a branch of errors and not a leaf"


async def concurrent_updates_do_not_mix(subject: Subject) -> None:
    """Updates of different records at the same time each land in their own."""
    async with bench(subject) as it:
        needs(it.capabilities.max_concurrent_writes > 1, "only one write may be in flight")
        refs = [(await it.make(it.creatable(0))).ref for _ in range(3)]
        patches = [it.updatable(number) for number in (1, 2, 1)]
        answers = await asyncio.gather(*(it.update(ref, patch) for ref, patch in zip(refs, patches, strict=True)))
        for ref, patch, answer in zip(refs, patches, answers, strict=True):
            assert answer.ref.record_id == ref.record_id, f"the answer to an update of {ref} is {answer.ref}"
            await _landed(it, ref, patch)


async def _landed(it: Bench, ref: RecordRef, patch: FieldValues) -> None:
    foretold = it.connector.as_stored(it.subject.container, patch)
    now = (await it.now(ref)).fields.only(foretold)
    differs = sorted(name for name in foretold if now.get(name) != foretold[name])
    assert not differs, f"{ref} does not hold what was written at the same time as other records: {differs}"


CHECKS = (
    cancelled_calls_leave_the_connector_usable,
    errors_are_exact,
    concurrent_updates_do_not_mix,
)
