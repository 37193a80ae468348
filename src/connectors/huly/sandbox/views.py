"""What a person sees on the screen: issues and projects with names in place of references."""

from typing import Any

import attrs
from attrs import frozen

from connectors.huly.sandbox.markup import EMPTY_PARAGRAPH, plain_text, read_markup, write_markup
from connectors.huly.sandbox.model import ISSUE_STATUS, NO_PARENT, Document
from connectors.huly.sandbox.store import WorkspaceStore


@frozen(kw_only=True)
class IssueSeen:
    """An issue as a person reads it.

    Attributes:
        status: name of the status, or its id where the status does not exist.
        description: markup string, or nothing for an issue that never had one.
        text: the words of the description.
        project: id of the project.
        parent: id of the parent issue.
        modified_on_ms: the server's time stamp, in milliseconds.
        modified_by: social id of the author of the last change.
    """

    id: str
    identifier: str
    number: int
    title: str
    status: str
    description: str | None
    text: str
    project: str
    parent: str | None
    modified_on_ms: int
    modified_by: str

    def as_plain(self) -> dict[str, Any]:
        """The issue as plain data."""
        return attrs.asdict(self)


@frozen(kw_only=True)
class ProjectSeen:
    """A project as a person reads it; `members` are account ids."""

    id: str
    identifier: str
    name: str
    description: str
    members: tuple[str, ...]
    private: bool
    archived: bool

    def as_plain(self) -> dict[str, Any]:
        """The project as plain data."""
        return attrs.asdict(self)


def issue_seen(store: WorkspaceStore, issue: Document) -> IssueSeen:
    """What a person sees of an issue."""
    status = store.find(ISSUE_STATUS, str(issue.get("status")))
    description = description_of(store, issue)
    parent = issue.get("attachedTo", NO_PARENT)
    return IssueSeen(
        id=issue["_id"],
        identifier=issue.get("identifier", ""),
        number=issue.get("number", 0),
        title=issue.get("title", ""),
        status=str(issue.get("status")) if status is None else status["name"],
        description=description,
        text="" if description is None else plain_text(read_markup(description, empty=EMPTY_PARAGRAPH)),
        project=issue["space"],
        parent=None if parent == NO_PARENT else parent,
        modified_on_ms=issue["modifiedOn"],
        modified_by=issue["modifiedBy"],
    )


def project_seen(project: Document) -> ProjectSeen:
    """What a person sees of a project."""
    return ProjectSeen(
        id=project["_id"],
        identifier=project.get("identifier", ""),
        name=project.get("name", ""),
        description=project.get("description", ""),
        members=tuple(project.get("members", [])),
        private=bool(project.get("private")),
        archived=bool(project.get("archived")),
    )


def description_of(store: WorkspaceStore, issue: Document) -> str | None:
    """The markup that the editor shows: the live text, else the snapshot that the field names."""
    live = store.live.get(f"{issue['_id']}%description")
    if live is not None and "description" in live:
        return write_markup(live["description"])
    blob = store.blobs.get(issue.get("description") or "")
    return None if blob is None else blob.text
