"""What the connector knows of the open workspace: its projects, its statuses, and whose issues we may see."""

from collections.abc import Sequence
from typing import Any

from connectors.huly.collaborator import Collaborator
from connectors.huly.payloads import (
    ISSUE,
    PROJECT,
    PROJECT_TYPE,
    SPACE_OF_SPACES,
    STATUS,
    STATUS_ATTRIBUTE,
    TASK_TYPE,
    Issue,
    Project,
    ProjectType,
    StatusDocument,
    TaskType,
    read,
)
from connectors.huly.settings import HulySettings
from connectors.huly.transactions import Author, join_project
from connectors.huly.transactor import SOURCE, Transactor
from connectors.huly.workflow import Workflow, make_workflow
from syncengine.connector import Services
from syncengine.errors import ConfigurationError, ContainerRefused, PermissionDenied, RecordNotFound, RemoteBusy

_TOMBSTONE = "core:class:TxRemoveDoc"


class Workspace:
    """The open workspace with what was last read of it."""

    def __init__(
        self,
        *,
        settings: HulySettings,
        services: Services,
        transactor: Transactor,
        collaborator: Collaborator,
        workspace_id: str,
        fills_ranks: bool,
    ) -> None:
        self.settings = settings
        self.services = services
        self.transactor = transactor
        self.collaborator = collaborator
        self.workspace_id = workspace_id
        self.fills_ranks = fills_ranks
        self.projects: dict[str, Project] = {}
        self.workflow = Workflow(words={}, task_types={}, project_types={})
        self._unknown_statuses: set[str] = set()
        self._unknown_types: set[str] = set()

    def author(self) -> Author:
        """Us, now."""
        now_ms = int(self.services.now().timestamp() * 1000)
        return Author(social_id=self.transactor.me.social_id, now_ms=now_ms)

    # Statuses.

    async def learn_workflow(self) -> None:
        """
        Read types and statuses.

        Raises:
            ConfigurationError: the settings name a status or a word that does not exist.
        """
        of_issues = {"ofAttribute": STATUS_ATTRIBUTE}
        statuses = await self.transactor.find_all(STATUS, of_issues)
        task_types = await self.transactor.find_all(TASK_TYPE, {"ofClass": ISSUE})
        project_types = await self.transactor.find_all(PROJECT_TYPE, {})
        self.workflow = make_workflow(
            statuses=[read(StatusDocument, document, source=SOURCE) for document in statuses],
            task_types=[read(TaskType, document, source=SOURCE) for document in task_types],
            project_types=[read(ProjectType, document, source=SOURCE) for document in project_types],
            overrides=self.settings.statuses,
        )

    async def learn_new_statuses(self, issues: Sequence[Issue]) -> None:
        """Read the workflow again when issues have statuses that are new to us; once for each of them."""
        new = {issue.status for issue in issues if issue.status and not self.workflow.knows(issue.status)}
        if new - self._unknown_statuses:
            await self.learn_workflow()
            self._unknown_statuses |= {status for status in new if not self.workflow.knows(status)}

    async def _learn_new_types(self, projects: Sequence[Project]) -> None:
        new = {project.type_id for project in projects if project.type_id not in self.workflow.project_types}
        if new - self._unknown_types:
            await self.learn_workflow()
            self._unknown_types = new - self.workflow.project_types.keys()

    # Projects.

    async def learn_projects(self) -> None:
        """
        Read the projects without joining any.

        Raises:
            ConfigurationError: the settings name a project that is not there; lists those there are.
        """
        projects = await self._read_projects()
        self.projects = {project.record_id: project for project in projects if self._is_wanted(project)}
        there = sorted(project.identifier for project in projects)
        missing = [name for name in self.settings.projects if name not in there]
        if missing:
            raise ConfigurationError(
                f"`projects` in the settings: the workspace shows no project {', '.join(map(repr, missing))} to the "
                f"account; it shows {', '.join(there) or 'none'}"
            )

    async def list_projects(self) -> list[Project]:
        """
        All projects we are asked to sync, archived ones included, in one request; unless told otherwise, joins those
        that are in use. A type of projects that is new to us is learned.
        """
        wanted = [project for project in await self._read_projects() if self._is_wanted(project)]
        await self._learn_new_types(wanted)
        joined = [await self._joined(project) for project in wanted]
        self.projects = {project.record_id: project for project in joined}
        return joined

    def is_member(self, project: Project) -> bool:
        """We see the issues of the project."""
        return self.transactor.me.uuid in project.members

    async def readable_project(self, container: str) -> Project:
        """
        A project whose issues we see, by what was last read.

        Raises:
            ContainerRefused: we are no member.
            RecordNotFound: there is no such project.
        """
        project = self.projects.get(container)
        if project is None or (self.joins_projects and not self.is_member(project)):
            await self.list_projects()
            project = self.projects.get(container)
        if project is None:
            raise RecordNotFound(f"Huly shows no project {container}; it was deleted, or made private without us")
        self._refuse_unreadable(project)
        return project

    async def prove_readable(self, container: str) -> None:
        """
        Return only if an empty answer about the issues of a project really means that there are none.

        Raises:
            ContainerRefused: we are no member.
            RemoteBusy: we were none, and have just joined; ask again.
            RecordNotFound: the project cannot be seen, and nothing says that it was deleted.
        """
        project = await self.transactor.find(Project, PROJECT, {"_id": container})
        if project is None:
            await self._prove_deleted(container)
            return
        was_member = self.is_member(project)
        self.projects[container] = await self._joined(project)
        self._refuse_unreadable(self.projects[container])
        if not was_member:
            raise RemoteBusy(f"we were no member of {project.identifier} and have just joined it; ask again")

    async def _read_projects(self) -> list[Project]:
        documents = await self.transactor.find_all(PROJECT, {}, {"showArchived": True})
        return [read(Project, document, source=SOURCE) for document in documents]

    @property
    def joins_projects(self) -> bool:
        """Whether the account may be made a member of a project; never while nothing may be changed."""
        return self.settings.join_projects and not self.services.read_only

    def _is_wanted(self, project: Project) -> bool:
        return not self.settings.projects or project.identifier in self.settings.projects

    async def _joined(self, project: Project) -> Project:
        if self.is_member(project) or project.archived or not self.joins_projects:
            return project
        tx = join_project(self.author(), project.record_id, self.transactor.me.uuid)
        try:
            answer = await self.transactor.apply(tx, changes=False)
        except PermissionDenied:
            return project
        return _from_answer(answer) or project

    def _refuse_unreadable(self, project: Project) -> None:
        if self.is_member(project):
            return
        hint = "" if self.joins_projects else ", or set `join_projects = true`"
        raise ContainerRefused(
            f"the account is no member of project {project.identifier} ({project.name}), so Huly hides its issues. "
            f"Add it to the members of the project in Huly{hint}, or leave the project out with `projects`",
            ref=project.identifier,
        )

    async def _prove_deleted(self, container: str) -> None:
        # The tombstone of a project stays readable when everything else of it is gone (surprise 12).
        query = {"objectId": container, "objectSpace": SPACE_OF_SPACES}
        if not await self.transactor.find_all(_TOMBSTONE, query, {"limit": 1}):
            raise RecordNotFound(f"Huly shows no project {container}; it may have been made private without us")


def _from_answer(answer: Any) -> Project | None:
    document = answer.get("object") if isinstance(answer, dict) else None
    return read(Project, document, source=SOURCE) if document else None
