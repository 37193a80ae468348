"""Making and renaming a project. One caller at a time."""

from collections.abc import Sequence

from connectors.vibe.client import VibeClient
from connectors.vibe.payloads import ProjectRow
from connectors.vibe.project_names import ProjectNames
from connectors.vibe.translate import project_fields, refuse_stale, replacement, replacement_body, text_of
from syncengine.connector import FieldValues
from syncengine.errors import AmbiguousKey, OutcomeUnknown, RecordInvalid, RecordNotFound


async def create_project(
    client: VibeClient,
    names: ProjectNames,
    fields: FieldValues,
    *,
    present: Sequence[ProjectRow],
    use_existing_repo: bool,
) -> ProjectRow:
    """
    A new project, or the one that is there already at its path or under its mapped name.

    Args:
        present: all projects of the server, just listed.

    Raises:
        RecordInvalid: no path, refused by the server, or mapped to a project that is not there.
        AmbiguousKey: mapped to a name that several projects have.
    """
    existing = names.existing(fields, present)
    if len(existing) > 1:
        shown = ", ".join(f"{row.id} ({row.git_repo_path})" for row in existing)
        raise AmbiguousKey(f"several projects could be meant: {shown}; map the project to an id in `projects`")
    if existing:
        return existing[0]
    target = names.target(fields)
    if target is not None and target.kind != "path":
        raise RecordInvalid(
            f"the setting `projects` maps this project to the {target.kind} {target.value!r}, which is not there; "
            "correct it, or map to an absolute path to have the project made"
        )
    path, name = names.path_for(fields), text_of(fields, "name")
    return await client.create_project({"name": name, "git_repo_path": path, "use_existing_repo": use_existing_repo})


async def update_project(client: VibeClient, project_id: str, patch: FieldValues, expected: FieldValues) -> ProjectRow:
    """
    The project with the patch in it, its path and scripts as they were.

    Raises:
        StaleRevision: the fields of the patch look otherwise than expected; nothing was written.
        RecordNotFound: the project is not there.
        OutcomeUnknown: also when the answer shows another project than was to be expected; see `update_task`.
    """
    row = await client.project(project_id)
    if row is None:
        raise RecordNotFound("the project is not there")
    refuse_stale(project_fields(row), expected.only(patch))
    wanted = replacement(row, patch)
    if wanted == row:
        return row
    answered = await client.replace_project(row.id, replacement_body(wanted))
    if answered != wanted:
        raise OutcomeUnknown("the answer shows the project otherwise than it should be after the write")
    return answered
