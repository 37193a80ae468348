"""The count at the end of the demo sees everything that must not be."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from syncengine.runner.demo.measure import Holdings, Measured, measure
from syncengine.runner.demo.people import Held, comparable, words_of
from syncengine.runner.demo.scenario import PROJECTS, Item, expected_items

NAMES = [project.name for project in PROJECTS]
EXPECTED = expected_items()
TITLE = EXPECTED[0].title


def held(items: Sequence[Item]) -> list[Held]:
    """The items as a server holds them, each with a key of its own."""
    return [
        Held(
            record_id=str(number),
            project=item.project,
            title=item.title,
            status=comparable(item.status),
            words=words_of(item.text),
            key=f"{number:032x}",
        )
        for number, item in enumerate(items)
    ]


def measured(items: Sequence[Held], projects: Sequence[str] = NAMES) -> Measured:
    """Huly as it should be, and Vibe Kanban with these."""
    good = Holdings(side="huly", projects=NAMES, items=held(EXPECTED))
    return measure(EXPECTED, good, Holdings(side="vibe", projects=projects, items=items))


def test_all_is_well_when_both_hold_what_people_made():
    """Numbers by project, and no fault."""
    found = measured(held(EXPECTED))
    assert found.faults == ()
    assert [(it.name, it.made, dict(it.held)) for it in found.projects] == [
        (name, 28, {"huly": 28, "vibe": 28}) for name in NAMES
    ]
    assert (found.total.made, found.total.duplicates, found.total.missing) == (84, 0, 0)


@pytest.mark.parametrize(
    "copy",
    [{"record_id": "new", "key": None}, {"record_id": "new", "title": "Another title"}],
    ids=["of the title", "of the key"],
)
def test_a_copy_is_a_duplicate(copy):
    """By its title, or by the sync key in it."""
    items = held(EXPECTED)
    found = measured([*items, evolve(items[0], **copy)])
    assert (found.total.duplicates, found.total.missing) == (1, 0)
    assert any("more than once" in fault for fault in found.faults)


def test_what_is_not_there_is_missing():
    """Named, with its project."""
    found = measured(held(EXPECTED)[1:])
    assert (found.total.duplicates, found.total.missing) == (0, 1)
    assert found.faults == (f'Vibe Kanban lacks "{TITLE}" ({NAMES[0]})',)


def test_an_item_in_another_project_is_missing_in_its_own():
    """And is one that nobody made where it is."""
    first, *others = held(EXPECTED)
    found = measured([evolve(first, project=NAMES[1]), *others])
    assert found.total.missing == 1
    assert len(found.faults) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "Surprise"}, "which nobody made"),
        ({"words": ("other",)}, "another description"),
        ({"status": "in_review"}, "not as"),
    ],
    ids=["title", "text", "status"],
)
def test_another_value_is_a_fault(change, said):
    """In every field that is kept the same."""
    first, *others = held(EXPECTED)
    assert any(said in fault for fault in measured([evolve(first, **change), *others]).faults)


@pytest.mark.parametrize(
    ("projects", "said"),
    [(NAMES[1:], "0 times"), ([*NAMES, NAMES[0]], "2 times"), ([*NAMES, "Surprise"], "nobody made")],
    ids=["missing", "doubled", "unknown"],
)
def test_projects_are_counted_too(projects, said):
    """A doubled project would hide its doubled items."""
    assert any(said in fault for fault in measured(held(EXPECTED), projects).faults)
