"""Changing a task: read it, compare, send only what differs, compare the answer. One caller at a time."""

from connectors.vibe.client import VibeClient
from connectors.vibe.payloads import TaskRow
from connectors.vibe.translate import merged, refuse_stale, same_task, task_changes, task_fields
from syncengine.connector import FieldValues, RecordRef
from syncengine.errors import OutcomeUnknown, RecordInvalid, RecordNotFound


async def find_task(client: VibeClient, ref: RecordRef) -> TaskRow | None:
    """The task; None when it is not there or is one of another project, because a task cannot move."""
    task = await client.task(ref.record_id)
    return task if task is not None and task.project_id == ref.container else None


async def update_task(client: VibeClient, ref: RecordRef, patch: FieldValues, expected: FieldValues) -> TaskRow:
    """
    The task with the patch in it; nothing is sent when it holds already.

    Raises:
        StaleRevision: the fields of the patch look otherwise than expected; nothing was written.
        RecordNotFound: the task is not there.
        OutcomeUnknown: also when the answer shows another task than was to be expected. The write was sent, so
            `StaleRevision` ("not made") would be untrue; only looking tells what is there.
    """
    row = await find_task(client, ref)
    if row is None:
        raise RecordNotFound("the task is not there")
    refuse_stale(task_fields(row), expected.only(patch))
    changes = task_changes(row, patch)
    if not changes:
        return row
    answered = await client.change_task(row.id, changes)
    if not same_task(answered, merged(row, changes)):
        raise OutcomeUnknown("the answer shows the task otherwise than it should be; it was edited at the same moment")
    return answered


async def delete_task(client: VibeClient, ref: RecordRef, expected: FieldValues) -> None:
    """
    Removes the task; done as well when it is gone already.

    Raises:
        StaleRevision: it looks otherwise than expected; nothing was deleted.
        RecordInvalid: others were started from an attempt of it (the server fails with a broken reference then).
    """
    row = await find_task(client, ref)
    if row is None:
        return
    refuse_stale(task_fields(row), expected)
    try:
        await client.delete_task(row.id)
    except RecordNotFound as error:
        if await client.task(row.id) is not None:
            raise RecordInvalid("tasks were started from this one; delete those first") from error
