"""What the server sends, as attrs classes; fields we have no use for are left out, `updated_at` among them."""

from typing import Any, TypeVar

import cattrs
from attrs import frozen

from connectors.vibe.flavour import SUPPORTED
from syncengine.errors import EndpointGone


@frozen(kw_only=True)
class ProjectRow:
    """A project as the server has it; the scripts are here because an update clears those that are not sent."""

    id: str
    name: str
    git_repo_path: str
    setup_script: str | None = None
    dev_script: str | None = None
    cleanup_script: str | None = None
    copy_files: str | None = None


@frozen(kw_only=True)
class TaskRow:
    """A task as the server has it, its description with the marker."""

    id: str
    project_id: str
    title: str
    description: str | None
    status: str


Row = TypeVar("Row", ProjectRow, TaskRow)


def _text(value: Any, _type: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(str, _text)
    return converter


_CONVERTER = _converter()


def read_row(data: Any, row: type[Row]) -> Row:
    """
    One project or task.

    Raises:
        EndpointGone: the data is not that of a supported version.
    """
    return _structured(data, row)


def read_rows(data: Any, row: type[Row]) -> list[Row]:
    """
    A listing of projects or tasks.

    Raises:
        EndpointGone: the data is not that of a supported version.
    """
    if not isinstance(data, list):
        raise EndpointGone(f"the server listed {type(data).__name__} instead of a list; {SUPPORTED}")
    return [_structured(item, row) for item in data]


def _structured(data: Any, row: type[Row]) -> Row:
    if row is ProjectRow and isinstance(data, dict) and "git_repo_path" not in data:
        raise EndpointGone(f"the server has projects without git_repo_path; {SUPPORTED}")
    if not isinstance(data, dict):
        raise EndpointGone(f"the server sent {type(data).__name__} where {row.__name__} was expected; {SUPPORTED}")
    try:
        return _CONVERTER.structure(data, row)
    except cattrs.BaseValidationError as error:
        problems = "; ".join(cattrs.transform_error(error))
        raise EndpointGone(f"the server sent a {row.__name__} that cannot be read ({problems}); {SUPPORTED}") from error
