"""The API of Vibe Kanban 0.0.71 over a `Board`: one call in, one reply out, nothing of the network."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs

from connectors.vibe.sandbox.board import (
    Board,
    DuplicatePathError,
    TaskRow,
    listed_task_json,
    project_json,
    task_json,
)
from connectors.vibe.sandbox.bodies import (
    CREATE_PROJECT,
    CREATE_TASK,
    UPDATE_PROJECT,
    UPDATE_TASK,
    Shape,
    read_body,
)
from connectors.vibe.sandbox.git_folders import branches, prepare_folder
from connectors.vibe.sandbox.info import INFO
from connectors.vibe.sandbox.json_reader import BodyError
from connectors.vibe.sandbox.paths import BadPathError, PathKind, id_in, place_of
from connectors.vibe.sandbox.replies import (
    Reply,
    failed,
    nothing,
    ok,
    refused,
    text,
    unknown_reference,
    web_page,
)
from connectors.vibe.sandbox.uuids import BadUuidError, read_uuid

_JSON_TYPE = re.compile(r"application/(json|[^;\s]+\+json)\s*(;.*)?", re.IGNORECASE)
_DUPLICATE = "A project with this git repository path already exists"
_SCRIPTS = ("setup_script", "dev_script", "cleanup_script", "copy_files")


@attrs.frozen(kw_only=True)
class Call:
    """A request as it arrived; `body` is None when it was longer than the server takes."""

    method: str
    path: str
    query: str = ""
    content_type: str | None = None
    body: bytes | None = b""


class _AnswerNow(Exception):
    """Not an error: carries the reply that ends a call early."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


Told = Callable[[str, TaskRow], None]
"""Is told of each change of a task: ``insert``, ``update`` or ``delete``, and the row."""

Handler = Callable[[Call, str], Reply]


class Api:
    """Answers calls as the real server does; projects get folders on the disk, relative paths count from `base`."""

    def __init__(self, board: Board, *, base: Path, told: Told) -> None:
        self._board = board
        self._base = base
        self._told = told
        self._handlers: dict[PathKind, dict[str, Handler]] = {
            PathKind.HEALTH: {"GET": lambda _call, _id: ok("OK")},
            PathKind.INFO: {"GET": lambda _call, _id: ok(INFO)},
            PathKind.PROJECTS: {"GET": self._list_projects, "POST": self._create_project},
            PathKind.PROJECT: {
                "GET": self._show_project,
                "PUT": self._change_project,
                "DELETE": self._delete_project,
            },
            PathKind.BRANCHES: {"GET": self._list_branches},
            PathKind.TASKS: {"GET": self._list_tasks, "POST": self._create_task},
            PathKind.TASK: {"GET": self._show_task, "PUT": self._change_task, "DELETE": self._delete_task},
            PathKind.OTHER: {"GET": lambda _call, _id: web_page()},
        }

    def answer(self, call: Call) -> Reply:
        """Carries out one call, whole and at once."""
        place = place_of(call.path)
        if place.kind not in self._handlers:
            return text(501, "The sandbox has no agents, images and settings: use the real server for this path.")
        handlers = self._handlers[place.kind]
        handler = handlers.get("GET" if call.method == "HEAD" else call.method)
        try:
            found = self._existing(id_in(place), place.kind) if place.id_name else ""
            if handler is None:
                raise _AnswerNow(nothing(405))
            return handler(call, found)
        except BadPathError as error:
            reply = text(400, str(error))
        except _AnswerNow as early:
            reply = early.reply
        return reply if handler else attrs.evolve(reply, allow=_allowed(handlers))

    def _existing(self, wanted: str, kind: PathKind) -> str:
        found = self._board.task(wanted) if kind == PathKind.TASK else self._board.project(wanted)
        if found is None:
            raise _AnswerNow(nothing(404))
        return wanted

    def _list_projects(self, _call: Call, _id: str) -> Reply:
        return ok([project_json(project) for project in self._board.projects()])

    def _show_project(self, _call: Call, project_id: str) -> Reply:
        project = self._board.project(project_id)
        return ok(project_json(project)) if project else nothing(404)

    def _create_project(self, call: Call, _id: str) -> Reply:
        fields = _body(call, CREATE_PROJECT)
        use_existing_repo = fields.pop("use_existing_repo")
        path = fields["git_repo_path"]
        if self._board.path_is_taken(path):
            return refused(_DUPLICATE)
        # The folder comes first: what fails later leaves it behind, as on the real server.
        complaint = prepare_folder(path, use_existing_repo=use_existing_repo, base=self._base)
        return refused(complaint) if complaint else ok(project_json(self._board.add_project(**fields)))

    def _change_project(self, call: Call, project_id: str) -> Reply:
        fields = _body(call, UPDATE_PROJECT)
        scripts = {name: fields[name] for name in _SCRIPTS}
        kept_when_null = {n: fields[n] for n in ("name", "git_repo_path") if fields[n] is not None}
        try:
            return ok(project_json(self._board.change_project(project_id, **kept_when_null, **scripts)))
        except DuplicatePathError:
            return refused(_DUPLICATE)

    def _delete_project(self, _call: Call, project_id: str) -> Reply:
        for task in self._board.remove_project(project_id):
            self._told("delete", task)
        return ok(None)

    def _list_branches(self, _call: Call, project_id: str) -> Reply:
        project = self._board.project(project_id)
        path = project.git_repo_path if project else ""
        try:
            return ok(branches(path, base=self._base))
        except OSError:
            reason = f"failed to resolve path '{path}': No such file or directory; class=Os (2); code=NotFound (-3)"
            return failed(f"GitServiceError: {reason}")

    def _list_tasks(self, call: Call, _id: str) -> Reply:
        return ok([listed_task_json(task) for task in self._board.tasks(_project_in_query(call.query))])

    def _show_task(self, _call: Call, task_id: str) -> Reply:
        task = self._board.task(task_id)
        return ok(task_json(task)) if task else nothing(404)

    def _create_task(self, call: Call, _id: str) -> Reply:
        fields = _body(call, CREATE_TASK)
        image_ids, attempt = fields.pop("image_ids"), fields.pop("parent_task_attempt")
        if attempt is not None or self._board.project(fields["project_id"]) is None:
            return unknown_reference()
        task = self._board.add_task(**fields)
        self._told("insert", task)
        # There are no images here, so naming one fails; the real server too has stored the task by then.
        return unknown_reference() if image_ids else ok(task_json(task))

    def _change_task(self, call: Call, task_id: str) -> Reply:
        fields = _body(call, UPDATE_TASK)
        image_ids, attempt = fields.pop("image_ids"), fields.pop("parent_task_attempt")
        if attempt is not None:
            return unknown_reference()
        task = self._board.change_task(task_id, **{k: v for k, v in fields.items() if v is not None})
        self._told("update", task)
        return unknown_reference() if image_ids else ok(task_json(task))

    def _delete_task(self, _call: Call, task_id: str) -> Reply:
        self._told("delete", self._board.remove_task(task_id))
        return ok(None)


def _allowed(handlers: dict[str, Handler]) -> str:
    return ",".join("GET,HEAD" if method == "GET" else method for method in handlers)


def _body(call: Call, shape: Shape) -> dict[str, Any]:
    if not _JSON_TYPE.fullmatch(call.content_type or ""):
        raise _AnswerNow(text(415, "Expected request with `Content-Type: application/json`"))
    if call.body is None:
        raise _AnswerNow(text(413, "Failed to buffer the request body: length limit exceeded"))
    try:
        return read_body(call.body, shape)
    except BodyError as error:
        grammar = error.status == 400
        beginning = "parse the request body as JSON" if grammar else "deserialize the JSON body into the target type"
        raise _AnswerNow(text(error.status, f"Failed to {beginning}: {error}")) from None


def _project_in_query(query: str) -> str:
    wanted: str | None = None
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        if name != "project_id":
            continue
        if wanted is not None:
            raise _bad_query("duplicate field `project_id`")
        try:
            wanted = read_uuid(value)
        except BadUuidError as error:
            raise _bad_query(f"project_id: UUID parsing failed: {error}") from None
    if wanted is None:
        raise _bad_query("missing field `project_id`")
    return wanted


def _bad_query(complaint: str) -> _AnswerNow:
    return _AnswerNow(text(400, f"Failed to deserialize query string: {complaint}"))
