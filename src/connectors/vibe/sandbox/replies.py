"""Answers in the shapes of Vibe Kanban 0.0.71: the envelope, plain texts, nothing at all, and the web page."""

import json
from typing import Any

import attrs

from connectors.vibe.sandbox.paths import PathKind

PLAIN = "text/plain; charset=utf-8"

_PAGE = (
    "<!DOCTYPE html>\n"
    '<html lang="en">\n'
    '<head><meta charset="UTF-8"/><title>Vibe Kanban sandbox</title></head>\n'
    "<body><p>This is the sandbox. Where it shows this page, the real server shows its web app.</p></body>\n"
    "</html>\n"
)


@attrs.frozen
class Reply:
    """An answer before it is sent; `allow` is the list of methods that goes with a method that was not."""

    status: int
    content_type: str | None = None
    body: bytes = b""
    allow: str | None = None


def encoded(data: Any) -> bytes:
    """JSON as the server writes it: without blanks, all characters as they are."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def ok(data: Any) -> Reply:
    """The request was carried out."""
    return _envelope(200, success=True, data=data)


def refused(message: str) -> Reply:
    """A rule of the business forbids it: status 200 all the same, with ``success: false``."""
    return _envelope(200, success=False, message=message)


def failed(message: str) -> Reply:
    """The server could not do it: status 500."""
    return _envelope(500, success=False, message=message)


def unknown_reference() -> Reply:
    """The body names a project, an attempt or an image that does not exist."""
    return failed("DatabaseError: error returned from database: (code: 787) FOREIGN KEY constraint failed")


def locked(method: str, path_kind: PathKind) -> Reply:
    """Somebody else held the database for longer than the server waits; nothing was stored."""
    if path_kind == PathKind.PROJECT or (path_kind == PathKind.TASK and method == "GET"):
        return nothing(500)
    failure = "ProjectError: Failed to create project" if (method, path_kind) == ("POST", PathKind.PROJECTS) else None
    return failed(f"{failure or 'DatabaseError'}: error returned from database: (code: 5) database is locked")


def text(status: int, message: str) -> Reply:
    """A complaint in plain text."""
    return Reply(status, PLAIN, message.encode())


def nothing(status: int) -> Reply:
    """A status without a body."""
    return Reply(status)


def web_page() -> Reply:
    """Status 200 with HTML: what any GET gets that the API does not know."""
    return Reply(200, "text/html", _PAGE.encode())


def _envelope(status: int, *, success: bool, data: Any = None, message: str | None = None) -> Reply:
    return Reply(
        status,
        "application/json",
        encoded({"success": success, "data": data, "error_data": None, "message": message}),
    )
