"""Whether the rules fit what the endpoints declare."""

from syncengine.connector import Capabilities, FieldSpec, RecordSchema
from syncengine.domain.conflict_rules import AskAPerson
from syncengine.domain.policy import Policy
from syncengine.engine.pairings import Pairing
from syncengine.runner.rule_coverage import problems_of_policy


def endpoint(**kinds):
    """Capabilities with these fields by kind; a field written `-name` cannot be read."""
    return Capabilities(
        schemas=tuple(
            RecordSchema(
                kind=kind,
                fields=tuple(FieldSpec(name=name.lstrip("-"), readable=not name.startswith("-")) for name in names.split()),
            )
            for kind, names in kinds.items()
        )
    )


LEFT = endpoint(project="name description", issue="title status")
RIGHT = endpoint(project="name -description", issue="title owner")
BOTH = {"left": LEFT, "right": RIGHT}


def policy(**rules):
    return Policy(rules={kind: {name: AskAPerson() for name in names.split()} for kind, names in rules.items()})


def test_every_field_that_two_sides_can_read_has_a_rule():
    """Fields that only one side has, or that nobody can read twice, need none."""
    assert problems_of_policy(policy(project="name", issue="title"), BOTH, everybody=True) == []


def test_a_missing_rule_names_the_line_to_add():
    """The message can be copied into the file."""
    assert problems_of_policy(policy(project="name"), BOTH, everybody=True) == [
        (
            "sync.rules.issue.title: no conflict rule; add to [sync.rules.issue] for example: "
            'title = {rule = "prefer", endpoint = "left"}'
        )
    ]


def test_names_that_nobody_knows_are_mistakes():
    """A misspelled field or kind would never be looked up."""
    rules = Policy(
        rules={**policy(project="name", issue="title statsu").rules, "isue": {}}, creates={"projects": frozenset()}
    )
    pairing = Pairing(kind="task", containers={"left": "a", "right": "b"})
    assert problems_of_policy(rules, BOTH, [pairing], everybody=True) == [
        'sync.rules.issue.statsu: no endpoint has such a field; did you mean "status"?',
        'sync.rules.isue: no endpoint has such records; did you mean "issue"?',
        'sync.creates.projects: no endpoint has such records; did you mean "project"?',
        'sync.pairings[1].kind: no endpoint has records of the kind "task"; possible here: issue, project',
    ]


def test_nothing_is_called_unknown_before_everybody_was_reached():
    """An endpoint that cannot be reached yet may be the one that knows the name."""
    assert problems_of_policy(policy(issue="title effort"), {"left": LEFT}, everybody=False) == []
