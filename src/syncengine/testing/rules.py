"""
The laws of conflict rules, for those who write one.

```python
def test_my_rule_keeps_the_laws() -> None:
    check_rule(MyRule())
```
"""

from collections.abc import Callable
from itertools import permutations
from typing import Any

from attrs import evolve as changed
from hypothesis import HealthCheck, Phase, given, settings

from syncengine.domain.conflict_rules import ConflictRule, FieldConflict, Park, Take
from syncengine.domain.records import FieldValue
from syncengine.testing.strategies.happenings import conflicts


class RuleBreaksLaw(AssertionError):
    """
    A rule does what no rule may do.

    Attributes:
        law: the name of the law.
        conflict: the conflict on which it shows.
        answer: what the rule said.
    """

    def __init__(self, rule: ConflictRule, law: str, sentence: str, conflict: FieldConflict, answer: object) -> None:
        """Say which law, on which conflict, with which answer."""
        self.law = law
        self.conflict = conflict
        self.answer = answer
        held = "".join(f"\n    {endpoint}: {version!r}" for endpoint, version in conflict.versions.items())
        super().__init__(
            f"{rule!r} breaks the law {law!r}: {sentence}\n  conflict about {conflict.field!r}:{held}\n  answer: {answer!r}"
        )


def check_rule(rule: ConflictRule, *, examples: int = 300) -> None:
    """
    Try the laws on so many drawn conflicts.

    Raises:
        RuleBreaksLaw: with the smallest conflict found on which a law does not hold.
    """

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(conflict=conflicts())
    def laws_hold(conflict: FieldConflict) -> None:
        check_rule_on(rule, conflict)

    laws_hold()


def check_rule_on(rule: ConflictRule, conflict: FieldConflict) -> Take | Park:
    """
    Try the laws on one conflict.

    Returns:
        the rule's answer.

    Raises:
        RuleBreaksLaw: a law does not hold.
    """
    answer = _total(rule, conflict)
    _deterministic(rule, conflict, answer)
    _independent_of_order(rule, conflict, answer)
    if isinstance(answer, Take):
        _held_by_a_side(rule, conflict, answer)
    return answer


def _total(rule: ConflictRule, conflict: FieldConflict) -> Take | Park:
    try:
        answer: Any = rule(conflict)
    except Exception as error:
        raise RuleBreaksLaw(rule, "total", "it must answer every conflict, not raise", conflict, error) from error
    if not isinstance(answer, Take | Park):
        raise RuleBreaksLaw(rule, "total", "the answer must be a Take or a Park", conflict, answer)
    if isinstance(answer, Park) and not answer.reason:
        raise RuleBreaksLaw(rule, "total", "a Park must tell the person why", conflict, answer)
    return answer


def _deterministic(rule: ConflictRule, conflict: FieldConflict, answer: Take | Park) -> None:
    for again in (rule(conflict), rule(conflict)):
        if again != answer:
            sentence = f"asked again it said {again!r}"
            raise RuleBreaksLaw(rule, "deterministic", sentence, conflict, answer)


def _independent_of_order(rule: ConflictRule, conflict: FieldConflict, answer: Take | Park) -> None:
    for order in permutations(conflict.versions.items()):
        other = rule(changed(conflict, versions=dict(order)))
        if other != answer:
            names = ", ".join(endpoint for endpoint, _ in order)
            sentence = f"with the sides in the order {names} it said {other!r}"
            raise RuleBreaksLaw(rule, "independent of order", sentence, conflict, answer)


def _held_by_a_side(rule: ConflictRule, conflict: FieldConflict, answer: Take) -> None:
    held = [version.value for version in conflict.versions.values()]
    if any(_same(answer.value, value) for value in held):
        return
    if all(isinstance(value, tuple) for value in (answer.value, *held)):
        _parts_held(rule, conflict, answer, tuple, "set members")
    elif all(isinstance(value, str) for value in (answer.value, *held)):
        _parts_held(rule, conflict, answer, str.splitlines, "lines")
    else:
        raise RuleBreaksLaw(rule, "takes what a side holds", "no side holds this value", conflict, answer)


def _parts_held(rule: ConflictRule, conflict: FieldConflict, answer: Take, parts: Callable[[Any], Any], what: str) -> None:
    known = {part for version in conflict.versions.values() for part in parts(version.value)}
    invented = [part for part in parts(answer.value) if part not in known]
    if invented:
        sentence = f"no side holds the {what} {invented!r}"
        raise RuleBreaksLaw(rule, "takes what a side holds", sentence, conflict, answer)


def _same(one: FieldValue, other: FieldValue) -> bool:
    # True == 1 == 1.0 in Python, but they are different values of a field.
    return type(one) is type(other) and one == other
