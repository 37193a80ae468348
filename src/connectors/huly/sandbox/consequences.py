"""What follows from a write: at once before the answer, or late after it. Only to-dos are logged (observed 25)."""

from attrs import define

from connectors.huly.sandbox import activity, family, model
from connectors.huly.sandbox.accounts import Caller
from connectors.huly.sandbox.late_steps import LateSteps
from connectors.huly.sandbox.model import (
    EMPLOYEE,
    ISSUE,
    ISSUE_STATUS,
    PERSON,
    SYSTEM,
    TAG_ELEMENT,
    TAG_REFERENCE,
    TODO,
    TX_SPACE,
    Document,
)
from connectors.huly.sandbox.new_ids import new_id
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.stock_model import ACTIVE, LOST, WON
from connectors.huly.sandbox.store import WorkspaceStore
from connectors.huly.sandbox.updates import told_fields, touched_fields
from connectors.huly.sandbox.validation import CREATE


@define(kw_only=True)
class Consequences:
    """The triggers of one workspace."""

    store: WorkspaceStore
    settings: SandboxSettings
    late: LateSteps

    def created(self, caller: Caller, tx: Document, document: Document) -> None:
        """Counters of the parent, figures of the ancestors, membership of the author."""
        family.count_attached(self.store, tx, 1)
        match document["_class"]:
            case model.ISSUE:
                family.tell_ancestors(self.store, document, now_ms=self._now())
                self._plan_joining(caller, tx, document)
            case model.TIME_REPORT:
                self._report_time(document)
            case model.TAG_REFERENCE:
                self._count_label(document, 1)
            case model.PERSON:
                document.setdefault("profile", self._new_id())
        if self.store.classes.domain(document["_class"]) == "space" and not document.get("owners"):
            document["owners"] = [caller.account]
        self._tell(tx, document["_class"], document["_id"], activity.entries_of_creation(document["_class"]))
        self._tell_parent(tx, document["_class"], "create")

    def updated(self, caller: Caller, tx: Document, before: Document, document: Document) -> None:
        """Completion, remaining time, chain of parents, activity, a to-do for whoever starts working."""
        if document["_class"] == ISSUE:
            self._issue_updated(caller, tx, before, document)
        self.told_again(tx, document)

    def told_again(self, tx: Document, document: Document) -> None:
        """The activity entries of an update alone."""
        fields = told_fields(tx["operations"])
        self._tell(tx, document["_class"], document["_id"], activity.entries_of_change(document["_class"], fields))

    def mixed_in(self, caller: Caller, tx: Document, document: Document) -> None:
        """An employee joins the spaces that take in everybody (observed 14)."""
        if tx["mixin"] == EMPLOYEE:
            document.setdefault("hr:mixin:Staff", {"department": "hr:ids:Head"})
            self._join_open_spaces(caller, document)
        if document["_class"] == PERSON:
            entries = activity.entries_of_change(PERSON, list(tx["attributes"]))
            self._tell(tx, PERSON, document["_id"], entries)

    def removed(self, tx: Document, document: Document) -> None:
        """Counters, and everything that goes with the document."""
        family.remove_with_all(self.store, document, now_ms=self._now())
        family.count_attached(self.store, tx, -1)
        if document["_class"] == TAG_REFERENCE:
            self._count_label(document, -1)
        self._tell_parent(tx, document["_class"], "remove")

    def _issue_updated(self, caller: Caller, tx: Document, before: Document, issue: Document) -> None:
        fields = touched_fields(tx["operations"])
        if "status" in fields:
            issue["isDone"] = self._category(issue) in {WON, LOST}
            issue["modifiedOn"] = self._now()
        if "estimation" in fields or "reportedTime" in fields:
            self._refresh_remaining_time(issue)
        if before.get("attachedTo") != issue.get("attachedTo"):
            family.move_below(self.store, tx, before, issue, now_ms=self._now())
        if "status" in fields or "assignee" in fields:
            self._plan_todo(caller, issue)

    def _category(self, issue: Document) -> str | None:
        status = self.store.find(ISSUE_STATUS, str(issue.get("status")))
        return None if status is None else status.get("category")

    def _refresh_remaining_time(self, issue: Document) -> None:
        issue["remainingTime"] = max(0, (issue.get("estimation") or 0) - (issue.get("reportedTime") or 0))
        issue["modifiedOn"] = self._now()
        family.tell_ancestors(self.store, issue, now_ms=self._now())

    def _report_time(self, report: Document) -> None:
        issue = self.store.find(ISSUE, report.get("attachedTo", ""))
        if issue is not None:
            issue["reportedTime"] = (issue.get("reportedTime") or 0) + report.get("value", 0)
            self._refresh_remaining_time(issue)

    def _count_label(self, reference: Document, delta: int) -> None:
        element = self.store.find(TAG_ELEMENT, reference.get("tag", ""))
        if element is not None:
            element["refCount"] = element.get("refCount", 0) + delta
            element["modifiedOn"] = self._now()

    def _join_open_spaces(self, caller: Caller, person: Document) -> None:
        account = person.get("personUuid") or caller.account
        for space in self.store.domain("space").values():
            if not space.get("autoJoin"):
                continue
            if account not in space["members"]:
                space["members"] = [*space["members"], account]
                space["docUpdateMessages"] = space.get("docUpdateMessages", 0) + 1
            if caller.role == "OWNER" and not space.get("owners"):
                space["owners"] = [account]
            space.update(modifiedBy=SYSTEM, modifiedOn=self._now())

    def _plan_joining(self, caller: Caller, tx: Document, issue: Document) -> None:
        """The author of an issue in a public project becomes a member of it, a little later (observed 14)."""

        def join() -> None:
            space = self.store.domain("space").get(issue["space"])
            if space is None or space.get("private") or caller.account in space["members"]:
                return
            space["members"] = [*space["members"], caller.account]
            space.update(modifiedBy=tx["modifiedBy"], modifiedOn=self._now())

        self.late.add(self.settings.join_delay_s, join)

    def _plan_todo(self, caller: Caller, issue: Document) -> None:
        """An assigned issue in progress gets a to-do, by a logged write in the user's name (recorded surprise 15)."""
        person = self.store.find(PERSON, issue.get("assignee") or "")
        if self._category(issue) != ACTIVE or issue.get("todos") or person is None or EMPLOYEE not in person:
            return

        def add_todo() -> None:
            if self.store.find(ISSUE, issue["_id"]) is None or issue.get("todos"):
                return
            now = self._now()
            tx = self._todo_tx(caller, issue, now)
            self.store.log(tx)
            stamp = {"modifiedBy": tx["modifiedBy"], "createdBy": tx["modifiedBy"], "modifiedOn": now, "createdOn": now}
            place = {key: tx[key] for key in ("attachedTo", "attachedToClass", "collection")}
            todo = {**tx["attributes"], **place, **stamp, "_id": tx["objectId"], "_class": TODO}
            self.store.insert([{**todo, "space": tx["objectSpace"]}])
            family.count_attached(self.store, tx, 1)

        self.late.add(self.settings.activity_delay_s, add_todo)

    def _todo_tx(self, caller: Caller, issue: Document, now: int) -> Document:
        return {
            "_id": self._new_id(),
            "_class": CREATE,
            "space": TX_SPACE,
            "objectId": self._new_id(),
            "objectClass": TODO,
            "objectSpace": "time:space:ToDos",
            "attachedTo": issue["_id"],
            "attachedToClass": ISSUE,
            "collection": "todos",
            "modifiedBy": caller.primary_social_id,
            "createdBy": caller.primary_social_id,
            "modifiedOn": now,
            "createdOn": now,
            "attributes": {"title": issue.get("title"), "user": issue.get("assignee"), "workslots": 0},
        }

    def _tell_parent(self, tx: Document, class_id: str, action: str) -> None:
        if tx.get("attachedTo") and "collection" in tx:
            parent_class, parent_id = tx.get("attachedToClass", ""), tx["attachedTo"]
            self._tell(tx, parent_class, parent_id, activity.entries_for_parent(class_id, action))

    def _tell(self, tx: Document, class_id: str, document_id: str, entries: list[Document]) -> None:
        if not entries:
            return

        def write() -> None:
            activity.write_entries(
                self.store,
                tx,
                class_id=class_id,
                document_id=document_id,
                entries=entries,
                make_id=self._new_id,
            )

        self.late.add(self.settings.activity_delay_s, write)

    def _now(self) -> int:
        return self.settings.now_ms()

    def _new_id(self) -> str:
        return new_id(self._now())
