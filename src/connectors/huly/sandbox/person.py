"""A person who works in the web application: edits go the way of any other write, but are no requests."""

from typing import Any

from attrs import define

from connectors.huly.sandbox.accounts import Caller
from connectors.huly.sandbox.collaborator import RichTextId
from connectors.huly.sandbox.markup import paragraphs
from connectors.huly.sandbox.model import (
    CLASSIC_PROJECT_TYPE,
    ISSUE,
    ISSUE_STATUS,
    ISSUE_TASK_TYPE,
    MODEL_SPACE,
    NO_PARENT,
    PROJECT,
    PROJECT_TYPE,
    SPACE_SPACE,
    STATUS_ATTRIBUTE,
    TASK_TYPE,
    Document,
)
from connectors.huly.sandbox.new_ids import new_id
from connectors.huly.sandbox.service import Desk
from connectors.huly.sandbox.stock_model import ACTIVE
from connectors.huly.sandbox.views import IssueSeen, ProjectSeen, issue_seen, project_seen

_NEW_PROJECT: Document = {
    "archived": False,
    "autoJoin": False,
    "sequence": 0,
    "type": CLASSIC_PROJECT_TYPE,
    "defaultIssueStatus": "tracker:status:Backlog",
    "defaultTimeReportDay": "PreviousWorkDay",
}
_NEW_ISSUE: Document = {
    "assignee": None,
    "component": None,
    "milestone": None,
    "priority": 0,
    "rank": "",
    "comments": 0,
    "subIssues": 0,
    "dueDate": None,
    "reportedTime": 0,
    "remainingTime": 0,
    "estimation": 0,
    "reports": 0,
    "relations": [],
    "childInfo": [],
    "kind": ISSUE_TASK_TYPE,
}


class NoSuchThingError(LookupError):
    """The project, issue or status that was named is not in the workspace."""


@define(kw_only=True)
class Person:
    """Acts in one workspace as one account, and sees everything, member or not."""

    desk: Desk
    caller: Caller

    def create_project(
        self,
        *,
        name: str,
        identifier: str,
        description: str = "",
        members: list[str] | None = None,
        private: bool = False,
    ) -> ProjectSeen:
        """Creates a project; `members` are account ids, the person alone if not given."""
        members = [self.caller.account] if members is None else members
        named = {"name": name, "identifier": identifier, "description": description}
        attributes = {**_NEW_PROJECT, **named, "members": members, "owners": [self.caller.account], "private": private}
        project_id = self._new_id()
        self.desk.transactions.create(self.caller, PROJECT, project_id, space=SPACE_SPACE, attributes=attributes)
        return project_seen(self._project(project_id))

    def edit_project(self, project: str, **fields: Any) -> ProjectSeen:
        """Changes fields of a project, such as `name`, `description`, `members` or `archived`."""
        self.desk.transactions.update(self.caller, self._project(project), fields)
        return project_seen(self._project(project))

    def add_member(self, project: str, account: str) -> None:
        """Adds an account to a project."""
        self.edit_project(project, members=list(dict.fromkeys([*self._project(project)["members"], account])))

    def remove_member(self, project: str, account: str) -> None:
        """Takes an account out of a project."""
        members = [member for member in self._project(project)["members"] if member != account]
        self.edit_project(project, members=members)

    def remove_project(self, project: str) -> None:
        """Deletes a project and everything in it."""
        self.desk.transactions.remove(self.caller, self._project(project))

    def create_issue(
        self,
        *,
        project: str,
        title: str,
        description: str | None = None,
        status: str | None = None,
        parent: str | None = None,
        **fields: Any,
    ) -> IssueSeen:
        """Creates an issue; the project is named by id or identifier, the status by id or name.

        A description that begins with `{` is markup, other text becomes paragraphs.
        """
        space = self._project(project)
        self.desk.transactions.update(self.caller, space, {"$inc": {"sequence": 1}})
        issue_id = self._new_id()
        reference = None
        if description is not None:
            where = RichTextId(document_id=issue_id, attribute="description")
            reference = self.desk.collaborator.create(where, "description", as_markup(description))
        attributes = {
            **_NEW_ISSUE,
            "title": title,
            "description": reference,
            "number": space["sequence"],
            "identifier": f"{space['identifier']}-{space['sequence']}",
            "status": self._status(space, status or space.get("defaultIssueStatus") or "tracker:status:Backlog"),
            "parents": [],
            **fields,
        }
        self._attach(attributes, parent, space=space["_id"], issue_id=issue_id)
        return issue_seen(self.desk.store, self._issue(issue_id))

    def edit_issue(self, issue: str, **fields: Any) -> IssueSeen:
        """Changes fields of an issue, named by id or identifier; `status` may be a name."""
        document = self._issue(issue)
        if "status" in fields:
            fields["status"] = self._status(self._project(document["space"]), fields["status"])
        self.desk.transactions.update(self.caller, document, fields)
        return issue_seen(self.desk.store, self._issue(document["_id"]))

    def set_description(self, issue: str, description: str) -> IssueSeen:
        """Rewrites the description as the editor does: the live text is opened first."""
        document = self._issue(issue)
        where = RichTextId(document_id=document["_id"], attribute="description")
        self.desk.collaborator.read(where, document.get("description"))
        self.desk.collaborator.update(self.caller, where, {"description": as_markup(description)})
        return issue_seen(self.desk.store, self._issue(document["_id"]))

    def remove_issue(self, issue: str) -> None:
        """Deletes an issue and everything attached to it."""
        self.desk.transactions.remove(self.caller, self._issue(issue))

    def add_status(self, *, name: str, category: str = ACTIVE) -> str:
        """Adds a status to the classic project type and returns its id."""
        status_id = self._new_id()
        attributes = {"ofAttribute": STATUS_ATTRIBUTE, "name": name, "category": category}
        self.desk.transactions.create(self.caller, ISSUE_STATUS, status_id, space=MODEL_SPACE, attributes=attributes)
        model = self.desk.store.domain("model")
        task_type, project_type = model[ISSUE_TASK_TYPE], model[CLASSIC_PROJECT_TYPE]
        task_type["statuses"] = [*task_type["statuses"], status_id]
        project_type["statuses"] = [*project_type["statuses"], {"_id": status_id, "taskType": ISSUE_TASK_TYPE}]
        return status_id

    def issues(self, project: str | None = None) -> list[IssueSeen]:
        """All issues, or those of one project, in the order of creation."""
        space = None if project is None else self._project(project)["_id"]
        store = self.desk.store
        return [issue_seen(store, issue) for issue in store.all_of(ISSUE) if space in {None, issue["space"]}]

    def issue(self, issue: str) -> IssueSeen:
        """One issue by id or identifier."""
        return issue_seen(self.desk.store, self._issue(issue))

    def projects(self) -> list[ProjectSeen]:
        """All projects."""
        return [project_seen(project) for project in self.desk.store.all_of(PROJECT)]

    def _attach(self, attributes: Document, parent: str | None, *, space: str, issue_id: str) -> None:
        above = None if parent is None else self._issue(parent)
        if above is not None:
            link = {"parentId": above["_id"], "identifier": above["identifier"], "parentTitle": above["title"]}
            attributes["parents"] = [{**link, "space": above["space"]}, *above.get("parents", [])]
        below = NO_PARENT if above is None else above["_id"]
        place = {"attachedTo": below, "attachedToClass": ISSUE, "collection": "subIssues"}
        self.desk.transactions.create(self.caller, ISSUE, issue_id, space=space, attributes=attributes, place=place)

    def _issue(self, name: str) -> Document:
        return self._named(ISSUE, name)

    def _project(self, name: str) -> Document:
        return self._named(PROJECT, name)

    def _named(self, class_id: str, name: str) -> Document:
        for document in self.desk.store.all_of(class_id):
            if name in {document["_id"], document.get("identifier")}:
                return document
        raise NoSuchThingError(f"{name} is no {class_id} of the workspace")

    def _status(self, project: Document, name: str) -> str:
        """The id of a status of the project's type; an id that is none is taken as it is, as the server does."""
        model = self.desk.store.domain("model")
        project_type = model.get(project.get("type", ""), {})
        if project_type.get("_class") != PROJECT_TYPE or name in model:
            return name
        tasks = [model[task] for task in project_type["tasks"] if model.get(task, {}).get("_class") == TASK_TYPE]
        for status in (status for task in tasks for status in task["statuses"]):
            if model.get(status, {}).get("name", "").lower() == name.lower():
                return str(status)
        raise NoSuchThingError(f"{name} is no status of project {project.get('identifier')}")

    def _new_id(self) -> str:
        return new_id(self.desk.settings.now_ms())


def as_markup(text: str) -> str:
    """Markup as it is, other text as paragraphs."""
    return text if text == "" or text.startswith("{") else paragraphs(text)
