"""Documents that every fresh workspace of the real server has: categories, statuses, types, the default project."""

from connectors.huly.sandbox.model import (
    CLASSIC_PROJECT_TYPE,
    DEFAULT_PROJECT,
    ISSUE,
    ISSUE_STATUS,
    ISSUE_TASK_TYPE,
    MODEL_SPACE,
    PROJECT,
    PROJECT_TYPE,
    SPACE_SPACE,
    STATUS_ATTRIBUTE,
    SYSTEM,
    TASK_TYPE,
    Document,
)

WON = "task:statusCategory:Won"
LOST = "task:statusCategory:Lost"
ACTIVE = "task:statusCategory:Active"

# id, label, color, name of a new status of this category
_CATEGORIES = (
    ("task:statusCategory:UnStarted", "task:string:StateBacklog", 21, "Backlog"),
    ("task:statusCategory:ToDo", "task:string:StateUnstarted", 23, "Todo"),
    (ACTIVE, "task:string:StateActive", 11, "New state"),
    (WON, "task:string:DoneStatesWon", 17, "Won"),
    (LOST, "task:string:DoneStatesLost", 22, "Lost"),
)
_STATUSES = (
    ("tracker:status:Backlog", "Backlog", 21, "task:statusCategory:UnStarted"),
    ("tracker:status:Todo", "Todo", 23, "task:statusCategory:ToDo"),
    ("tracker:status:InProgress", "In Progress", 11, ACTIVE),
    ("tracker:status:Done", "Done", 17, WON),
    ("tracker:status:Canceled", "Canceled", 22, LOST),
)
# The types of the other applications, so that a client that takes "the first project type" fails here too.
_FOREIGN_TYPES = (
    (
        "recruit:template:DefaultVacancy",
        "Default vacancy",
        "recruit:descriptors:VacancyType",
        "recruit:mixin:DefaultVacancyTypeData",
        "recruit:taskTypes:Applicant",
        ("Applicant", "recruit:descriptors:Application", "recruit:class:Applicant", "recruit:mixin:ApplicantTypeData"),
        "recruit:icon:Application",
        ("Backlog", "HRInterview", "TechnicalInterview", "TestTask", "Offer", "Won", "Lost"),
    ),
    (
        "lead:template:DefaultFunnel",
        "Default funnel",
        "lead:descriptors:FunnelType",
        "lead:mixin:DefaultFunnelTypeData",
        "lead:taskType:Lead",
        ("Lead", "lead:descriptors:Lead", "lead:class:Lead", "lead:mixin:LeadTypeData"),
        "lead:icon:Lead",
        (
            "Backlog",
            "Incoming",
            "Negotiation",
            "OfferPreparing",
            "MakeADecision",
            "ContractConclusion",
            "Won",
            "Lost",
        ),
    ),
)


def stock_documents(now_ms: int) -> list[Document]:
    """The model documents of a fresh workspace, types of other applications first, as a real server lists them."""
    return [
        *_foreign_documents(now_ms),
        _stamped(_classic_project_type(), now_ms),
        _stamped(_issue_task_type(), now_ms),
        *(_stamped(_category(order, *row), now_ms) for order, row in enumerate(_CATEGORIES)),
        *(_stamped(_status(*row), now_ms) for row in _STATUSES),
    ]


def default_project(now_ms: int) -> Document:
    """The project of a fresh workspace: nobody is a member of it (observed 13)."""
    return {
        "name": "Default",
        "type": CLASSIC_PROJECT_TYPE,
        "autoJoin": True,
        "sequence": 0,
        "identifier": "TSK",
        "description": "Default project",
        "docUpdateMessages": 1,
        "defaultTimeReportDay": "PreviousWorkDay",
        "_id": DEFAULT_PROJECT,
        "_class": PROJECT,
        "space": SPACE_SPACE,
        "modifiedBy": SYSTEM,
        "createdBy": SYSTEM,
        "modifiedOn": now_ms,
        "createdOn": now_ms,
        "private": False,
        "members": [],
        "archived": False,
    }


def _stamped(document: Document, now_ms: int) -> Document:
    stamp = {"modifiedBy": SYSTEM, "modifiedOn": now_ms, "createdBy": SYSTEM, "createdOn": now_ms}
    return {**document, "space": MODEL_SPACE, **stamp}


def _status(status_id: str, name: str, color: int, category: str) -> Document:
    head = {"ofAttribute": STATUS_ATTRIBUTE, "name": name, "color": color, "category": category}
    return {**head, "_id": status_id, "_class": ISSUE_STATUS}


def _category(order: int, category_id: str, label: str, color: int, default_name: str) -> Document:
    return {
        "ofAttribute": "task:attribute:State",
        "label": label,
        "icon": "task:icon:TaskState",
        "color": color,
        "defaultStatusName": default_name,
        "order": order,
        "_id": category_id,
        "_class": "core:class:StatusCategory",
    }


def _classic_project_type() -> Document:
    return {
        "name": "Classic project",
        "descriptor": "tracker:descriptors:ProjectType",
        "description": "",
        "tasks": [ISSUE_TASK_TYPE],
        "roles": 0,
        "classic": True,
        "statuses": [{"_id": row[0], "taskType": ISSUE_TASK_TYPE} for row in _STATUSES],
        "targetClass": "tracker:mixin:ClassicProjectTypeData",
        "_id": CLASSIC_PROJECT_TYPE,
        "_class": PROJECT_TYPE,
    }


def _issue_task_type() -> Document:
    return {
        "parent": CLASSIC_PROJECT_TYPE,
        "statuses": [row[0] for row in _STATUSES],
        "descriptor": "tracker:descriptors:Issue",
        "name": "Issue",
        "kind": "both",
        "ofClass": ISSUE,
        "targetClass": "tracker:mixin:IssueTypeData",
        "statusClass": ISSUE_STATUS,
        "statusCategories": [row[0] for row in _CATEGORIES],
        "allowedAsChildOf": [ISSUE_TASK_TYPE],
        "icon": "tracker:icon:Issue",
        "_id": ISSUE_TASK_TYPE,
        "_class": TASK_TYPE,
    }


def _foreign_documents(now_ms: int) -> list[Document]:
    documents: list[Document] = []
    for type_id, name, descriptor, target, task_id, task, icon, words in _FOREIGN_TYPES:
        statuses = [f"{type_id.partition(':')[0]}:taskTypeStatus:{word}" for word in words]
        documents += [
            {
                "name": name,
                "descriptor": descriptor,
                "description": "",
                "tasks": [task_id],
                "roles": 0,
                "classic": False,
                "statuses": [{"_id": status, "taskType": task_id} for status in statuses],
                "targetClass": target,
                "_id": type_id,
                "_class": PROJECT_TYPE,
            },
            {
                "name": task[0],
                "descriptor": task[1],
                "ofClass": task[2],
                "targetClass": task[3],
                "parent": type_id,
                "kind": "task",
                "statuses": statuses,
                "statusClass": "core:class:Status",
                "statusCategories": ["task:statusCategory:UnStarted", ACTIVE, WON, LOST],
                "icon": icon,
                "_id": task_id,
                "_class": TASK_TYPE,
            },
        ]
    return [_stamped(document, now_ms) for document in documents]
