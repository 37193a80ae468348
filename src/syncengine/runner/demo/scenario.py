"""
What the people of the demo make and change, and what must be on both sides in the end. Pure.

Three projects of twenty issues; then edits on one side, on both sides in different fields, and on both sides in the same
field; then new items on both sides. Titles are unique, so that a doubled or missing item can be seen by its title alone.
"""

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

HULY, VIBE = "huly", "vibe"


@frozen(kw_only=True)
class Item:
    """
    An issue as a person writes it.

    Attributes:
        project: name of its project.
        text: the description; blank lines between blocks, `* ` before the points of a list.
        status: one of the words that both sides share.
    """

    project: str
    title: str
    text: str = ""
    status: str = "todo"


@frozen(kw_only=True)
class Project:
    """A project, its issues at the start, and what is added later on either side."""

    identifier: str
    name: str
    description: str
    items: tuple[Item, ...]
    new_in: Mapping[str, tuple[Item, ...]]


@frozen(kw_only=True)
class Edit:
    """Changes that people make to one item, by side: field to new value."""

    title: str
    huly: Mapping[str, str] = {}
    vibe: Mapping[str, str] = {}

    @property
    def meets(self) -> str:
        """How the changes of both sides meet: "one side", "other fields" or "same field"."""
        if not (self.huly and self.vibe):
            return "one side"
        return "same field" if self.huly.keys() & self.vibe.keys() else "other fields"


_STATUSES = ("backlog", "todo", "in_progress", "done", "cancelled")

_TEXTS = (
    "",
    "Asked for by {who}. The goal: {what}, and nobody has to think about it twice.",
    "{who} has seen this go wrong more than once.\n\nStart small, show it, then go on.",
    "Ready when\n\n* it works\n* {who} has tried it\n* the notes are written",
    "Numbers first: write down how it is today.\n\nThen {what}, and compare.",
)
_PEOPLE = ("Ada", "Grace", "Linus", "Barbara", "Edsger", "Radia", "Ken")


def _items(project: str, acts: tuple[str, ...], things: tuple[str, ...]) -> tuple[Item, ...]:
    titles = [act.format(thing) for act in acts for thing in things]
    return tuple(_item(project, number, title) for number, title in enumerate(titles))


def _item(project: str, number: int, title: str) -> Item:
    text = _TEXTS[number % len(_TEXTS)].format(who=_PEOPLE[number % len(_PEOPLE)], what=title[0].lower() + title[1:])
    # Shifted after each round, so that a text does not always meet the same status.
    status = _STATUSES[(number + number // len(_STATUSES)) % len(_STATUSES)]
    return Item(project=project, title=title, text=text, status=status)


def _new(project: str, *, huly: tuple[str, ...], vibe: tuple[str, ...]) -> dict[str, tuple[Item, ...]]:
    return {
        HULY: tuple(_item(project, number, title) for number, title in enumerate(huly)),
        VIBE: tuple(_item(project, number + 2, title) for number, title in enumerate(vibe)),
    }


PROJECTS = (
    Project(
        identifier="APP",
        name="Mobile app",
        description="The app for both kinds of phones.",
        items=_items(
            "Mobile app",
            ("Fix the crash in the {}", "Write tests for the {}", "Add dark colours to the {}", "Speed up the {}"),
            ("login screen", "calendar", "camera", "settings", "chat"),
        ),
        new_in=_new(
            "Mobile app",
            huly=("Ask for fewer permissions", "Sign the release", "Update the screenshots", "Answer the reviews"),
            vibe=("Rename the start screen class", "Remove the old map code", "Pin the compiler", "Split the test run"),
        ),
    ),
    Project(
        identifier="WRH",
        name="Warehouse",
        description="Everything between the truck and the shelf.",
        items=_items(
            "Warehouse",
            ("Replace the {}", "Inspect the {}", "Train two people on the {}", "Plan a backup for the {}"),
            ("label printer", "goods-in desk", "stock list", "returns shelf", "delivery van"),
        ),
        new_in=_new(
            "Warehouse",
            huly=("Order new gloves", "Count the pallets", "Paint the lanes", "Move the first-aid box"),
            vibe=("Parse the supplier's new file", "Cache the bin lookup", "Log every scan", "Retry the label job"),
        ),
    ),
    Project(
        identifier="WEB",
        name="Website",
        description="What visitors see first.",
        items=_items(
            "Website",
            ("Redesign the {}", "Test the {} on phones", "Translate the {}", "Make the {} load faster"),
            ("home page", "search", "sign-up form", "newsletter", "help pages"),
        ),
        new_in=_new(
            "Website",
            huly=("Renew the certificate", "Write the autumn story", "Choose new icons", "Invite five testers"),
            vibe=("Minify the fonts", "Drop the carousel script", "Lint the style sheets", "Upgrade the router"),
        ),
    ),
)

EDITS = (
    Edit(title="Redesign the home page", huly={"title": "Redesign the home page around the new logo"}),
    Edit(title="Replace the label printer", huly={"status": "in_progress"}),
    Edit(title="Write tests for the camera", huly={"text": "Half of them exist.\n\nThe rest by Friday."}),
    Edit(title="Fix the crash in the calendar", vibe={"status": "done"}),
    Edit(title="Plan a backup for the stock list", vibe={"title": "Plan a daily backup for the stock list"}),
    Edit(title="Translate the newsletter", vibe={"text": "Four languages; the order does not matter."}),
    Edit(title="Test the search on phones", huly={"title": "Test the search on small phones"}, vibe={"status": "done"}),
    Edit(
        title="Inspect the delivery van",
        huly={"text": "Brakes first."},
        vibe={"title": "Inspect the delivery van and its lift"},
    ),
    Edit(
        title="Translate the help pages",
        huly={"title": "Translate all help pages"},
        vibe={"title": "Localise the help pages"},
    ),
    Edit(title="Speed up the chat", huly={"status": "done"}, vibe={"status": "cancelled"}),
    Edit(
        title="Train two people on the returns shelf",
        huly={"text": "Mornings are best."},
        vibe={"text": "Afternoons are best."},
    ),
)


def items_at_the_start() -> list[Item]:
    """What is in Huly before the first sync."""
    return [item for project in PROJECTS for item in project.items]


def new_items(side: str) -> list[Item]:
    """What people add on one side."""
    return [item for project in PROJECTS for item in project.new_in[side]]


def expected_items() -> list[Item]:
    """What both sides must hold in the end: Huly wins where both changed the same field."""
    edits = {edit.title: {**edit.vibe, **edit.huly} for edit in EDITS}
    edited = (evolve(item, **edits.get(item.title, {})) for item in items_at_the_start())
    return [*edited, *new_items(HULY), *new_items(VIBE)]


def edits_where(meets: str) -> Iterator[Edit]:
    """The edits of one kind; see `Edit.meets`."""
    return (edit for edit in EDITS if edit.meets == meets)
