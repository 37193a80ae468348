"""The transactions the connector sends, as plain data. Pure, save for fresh ids."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from attrs import frozen

from connectors.huly.payloads import ISSUE, NO_PARENT, PROJECT, SPACE_OF_SPACES, Issue, Project

Tx = dict[str, Any]


@frozen(kw_only=True)
class Author:
    """
    Who writes.

    Attributes:
        social_id: one of our own, else the server refuses (observed 8).
        now_ms: a time in milliseconds, which the server wants and then replaces by its own (observed 9).
    """

    social_id: str
    now_ms: int


def count_up(author: Author, project: str) -> Tx:
    """Takes the next issue number of a project; the answer holds the project with it (observed 20)."""
    return _update(author, PROJECT, project, SPACE_OF_SPACES, {"$inc": {"sequence": 1}}) | {"retrieve": True}


def join_project(author: Author, project: str, account: str) -> Tx:
    """Makes an account a member of a project."""
    return _update(author, PROJECT, project, SPACE_OF_SPACES, {"$push": {"members": account}}) | {"retrieve": True}


def create_issue(author: Author, *, issue: str, project: str, attributes: Mapping[str, Any]) -> Tx:
    """Makes an issue at the top of a project, unless one with its id exists."""
    placed = {"attachedTo": NO_PARENT, "attachedToClass": ISSUE, "collection": "subIssues"}
    create = _create(author, ISSUE, issue, project, attributes) | placed
    return _only_if(author, f"issue-create:{issue}", [create], not_match=[(ISSUE, {"_id": issue})])


def issue_attributes(
    *, title: str, blob: str | None, number: int, identifier: str, status: str, task_type: str, rank: str
) -> dict[str, Any]:
    """Everything the web application gives a new issue."""
    empty = {"assignee": None, "component": None, "milestone": None, "dueDate": None}
    lists: dict[str, list[Any]] = {"parents": [], "relations": [], "childInfo": []}
    counters = dict.fromkeys(
        ("priority", "comments", "subIssues", "reportedTime", "remainingTime", "estimation", "reports"), 0
    )
    own = {"title": title, "description": blob, "number": number, "identifier": identifier, "status": status}
    return {**empty, **lists, **counters, **own, "kind": task_type, "rank": rank}


def update_issue(author: Author, issue: Issue, operations: Mapping[str, Any], *, if_still: Mapping[str, Any]) -> Tx:
    """
    Sets fields of an issue while others are as they were.

    Args:
        if_still: the fields about to be written, as they were read.
    """
    placed = {
        "attachedTo": issue.attached_to,
        "attachedToClass": issue.attached_to_class,
        "collection": issue.collection,
    }
    named = {key: value for key, value in placed.items() if value}
    update = _update(author, ISSUE, issue.record_id, issue.space, operations) | named
    match = [(ISSUE, {"_id": issue.record_id, **if_still})]
    return _only_if(author, f"issue:{issue.record_id}", [update], match=match)


def create_project(author: Author, *, project: str, attributes: Mapping[str, Any]) -> Tx:
    """Makes a project, unless one with its id or its identifier exists; the scope is that of the web application."""
    create = _create(author, PROJECT, project, SPACE_OF_SPACES, attributes)
    taken = [(PROJECT, {"_id": project}), (PROJECT, {"identifier": attributes["identifier"]})]
    return _only_if(author, "create-project", [create], not_match=taken)


def project_attributes(
    *, name: str, description: str, identifier: str, account: str, project_type: str, default_status: str | None
) -> dict[str, Any]:
    """Everything the web application gives a new project; the account owns it and is its only member."""
    own = {"name": name, "description": description, "identifier": identifier, "type": project_type}
    people = {"private": False, "members": [account], "owners": [account], "autoJoin": False}
    start = {"archived": False, "sequence": 0, "defaultTimeReportDay": "PreviousWorkDay"}
    return {**own, **people, **start, **({"defaultIssueStatus": default_status} if default_status else {})}


def prepare_project(author: Author, *, project: str, mixin: str) -> Tx:
    """Gives a new project the part of its type, as the web application does."""
    kind = {"_class": "core:class:TxMixin", "mixin": mixin, "attributes": {}}
    return _common(author, SPACE_OF_SPACES) | kind | {"objectId": project, "objectClass": PROJECT}


def update_project(author: Author, project: Project, operations: Mapping[str, Any], *, if_still: Mapping[str, Any]) -> Tx:
    """Sets fields of a project while others are as they were; `if_still` as for an issue."""
    update = _update(author, PROJECT, project.record_id, SPACE_OF_SPACES, operations)
    match = [(PROJECT, {"_id": project.record_id, **if_still})]
    return _only_if(author, f"project:{project.record_id}", [update], match=match)


def was_applied(answer: Any) -> bool:
    """Whether a conditional group was applied; the answer is a list when something was retrieved inside."""
    first = answer[0] if isinstance(answer, list) and answer else answer
    return isinstance(first, dict) and first.get("success") is True


def _only_if(
    author: Author,
    scope: str,
    txes: Sequence[Tx],
    *,
    match: Sequence[tuple[str, Mapping[str, Any]]] = (),
    not_match: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> Tx:
    # Without a scope the server ignores the conditions (observed 21).
    conditions = {
        "match": [{"_class": class_id, "query": dict(query)} for class_id, query in match],
        "notMatch": [{"_class": class_id, "query": dict(query)} for class_id, query in not_match],
    }
    group = {"_class": "core:class:TxApplyIf", "scope": scope, "txes": list(txes), "measureName": "syncengine"}
    return _common(author, "core:space:Tx") | group | conditions


def _create(author: Author, class_id: str, object_id: str, space: str, attributes: Mapping[str, Any]) -> Tx:
    what = {"_class": "core:class:TxCreateDoc", "objectId": object_id, "objectClass": class_id}
    return _common(author, space) | what | {"createdBy": author.social_id, "attributes": dict(attributes)}


def _update(author: Author, class_id: str, object_id: str, space: str, operations: Mapping[str, Any]) -> Tx:
    what = {"_class": "core:class:TxUpdateDoc", "objectId": object_id, "objectClass": class_id}
    return _common(author, space) | what | {"operations": dict(operations)}


def _common(author: Author, space: str) -> Tx:
    return {
        "_id": uuid4().hex[:24],
        "space": "core:space:Tx",
        "objectSpace": space,
        "modifiedOn": author.now_ms,
        "modifiedBy": author.social_id,
    }
