"""What Huly's services answer, as far as the connector reads it."""

from functools import cache
from typing import Any, TypeVar

import cattrs
from attrs import frozen
from cattrs.gen import make_dict_structure_fn, override

from syncengine.connector import Secret
from syncengine.errors import EndpointGone
from syncengine.redaction import redact

T = TypeVar("T")

PROJECT = "tracker:class:Project"
ISSUE = "tracker:class:Issue"
STATUS = "core:class:Status"
TASK_TYPE = "task:class:TaskType"
PROJECT_TYPE = "task:class:ProjectType"
SPACE_OF_SPACES = "core:space:Space"
NO_PARENT = "tracker:ids:NoParent"
STATUS_ATTRIBUTE = "tracker:attribute:IssueStatus"
TRACKER_DESCRIPTOR = "tracker:descriptors:ProjectType"
STOCK_PROJECT_TYPE = "tracker:ids:ClassingProjectType"


@frozen(kw_only=True)
class ServerConfig:
    """What `config.json` of the web application says."""

    accounts_url: str
    collaborator_url: str = ""
    version: str = ""


@frozen(kw_only=True)
class Login:
    """The answer to a login; without a token the account was never confirmed."""

    account: str = ""
    token: Secret = Secret("")
    needs_second_factor: bool = False


@frozen(kw_only=True)
class WorkspaceLogin:
    """
    The answer to the choice of a workspace.

    Attributes:
        workspace: its id, used in paths and in ids of texts.
        slug: its name in addresses; not always the one that was asked for (observed 28).
        endpoint: address of its transactor, as a web socket.
    """

    account: str
    workspace: str
    slug: str
    endpoint: str
    role: str = ""
    token: Secret


@frozen(kw_only=True)
class OwnAccount:
    """
    Who we are in the workspace.

    Attributes:
        uuid: what members of projects are named by.
        social_id: what authors of writes are named by (observed 8).
    """

    uuid: str
    social_id: str
    role: str = ""


@frozen(kw_only=True)
class Project:
    """A project of the tracker."""

    record_id: str
    identifier: str = ""
    name: str = ""
    description: str | None = None
    type_id: str = ""
    default_status: str = ""
    members: tuple[str, ...] = ()
    archived: bool = False


@frozen(kw_only=True)
class Issue:
    """
    An issue as listed.

    Attributes:
        description: name of the blob with the snapshot of the text; None when there never was a text.
        task_type: decides which statuses it may have.
        attached_to, attached_to_class, collection: where it hangs; a write names them again.
    """

    record_id: str
    space: str
    identifier: str = ""
    title: str | None = None
    status: str | None = None
    description: str | None = None
    task_type: str = ""
    attached_to: str = ""
    attached_to_class: str = ""
    collection: str = ""


@frozen(kw_only=True)
class StatusDocument:
    """A status of issues."""

    record_id: str
    name: str = ""
    category: str = ""


@frozen(kw_only=True)
class TaskType:
    """A kind of issues and the statuses it may have, in their order."""

    record_id: str
    parent: str = ""
    statuses: tuple[str, ...] = ()


@frozen(kw_only=True)
class ProjectType:
    """A kind of projects and the kinds of issues in them, in their order."""

    record_id: str
    descriptor: str = ""
    target_class: str = ""
    tasks: tuple[str, ...] = ()


_WIRE_NAMES: dict[type, dict[str, str]] = {
    ServerConfig: {"accounts_url": "ACCOUNTS_URL", "collaborator_url": "COLLABORATOR_URL", "version": "VERSION"},
    Login: {"needs_second_factor": "tfaRequired"},
    WorkspaceLogin: {"slug": "workspaceUrl"},
    OwnAccount: {"social_id": "primarySocialId"},
    Project: {"record_id": "_id", "type_id": "type", "default_status": "defaultIssueStatus"},
    Issue: {
        "record_id": "_id",
        "task_type": "kind",
        "attached_to": "attachedTo",
        "attached_to_class": "attachedToClass",
    },
    StatusDocument: {"record_id": "_id"},
    TaskType: {"record_id": "_id"},
    ProjectType: {"record_id": "_id", "target_class": "targetClass"},
}


def read(kind: type[T], raw: Any, *, source: str) -> T:
    """
    A payload as a value of this class; keys that it does not know are left out, null counts as missing.

    Raises:
        EndpointGone: a needed key is missing or of another type; names `source`.
    """
    try:
        present = {key: value for key, value in raw.items() if value is not None}
        return _converter().structure(present, kind)
    except (AttributeError, cattrs.BaseValidationError, KeyError, TypeError, ValueError) as error:
        raise EndpointGone(
            f"{source} answered in a form this connector does not know ({_reason(error)}); it needs Huly 0.7"
        ) from error


def _reason(error: Exception) -> str:
    inner: BaseException = error
    while isinstance(inner, BaseExceptionGroup) and inner.exceptions:
        inner = inner.exceptions[0]
    return f"{type(inner).__name__}: {inner}"


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(Secret, lambda value, _: Secret(_text(value, str)))
    for kind, names in _WIRE_NAMES.items():
        renamed: dict[str, Any] = {name: override(rename=wire) for name, wire in names.items()}
        converter.register_structure_hook(kind, make_dict_structure_fn(kind, converter, **renamed))
    return converter


def _text(value: Any, _kind: type) -> str:
    # The server stores whatever a client sends (observed 32); a number in place of a title is no reason to stop.
    if not isinstance(value, str | int | float):
        raise TypeError(redact(f"text expected, not {value!r}")[:80])
    return str(value)
