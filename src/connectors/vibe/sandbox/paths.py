"""Which part of the API a path names."""

import re
from enum import StrEnum
from urllib.parse import unquote_to_bytes

import attrs

from connectors.vibe.sandbox.uuids import BadUuidError, read_uuid


class PathKind(StrEnum):
    """The kinds of paths, as faults and request counts name them."""

    HEALTH = "health"
    INFO = "info"
    EVENTS = "events"
    PROJECTS = "projects"
    PROJECT = "project"
    BRANCHES = "branches"
    TASKS = "tasks"
    TASK = "task"
    AGENTS = "agents"
    OTHER = "other"


@attrs.frozen
class Place:
    """What a path names: its kind, the text in the place of an id, and what the server calls that text."""

    kind: PathKind
    id_text: str = ""
    id_name: str = ""


class BadPathError(ValueError):
    """The text in the place of an id is none; the message is the server's."""


_FIXED = {
    "/api/health": PathKind.HEALTH,
    "/api/info": PathKind.INFO,
    "/api/events": PathKind.EVENTS,
    "/api/projects": PathKind.PROJECTS,
    "/api/tasks": PathKind.TASKS,
}
_WITH_ID = (
    (re.compile(r"/api/projects/([^/]+)"), PathKind.PROJECT, "id"),
    (re.compile(r"/api/projects/([^/]+)/branches"), PathKind.BRANCHES, "id"),
    (re.compile(r"/api/tasks/([^/]+)"), PathKind.TASK, "task_id"),
)
_AGENTS = re.compile(
    r"/api/(tasks/create-and-start|projects/[^/]+/(search|open-editor)"
    r"|(task-attempts|execution-processes|containers|images|config|profiles|auth|filesystem|sounds|mcp-config)(/.*)?)"
)


def place_of(path: str) -> Place:
    """What a path, as sent and without its query, names; anything but the exact spelling is `PathKind.OTHER`."""
    if path in _FIXED:
        return Place(_FIXED[path])
    if _AGENTS.fullmatch(path):
        return Place(PathKind.AGENTS)
    for pattern, kind, id_name in _WITH_ID:
        if found := pattern.fullmatch(path):
            return Place(kind, found[1], id_name)
    return Place(PathKind.OTHER)


def id_in(place: Place) -> str:
    """
    The id in a path, in its normal spelling.

    Raises:
        BadPathError: it is no UUID.
    """
    try:
        text = unquote_to_bytes(place.id_text).decode()
    except UnicodeDecodeError:
        raise BadPathError(f"Invalid URL: Invalid UTF-8 in `{place.id_name}`") from None
    try:
        return read_uuid(text)
    except BadUuidError as error:
        complaint = f"Invalid URL: Cannot parse `{place.id_name}` with value `{text}`: UUID parsing failed: {error}"
        raise BadPathError(complaint) from None
