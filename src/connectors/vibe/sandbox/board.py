"""The projects and tasks of a sandbox, held in memory under the rules of the real server's database."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class ProjectRow:
    """A project as stored."""

    id: str
    name: str
    git_repo_path: str
    setup_script: str | None = None
    dev_script: str | None = None
    cleanup_script: str | None = None
    copy_files: str | None = None
    created_at: datetime
    updated_at: datetime


@attrs.frozen(kw_only=True)
class TaskRow:
    """
    A task as stored.

    `row` is the database's own number of the row: the lowest that is higher than all others, so the number of the last
    row is used again after that row was deleted.
    """

    row: int
    id: str
    project_id: str
    title: str
    description: str | None = None
    status: str = "todo"
    created_at: datetime
    updated_at: datetime


class DuplicatePathError(Exception):
    """Another project has exactly this ``git_repo_path``."""


Rows = tuple[dict[str, ProjectRow], dict[str, TaskRow]]


def now() -> datetime:
    """The time, to the millisecond as the server keeps it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Board:
    """
    What the server's database holds.

    A change leaves ``updated_at`` as it was, as on the real server, where only agents move it.
    """

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self._clock = clock
        self._projects: dict[str, ProjectRow] = {}
        self._tasks: dict[str, TaskRow] = {}

    def project(self, project_id: str) -> ProjectRow | None:
        """The project, or None."""
        return self._projects.get(project_id)

    def projects(self) -> list[ProjectRow]:
        """All projects, newest first."""
        return sorted(self._projects.values(), key=lambda p: p.created_at, reverse=True)

    def path_is_taken(self, path: str, *, but_by: str | None = None) -> bool:
        """Whether a project, `but_by` not counted, has exactly this path."""
        return any(p.git_repo_path == path and p.id != but_by for p in self._projects.values())

    def add_project(self, **fields: Any) -> ProjectRow:
        """
        Stores a new project and returns it.

        Raises:
            DuplicatePathError: the path is taken.
        """
        if self.path_is_taken(fields["git_repo_path"]):
            raise DuplicatePathError
        moment = self._clock()
        project = ProjectRow(id=str(uuid.uuid4()), created_at=moment, updated_at=moment, **fields)
        self._projects[project.id] = project
        return project

    def change_project(self, project_id: str, **fields: Any) -> ProjectRow:
        """
        Sets fields of a project that exists and returns it.

        Raises:
            DuplicatePathError: the new path is taken by another project.
        """
        if "git_repo_path" in fields and self.path_is_taken(fields["git_repo_path"], but_by=project_id):
            raise DuplicatePathError
        changed = attrs.evolve(self._projects[project_id], **fields)
        self._projects[project_id] = changed
        return changed

    def remove_project(self, project_id: str) -> list[TaskRow]:
        """Deletes a project that exists and returns its tasks, which went with it."""
        del self._projects[project_id]
        gone = [task for task in self._tasks.values() if task.project_id == project_id]
        for task in gone:
            del self._tasks[task.id]
        return gone

    def task(self, task_id: str) -> TaskRow | None:
        """The task, or None."""
        return self._tasks.get(task_id)

    def tasks(self, project_id: str) -> list[TaskRow]:
        """The tasks of a project, newest first; none for an unknown project."""
        listed = [task for task in self._tasks.values() if task.project_id == project_id]
        return sorted(listed, key=lambda t: t.created_at, reverse=True)

    def add_task(self, **fields: Any) -> TaskRow:
        """Stores a new task and returns it; the project must exist."""
        moment = self._clock()
        # The last one in has the highest number, because each got a higher one than all before.
        row = 1 + next((task.row for task in reversed(self._tasks.values())), 0)
        task = TaskRow(row=row, id=str(uuid.uuid4()), created_at=moment, updated_at=moment, **fields)
        self._tasks[task.id] = task
        return task

    def change_task(self, task_id: str, **fields: Any) -> TaskRow:
        """Sets fields of a task that exists and returns it."""
        changed = attrs.evolve(self._tasks[task_id], **fields)
        self._tasks[task_id] = changed
        return changed

    def remove_task(self, task_id: str) -> TaskRow:
        """Deletes a task that exists and returns it."""
        return self._tasks.pop(task_id)

    def rows(self) -> Rows:
        """All that is stored now, to be given to `put_back`."""
        return dict(self._projects), dict(self._tasks)

    def put_back(self, rows: Rows) -> None:
        """Makes the board as it was when `rows` were taken."""
        self._projects, self._tasks = dict(rows[0]), dict(rows[1])


def project_json(project: ProjectRow) -> dict[str, Any]:
    """A project as the API shows it."""
    return _shown(project)


def task_json(task: TaskRow) -> dict[str, Any]:
    """A task as the API shows it alone."""
    shown = _shown(task)
    del shown["row"]
    return {
        **{k: shown[k] for k in ("id", "project_id", "title", "description", "status")},
        "parent_task_attempt": None,
        **{k: shown[k] for k in ("created_at", "updated_at")},
    }


def listed_task_json(task: TaskRow) -> dict[str, Any]:
    """A task as the API shows it in a list."""
    return {
        **task_json(task),
        "has_in_progress_attempt": False,
        "has_merged_attempt": False,
        "last_attempt_failed": False,
        "profile": "",
    }


def _shown(row: ProjectRow | TaskRow) -> dict[str, Any]:
    return attrs.asdict(row, value_serializer=lambda _row, _field, value: _as_text(value))


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
