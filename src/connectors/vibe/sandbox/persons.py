"""Edits that persons make on the board of a sandbox: no requests, so neither counted nor hit by a fault."""

from pathlib import Path

from connectors.vibe.sandbox.api import Told
from connectors.vibe.sandbox.board import Board, ProjectRow, TaskRow
from connectors.vibe.sandbox.bodies import STATUSES
from connectors.vibe.sandbox.git_folders import prepare_folder


class Persons:
    """What persons do to a board in the web app, without the web app."""

    def __init__(self, board: Board, *, base: Path, told: Told) -> None:
        self._board = board
        self._base = base
        self._told = told

    def create_project(self, name: str, git_repo_path: str | None = None, *, use_existing_repo: bool = False) -> ProjectRow:
        """
        A new project; without a path it gets a folder of its own under the sandbox's root.

        Raises:
            ValueError: the path cannot be used; says why in the server's words.
            DuplicatePathError: another project has the path.
        """
        path = git_repo_path or str(self._free_folder())
        complaint = prepare_folder(path, use_existing_repo=use_existing_repo, base=self._base)
        if complaint:
            raise ValueError(complaint)
        return self._board.add_project(name=name, git_repo_path=path)

    def create_task(
        self, project: ProjectRow | str, title: str, description: str | None = None, *, status: str = "todo"
    ) -> TaskRow:
        """
        A new task of a project (the row or its id).

        Raises:
            ValueError: no such project or status.
        """
        project_id = _id_of(project)
        if self._board.project(project_id) is None:
            raise ValueError(f"There is no project {project_id!r} on this board.")
        fields = {"title": title, "description": description, "status": _known(status)}
        task = self._board.add_task(project_id=project_id, **fields)
        self._told("insert", task)
        return task

    def edit_task(
        self,
        task: TaskRow | str,
        *,
        title: str | None = None,
        description: str | None = None,
        status: str | None = None,
    ) -> TaskRow:
        """
        Sets the given fields of a task (the row or its id); None keeps a field.

        Raises:
            ValueError: no such task or status.
        """
        given = {"title": title, "description": description, "status": status and _known(status)}
        changes = {name: value for name, value in given.items() if value is not None}
        changed = self._board.change_task(self._existing(task), **changes)
        self._told("update", changed)
        return changed

    def delete_task(self, task: TaskRow | str) -> None:
        """
        Deletes a task (the row or its id).

        Raises:
            ValueError: no such task.
        """
        self._told("delete", self._board.remove_task(self._existing(task)))

    def tasks(self, project: ProjectRow | str) -> list[TaskRow]:
        """The tasks of a project (the row or its id), newest first."""
        return self._board.tasks(_id_of(project))

    def projects(self) -> list[ProjectRow]:
        """All projects, newest first."""
        return self._board.projects()

    def _existing(self, task: TaskRow | str) -> str:
        task_id = _id_of(task)
        if self._board.task(task_id) is None:
            raise ValueError(f"There is no task {task_id!r} on this board.")
        return task_id

    def _free_folder(self) -> Path:
        number = 1
        while (folder := self._base / "repos" / f"project-{number}").exists():
            number += 1
        return folder


def _id_of(row: ProjectRow | TaskRow | str) -> str:
    return row if isinstance(row, str) else row.id


def _known(status: str) -> str:
    if status not in STATUSES:
        raise ValueError(f"There is no status {status!r}; the board has {', '.join(STATUSES)}.")
    return status
