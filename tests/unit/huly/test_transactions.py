"""The transactions the connector sends; the forms are the recorded ones of the web application."""

import pytest

from connectors.huly.payloads import Issue, Project
from connectors.huly.transactions import (
    Author,
    count_up,
    create_issue,
    create_project,
    issue_attributes,
    join_project,
    project_attributes,
    update_issue,
    update_project,
    was_applied,
)

ME = Author(social_id="5588970428346762804", now_ms=1795455161784)


def without_ids(tx):
    """A transaction without its fresh ids."""
    inner = {"txes": [without_ids(part) for part in tx["txes"]]} if "txes" in tx else {}
    return {name: value for name, value in tx.items() if name not in {"_id", "measureName"}} | inner


def test_a_new_issue_is_made_unless_its_id_exists():
    """Always with a scope: the server ignores conditions without one (observed 21)."""
    attributes = issue_attributes(
        title="Boiler leaks", blob=None, number=1, identifier="MIRR-1", status="s", task_type="k", rank=""
    )
    tx = create_issue(ME, issue="6b04", project="p", attributes=attributes)

    assert without_ids(tx) == {
        "_class": "core:class:TxApplyIf",
        "space": "core:space:Tx",
        "objectSpace": "core:space:Tx",
        "modifiedOn": 1795455161784,
        "modifiedBy": "5588970428346762804",
        "scope": "issue-create:6b04",
        "match": [],
        "notMatch": [{"_class": "tracker:class:Issue", "query": {"_id": "6b04"}}],
        "txes": [
            {
                "_class": "core:class:TxCreateDoc",
                "space": "core:space:Tx",
                "objectSpace": "p",
                "modifiedOn": 1795455161784,
                "modifiedBy": "5588970428346762804",
                "createdBy": "5588970428346762804",
                "objectId": "6b04",
                "objectClass": "tracker:class:Issue",
                "attachedTo": "tracker:ids:NoParent",
                "attachedToClass": "tracker:class:Issue",
                "collection": "subIssues",
                "attributes": {
                    "title": "Boiler leaks",
                    "description": None,
                    "assignee": None,
                    "component": None,
                    "milestone": None,
                    "number": 1,
                    "identifier": "MIRR-1",
                    "status": "s",
                    "priority": 0,
                    "rank": "",
                    "comments": 0,
                    "subIssues": 0,
                    "dueDate": None,
                    "parents": [],
                    "reportedTime": 0,
                    "remainingTime": 0,
                    "estimation": 0,
                    "reports": 0,
                    "relations": [],
                    "childInfo": [],
                    "kind": "k",
                },
            }
        ],
    }


def test_an_update_names_where_the_issue_hangs_and_what_it_replaces():
    """The old values are those that were read, not what they mean to us."""
    issue = Issue(record_id="i", space="p", attached_to="parent", attached_to_class="c", collection="subIssues")
    tx = update_issue(ME, issue, {"status": "done"}, if_still={"status": "todo"})

    assert tx["scope"] == "issue:i"
    assert tx["match"] == [{"_class": "tracker:class:Issue", "query": {"_id": "i", "status": "todo"}}]
    (inner,) = tx["txes"]
    assert inner["operations"] == {"status": "done"}
    assert (inner["attachedTo"], inner["collection"], inner["objectSpace"]) == ("parent", "subIssues", "p")


def test_no_optional_key_is_ever_null():
    """The server answers BadRequest to that."""
    tx = update_issue(ME, Issue(record_id="i", space="p"), {"title": "x"}, if_still={"title": None})

    (inner,) = tx["txes"]
    assert not {"attachedTo", "attachedToClass", "collection"} & set(inner)
    assert None not in inner.values()


@pytest.mark.parametrize(
    ("tx", "operator"),
    [
        (count_up(ME, "p"), {"$inc": {"sequence": 1}}),
        (join_project(ME, "p", "me"), {"$push": {"members": "me"}}),
    ],
)
def test_operators_stand_alone(tx, operator):
    """Beside plain keys the server drops them."""
    assert tx["operations"] == operator
    assert (tx["retrieve"], tx["objectSpace"]) == (True, "core:space:Space")


def test_a_new_project_is_ours_and_new_in_id_and_identifier():
    """In the same scope as the web application's, so that two of them cannot pass each other."""
    attributes = project_attributes(
        name="Mirror", description="", identifier="MIRR", account="me", project_type="t", default_status="s"
    )
    tx = create_project(ME, project="p", attributes=attributes)

    assert tx["scope"] == "create-project"
    assert [entry["query"] for entry in tx["notMatch"]] == [{"_id": "p"}, {"identifier": "MIRR"}]
    assert attributes["members"] == attributes["owners"] == ["me"]
    nothing = project_attributes(
        name="Mirror", description="", identifier="MIRR", account="me", project_type="t", default_status=None
    )
    assert "defaultIssueStatus" not in nothing


def test_updates_of_projects_are_conditional():
    """On the fields that are written."""
    tx = update_project(ME, Project(record_id="p"), {"name": "new"}, if_still={"name": "old"})
    assert tx["match"][0]["query"] == {"_id": "p", "name": "old"}


def test_every_transaction_has_an_id_of_its_own():
    """Huly's form: 24 hexadecimal digits."""
    ids = {count_up(ME, "p")["_id"] for _ in range(50)}
    assert len(ids) == 50
    assert all(len(each) == 24 for each in ids)


@pytest.mark.parametrize(
    ("answer", "applied"),
    [
        ({"success": True, "serverTime": 3}, True),
        ({"success": False}, False),
        ([{"success": True, "serverTime": 13}, {"object": {}}], True),
        ([], False),
        (None, False),
    ],
)
def test_both_forms_of_the_answer_are_understood(answer, applied):
    """A list when something was retrieved inside."""
    assert was_applied(answer) is applied
