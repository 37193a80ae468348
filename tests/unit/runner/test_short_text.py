"""Values and times in one line."""

from datetime import UTC, datetime

import pytest

from syncengine.connector import RecordRef
from syncengine.runner.short_text import age, as_json, at, cut, fields_in_words, listed, short, where


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (1.5, "1.5"),
        ("a b", '"a b"'),
        ("", '""'),
        (("x", "y"), '"x", "y"'),
        ((), "nothing"),
    ],
)
def test_values(value, text):
    """Each kind of value as a person would write it."""
    assert short(value) == text


def test_long_texts_are_cut_and_lines_joined():
    """One line, never longer than asked for."""
    assert cut("one\n  two\tthree") == "one two three"
    assert cut("a" * 100, longest=10) == "a" * 9 + "…"
    assert len(short("word " * 50)) == 62


def test_a_terminal_is_not_given_orders():
    """Escape sequences in a remote text lose their escape."""
    assert cut("\x1b[31mred\x07") == "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"


def test_fields_begin_with_the_title():
    """Then by name."""
    assert fields_in_words({"status": "todo", "title": "T", "body": None}) == 'title "T", body nothing, status "todo"'
    assert fields_in_words({}) == "no fields"


def test_lists_of_names():
    """With "and" before the last."""
    assert [listed(it) for it in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59.9, "59 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d"), (1e6, "11 d")],
)
def test_ages(seconds, text):
    """One unit that says enough; clocks that disagree give no negative age."""
    assert age(seconds) == text


def test_places_and_times():
    """Records of the root container have no container worth naming."""
    assert where(RecordRef("e", "board", "7"), {}) == "7 in board"
    assert where(RecordRef("e", "board", "7"), {("e", "board"): "Kitchen"}) == "7 in Kitchen"
    assert where(RecordRef("e", "", "7"), {}) == "7"
    assert at(datetime(2024, 5, 1, 8, 0, 59, 999_999, tzinfo=UTC)) == "2024-05-01 08:00:59 UTC"


def test_json_for_programs():
    """Times in ISO 8601, whatever else as text."""
    assert as_json({"at": datetime(2024, 5, 1, tzinfo=UTC), "x": {1}}) == (
        '{\n  "at": "2024-05-01T00:00:00+00:00",\n  "x": "{1}"\n}'
    )
