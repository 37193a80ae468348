"""
Huly's statuses in the words all endpoints share, and back. Pure.

A word comes from the settings, else from the name of a status, else from its category. On the way back only statuses of
the issue's own kind are chosen; Huly itself would store any (observed 32).
"""

from collections.abc import Mapping, Sequence

from attrs import frozen

from connectors.huly.payloads import STOCK_PROJECT_TYPE, TRACKER_DESCRIPTOR, ProjectType, StatusDocument, TaskType
from syncengine.errors import ConfigurationError

BACKLOG, TODO, IN_PROGRESS, IN_REVIEW, DONE, CANCELLED = WORDS = (
    "backlog",
    "todo",
    "in_progress",
    "in_review",
    "done",
    "cancelled",
)

_BY_NAME: Mapping[str, str] = {
    "backlog": BACKLOG,
    "todo": TODO,
    "to do": TODO,
    "in progress": IN_PROGRESS,
    "in review": IN_REVIEW,
    "review": IN_REVIEW,
    "code review": IN_REVIEW,
    "done": DONE,
    "completed": DONE,
    "canceled": CANCELLED,
    "cancelled": CANCELLED,
}

_BY_CATEGORY: Mapping[str, str] = {
    "task:statusCategory:UnStarted": BACKLOG,
    "task:statusCategory:ToDo": TODO,
    "task:statusCategory:Active": IN_PROGRESS,
    "task:statusCategory:Won": DONE,
    "task:statusCategory:Lost": CANCELLED,
}

_NEXT_BEST: Mapping[str, Sequence[str]] = {
    BACKLOG: (TODO, IN_PROGRESS, IN_REVIEW, DONE, CANCELLED),
    TODO: (BACKLOG, IN_PROGRESS, IN_REVIEW, DONE, CANCELLED),
    IN_PROGRESS: (IN_REVIEW, TODO, BACKLOG, DONE, CANCELLED),
    IN_REVIEW: (IN_PROGRESS, TODO, BACKLOG, DONE, CANCELLED),
    DONE: (CANCELLED, IN_REVIEW, IN_PROGRESS, TODO, BACKLOG),
    CANCELLED: (DONE, BACKLOG, TODO, IN_PROGRESS, IN_REVIEW),
}


@frozen(kw_only=True)
class Workflow:
    """
    What the workspace knows of statuses.

    Attributes:
        words: shared word by status id.
        task_types, project_types: by id.
    """

    words: Mapping[str, str]
    task_types: Mapping[str, TaskType]
    project_types: Mapping[str, ProjectType]

    def knows(self, status: str | None) -> bool:
        """The workspace has such a status."""
        return status in self.words

    def word_of(self, status: str | None) -> str:
        """The shared word of a status; "backlog" for one that does not exist, as nobody has begun work under it."""
        return self.words.get(status or "", BACKLOG)

    def task_type_of(self, project_type: str) -> str:
        """The kind that new issues of such a project get; empty when it has none."""
        wanted = self.project_types.get(project_type)
        listed = wanted.tasks if wanted else ()
        inside = [kind.record_id for kind in self.task_types.values() if kind.parent == project_type]
        return next((kind for kind in (*listed, *inside) if kind in self.task_types), "")

    def status_for(self, word: str, task_type: str) -> str | None:
        """
        The status an issue of this kind gets for a word: the first with that very word, else the nearest.

        Returns:
            None when the kind has no status at all or the word is unknown.
        """
        kind = self.task_types.get(task_type)
        statuses = kind.statuses if kind else ()
        for wish in (word, *_NEXT_BEST.get(word, ())):
            found = next((status for status in statuses if self.words.get(status) == wish), None)
            if found is not None and word in _NEXT_BEST:
                return found
        return None

    def stored_word(self, word: str, project_type: str) -> str:
        """The word that comes back after a new issue of such a project was given this one."""
        status = self.status_for(word, self.task_type_of(project_type))
        return self.word_of(status) if status is not None else word

    def type_for_new_projects(self) -> ProjectType | None:
        """The stock type where it exists, else the first of the tracker."""
        stock = self.project_types.get(STOCK_PROJECT_TYPE)
        others = (kind for kind in self.project_types.values() if kind.descriptor == TRACKER_DESCRIPTOR)
        return stock or next(others, None)


def make_workflow(
    *,
    statuses: Sequence[StatusDocument],
    task_types: Sequence[TaskType],
    project_types: Sequence[ProjectType],
    overrides: Mapping[str, str],
) -> Workflow:
    """
    The workflow of a workspace.

    Args:
        overrides: shared word by name of a status, from the settings.

    Raises:
        ConfigurationError: an override names a status or a word that does not exist.
    """
    chosen = {_plain(name): word for name, word in overrides.items()}
    _refuse_unknown(overrides, statuses)
    words = {status.record_id: chosen.get(_plain(status.name)) or _word(status) for status in statuses}
    return Workflow(
        words=words,
        task_types={kind.record_id: kind for kind in task_types},
        project_types={kind.record_id: kind for kind in project_types},
    )


def _word(status: StatusDocument) -> str:
    return _BY_NAME.get(_plain(status.name)) or _BY_CATEGORY.get(status.category, BACKLOG)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _refuse_unknown(overrides: Mapping[str, str], statuses: Sequence[StatusDocument]) -> None:
    there = {_plain(status.name): status.name for status in statuses}
    names = sorted(name for name in overrides if _plain(name) not in there)
    words = sorted({word for word in overrides.values() if word not in WORDS})
    problems = []
    if names:
        known = ", ".join(sorted(set(there.values())))
        problems.append(f"the workspace has no status {', '.join(map(repr, names))}; it has {known}")
    if words:
        problems.append(f"there is no shared word {', '.join(map(repr, words))}; use {', '.join(WORDS)}")
    if problems:
        raise ConfigurationError(f"`statuses` in the settings: {'; '.join(problems)}")
