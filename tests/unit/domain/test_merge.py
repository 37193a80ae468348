"""What becomes of one field, in examples."""

from syncengine.domain.merge import Conflicts, FieldState, Settled, Takes, merge_field


def same(one, value, two, other):
    return value == other or (two == "vibe" and {value, other} == {"backlog", "todo"} and other == "todo")


def merged(**states):
    return merge_field(states, same)


def held(value, agreed, **more):
    return FieldState(value=value, agreed=agreed, **more)


def test_an_edit_on_one_side_is_taken():
    """With a sentence that says where it was made."""
    verdict = merged(huly=held("done", "todo"), vibe=held("todo", "todo"))
    assert verdict == Takes(value="done", source="huly", reason="changed on huly")


def test_different_edits_on_both_sides_are_a_conflict():
    """Nothing is decided here; a rule or a person does that."""
    verdict = merged(huly=held("done", "todo"), vibe=held("in_progress", "todo"))
    assert isinstance(verdict, Conflicts)
    assert set(verdict.versions) == {"huly", "vibe"}


def test_a_third_side_that_did_not_change_is_no_part_of_a_conflict():
    """Its old value has no say."""
    verdict = merged(huly=held("a", "x"), vibe=held("b", "x"), tracker=held("x", "x"))
    assert isinstance(verdict, Conflicts)
    assert set(verdict.versions) == {"huly", "vibe"}


def test_sides_that_differ_only_in_spelling_have_nothing_to_do():
    """B8, B11: "backlog" and "todo" were agreed to be one status; comparing the sides would start a ping-pong."""
    assert merged(huly=held("backlog", "backlog"), vibe=held("todo", "todo")) == Settled()


def test_edits_to_two_spellings_of_one_value_are_the_same_edit():
    """The richer spelling is taken."""
    verdict = merged(huly=held("backlog", "done"), vibe=held("todo", "done"))
    assert verdict == Takes(value="backlog", source="huly", reason="changed on huly and vibe")


def test_an_edit_back_to_the_agreed_value_is_no_edit():
    """A touch is not a change."""
    assert merged(huly=held("todo", "todo"), vibe=held("todo", "todo")) == Settled()


def test_first_contact_with_equal_values_adopts_them():
    """There is nothing to write, but from now on there is an agreed value."""
    verdict = merged(huly=FieldState(value="x"), vibe=FieldState(value="x"))
    assert verdict == Takes(value="x", source="huly", reason="first seen on huly and vibe")


def test_first_contact_with_different_values_is_a_conflict():
    """B29: neither side is believed only because it was seen first."""
    assert isinstance(merged(huly=FieldState(value="x"), vibe=FieldState(value="y")), Conflicts)


def test_none_is_a_value_like_any_other():
    """A field that was emptied is an edit, and one that was agreed to be empty is agreed."""
    assert merged(huly=held(None, "x"), vibe=held("x", "x")).value is None
    assert merged(huly=held(None, None), vibe=held(None, None)) == Settled()


def test_a_side_that_was_not_told_yet_is_told_the_agreed_value():
    """Its own initial value does not count, because nobody typed it."""
    verdict = merged(huly=held("done", "done"), vibe=held("todo", "todo", untold=True))
    assert verdict == Takes(value="done", source="huly", reason="not yet told by huly", told=frozenset({"huly"}))


def test_the_richest_of_the_told_sides_tells_the_others_and_none_of_the_told_is_written():
    """The spelling of a poorer side must not travel to a richer one."""
    verdict = merged(vibe=held("todo", "todo"), huly=held("backlog", "backlog"), tracker=held("", "", untold=True))
    assert isinstance(verdict, Takes)
    assert (verdict.value, verdict.source, verdict.told) == ("backlog", "huly", {"huly", "vibe"})


def test_an_edit_wins_over_a_value_that_was_not_told_yet():
    """Somebody typed something on the new record before we came back."""
    verdict = merged(huly=held("done", "done"), vibe=held("in_progress", "todo", untold=True))
    assert verdict == Takes(value="in_progress", source="vibe", reason="changed on vibe")


def test_a_value_that_nobody_typed_takes_no_part_in_a_first_contact():
    """A new record was left blank in this field; the others have never agreed on it."""
    verdict = merged(huly=FieldState(value="x"), vibe=FieldState(value="y"), tracker=held(None, None, untold=True))
    assert isinstance(verdict, Conflicts)
    assert set(verdict.versions) == {"huly", "vibe"}
