"""The account notices each of the four things that must never happen, and nothing else."""

import pytest

from tests.kills.account import Logged, settle_account
from tests.kills.book import STATUS, TEXT, TITLE, Book, Written
from tests.kills.screens import HULY, VIBE, Seen

NOTHING_LOGGED = Logged(losers=frozenset(), open_intents=(), copied=frozenset())


class Story:
    """One item, made in Huly, the same on both sides until somebody does something."""

    def __init__(self):
        self.book = Book()
        self.item = self.book.make(HULY)
        self.moment = 0.0
        first = {TITLE: "item 1 r1", TEXT: "Text 1 r2", STATUS: "todo"}
        for name, value in first.items():
            self.book.write(self.item, name, value, self.written(HULY))
        self.there = {HULY: [dict(first)], VIBE: [dict(first)]}
        self.logged = NOTHING_LOGGED
        self.windows = {}

    def written(self, side):
        self.moment += 1
        return Written(at=self.moment, side=side, record="task" if side == VIBE else "")

    def edits(self, side, value, *, name=TITLE):
        seen = self.there[side][0]
        self.book.write(self.item, name, value, self.written(side), seen=seen[name])
        self.there[side][0][name] = value

    def deletes(self, side):
        self.book.delete(self.item, side, dict(self.there[side].pop()))

    def syncs(self, source, target):
        self.there[target] = [dict(content) for content in self.there[source]]

    def account(self):
        seen = {
            side: [Seen(record_id=f"{side} {number}", name="item 1", content=it) for number, it in enumerate(contents)]
            for side, contents in self.there.items()
        }
        return settle_account(self.book, seen, self.logged, self.windows)

    def numbers(self):
        return {name: len(found) for name, found in self.account().zeros.items() if found}


@pytest.fixture
def story():
    return Story()


def test_an_edit_that_travelled_is_fine(story):
    """The value that was written over by somebody who saw it is history."""
    story.edits(VIBE, "item 1 r3")
    story.syncs(VIBE, HULY)
    story.edits(HULY, "item 1 r4")
    story.syncs(HULY, VIBE)
    assert story.numbers() == {}


def test_an_edit_that_was_reverted_is_lost(story):
    """Both sides are the same, and not what was written last."""
    old = dict(story.there[HULY][0])
    story.edits(VIBE, "item 1 r3")
    story.there = {HULY: [dict(old)], VIBE: [dict(old)]}
    assert story.numbers() == {"lost updates": 1}


def test_an_edit_that_did_not_travel_is_lost(story):
    """Each side has its own."""
    story.edits(VIBE, "item 1 r3")
    assert "lost updates" in story.numbers()


def test_a_value_that_nobody_wrote_is_an_invention(story):
    """It counts as a lost update too, for something else was written there last."""
    story.there = {side: [{**contents[0], TEXT: "Text"}] for side, contents in story.there.items()}
    assert story.numbers() == {"lost updates": 2}


def test_the_loser_of_a_recorded_conflict_is_not_lost(story):
    """Both wrote without seeing the other; the log names the loser."""
    story.edits(HULY, "item 1 r3")
    story.edits(VIBE, "item 1 r4")
    story.syncs(HULY, VIBE)
    assert story.numbers() == {"lost updates": 1}
    story.logged = Logged(losers=frozenset({("item 1", TITLE, "item 1 r4")}), open_intents=(), copied=frozenset())
    account = story.account()
    assert account.is_clean
    assert account.conflicts == 1


def test_an_edit_in_the_declared_window_is_counted_apart(story):
    """Vibe Kanban cannot compare and write in one step."""
    story.edits(HULY, "item 1 r3")
    story.edits(VIBE, "item 1 r4")
    story.syncs(HULY, VIBE)
    story.windows = {"task": [(story.moment - 0.1, story.moment + 0.1)]}
    account = story.account()
    assert account.is_clean
    assert account.in_the_window == 1


def test_a_second_record_is_a_duplicate(story):
    """On either side."""
    story.there[VIBE].append(dict(story.there[VIBE][0]))
    assert story.numbers() == {"duplicates": 1}


def test_two_tasks_with_one_key_are_duplicates(story):
    """Even under different names."""
    task = Seen(record_id="task", name="item 1", content=story.there[VIBE][0], key="k")
    other = Seen(record_id="other", name="item 2", content=story.there[VIBE][0], key="k")
    issue = Seen(record_id="issue", name="item 1", content=story.there[HULY][0])
    account = settle_account(story.book, {HULY: [issue], VIBE: [task, other]}, NOTHING_LOGGED, {})
    assert len(account.duplicates) == 2, "the key twice, and an item that nobody made"


@pytest.mark.parametrize("side", [HULY, VIBE])
def test_a_record_that_nobody_deleted_must_be_there(story, side):
    """On each side."""
    story.there[side] = []
    assert story.numbers() == {"false deletions": 1}


def test_a_deletion_in_huly_must_arrive(story):
    """A task that stays is not what the person wanted."""
    story.deletes(HULY)
    assert story.numbers() == {"lost updates": 1}
    story.there[VIBE] = []
    assert story.numbers() == {}


def test_a_deletion_in_vibe_leaves_the_issue(story):
    """Nothing is deleted in Huly by this version, so an issue that is gone was destroyed by somebody else."""
    story.deletes(VIBE)
    assert story.numbers() == {}
    story.there[HULY] = []
    assert story.numbers() == {"false deletions": 1}


def test_an_edit_that_the_deletion_had_not_seen_brings_the_item_back(story):
    """It must be on both sides, with the edit."""
    story.edits(VIBE, "item 1 r3")
    story.deletes(HULY)
    story.there[VIBE] = []
    assert story.numbers() == {"false deletions": 2}
    story.there = {side: [{TITLE: "item 1 r3", TEXT: "Text 1 r2", STATUS: "todo"}] for side in (HULY, VIBE)}
    account = story.account()
    assert account.is_clean
    assert account.back_again == 1


def test_a_loser_of_a_recorded_conflict_does_not_keep_an_item_alive(story):
    """Whoever deleted it saw the winner; the loser is in the log."""
    story.edits(HULY, "item 1 r3")
    story.edits(VIBE, "item 1 r4")
    story.syncs(HULY, VIBE)
    story.deletes(HULY)
    story.there[VIBE] = []
    assert story.numbers() == {"false deletions": 2}
    story.logged = Logged(losers=frozenset({("item 1", TITLE, "item 1 r4")}), open_intents=(), copied=frozenset())
    assert story.numbers() == {}


def test_what_was_deleted_knowingly_is_so_also_after_another_deletion(story):
    """The item came back without the edit of the record that was deleted first, and was deleted once more."""
    story.edits(HULY, "item 1 r3")
    story.deletes(HULY)
    story.syncs(VIBE, HULY)
    story.deletes(HULY)
    story.there[VIBE] = []
    assert story.numbers() == {}


def test_an_open_intent_is_counted(story):
    """Whatever became of it."""
    story.logged = Logged(losers=frozenset(), open_intents=("abc",), copied=frozenset())
    assert story.numbers() == {"open intents": 1}
