"""
By which names a project of another system and one of ours are the same: mapping of the settings, path, name. Pure.

Names are texts like `path:/srv/repos/demo`; two projects that share one may be linked, the most certain one deciding.
A project that the settings map knows only the name they give it, so that nothing weaker links it elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

from attrs import field, frozen

from connectors.vibe.payloads import ProjectRow
from connectors.vibe.repo_path import fill_template, normalised, path_in
from connectors.vibe.settings import VibeSettings
from connectors.vibe.translate import text_of
from syncengine.connector import FieldName, FieldValue
from syncengine.errors import RecordInvalid

Fields = Mapping[FieldName, FieldValue]


@frozen
class ProjectName:
    """One name of a project of ours."""

    kind: Literal["id", "path", "name"]
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def by_name(name: str) -> ProjectName:
    """The name without regard to case and surrounding blanks."""
    return ProjectName("name", name.strip().casefold())


def by_path(path: str) -> ProjectName:
    """The path in its one spelling; a path that has none (relative, made by hand) as it is."""
    try:
        return ProjectName("path", normalised(path))
    except ValueError:
        return ProjectName("path", path)


def read_target(text: str) -> ProjectName:
    """What a value of the setting `projects` names: an id, an absolute path, else a name."""
    try:
        return ProjectName("id", str(UUID(text.strip())))
    except ValueError:
        return by_path(text) if text.startswith("/") else by_name(text)


def names_of_row(project_id: str | None, path: str, name: str) -> tuple[ProjectName, ...]:
    """All names of a project of ours, the most certain first."""
    names = (ProjectName("id", project_id or ""), by_path(path), by_name(name))
    return tuple(name for name in names if name.value)


def _targets(projects: Mapping[str, str]) -> dict[str, ProjectName]:
    return {theirs: read_target(ours) for theirs, ours in projects.items()}


@frozen(kw_only=True)
class ProjectNames:
    """
    The names under the settings of an endpoint.

    Attributes:
        targets: identifier or name of a project on the other side, to the name of ours that the settings give it.
    """

    repo_path: str = ""
    targets: Mapping[str, ProjectName] = field(factory=dict)

    @classmethod
    def under(cls, settings: VibeSettings) -> "ProjectNames":
        """As these settings say."""
        return cls(repo_path=settings.repo_path, targets=_targets(settings.projects))

    def of_ours(self, project_id: str | None, fields: Fields) -> tuple[str, ...]:
        """Names of a project read from this server, the most certain first."""
        names = names_of_row(project_id, text_of(fields, "path"), text_of(fields, "name"))
        mapped = [name for name in names if name in self.targets.values()]
        return tuple(str(name) for name in mapped[:1] or names)

    def of_theirs(self, fields: Fields) -> tuple[str, ...]:
        """Names under which a project of another system would be found here, the most certain first."""
        target = self.target(fields)
        if target is not None:
            return (str(target),)
        try:
            path = [by_path(self.path_for(fields))]
        except RecordInvalid:
            path = []
        return tuple(str(name) for name in [*path, by_name(text_of(fields, "name"))] if name.value)

    def target(self, fields: Fields) -> ProjectName | None:
        """What the settings map this project of another system to, if they do."""
        names = (text_of(fields, "identifier"), text_of(fields, "name"))
        return next((self.targets[name] for name in names if name in self.targets), None)

    def path_for(self, fields: Fields) -> str:
        """
        Where the repository of a new project belongs: as mapped, else as its description says, else by the template.

        Raises:
            RecordInvalid: none of them says where; the message tells each way out.
        """
        target = self.target(fields)
        if target is not None and target.kind == "path":
            return target.value
        try:
            found = path_in(text_of(fields, "description"))
            if found is None and self.repo_path:
                identifier, name = text_of(fields, "identifier"), text_of(fields, "name")
                found = fill_template(self.repo_path, identifier=identifier, name=name)
        except ValueError as error:
            raise RecordInvalid(f"the project {_shown(fields)} has no usable repository path: {error}") from error
        if found is None:
            raise RecordInvalid(
                f"nothing says where the repository of the project {_shown(fields)} belongs: put a line such as "
                '"Path: /srv/repos/demo" into its description, or set repo_path = "/srv/repos/{identifier}" '
                "for this endpoint"
            )
        return found

    def existing(self, fields: Fields, rows: Iterable[ProjectRow]) -> list[ProjectRow]:
        """
        The projects of ours that creating this one would make a second time; an exact path wins over another spelling.

        Raises:
            RecordInvalid: nothing says where the project belongs.
        """
        target = self.target(fields)
        if target is not None and target.kind != "path":
            return [row for row in rows if target in names_of_row(row.id, row.git_repo_path, row.name)]
        path = self.path_for(fields)
        same = [row for row in rows if by_path(row.git_repo_path) == by_path(path)]
        return [row for row in same if row.git_repo_path == path] or same


def _shown(fields: Fields) -> str:
    return repr(text_of(fields, "name") or text_of(fields, "identifier"))
