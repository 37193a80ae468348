"""The laws of conflict rules, for every built-in rule and for rules that break them."""

from datetime import UTC, datetime
from itertools import count

import pytest
from attrs import field, frozen
from hypothesis import example, given
from hypothesis import strategies as st

from syncengine.domain.conflict_rules import (
    RULES,
    AskAPerson,
    FieldConflict,
    FieldVersion,
    LatestWrite,
    MergeText,
    Park,
    Prefer,
    Take,
    UnionOfSets,
    merge_lines,
)
from syncengine.domain.identity import EndpointName
from syncengine.domain.records import FieldKind
from syncengine.testing import RuleBreaksLaw, check_rule
from syncengine.testing.strategies import conflicts, texts

BUILT_IN = [
    AskAPerson(),
    Prefer("huly"),
    Prefer("nobody"),
    Prefer("nobody", then=Prefer("vibe")),
    LatestWrite(),
    LatestWrite(clock_skew_s=0.0),
    LatestWrite(then=Prefer("vibe"), clock_skew_s=1.0),
    UnionOfSets(),
    UnionOfSets(then=Prefer("huly")),
    MergeText(),
    MergeText(then=LatestWrite(then=Prefer("tracker"))),
]


@pytest.mark.parametrize("rule", BUILT_IN, ids=str)
def test_built_in_rules_keep_the_laws(rule):
    """Total, deterministic, independent of order, and taking only what sides hold."""
    check_rule(rule)


def test_every_named_rule_is_among_those_that_are_checked():
    """No rule can be added to the settings without being checked here."""
    assert set(RULES.values()) == {type(rule) for rule in BUILT_IN}


@given(conflict=conflicts())
def test_a_preferred_side_wins_whenever_it_changed_the_field(conflict):
    """`Prefer` takes exactly what its endpoint holds."""
    for endpoint, version in conflict.versions.items():
        assert Prefer(endpoint)(conflict) == Take(version.value)


@given(conflict=conflicts(), then=st.sampled_from([AskAPerson(), Prefer("vibe"), Prefer("huly")]))
def test_latest_write_never_decides_between_times_that_are_too_close(conflict, then):
    """Without a clear latest time `then` decides; with one, the latest value wins."""
    answer = LatestWrite(then=then, clock_skew_s=60)(conflict)
    versions = list(conflict.versions.values())
    times = [version.changed_at for version in versions]
    latest = [
        version
        for version in versions
        if None not in times
        and all((version.changed_at - other.changed_at).total_seconds() >= 60 for other in versions if other is not version)
    ]
    assert answer == (Take(latest[0].value) if latest else then(conflict))


@given(conflict=conflicts(FieldKind.SET))
def test_a_union_keeps_what_was_added_and_drops_what_was_removed(conflict):
    """A member is in the union if some side has it and no side took it away."""
    answer = UnionOfSets()(conflict)
    has = lambda member: any(member in version.value for version in conflict.versions.values())
    removed = lambda member: any(
        member in (version.agreed or ()) and member not in version.value for version in conflict.versions.values()
    )
    everything = {member for version in conflict.versions.values() for member in version.value}
    assert answer == Take(tuple(sorted(member for member in everything if has(member) and not removed(member))))


@given(base=texts(), one=texts(), two=texts())
@example(base="a\nb", one="a\nb\nc", two="x\nb")
@example(base="a\r", one="\n", two="a\rb")
def test_merged_texts_hold_only_lines_of_the_two_and_the_order_does_not_matter(base, one, two):
    """Merging invents no line."""
    merged = merge_lines(base, one, two)
    assert merged == merge_lines(base, two, one)
    if merged is not None:
        assert set(merged.splitlines()) <= {*one.splitlines(), *two.splitlines()}


@given(base=texts(), one=texts())
def test_merging_with_an_unchanged_text_gives_the_changed_one(base, one):
    """A text that nobody else touched comes out as its author wrote it."""
    assert merge_lines(base, one, base) == one
    assert merge_lines(base, base, one) == one


@given(
    head=st.lists(st.text("abc", max_size=3), min_size=1, max_size=3),
    tail=st.lists(st.text("xyz", max_size=3), min_size=1, max_size=3),
)
def test_edits_of_different_places_both_survive(head, tail):
    """Lines changed far from each other are both in the result."""
    keep = ["== keep 1 ==", "== keep 2 =="]
    base = ["first", *keep, "last"]
    one, two = [*head, *keep, "last"], ["first", *keep, *tail]
    lines = lambda parts: "".join(f"{part}\n" for part in parts)
    assert merge_lines(lines(base), lines(one), lines(two)) == lines([*head, *keep, *tail])


# Rules that break a law, to see that `check_rule` notices.


@frozen
class StumblesOverNumbers:
    """Raises where it meets what it does not expect."""

    def __call__(self, conflict):
        return Take(min((version.value for version in conflict.versions.values()), key=lambda it: (len(it), it)))


@frozen
class ForgetsToAnswer:
    def __call__(self, conflict):
        return None


@frozen
class ParksWithoutAWord:
    def __call__(self, conflict):
        return Park("")


@frozen
class TakesTurns:
    calls: count = field(factory=count)

    def __call__(self, conflict):
        names = sorted(conflict.versions)
        return Take(conflict.versions[names[next(self.calls) % len(names)]].value)


@frozen
class TakesTheFirst:
    def __call__(self, conflict):
        return Take(next(iter(conflict.versions.values())).value)


@frozen
class TakesItsOwnIdea:
    def __call__(self, conflict):
        return Take(42)


@frozen
class InventsAMember:
    def __call__(self, conflict):
        values = [version.value for version in conflict.versions.values()]
        if all(isinstance(value, tuple) for value in values):
            return Take(("invented",))
        return Park("no set")


@frozen
class WritesConflictMarkers:
    def __call__(self, conflict):
        values = [conflict.versions[name].value for name in sorted(conflict.versions)]
        if all(isinstance(value, str) for value in values):
            return Take("\n=======\n".join(values))
        return Park("no text")


BREAKING = [
    (StumblesOverNumbers(), "total"),
    (ForgetsToAnswer(), "total"),
    (ParksWithoutAWord(), "total"),
    (TakesTurns(), "deterministic"),
    (TakesTheFirst(), "independent of order"),
    (TakesItsOwnIdea(), "takes what a side holds"),
    (InventsAMember(), "takes what a side holds"),
    (WritesConflictMarkers(), "takes what a side holds"),
]


@pytest.mark.parametrize(("rule", "law"), BREAKING, ids=lambda it: type(it).__name__)
def test_a_rule_that_breaks_a_law_is_caught_with_the_law_and_the_conflict(rule, law):
    """The message names the law, the conflict and the answer."""
    with pytest.raises(RuleBreaksLaw) as caught:
        check_rule(rule)
    assert caught.value.law == law
    assert repr(caught.value.answer) in str(caught.value)
    assert all(endpoint in str(caught.value) for endpoint in caught.value.conflict.versions)


def test_latest_write_without_tolerance_does_not_choose_between_equal_times():
    """Two edits at the same moment have no latest one, even where clocks are trusted to the full."""
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    versions = {
        EndpointName("a"): FieldVersion(value="one", changed_at=moment),
        EndpointName("b"): FieldVersion(value="two", changed_at=moment),
    }
    answer = LatestWrite(clock_skew_s=0.0)(FieldConflict(field="title", versions=versions))
    assert isinstance(answer, Park)
