"""The connector: each method a few lines on the client (what is sent) and the translation (what it means)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from connectors.vibe.client import VibeClient
from connectors.vibe.payloads import ProjectRow, TaskRow
from connectors.vibe.project_names import ProjectNames
from connectors.vibe.project_writes import create_project, update_project
from connectors.vibe.settings import VibeSettings
from connectors.vibe.task_writes import delete_task, find_task, update_task
from connectors.vibe.translate import (
    ISSUE,
    ISSUE_SCHEMA,
    PROJECT,
    PROJECT_SCHEMA,
    as_stored,
    new_task_body,
    project_fields,
    stored_text,
    task_fields,
    text_of,
)
from syncengine.connector import (
    ROOT,
    Capabilities,
    ChangePage,
    ConnectorDefaults,
    Container,
    ContainerId,
    Cursor,
    FieldValues,
    Record,
    RecordId,
    RecordRef,
    Revision,
    Services,
    SyncKey,
)
from syncengine.errors import RecordInvalid
from syncengine.http import open_session

_CALLS_A_METHOD = 3
"""The most requests one method makes; the engine waits for as many timeouts."""


@asynccontextmanager
async def open_connector(settings: VibeSettings, services: Services) -> AsyncIterator["VibeConnector"]:
    """
    A connector to a server that has been seen to be of a supported version.

    Raises:
        Unreachable, EndpointGone: as `VibeClient.require_supported`.
    """
    headers = {"Accept": "application/json"}
    async with open_session(timeout_s=settings.timeout_s, headers=headers) as session:
        client = VibeClient(session, settings.base_url, settings.suspect_after_s)
        connector = VibeConnector(client, settings, services)
        connector.remember(await client.require_supported())
        yield connector


class VibeConnector(ConnectorDefaults):
    """
    One Vibe Kanban server.

    Projects are the records of the root container, tasks ("issue") those of their project. Listings are always full:
    the server has no cursor, and its `updated_at` does not move when a person edits (observed with 0.0.71).
    """

    def __init__(self, client: VibeClient, settings: VibeSettings, services: Services) -> None:
        self._client = client
        self._settings = settings
        self._services = services
        self._names = ProjectNames.under(settings)
        self._id_at: Mapping[str, RecordId] = {}
        # The server loses acknowledged rows when a listing runs beside a write, and fields when two writes of one task
        # meet; so listings and writes of this connector never overlap.
        self._alone = asyncio.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """What this server can do."""
        return Capabilities(
            schemas=(PROJECT_SCHEMA, ISSUE_SCHEMA),
            key_storage="marker",
            key_lookup_lag_s=self._settings.key_lookup_lag_s,
            suspect_after_s=self._settings.suspect_after_s,
            max_concurrent_writes=1,
            call_timeout_s=_CALLS_A_METHOD * self._settings.timeout_s,
        )

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """
        How these values would be read back.

        Raises:
            RecordInvalid: a value that no write could store, such as an unknown status.
        """
        return as_stored(container, fields)

    def natural_keys(self, container: ContainerId, fields: FieldValues) -> Sequence[str]:
        """
        Names of a project: `id:`, `path:`, `name:`, as far as they are known; tasks are never guessed.

        Fields with a path are those of a project of ours; its id is known, because connecting lists the projects.
        """
        if container != ROOT:
            return ()
        if "path" not in fields:
            return self._names.of_theirs(fields)
        return self._names.of_ours(self._id_at.get(text_of(fields, "path")), fields)

    async def discover(self) -> Sequence[Container]:
        """The root container and one for each project, in one request."""
        projects = await self._list_projects()
        return [
            Container(container_id=ROOT, kind=PROJECT, title="projects"),
            *(Container(container_id=ContainerId(row.id), kind=ISSUE, title=row.name) for row in projects),
        ]

    async def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """
        One page with all records; without a cursor or revisions, because the server has neither.

        Raises:
            RecordNotFound: the project is not there; never an empty page for it.
        """
        del since, known
        async with self._alone:
            taken_at = self._services.now()
            if container == ROOT:
                records = [self._project_record(row) for row in await self._projects()]
            else:
                records = [self._task_record(row) for row in await self._client.tasks(container)]
        yield ChangePage(changes=tuple(records), taken_at=taken_at, complete=True)

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The project or task as it is now, None when it is not there."""
        if ref.container == ROOT:
            project = await self._client.project(ref.record_id)
            return None if project is None else self._project_record(project)
        task = await find_task(self._client, ref)
        return None if task is None else self._task_record(task)

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """
        All tasks whose marker is this key; projects, which hold none, by the path that `fields` give them.

        Raises:
            RecordNotFound: the project that should hold the tasks is not there.
        """
        if container == ROOT:
            try:
                found = self._names.existing(fields, await self._list_projects())
            except RecordInvalid:
                return ()  # a create with these fields was refused before anything was sent
            return [self._project_record(row) for row in found]
        async with self._alone:
            tasks = await self._client.tasks(container)
        return [self._task_record(row) for row in tasks if stored_text(row).key == key]

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """
        A new task with the key in its description, or a new project, the existing one where its path is taken already.

        The record is returned as the server answered it, even when that is not what was sent: its id is what matters.

        Raises:
            RecordInvalid: no path for the project, or refused by the server.
            AmbiguousKey: the settings map the project to a name that several projects have.
            RecordNotFound: the project of the task is not there.
            OutcomeUnknown: no answer, or one that came too late to be believed.
        """
        async with self._alone:
            if container != ROOT:
                body = new_task_body(container, key, fields)
                return self._task_record(await self._client.create_task(body))
            existing_only = self._settings.use_existing_repo
            present = await self._projects()
            project = await create_project(
                self._client, self._names, fields, present=present, use_existing_repo=existing_only
            )
            return self._project_record(project)

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """
        Sets these fields, once the record was read and looks as expected; the marker stays as it is now.

        Raises:
            StaleRevision: it looks otherwise; nothing was written.
            RecordNotFound: it is not there.
            OutcomeUnknown: no answer, a late one, or one that shows something else than was to be expected.
        """
        async with self._alone:
            if ref.container == ROOT:
                return self._project_record(await update_project(self._client, ref.record_id, patch, expected))
            return self._task_record(await update_task(self._client, ref, patch, expected))

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """
        Removes a task that looks as expected; done as well when it is gone already.

        Raises:
            StaleRevision: it looks otherwise; nothing was deleted.
            RecordInvalid: a project (all its tasks would go with it), or a task that others were started from.
            OutcomeUnknown: no answer, or one that came too late to be believed.
        """
        if ref.container == ROOT:
            raise RecordInvalid("a project is not deleted by this connector: all its tasks would go with it")
        async with self._alone:
            await delete_task(self._client, ref, expected)

    def remember(self, projects: Sequence[ProjectRow]) -> None:
        """Keeps which id lies at which path, for `natural_keys`."""
        self._id_at = {row.git_repo_path: RecordId(row.id) for row in projects}

    async def _list_projects(self) -> list[ProjectRow]:
        async with self._alone:
            return await self._projects()

    async def _projects(self) -> list[ProjectRow]:
        projects = await self._client.projects()
        self.remember(projects)
        return projects

    def _project_record(self, row: ProjectRow) -> Record:
        ref = RecordRef(self._services.endpoint, ROOT, RecordId(row.id))
        return Record(ref=ref, fields=project_fields(row), label=row.name or None)

    def _task_record(self, row: TaskRow) -> Record:
        ref = RecordRef(self._services.endpoint, ContainerId(row.project_id), RecordId(row.id))
        return Record(ref=ref, fields=task_fields(row), sync_key=stored_text(row).key)
