"""What both servers hold, compared with what people made. Pure; the servers are read by `people`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from syncengine.runner.demo.people import Held, comparable, words_of
from syncengine.runner.demo.scenario import PROJECTS, Item

NAMES = {"huly": "Huly", "vibe": "Vibe Kanban"}
"""What people call the two sides."""


@frozen(kw_only=True)
class Holdings:
    """
    All that one server holds.

    Attributes:
        projects: their names, a doubled one twice.
    """

    side: str
    projects: Sequence[str]
    items: Sequence[Held]


@frozen(kw_only=True)
class ProjectCount:
    """
    One project, counted.

    Attributes:
        made: items that people made, on either side.
        held: items by side.
        duplicates: records too many, on both sides together.
        missing: items that are not there, on both sides together.
    """

    name: str
    made: int
    held: Mapping[str, int]
    duplicates: int
    missing: int


@frozen(kw_only=True)
class Measured:
    """
    What was found.

    Attributes:
        faults: one sentence for each thing that is not as it must be.
    """

    projects: tuple[ProjectCount, ...]
    faults: tuple[str, ...]

    @property
    def total(self) -> ProjectCount:
        """All projects together."""
        sides = {side for count in self.projects for side in count.held}
        return ProjectCount(
            name="all",
            made=sum(count.made for count in self.projects),
            held={side: sum(count.held[side] for count in self.projects) for side in sorted(sides)},
            duplicates=sum(count.duplicates for count in self.projects),
            missing=sum(count.missing for count in self.projects),
        )


def measure(expected: Sequence[Item], *sides: Holdings) -> Measured:
    """Count what each side holds, project by project, and compare every item."""
    names = [project.name for project in PROJECTS]
    faults = [fault for side in sides for fault in (*_faults_of_projects(side, names), *_faults_of_items(side, expected))]
    counts = tuple(_count(name, expected, sides) for name in names)
    return Measured(projects=counts, faults=tuple(faults))


def _count(name: str, expected: Sequence[Item], sides: Iterable[Holdings]) -> ProjectCount:
    wanted = {item.title for item in expected if item.project == name}
    held = {side.side: [item for item in side.items if item.project == name] for side in sides}
    return ProjectCount(
        name=name,
        made=len(wanted),
        held={side: len(items) for side, items in held.items()},
        duplicates=sum(len(list(_surplus(items))) for items in held.values()),
        missing=sum(len(wanted - {item.title for item in items}) for items in held.values()),
    )


def _surplus(items: Iterable[Held]) -> Iterator[Held]:
    """The items whose title or sync key was there before."""
    titles: set[str] = set()
    keys: set[str] = set()
    for item in items:
        if item.title in titles or item.key in keys:
            yield item
        titles.add(item.title)
        keys |= {item.key} if item.key else set()


def _faults_of_projects(side: Holdings, names: Sequence[str]) -> Iterator[str]:
    there, server = Counter(side.projects), NAMES[side.side]
    for name in names:
        if there[name] != 1:
            yield f"{server} has the project {name} {there[name]} times"
    for name in sorted(set(there) - set(names)):
        yield f"{server} has a project {name} that nobody made"


def _faults_of_items(side: Holdings, expected: Sequence[Item]) -> Iterator[str]:
    server = NAMES[side.side]
    wanted = {(item.project, item.title): item for item in expected}
    there = {(item.project, item.title): item for item in side.items}
    for item in _surplus(side.items):
        yield f'{server} has "{item.title}" ({item.project}) more than once'
    for project, title in wanted.keys() - there.keys():
        yield f'{server} lacks "{title}" ({project})'
    for project, title in there.keys() - wanted.keys():
        yield f'{server} has "{title}" ({project}), which nobody made'
    for place in wanted.keys() & there.keys():
        if there[place].words != words_of(wanted[place].text):
            yield f'{server} has another description of "{place[1]}" than people wrote'
        if there[place].status != comparable(wanted[place].status):
            yield f'{server} has "{place[1]}" as {there[place].status}, not as {wanted[place].status}'
