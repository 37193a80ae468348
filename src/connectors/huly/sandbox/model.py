"""The part of Huly's model that the sandbox knows: classes with their storage, stock types and statuses."""

from typing import Any

from attrs import Factory, define

from connectors.huly.sandbox.server_errors import UnknownClassError

Document = dict[str, Any]

SYSTEM = "core:account:System"
NO_PARENT = "tracker:ids:NoParent"
DEFAULT_PROJECT = "tracker:project:DefaultProject"

ISSUE = "tracker:class:Issue"
PROJECT = "tracker:class:Project"
COMPONENT = "tracker:class:Component"
MILESTONE = "tracker:class:Milestone"
TIME_REPORT = "tracker:class:TimeSpendReport"
ISSUE_STATUS = "tracker:class:IssueStatus"
PROJECT_TYPE = "task:class:ProjectType"
TASK_TYPE = "task:class:TaskType"
PERSON = "contact:class:Person"
EMPLOYEE = "contact:mixin:Employee"
SOCIAL_IDENTITY = "contact:class:SocialIdentity"
TAG_REFERENCE = "tags:class:TagReference"
TAG_ELEMENT = "tags:class:TagElement"
DOC_UPDATE_MESSAGE = "activity:class:DocUpdateMessage"
TODO = "time:class:ProjectToDo"
MIXIN = "core:class:Mixin"

CLASSIC_PROJECT_TYPE = "tracker:ids:ClassingProjectType"
ISSUE_TASK_TYPE = "tracker:taskTypes:Issue"
STATUS_ATTRIBUTE = "tracker:attribute:IssueStatus"
SPACE_SPACE = "core:space:Space"
MODEL_SPACE = "core:space:Model"
TX_SPACE = "core:space:Tx"
CONTACTS_SPACE = "contact:space:Contacts"

_ATTACHED = "core:class:AttachedDoc"

# class: (what it extends, the storage it brings or None for that of its parent)
_CLASSES: dict[str, tuple[str | None, str | None]] = {
    _ATTACHED: (None, None),
    "core:class:Class": (None, "model"),
    MIXIN: ("core:class:Class", None),
    "core:class:Attribute": (None, "model"),
    "core:class:Status": (None, "model"),
    ISSUE_STATUS: ("core:class:Status", None),
    "core:class:StatusCategory": (None, "model"),
    PROJECT_TYPE: (None, "model"),
    TASK_TYPE: (None, "model"),
    "core:class:Space": (None, "space"),
    "core:class:TypedSpace": ("core:class:Space", None),
    "task:class:Project": ("core:class:TypedSpace", None),
    PROJECT: ("task:class:Project", None),
    "task:class:Task": (_ATTACHED, "task"),
    ISSUE: ("task:class:Task", None),
    COMPONENT: (None, "tracker"),
    MILESTONE: (None, "tracker"),
    TIME_REPORT: (_ATTACHED, "tracker"),
    "contact:class:Contact": (None, "contact"),
    PERSON: ("contact:class:Contact", None),
    SOCIAL_IDENTITY: (_ATTACHED, "channel"),
    "contact:class:Channel": (_ATTACHED, "channel"),
    TAG_ELEMENT: (None, "tags"),
    TAG_REFERENCE: (_ATTACHED, "tags"),
    "tags:class:TagCategory": (None, "tags"),
    "activity:class:ActivityMessage": (_ATTACHED, "activity"),
    DOC_UPDATE_MESSAGE: ("activity:class:ActivityMessage", None),
    "chunter:class:ChatMessage": ("activity:class:ActivityMessage", None),
    "attachment:class:Attachment": (_ATTACHED, "attachment"),
    "time:class:ToDo": (_ATTACHED, "time"),
    TODO: ("time:class:ToDo", None),
    "core:class:Tx": (None, "tx"),
    "core:class:TxApplyIf": ("core:class:Tx", None),
    "core:class:TxCUD": ("core:class:Tx", None),
    "core:class:TxCreateDoc": ("core:class:TxCUD", None),
    "core:class:TxUpdateDoc": ("core:class:TxCUD", None),
    "core:class:TxRemoveDoc": ("core:class:TxCUD", None),
    "core:class:TxMixin": ("core:class:TxCUD", None),
}
_MIXINS = {
    EMPLOYEE: PERSON,
    "hr:mixin:Staff": EMPLOYEE,
    "tracker:mixin:ClassicProjectTypeData": PROJECT,
    "tracker:mixin:IssueTypeData": ISSUE,
    "task:mixin:TaskTypeClass": MIXIN,
    "task:mixin:ProjectTypeClass": MIXIN,
}


@define
class Classes:
    """The class table of one workspace; a client may add mixins of its own."""

    _parents: dict[str, str | None] = Factory(lambda: {name: parent for name, (parent, _) in _CLASSES.items()})
    _domains: dict[str, str] = Factory(lambda: {name: domain for name, (_, domain) in _CLASSES.items() if domain})
    _mixins: set[str] = Factory(lambda: set(_MIXINS))

    def __attrs_post_init__(self) -> None:
        self._parents.update(_MIXINS)

    def knows(self, class_id: str) -> bool:
        """Whether the class exists."""
        return class_id in self._parents

    def add_mixin(self, mixin_id: str, extends: str) -> None:
        """Adds a mixin that a client created in the model."""
        self._parents[mixin_id] = extends
        self._mixins.add(mixin_id)

    def is_mixin(self, class_id: str) -> bool:
        """Whether the class is a mixin, which a document has only after it was set on it."""
        return class_id in self._mixins

    def domain(self, class_id: str) -> str:
        """The storage of a class.

        Raises:
            UnknownClassError: there is no such class.
        """
        seen: str | None = class_id
        while seen is not None:
            if seen in self._domains:
                return self._domains[seen]
            seen = self._parents.get(seen)
        raise UnknownClassError(class_id)

    def is_a(self, class_id: str, base: str) -> bool:
        """Whether a class is the other one or extends it."""
        seen: str | None = class_id
        while seen is not None:
            if seen == base:
                return True
            seen = self._parents.get(seen)
        return False


def class_transactions(now_ms: int) -> list[Document]:
    """Transactions that create the known classes, as `load-model` lists them; far fewer than a real server has."""
    return [
        {
            "_id": f"sandbox-model-{number:06d}",
            "_class": "core:class:TxCreateDoc",
            "space": TX_SPACE,
            "objectId": name,
            "objectClass": MIXIN if name in _MIXINS else "core:class:Class",
            "objectSpace": MODEL_SPACE,
            "modifiedOn": now_ms,
            "modifiedBy": SYSTEM,
            "createdBy": SYSTEM,
            "attributes": _class_attributes(parent, domain, mixin=name in _MIXINS),
        }
        for number, (name, (parent, domain)) in enumerate(_all_classes().items())
    ]


def _all_classes() -> dict[str, tuple[str | None, str | None]]:
    return {**_CLASSES, **{name: (parent, None) for name, parent in _MIXINS.items()}}


def _class_attributes(parent: str | None, domain: str | None, *, mixin: bool) -> Document:
    attributes: Document = {"kind": 2 if mixin else 0, "extends": parent or "core:class:Doc"}
    if domain is not None:
        attributes["domain"] = domain
    return attributes
