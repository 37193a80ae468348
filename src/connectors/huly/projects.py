"""Projects as records of the root container."""

from collections.abc import AsyncIterator, Mapping

from connectors.huly.payloads import PROJECT, Project
from connectors.huly.transactions import (
    create_project,
    prepare_project,
    project_attributes,
    update_project,
    was_applied,
)
from connectors.huly.translate import (
    identifier_for,
    identifier_from,
    one_line,
    plain_block,
    project_as_stored,
    project_fields,
    project_revision,
)
from connectors.huly.workflow import BACKLOG
from connectors.huly.workspace import Workspace
from syncengine.connector import (
    ROOT,
    ChangePage,
    FieldValues,
    Record,
    RecordId,
    RecordRef,
    Revision,
    Unchanged,
)
from syncengine.errors import (
    ConnectorError,
    OutcomeUnknown,
    RecordInvalid,
    RecordNotFound,
    RemoteBusy,
    StaleRevision,
)


class ProjectRecords:
    """Reads and writes projects."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def pages(self, _container: str, known: Mapping[RecordId, Revision]) -> AsyncIterator[ChangePage]:
        """All projects in one page; an archived one only if it is known, so that it does not look deleted."""
        taken_at = self._workspace.services.now()
        projects = await self._workspace.list_projects()
        shown = [project for project in projects if not project.archived or project.record_id in known]
        changes = tuple(self._change(project, known) for project in shown)
        yield ChangePage(changes=changes, taken_at=taken_at, complete=True)

    def _change(self, project: Project, known: Mapping[RecordId, Revision]) -> Record | Unchanged:
        record = self._record(project)
        unchanged = known.get(record.ref.record_id) == record.revision
        return Unchanged(record.ref.record_id) if unchanged else record

    async def fetch(self, ref: RecordRef) -> Record | None:
        """The project, archived or not; None when we are shown none."""
        project = await self._find(ref.record_id)
        return self._record(project) if project else None

    async def create(self, _container: str, record_id: RecordId, fields: FieldValues) -> Record:
        """Make a project of the stock type that belongs to us."""
        there = await self._find(record_id)
        if there is not None:
            return self._record(there)
        attributes, mixin = await self._attributes(fields)
        author, apply = self._workspace.author(), self._workspace.transactor.apply
        done = was_applied(await apply(create_project(author, project=record_id, attributes=attributes)))
        if done and mixin:
            await self._prepare(record_id, mixin)
        made = await self._find(record_id)
        if made is not None:
            return self._record(made)
        if done:
            raise OutcomeUnknown("the project was made but cannot be read back", ref=record_id)
        raise RemoteBusy(f"somebody took the identifier {attributes['identifier']} just now")

    async def update(self, ref: RecordRef, patch: FieldValues, *, expected: FieldValues) -> Record:
        """Set name and description while they are as expected."""
        project = await self._found(ref)
        if "identifier" in patch:
            raise RecordInvalid("the identifier of a Huly project cannot be changed", ref=project.identifier)
        _refuse_stale(project, patch, expected)
        wanted = project_as_stored(patch)
        now = project_fields(project)
        operations = {name: value for name, value in wanted.items() if value != now[name]}
        if operations:
            raw = {"name": project.name, "description": project.description}
            if_still = {name: raw[name] for name in operations}
            tx = update_project(self._workspace.author(), project, operations, if_still=if_still)
            if not was_applied(await self._workspace.transactor.apply(tx)):
                raise StaleRevision(f"project {project.identifier} was changed by somebody else just now")
        return self._record(await self._found(ref))

    async def _attributes(self, fields: FieldValues) -> tuple[dict[str, object], str]:
        name = one_line(fields.get("name"))
        if not name:
            raise RecordInvalid("a Huly project needs a name")
        workflow = self._workspace.workflow
        kind = workflow.type_for_new_projects()
        if kind is None:
            raise RecordInvalid("the workspace has no type of projects for the tracker; make one in Huly's settings")
        attributes = project_attributes(
            name=name,
            description=plain_block(fields.get("description")),
            identifier=await self._free_identifier(fields, name),
            account=self._workspace.transactor.me.uuid,
            project_type=kind.record_id,
            default_status=workflow.status_for(BACKLOG, workflow.task_type_of(kind.record_id)),
        )
        return attributes, kind.target_class

    async def _free_identifier(self, fields: FieldValues, name: str) -> str:
        options = {"showArchived": True, "projection": {"identifier": 1}}
        documents = await self._workspace.transactor.find_all(PROJECT, {}, options)
        taken = {str(document.get("identifier", "")) for document in documents}
        wanted = identifier_from(fields.get("identifier"))
        if wanted and wanted in taken:
            raise RecordInvalid(f"Huly has a project with the identifier {wanted} already; give {name!r} another one")
        return wanted or identifier_for(name, taken)

    async def _prepare(self, record_id: RecordId, mixin: str) -> None:
        tx = prepare_project(self._workspace.author(), project=record_id, mixin=mixin)
        try:
            await self._workspace.transactor.apply(tx, changes=False)
        except ConnectorError as error:
            raise OutcomeUnknown(f"the project was made, then {error.message}", ref=record_id) from error

    async def _find(self, record_id: str) -> Project | None:
        project = await self._workspace.transactor.find(Project, PROJECT, {"_id": record_id})
        if project is not None:
            self._workspace.projects[record_id] = project
        return project

    async def _found(self, ref: RecordRef) -> Project:
        project = await self._find(ref.record_id)
        if project is None:
            raise RecordNotFound("Huly shows no such project; it was deleted, or made private without us")
        return project

    def _record(self, project: Project) -> Record:
        return Record(
            ref=RecordRef(self._workspace.services.endpoint, ROOT, RecordId(project.record_id)),
            fields=project_fields(project),
            revision=project_revision(project),
            label=project.identifier or None,
        )


def _refuse_stale(project: Project, patch: FieldValues, expected: FieldValues) -> None:
    now = project_fields(project)
    moved = sorted(name for name in patch if name in expected and expected[name] != now.get(name))
    if moved:
        raise StaleRevision(f"{', '.join(moved)} of project {project.identifier} changed meanwhile")
