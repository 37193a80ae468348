"""The connector: lists and tasks in the words of the contract."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from syncengine.connector import (
    NO_FIELDS,
    ROOT,
    Capabilities,
    ChangePage,
    ConnectorDefaults,
    Container,
    ContainerId,
    Cursor,
    EndpointName,
    FieldKind,
    FieldSpec,
    FieldValues,
    Kind,
    Record,
    RecordId,
    RecordRef,
    RecordSchema,
    Revision,
    SyncKey,
)
from syncengine.errors import RecordInvalid, RecordNotFound, StaleRevision
from todo_connector.board_file import Rows, changed_lists, read_lists

DESCRIPTION = FieldSpec(name="description", kind=FieldKind.TEXT, initial="")
LIST = RecordSchema(kind=Kind("project"), fields=(FieldSpec(name="name", initial=""), DESCRIPTION))
TASK = RecordSchema(
    kind=Kind("issue"),
    fields=(
        FieldSpec(name="title", initial=""),
        DESCRIPTION,
        FieldSpec(name="status", kind=FieldKind.CHOICE, initial="todo"),
    ),
    can_delete=True,
)
OUR_WORDS = {"backlog": "todo", "in_progress": "doing", "in_review": "doing", "cancelled": "dropped"}
SHARED_WORDS = {"doing": "in_progress", "dropped": "cancelled"}
Result = TypeVar("Result")


class TodoConnector(ConnectorDefaults):
    """
    Lists are the records of the root container, tasks those of their list.

    What we create has its sync key as its id: it is found without a search and cannot be made twice.
    """

    def __init__(self, path: Path, endpoint: EndpointName, now: Callable[[], datetime]) -> None:
        self._path, self._endpoint, self._now = path, endpoint, now

    @property
    def capabilities(self) -> Capabilities:
        """No conditional writes: an editor asks nobody for a lock and can save between our look and our write."""
        return Capabilities(schemas=(LIST, TASK), key_storage="id", call_timeout_s=10.0)

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """Texts as they are; statuses as far as we have a word for them."""
        return FieldValues({name: shared(name, value) for name, value in ours(container, fields).items()})

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """A list is known by its name; tasks are never guessed, two of them may well be called the same."""
        name = str(fields.get("name") or "").strip().casefold()
        return (name,) if container == ROOT and name else ()

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId | None:
        """The key is the id."""
        del container
        return RecordId(key)

    async def discover(self) -> Sequence[Container]:
        """The root, and one container for each list."""
        lists = await asyncio.to_thread(read_lists, self._path)
        root = Container(container_id=ROOT, kind=LIST.kind, title="lists")
        names = {it: str(lists[it].get("name", it)) for it in lists}
        return [root, *(Container(container_id=ContainerId(it), kind=TASK.kind, title=names[it]) for it in names)]

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """One page with everything."""
        del since, known
        taken_at = self._now()
        rows = rows_of(await asyncio.to_thread(read_lists, self._path), container)
        yield ChangePage(changes=tuple(self._record(container, it, rows) for it in rows), taken_at=taken_at, complete=True)

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The record as the file has it now."""
        try:
            found = await self.find_by_key(ref.container, SyncKey(ref.record_id), NO_FIELDS)
        except RecordNotFound:  # the whole list is gone
            return None
        return found[0] if found else None

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """The key is the id, so at most one."""
        del fields
        rows = rows_of(await asyncio.to_thread(read_lists, self._path), container)
        return [self._record(container, key, rows)] if key in rows else []

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """A new list or task; what this key has made before stays as it is."""

        def make(rows: Rows) -> Record:
            if key not in rows:
                rows[key] = ours(container, fields) | ({"tasks": {}} if container == ROOT else {})
            return self._record(container, key, rows)

        return await asyncio.to_thread(self._change, container, make)

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """Set these fields, if the others look as expected."""

        def write(rows: Rows) -> Record:
            self._require(ref, expected, rows)
            rows[ref.record_id].update(ours(ref.container, patch))
            return self._record(ref.container, ref.record_id, rows)

        return await asyncio.to_thread(self._change, ref.container, write)

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """Remove a task; a list would take all its tasks with it and is refused."""
        if ref.container == ROOT:
            raise RecordInvalid("a list is not deleted by this connector: all its tasks would go with it")

        def remove(rows: Rows) -> None:
            if ref.record_id in rows:
                self._require(ref, expected, rows)
                del rows[ref.record_id]

        await asyncio.to_thread(self._change, ref.container, remove)

    def _change(self, container: ContainerId, change: Callable[[Rows], Result]) -> Result:
        with changed_lists(self._path) as lists:
            return change(rows_of(lists, container))

    def _record(self, container: ContainerId, record_id: str, rows: Rows) -> Record:
        specs = schema_of(container).fields
        row = {specs[0].name: record_id, **rows[record_id]}  # what was written by hand without a title is called by its id
        fields = self.as_stored(container, FieldValues({it.name: row.get(it.name, it.initial) for it in specs}))
        ref = RecordRef(self._endpoint, container, RecordId(record_id))
        return Record(ref=ref, fields=fields, label=str(fields[specs[0].name]) or None)

    def _require(self, ref: RecordRef, expected: FieldValues, rows: Rows) -> None:
        if ref.record_id not in rows:
            raise RecordNotFound(f"{ref} is not in {self._path}")
        now = self._record(ref.container, ref.record_id, rows).fields
        if moved := sorted(name for name in expected if now.get(name) != expected[name]):
            raise StaleRevision(f"{', '.join(moved)} changed meanwhile; nothing was written")


def schema_of(container: ContainerId) -> RecordSchema:
    """What the records of a container are."""
    return LIST if container == ROOT else TASK


def rows_of(lists: Rows, container: ContainerId) -> Rows:
    """
    The lists, or the tasks of one list.

    Raises:
        RecordNotFound: there is no such list; it is never taken for an empty one.
    """
    if container == ROOT:
        return lists
    if container not in lists:
        raise RecordNotFound(f"there is no list {container!r}")
    tasks: Rows = lists[container]["tasks"]
    return tasks


def ours(container: ContainerId, fields: FieldValues) -> dict[str, str]:
    """These values as they stand in the file."""
    texts = {name: "" if value is None else str(value) for name, value in fields.items()}
    readable = schema_of(container).readable
    return {
        name: OUR_WORDS.get(text, text) if name == "status" else text for name, text in texts.items() if name in readable
    }


def shared(name: str, value: object) -> str:
    """A value of the file in the words all endpoints share."""
    text = "" if value is None else str(value)
    return SHARED_WORDS.get(text, text) if name == "status" else text
