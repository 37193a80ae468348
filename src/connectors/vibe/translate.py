"""
Between the words all endpoints share and those of Vibe Kanban. Pure.

Texts are kept to the last byte; what differs is the spelling of the status, `null` for an empty description, and the
marker at its end, which no field value ever shows.
"""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from connectors.vibe.marker import MarkedText, read_marker, with_marker
from connectors.vibe.payloads import ProjectRow, TaskRow
from syncengine.connector import (
    ROOT,
    ContainerId,
    FieldKind,
    FieldName,
    FieldSpec,
    FieldValue,
    FieldValues,
    Kind,
    RecordSchema,
    SyncKey,
)
from syncengine.errors import RecordInvalid, StaleRevision

PROJECT = Kind("project")
ISSUE = Kind("issue")

_WORD_STORED_AS = {
    "backlog": "todo",  # there is no backlog here
    "todo": "todo",
    "in_progress": "inprogress",
    "in_review": "inreview",
    "done": "done",
    "cancelled": "cancelled",
}
_WORD_READ_FROM = {stored: word for word, stored in _WORD_STORED_AS.items() if word != "backlog"}

FIRST_STATUS = "todo"
"""What every new task has, whatever the create says."""

PROJECT_SCHEMA = RecordSchema(
    kind=PROJECT,
    fields=(
        FieldSpec(name="name"),
        FieldSpec(name="path", creatable=False, updatable=False),
        FieldSpec(name="description", kind=FieldKind.TEXT, readable=False, updatable=False),
        FieldSpec(name="identifier", readable=False, updatable=False),
    ),
)

ISSUE_SCHEMA = RecordSchema(
    kind=ISSUE,
    fields=(
        FieldSpec(name="title"),
        FieldSpec(name="description", kind=FieldKind.TEXT),
        FieldSpec(name="status", kind=FieldKind.CHOICE, creatable=False, initial=FIRST_STATUS),
    ),
    can_delete=True,
)


def text_of(fields: Mapping[FieldName, FieldValue], name: str) -> str:
    """
    A field that holds text; empty when it is missing or None.

    Raises:
        RecordInvalid: it holds something else.
    """
    value = fields.get(FieldName(name))
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordInvalid(f"the field {name} holds text here, not {value!r}")
    return value


def stored_status(word: FieldValue) -> str:
    """
    The server's word for a status.

    Raises:
        RecordInvalid: there is no such status; the message names those there are.
    """
    stored = _WORD_STORED_AS.get(word) if isinstance(word, str) else None
    if stored is None:
        known = ", ".join(_WORD_STORED_AS)
        raise RecordInvalid(f"the status {word!r} is unknown here; map it to one of {known} on the side it comes from")
    return stored


def read_status(stored: str) -> str:
    """The shared word for a status; a word no version we know sends is passed on as it is."""
    return _WORD_READ_FROM.get(stored, stored)


def as_stored(container: ContainerId, fields: FieldValues) -> FieldValues:
    """
    How these values would be read back after a write; fields that cannot be read are left out.

    Raises:
        RecordInvalid: a value that no write could store.
    """
    schema = PROJECT_SCHEMA if container == ROOT else ISSUE_SCHEMA
    return FieldValues({name: _spelled(name, fields) for name in fields if name in schema.readable})


def _spelled(name: FieldName, fields: FieldValues) -> str:
    return read_status(stored_status(fields[name])) if name == "status" else text_of(fields, name)


def project_fields(row: ProjectRow) -> FieldValues:
    """A project in shared words."""
    return FieldValues(name=row.name, path=row.git_repo_path)


def replacement(row: ProjectRow, patch: FieldValues) -> ProjectRow:
    """
    The project as it should be afterwards.

    Raises:
        RecordInvalid: a field that cannot be changed.
    """
    _refuse_others(patch, PROJECT_SCHEMA)
    return evolve(row, name=text_of(patch, "name")) if "name" in patch else row


def replacement_body(row: ProjectRow) -> dict[str, Any]:
    """All fields of the project, because the server clears the scripts that it is not sent."""
    return {
        "name": row.name,
        "git_repo_path": row.git_repo_path,
        "setup_script": row.setup_script,
        "dev_script": row.dev_script,
        "cleanup_script": row.cleanup_script,
        "copy_files": row.copy_files,
    }


def stored_text(row: TaskRow) -> MarkedText:
    """The description of a task and its sync key; none and empty are the same."""
    return read_marker(row.description or "")


def task_fields(row: TaskRow) -> FieldValues:
    """A task in shared words, its description without the marker."""
    return FieldValues(title=row.title, description=stored_text(row).text, status=read_status(row.status))


def new_task_body(project_id: str, key: SyncKey, fields: FieldValues) -> dict[str, Any]:
    """A new task that carries the key; its status is told in a second write, because a create ignores it."""
    description = with_marker(text_of(fields, "description"), key)
    return {"project_id": project_id, "title": text_of(fields, "title"), "description": description}


def task_changes(row: TaskRow, patch: FieldValues) -> dict[str, str]:
    """
    What to send so that the patch holds afterwards, without what holds already. The marker stays as it is now.

    Raises:
        RecordInvalid: a value or field that cannot be stored.
    """
    _refuse_others(patch, ISSUE_SCHEMA)
    wanted: dict[str, str] = {}
    if "title" in patch:
        wanted["title"] = text_of(patch, "title")
    if "description" in patch and text_of(patch, "description") != stored_text(row).text:
        wanted["description"] = with_marker(text_of(patch, "description"), stored_text(row).key)
    if "status" in patch:
        wanted["status"] = stored_status(patch["status"])
    now = {"title": row.title, "status": row.status}
    return {name: value for name, value in wanted.items() if now.get(name) != value}


def merged(row: TaskRow, changes: Mapping[str, str]) -> TaskRow:
    """The task as it should be after the changes."""
    return evolve(row, **changes)


def same_task(one: TaskRow, other: TaskRow) -> bool:
    """Whether two rows hold the same, null and empty description being equal."""
    return evolve(one, description=one.description or "") == evolve(other, description=other.description or "")


def refuse_stale(current: FieldValues, expected: FieldValues) -> None:
    """
    Returns when the fields look as expected.

    Raises:
        StaleRevision: some do not; their names are in the message, their values are not.
    """
    moved = sorted(name for name, value in expected.items() if current.get(name) != value)
    if moved:
        raise StaleRevision(f"{', '.join(moved)} changed meanwhile; nothing was written")


def _refuse_others(patch: FieldValues, schema: RecordSchema) -> None:
    fixed = sorted(name for name in patch if (spec := schema.spec(name)) is None or not spec.updatable)
    if fixed:
        raise RecordInvalid(f"{', '.join(fixed)} of a {schema.kind} cannot be changed here")
