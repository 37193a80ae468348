"""Huly's documents in shared fields."""

import pytest

from connectors.huly.payloads import Issue, Project, ProjectType, StatusDocument, TaskType
from connectors.huly.translate import (
    identifier_for,
    identifier_from,
    issue_as_stored,
    issue_fields,
    issue_revision,
    one_line,
    project_as_stored,
    project_fields,
    project_revision,
    rank_for,
    record_id_from,
)
from connectors.huly.workflow import make_workflow
from syncengine.connector import FieldValues

ISSUE = Issue(
    record_id="i", space="p", identifier="TSK-1", title="Boiler leaks", status="s1", description="i-description-1"
)


def test_titles_are_on_one_line_without_blanks_around_them():
    """As Huly's own form stores them."""
    assert one_line("  a \n b\r\nc\0 ") == "a b c\ufffd"
    assert one_line(None) == ""


def test_a_project_in_shared_fields():
    """A missing description is an empty one."""
    assert project_fields(Project(record_id="p", name="Mobile ", identifier="MOB")) == {
        "name": "Mobile",
        "description": "",
        "identifier": "MOB",
    }


def test_an_issue_in_shared_fields():
    """With the word and the text that were worked out elsewhere."""
    assert issue_fields(ISSUE, word="todo", description="*x*") == {
        "title": "Boiler leaks",
        "description": "*x*",
        "status": "todo",
    }


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Boiler leaks badly"},
        {"status": "s2"},
        {"description": "i-description-2"},
        {"description": None},
    ],
)
def test_the_revision_moves_with_every_field(other):
    """It is known from a listing alone."""
    values = {"record_id": "i", "space": "p", "title": ISSUE.title, "status": "s1", "description": ISSUE.description}

    assert issue_revision(Issue(**values), word="todo") == issue_revision(ISSUE, word="todo")
    assert issue_revision(Issue(**(values | other)), word="todo") != issue_revision(ISSUE, word="todo")


def test_the_revision_moves_with_the_meaning_of_a_status():
    """After `statuses` in the settings was changed, every issue is read again."""
    assert issue_revision(ISSUE, word="todo") != issue_revision(ISSUE, word="backlog")


def test_the_revision_of_a_project_moves_with_its_fields_only():
    """Members and counters mean nothing to us."""
    one = Project(record_id="p", name="a", description="b", identifier="c")
    assert project_revision(one) == project_revision(Project(record_id="p", name="a", description="b", identifier="c"))
    assert project_revision(one) != project_revision(Project(record_id="p", name="x", description="b", identifier="c"))


def test_as_stored_spells_an_issue_as_huly_would():
    """With the statuses of its project; fields that Huly does not have are left out."""
    workflow = make_workflow(
        statuses=[StatusDocument(record_id="s", name="In Progress", category="task:statusCategory:Active")],
        task_types=[TaskType(record_id="k", parent="t", statuses=("s",))],
        project_types=[ProjectType(record_id="t", tasks=("k",))],
        overrides={},
    )
    fields = FieldValues(title=" a ", description="* x\n\n", status="in_review", colour="red")

    assert issue_as_stored(fields, workflow=workflow, project_type="t") == {
        "title": "a",
        "description": "- x",
        "status": "in_progress",
    }
    assert issue_as_stored(fields, workflow=None, project_type="")["status"] == "in_review"


def test_as_stored_takes_no_text_for_an_empty_one():
    """None and "" are the same to Huly."""
    stored = issue_as_stored(FieldValues(description=None), workflow=None, project_type="")
    assert stored == {"description": ""}


def test_as_stored_spells_a_project_as_huly_would():
    """Plain text, blanks around it dropped."""
    fields = FieldValues(name="a\nb", description="\r\nx\r\ny\n", identifier="my-proj", path="/srv/x")
    assert project_as_stored(fields) == {"name": "a b", "description": "x\ny", "identifier": "MY_PROJ"}


@pytest.mark.parametrize(
    ("name", "taken", "identifier"),
    [
        ("Mobile app", set(), "MOBIL"),
        ("Mobile app", {"MOBIL"}, "MOBI2"),
        ("Mobile app", {"MOBIL", *(f"MOBI{n}" for n in range(2, 10))}, "MOB10"),
        ("42 things", set(), "THING"),
        ("Ä", set(), "PROJ"),
        ("日本", {"PROJ"}, "PROJ2"),
    ],
)
def test_identifiers_are_made_from_names(name, taken, identifier):
    """Five capitals at most; a number where somebody has them."""
    assert identifier_for(name, taken) == identifier


def test_identifiers_are_spelled_as_in_hulys_form():
    """Capitals, `_` for blanks and dashes."""
    assert identifier_from(" my-new proj ") == "MY_NEW_PROJ"
    assert identifier_from(None) == ""


def test_record_ids_are_derived_from_workspace_container_and_key():
    """24 hexadecimal digits, as Huly's own; the parts do not run into each other."""
    made = record_id_from("w", "p", "k")

    assert len(made) == 24
    assert set(made) <= set("0123456789abcdef")
    assert made == record_id_from("w", "p", "k")
    assert len({made, record_id_from("w", "pk", ""), record_id_from("wp", "", "k"), record_id_from("w", "p", "l")}) == 4


def test_ranks_are_those_of_appending_one_issue_after_the_other():
    """The first three as recorded."""
    assert [rank_for(number) for number in (1, 2, 3)] == ["0|hzzzzz:", "0|i00007:", "0|i0000f:"]
