"""Who wins, in examples."""

from datetime import UTC, datetime, timedelta

import pytest

from syncengine.domain.conflict_rules import (
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

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def conflict(*, huly, vibe, agreed=None):
    versions = {"huly": FieldVersion(value=huly, agreed=agreed), "vibe": FieldVersion(value=vibe, agreed=agreed)}
    return FieldConflict(field="title", versions=versions)


def timed(huly_at, vibe_at):
    return FieldConflict(
        field="title",
        versions={
            "huly": FieldVersion(value="from huly", changed_at=huly_at),
            "vibe": FieldVersion(value="from vibe", changed_at=vibe_at),
        },
    )


def test_a_person_is_asked_with_the_field_and_the_sides_named():
    """The reason is a sentence for that person."""
    assert AskAPerson()(conflict(huly="x", vibe="y")) == Park(
        "title was changed on huly and vibe; choose one of the values"
    )


def test_the_preferred_side_wins():
    """Whatever the other side holds."""
    assert Prefer("vibe")(conflict(huly="x", vibe="y")) == Take("y")


def test_a_preferred_side_that_did_not_change_the_field_decides_nothing():
    """Then the next rule is asked."""
    assert Prefer("tracker", then=Prefer("huly"))(conflict(huly="x", vibe="y")) == Take("x")
    assert isinstance(Prefer("tracker")(conflict(huly="x", vibe="y")), Park)


def test_the_later_edit_wins_when_it_is_later_beyond_doubt():
    """Two minutes or more, unless told otherwise."""
    assert LatestWrite()(timed(NOON, NOON + timedelta(minutes=3))) == Take("from vibe")
    assert LatestWrite()(timed(NOON + timedelta(minutes=3), NOON)) == Take("from huly")


def test_clocks_of_two_hosts_are_not_compared_to_the_second():
    """Edits that are close are left to the next rule."""
    assert isinstance(LatestWrite()(timed(NOON, NOON + timedelta(seconds=119))), Park)
    assert LatestWrite(clock_skew_s=60)(timed(NOON, NOON + timedelta(seconds=119))) == Take("from vibe")


def test_an_edit_without_a_time_cannot_be_the_latest():
    """B12: a remote that does not move its times must not lose all its edits."""
    assert LatestWrite(then=Prefer("huly"))(timed(None, NOON)) == Take("from huly")


def test_sets_keep_additions_of_both_and_lose_removals_of_both():
    """Nobody's work on a set is undone."""
    both = conflict(huly=("a", "c", "h"), vibe=("b", "c", "v"), agreed=("a", "b", "c", "d"))
    assert UnionOfSets()(both) == Take(("c", "h", "v"))


def test_on_first_contact_sets_are_joined():
    """Without an agreed value nothing counts as removed."""
    assert UnionOfSets()(conflict(huly=("a",), vibe=("b",))) == Take(("a", "b"))


def test_values_that_are_no_sets_are_left_to_the_next_rule():
    """A text has no members."""
    assert UnionOfSets(then=Prefer("huly"))(conflict(huly="a", vibe=("b",))) == Take("a")


def test_texts_edited_in_different_places_are_merged():
    """Both edits survive."""
    texts = conflict(huly="one\ntwo\nthree\nFOUR\n", vibe="ONE\ntwo\nthree\nfour\n", agreed="one\ntwo\nthree\nfour\n")
    assert MergeText()(texts) == Take("ONE\ntwo\nthree\nFOUR\n")


def test_texts_edited_in_the_same_place_are_left_to_the_next_rule():
    """Nothing is cut out of one to fit the other."""
    texts = conflict(huly="one\nTWO\n", vibe="one\n2\n", agreed="one\ntwo\n")
    assert isinstance(MergeText()(texts), Park)
    assert MergeText(then=Prefer("vibe"))(texts) == Take("one\n2\n")


@pytest.mark.parametrize(
    "texts",
    [
        conflict(huly="x", vibe="y"),
        conflict(huly="x", vibe=None, agreed="z"),
        FieldConflict(
            field="text",
            versions={name: FieldVersion(value=name, agreed="base") for name in ("huly", "vibe", "tracker")},
        ),
        FieldConflict(
            field="text",
            versions={"huly": FieldVersion(value="x", agreed="a"), "vibe": FieldVersion(value="y", agreed="b")},
        ),
    ],
    ids=["never agreed", "no text", "three sides", "two bases"],
)
def test_texts_that_have_no_common_base_are_left_to_the_next_rule(texts):
    """Merging needs exactly two texts that come from one."""
    assert isinstance(MergeText()(texts), Park)


def test_neighbouring_lines_count_as_the_same_place():
    """Edits that touch each other belong to one thought."""
    assert merge_lines("a\nb\nc\n", "A\nb\nc\n", "a\nB\nc\n") is None
    assert merge_lines("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n") == "A\nb\nC\n"


def test_a_last_line_without_its_end_is_not_glued_to_a_following_one():
    """Two people who both write at the end are a conflict."""
    assert merge_lines("a\n", "a\nx", "a\ny") is None


def test_rules_compare_and_print_as_what_they_are():
    """They can be written in settings and in the log."""
    assert Prefer("huly") == Prefer("huly")
    assert Prefer("huly") != Prefer("vibe")
    assert str(Prefer("huly")) == "Prefer(endpoint='huly', then=AskAPerson())"
