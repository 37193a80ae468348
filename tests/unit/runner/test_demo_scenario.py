"""What the people of the demo do is what the demo says about it."""

from collections import Counter

import pytest

from syncengine.runner.demo.people import comparable, words_of
from syncengine.runner.demo.scenario import (
    EDITS,
    HULY,
    PROJECTS,
    VIBE,
    edits_where,
    expected_items,
    items_at_the_start,
    new_items,
)


def test_three_projects_and_sixty_issues_of_every_kind():
    """Every status and some of every length of text."""
    items = items_at_the_start()
    assert (len(PROJECTS), len(items)) == (3, 60)
    assert set(Counter(item.status for item in items)) == {"backlog", "todo", "in_progress", "done", "cancelled"}
    assert len({bool(item.text) for item in items}) == 2
    assert any("* " in item.text for item in items)


def test_titles_are_unique_from_the_start_to_the_end():
    """A doubled or missing item can be seen by its title alone."""
    everything = [*items_at_the_start(), *new_items(HULY), *new_items(VIBE)]
    for items in (everything, expected_items()):
        assert len({item.title for item in items}) == len(items) == 84


@pytest.mark.parametrize("edit", EDITS, ids=lambda it: it.title)
def test_every_edit_changes_something_on_each_side_it_is_made_on(edit):
    """Not to what is there already, and in a conflict not to the same value."""
    (item,) = [it for it in items_at_the_start() if it.title == edit.title]
    for changes in (edit.huly, edit.vibe):
        for name, value in changes.items():
            before = getattr(item, name)
            assert (comparable(value) if name == "status" else words_of(value)) != (
                comparable(before) if name == "status" else words_of(before)
            )
    assert all(edit.vibe[name] != value for name, value in edit.huly.items() if name in edit.vibe)


def test_edits_meet_in_all_three_ways():
    """On one side, in different fields, in the same field."""
    assert [len(list(edits_where(it))) for it in ("one side", "other fields", "same field")] == [6, 2, 3]


def test_huly_wins_where_both_changed_the_same_field_and_both_survive_elsewhere():
    """The expectation that the servers are compared with."""
    there = {item.title: item for item in expected_items()}
    assert "Translate all help pages" in there
    assert not {"Localise the help pages", "Translate the help pages"} & set(there)
    both = there["Inspect the delivery van and its lift"]
    assert both.text == "Brakes first."
    assert there["Test the search on small phones"].status == "done"
    assert there["Speed up the chat"].status == "done"
