"""What both servers hold, read from them and not through the engine, and how two such readings differ."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from connectors.huly.sandbox import HulySandbox
from tests.fixtures.vibe_board import VibeBoard

HULY, VIBE = "huly", "vibe"
STATUS_IN_VIBE = {
    "Backlog": "todo",
    "Todo": "todo",
    "In Progress": "inprogress",
    "Done": "done",
    "Canceled": "cancelled",
}
_NAME = re.compile(r"item \d+")
_KEY_LINE = re.compile(r"\s*Sync-Key: [0-9a-f]{32}\s*$")


@frozen(kw_only=True)
class Held:
    """
    An item as one server holds it.

    Attributes:
        item: the part of the title that no edit changes.
        words: the words of the description; both sides write the same text in different ways.
        status: Vibe's word.
    """

    side: str
    record_id: str
    project_id: str
    item: str
    title: str
    words: tuple[str, ...]
    status: str

    @property
    def content(self) -> tuple[str, tuple[str, ...], str]:
        """What both sides must agree about."""
        return self.title, self.words, self.status


@frozen(kw_only=True)
class Inventory:
    """
    Everything that both servers hold.

    Attributes:
        projects: names of projects by side and id.
    """

    items: tuple[Held, ...]
    projects: Mapping[str, Mapping[str, str]] = field(factory=dict)

    def on(self, side: str) -> list[Held]:
        """The items of one side."""
        return [held for held in self.items if held.side == side]

    def gone_in(self, later: "Inventory", side: str) -> list[Held]:
        """Records of this reading that a later one does not have."""
        left = {held.record_id for held in later.on(side)}
        return [held for held in self.on(side) if held.record_id not in left]

    def replaced_in(self, later: "Inventory") -> set[tuple[str, ...]]:
        """Titles and texts, as words, that a later reading does not have in the same record any more."""
        now = {(held.side, held.record_id): held for held in later.items}
        lost = set()
        for held in self.items:
            after = now.get((held.side, held.record_id))
            if after is None or after.title != held.title:
                lost.add(words_of(held.title))
            if after is None or after.words != held.words:
                lost.add(held.words)
        return lost - {()}

    def different(self) -> list[Held]:
        """The records of all items that are not there exactly once, and the same, on both sides."""
        by_item: dict[str, list[Held]] = defaultdict(list)
        for held in self.items:
            by_item[held.item].append(held)
        return [held for group in by_item.values() if not _are_a_pair(group) for held in group]

    def doubled(self) -> list[str]:
        """Items that a side holds more than once."""
        seen: set[tuple[str, str]] = set()
        doubled = []
        for held in self.items:
            if (held.side, held.item) in seen:
                doubled.append(f"{held.item} on {held.side}")
            seen.add((held.side, held.item))
        return doubled


def _are_a_pair(group: Iterable[Held]) -> bool:
    held = list(group)
    return sorted(it.side for it in held) == [HULY, VIBE] and held[0].content == held[1].content


async def read_inventory(huly: HulySandbox, board: VibeBoard) -> Inventory:
    """Read both servers."""
    items = [
        Held(
            side=HULY,
            record_id=issue.id,
            project_id=issue.project,
            item=item_of(issue.title),
            title=issue.title,
            words=words_of(issue.text),
            status=STATUS_IN_VIBE[issue.status],
        )
        for issue in huly.issues()
    ]
    projects = await board.projects()
    for project in projects:
        items += [
            Held(
                side=VIBE,
                record_id=task["id"],
                project_id=project["id"],
                item=item_of(task["title"]),
                title=task["title"],
                words=words_of(_KEY_LINE.sub("", task["description"] or "")),
                status=task["status"],
            )
            for task in await board.tasks(project["id"])
        ]
    names = {HULY: {it.id: it.name for it in huly.projects()}, VIBE: {it["id"]: it["name"] for it in projects}}
    return Inventory(items=tuple(items), projects=names)


def item_of(title: str) -> str:
    """The part of a title that no edit changes."""
    found = _NAME.search(title)
    return found[0] if found else title


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, without anything that only shapes it."""
    return tuple(re.findall(r"\w+", text))
