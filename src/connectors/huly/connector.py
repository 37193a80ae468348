"""The contract of `syncengine.connector`, fulfilled for one Huly workspace."""

from collections.abc import AsyncIterator, Mapping, Sequence

from connectors.huly.issue_writes import IssueWriter
from connectors.huly.issues import READERS, IssueReader
from connectors.huly.projects import ProjectRecords
from connectors.huly.settings import HulySettings
from connectors.huly.translate import issue_as_stored, project_as_stored, record_id_from
from connectors.huly.workspace import Workspace
from syncengine.connector import (
    ROOT,
    Capabilities,
    ChangePage,
    ConnectorDefaults,
    Container,
    ContainerId,
    Cursor,
    FieldKind,
    FieldSpec,
    FieldValues,
    Kind,
    Record,
    RecordId,
    RecordRef,
    RecordSchema,
    Revision,
    SyncKey,
)
from syncengine.errors import RecordInvalid

PROJECT_KIND = Kind("project")
ISSUE_KIND = Kind("issue")

_REQUESTS_OF_A_CALL = 3
"""A call of ours makes several requests; it gets the time of three slow ones."""


def capabilities_for(settings: HulySettings) -> Capabilities:
    """What a Huly workspace can do; projects are not made where only some of them are to be synced."""
    project = RecordSchema(
        kind=PROJECT_KIND,
        fields=(
            FieldSpec(name="name", kind=FieldKind.LINE),
            FieldSpec(name="description", kind=FieldKind.TEXT),
            FieldSpec(name="identifier", kind=FieldKind.LINE, updatable=False),
        ),
        can_create=not settings.projects,
    )
    issue = RecordSchema(
        kind=ISSUE_KIND,
        fields=(
            FieldSpec(name="title", kind=FieldKind.LINE),
            FieldSpec(name="description", kind=FieldKind.TEXT),
            FieldSpec(name="status", kind=FieldKind.CHOICE),
        ),
    )
    return Capabilities(
        schemas=(project, issue),
        key_storage="id",
        conditional_writes=True,
        max_concurrent_reads=READERS,
        max_concurrent_writes=settings.max_writers,
        requests_per_s=settings.requests_per_s,
        call_timeout_s=_REQUESTS_OF_A_CALL * settings.timeout_s,
    )


class HulyConnector(ConnectorDefaults):
    """One Huly workspace as the engine sees it. Records carry their key as their own id."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._capabilities = capabilities_for(workspace.settings)
        self._projects = ProjectRecords(workspace)
        self._issues = IssueReader(workspace)
        self._writer = IssueWriter(workspace, self._issues)

    @property
    def capabilities(self) -> Capabilities:
        """What this workspace can do."""
        return self._capabilities

    def as_stored(self, container: ContainerId, fields: FieldValues) -> FieldValues:
        """
        How Huly spells these values: one-line titles, Markdown in one spelling, statuses that the project has.

        An issue of another kind than the project's first may have other statuses; its own answer tells then.
        """
        if container == ROOT:
            return project_as_stored(fields)
        project = self._workspace.projects.get(container)
        workflow = self._workspace.workflow if project else None
        return issue_as_stored(fields, workflow=workflow, project_type=project.type_id if project else "")

    def record_id_for(self, container: ContainerId, key: SyncKey) -> RecordId:
        """The id of a record made for this key."""
        return RecordId(record_id_from(self._workspace.workspace_id, container, key))

    async def discover(self) -> Sequence[Container]:
        """The root container and one for each project in use; one request, and one more for each project it joins."""
        projects = await self._workspace.list_projects()
        root = Container(container_id=ROOT, kind=PROJECT_KIND, title="projects")
        children = (
            Container(container_id=ContainerId(project.record_id), kind=ISSUE_KIND, title=project.name)
            for project in projects
            if not project.archived
        )
        return (root, *children)

    def list_changes(
        self, container: ContainerId, since: Cursor | None, known: Mapping[RecordId, Revision]
    ) -> AsyncIterator[ChangePage]:
        """
        Everything in the container; there is no cursor. Texts are read only of issues whose revision moved.

        Raises:
            ContainerRefused: we are no member of the project, so Huly would show it empty.
        """
        del since
        records = self._projects if container == ROOT else self._issues
        return records.pages(container, known)

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The record as it is now; None for an issue only after we proved that we see its project."""
        return await (self._projects if ref.container == ROOT else self._issues).fetch(ref)

    async def find_by_key(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Sequence[Record]:
        """The record whose id the key derives."""
        del fields
        ref = RecordRef(self._workspace.services.endpoint, container, self.record_id_for(container, key))
        record = await self.fetch(ref)
        return (record,) if record else ()

    async def create(self, container: ContainerId, key: SyncKey, fields: FieldValues) -> Record:
        """Make a record with the id that the key derives, or return the one that is there."""
        self._refuse_unknown(container, fields)
        record_id = self.record_id_for(container, key)
        if container == ROOT:
            if not self._capabilities.schemas[0].can_create:
                raise RecordInvalid("`projects` in the settings names the projects to sync, so no others are made")
            return await self._projects.create(container, record_id, fields)
        return await self._writer.create(container, record_id, fields)

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """Set these fields while they are as expected."""
        self._refuse_unknown(ref.container, patch)
        if ref.container == ROOT:
            return await self._projects.update(ref, patch, expected=expected)
        return await self._writer.update(ref, patch, expected=expected)

    async def delete(self, ref: RecordRef, *, expected: FieldValues) -> None:
        """
        Never done by this version.

        Raises:
            RecordInvalid: always; deleting an issue would delete its sub-issues and comments with it (observed 25).
        """
        del expected
        raise RecordInvalid("this version deletes nothing in Huly; delete it there", ref=str(ref))

    def _refuse_unknown(self, container: ContainerId, fields: FieldValues) -> None:
        schema = self._capabilities.schemas[0 if container == ROOT else 1]
        unknown = sorted(name for name in fields if schema.spec(name) is None)
        if unknown:
            raise RecordInvalid(f"a Huly {schema.kind} has no {', '.join(unknown)}")
