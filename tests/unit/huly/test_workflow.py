"""Statuses of Huly in shared words, and back."""

import pytest

from connectors.huly.payloads import ProjectType, StatusDocument, TaskType
from connectors.huly.workflow import WORDS, make_workflow
from syncengine.errors import ConfigurationError

STOCK = {
    "Backlog": "UnStarted",
    "Todo": "ToDo",
    "In Progress": "Active",
    "Done": "Won",
    "Canceled": "Lost",
}
CUSTOM = {
    "Triage": "UnStarted",
    "Ready": "ToDo",
    "Doing": "Active",
    "In Review": "Active",
    "Shipped": "Won",
    "Rejected": "Lost",
}


def workflow_of(statuses, **overrides):
    """A workspace with one kind of issues that has these statuses, whose ids are their names."""
    documents = [
        StatusDocument(record_id=name, name=name, category=f"task:statusCategory:{kind}") for name, kind in statuses.items()
    ]
    return make_workflow(
        statuses=documents,
        task_types=[
            TaskType(record_id="other", parent="other", statuses=("Elsewhere",)),
            TaskType(record_id="kind", parent="type", statuses=tuple(statuses)),
        ],
        project_types=[ProjectType(record_id="type", tasks=("kind",))],
        overrides=overrides,
    )


@pytest.mark.parametrize(
    ("name", "category", "word"),
    [
        ("Backlog", "UnStarted", "backlog"),
        ("TODO", "ToDo", "todo"),
        ("To Do", "Active", "todo"),
        ("to-do", "ToDo", "todo"),
        ("in_progress", "Active", "in_progress"),
        (" In  Review ", "Active", "in_review"),
        ("Review", "Active", "in_review"),
        ("Done", "Won", "done"),
        ("Cancelled", "Lost", "cancelled"),
        ("Canceled", "Lost", "cancelled"),
        ("Triage", "UnStarted", "backlog"),
        ("Ready", "ToDo", "todo"),
        ("Doing", "Active", "in_progress"),
        ("Shipped", "Won", "done"),
        ("Rejected", "Lost", "cancelled"),
        ("Odd", "NewCategory", "backlog"),
    ],
)
def test_the_name_decides_and_then_the_category(name, category, word):
    """In any spelling."""
    assert workflow_of({name: category}).word_of(name) == word


def test_the_settings_win_over_name_and_category():
    """However the name is written there."""
    assert workflow_of(CUSTOM, triage="todo").word_of("Triage") == "todo"


def test_unknown_status_names_and_words_in_the_settings_are_refused_together():
    """One message that lists what exists."""
    with pytest.raises(ConfigurationError) as refusal:
        workflow_of(STOCK, Reviewing="in_review", Done="finished")

    message = str(refusal.value)
    assert "no status 'Reviewing'; it has Backlog, Canceled, Done, In Progress, Todo" in message
    assert "no shared word 'finished'; use backlog, todo, in_progress, in_review, done, cancelled" in message


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("backlog", "Backlog"),
        ("todo", "Todo"),
        ("in_progress", "In Progress"),
        ("in_review", "In Progress"),
        ("done", "Done"),
        ("cancelled", "Canceled"),
    ],
)
def test_every_word_finds_a_stock_status(word, status):
    """The stock type has no review."""
    assert workflow_of(STOCK).status_for(word, "kind") == status


@pytest.mark.parametrize("word", WORDS)
def test_custom_types_get_their_own_statuses(word):
    """Never one of another type, and the word comes back."""
    workflow = workflow_of(CUSTOM)

    assert workflow.status_for(word, "kind") in CUSTOM
    assert workflow.word_of(workflow.status_for(word, "kind")) == word


def test_the_nearest_status_is_taken_where_one_is_missing():
    """Backlog and to-do stand in for each other."""
    assert workflow_of({"Backlog": "UnStarted", "Done": "Won"}).status_for("todo", "kind") == "Backlog"
    assert workflow_of({"Todo": "ToDo", "Done": "Won"}).status_for("backlog", "kind") == "Todo"
    assert workflow_of({"Backlog": "UnStarted", "Review": "Active"}).status_for("in_progress", "kind") == "Review"
    assert workflow_of({"Backlog": "UnStarted", "Done": "Won"}).status_for("cancelled", "kind") == "Done"


def test_the_first_of_several_statuses_with_a_word_is_taken():
    """In the order of the issue's kind."""
    assert workflow_of({"Doing": "Active", "Testing": "Active"}).status_for("in_progress", "kind") == "Doing"


def test_no_status_for_an_unknown_word_or_kind():
    """The caller refuses the record then."""
    assert workflow_of(STOCK).status_for("finished", "kind") is None
    assert workflow_of(STOCK).status_for("done", "nowhere") is None


def test_a_status_that_does_not_exist_counts_as_backlog():
    """Huly stores any text as a status."""
    assert workflow_of(STOCK).word_of("nonexistent:status") == "backlog"
    assert workflow_of(STOCK).word_of(None) == "backlog"


def test_stored_word_is_what_comes_back():
    """Without a review status, "in_review" becomes "in_progress"; without a known type nothing is said."""
    assert workflow_of(STOCK).stored_word("in_review", "type") == "in_progress"
    assert workflow_of(STOCK).stored_word("in_review", "unknown type") == "in_review"


def test_new_issues_get_the_first_kind_of_the_project_type():
    """As listed by the type, else by the kinds that name it as their parent."""
    kinds = [TaskType(record_id="b", parent="type"), TaskType(record_id="a", parent="type")]
    listed = [ProjectType(record_id="type", tasks=("gone", "a", "b"))]
    both = {"statuses": [], "task_types": kinds, "overrides": {}}

    assert make_workflow(project_types=listed, **both).task_type_of("type") == "a"
    assert make_workflow(project_types=[], **both).task_type_of("type") == "b"
    assert make_workflow(project_types=[], **both).task_type_of("other") == ""


def test_new_projects_get_the_stock_type_or_any_of_the_tracker():
    """Types of other applications are none."""

    def chosen(*types):
        return make_workflow(statuses=[], task_types=[], project_types=types, overrides={}).type_for_new_projects()

    stock = ProjectType(record_id="tracker:ids:ClassingProjectType", descriptor="tracker:descriptors:ProjectType")
    custom = ProjectType(record_id="custom", descriptor="tracker:descriptors:ProjectType")
    recruiting = ProjectType(record_id="r", descriptor="recruit:descriptors:VacancyType")
    assert chosen(recruiting, custom, stock) == stock
    assert chosen(recruiting, custom) == custom
    assert chosen(recruiting) is None
