"""
A conflict rule of your own, with its property test: `pytest examples/custom_rule.py`.

The rule: when two people moved an item at the same time, the status that is further on wins. "Done" here and "in review"
there becomes "done". A status outside the usual way, such as "cancelled", is left to another rule.
"""

from attrs import field, frozen
from hypothesis import given

from syncengine.domain.conflict_rules import AskAPerson, ConflictRule, FieldConflict, Park, Take
from syncengine.domain.records import FieldKind
from syncengine.testing import check_rule, strategies


@frozen
class FurthestStatus:
    """The status that is furthest on wins; `then` decides where one of them is not on the way."""

    way: tuple[str, ...] = ("backlog", "todo", "in_progress", "in_review", "done")
    then: ConflictRule = field(factory=AskAPerson, kw_only=True)

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Take the value that is latest on the way."""
        values = [version.value for version in conflict.versions.values()]
        if not all(value in self.way for value in values):
            return self.then(conflict)
        return Take(max(values, key=self.way.index))


def test_the_laws_of_all_rules_hold() -> None:
    """It answers every conflict, always the same, whatever the order of the sides, and invents no value."""
    check_rule(FurthestStatus())


@given(strategies.conflicts(FieldKind.CHOICE))
def test_nothing_ever_goes_back(conflict: FieldConflict) -> None:
    """No side is taken back to an earlier status than it had."""
    rule = FurthestStatus()
    answer = rule(conflict)
    held = [version.value for version in conflict.versions.values()]
    if isinstance(answer, Take):
        assert all(rule.way.index(answer.value) >= rule.way.index(value) for value in held)
    else:
        assert not set(held) <= set(rule.way), "it asked a person although every status is on the way"
