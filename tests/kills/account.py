"""
What came of it: both servers compared with the book of the people, and the log asked only for recorded conflicts.

| number | what it counts |
| --- | --- |
| duplicates | records of an item, on one side, beyond the first; and sync keys that two tasks carry |
| lost updates | values that nobody wrote over knowingly, and that are neither on both sides nor the recorded loser of a conflict |
| false deletions | records that are gone although nobody deleted the item, or although a deletion had not seen an edit |
| open intents | saved writes without an outcome |
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field, frozen

from syncengine.adapters.event_log import OpenLog
from syncengine.domain.events import (
    RecordObserved,
    WriteConfirmed,
    WriteOvertaken,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import IntentId
from tests.kills.book import STATUS, TEXT, TITLE, Book, Item, Written
from tests.kills.screens import HULY, VIBE, Seen, item_name, one_line

Side = Mapping[str, Seen]
"""The record of each item on one side, by its name."""

_WORD_IN_LOG = {"backlog": "todo", "in_progress": "inprogress", "in_review": "inreview"}
_FIELD_IN_LOG = {"title": TITLE, "description": TEXT, "status": STATUS}


@define(kw_only=True)
class Account:
    """
    The four numbers that must be zero, each as the list of what it counts, and others that say what was tried.

    Attributes:
        conflicts: values that lost a conflict, with winner and rule in the log.
        in_the_window: values that Vibe held between our look and our write there, which `docs/guarantees.md` names.
        back_again: deleted items that an edit brought back.
    """

    duplicates: list[str] = field(factory=list)
    lost_updates: list[str] = field(factory=list)
    false_deletions: list[str] = field(factory=list)
    open_intents: list[str] = field(factory=list)
    conflicts: int = 0
    in_the_window: int = 0
    back_again: int = 0
    deleted: int = 0

    @property
    def zeros(self) -> Mapping[str, Sequence[str]]:
        """What must be empty."""
        return {
            "duplicates": self.duplicates,
            "lost updates": self.lost_updates,
            "false deletions": self.false_deletions,
            "open intents": self.open_intents,
        }

    @property
    def is_clean(self) -> bool:
        """All four numbers are zero."""
        return not any(self.zeros.values())


@frozen(kw_only=True)
class Logged:
    """
    What the log says.

    Attributes:
        losers: values that lost a conflict, as (item, field, value).
        open_intents: intents without an outcome.
        copied: items that we made on a side, as (item, side).
    """

    losers: frozenset[tuple[str, str, str]]
    copied: frozenset[tuple[str, str]]
    open_intents: tuple[IntentId, ...]


def read_log(log: OpenLog) -> Logged:
    """Fold the events, without the views."""
    names: dict[object, str] = {}
    intents: dict[IntentId, None] = {}
    losers, copied = set(), set()
    for recorded in log.all_events():
        match recorded.event:
            case RecordObserved(fields=fields) if "title" in fields:
                names[recorded.stream_id] = item_name(str(fields["title"]))
            case WritesIntended() as decision:
                intents |= dict.fromkeys(write.intent_id for write in decision.writes)
                name = names.get(recorded.stream_id, "")
                for settled in decision.settled:
                    losers |= {(name, *_in_our_words(settled.field, value)) for value in settled.losers.values()}
            case WriteConfirmed() | WriteRejected() | WriteOvertaken() as outcome:
                intents.pop(outcome.intent_id)
                if isinstance(outcome, WriteConfirmed):
                    copied.add((names.get(recorded.stream_id, ""), str(outcome.ref.endpoint)))
    return Logged(losers=frozenset(losers), open_intents=tuple(intents), copied=frozenset(copied))


def _in_our_words(name: str, value: object) -> tuple[str, str]:
    field_name = _FIELD_IN_LOG.get(name, name)
    text = one_line(str(value)) if field_name == TEXT else str(value)
    return field_name, _WORD_IN_LOG.get(text, text) if field_name == STATUS else text


def settle_account(
    book: Book, there: Mapping[str, Sequence[Seen]], logged: Logged, windows: Mapping[str, Iterable[tuple[float, float]]]
) -> Account:
    """
    Compare.

    Args:
        there: the records of each side, as their servers show them.
        windows: by id of a task, the moments between our look and our write.
    """
    account = Account(open_intents=[str(it) for it in logged.open_intents])
    sides = {name: _by_item(name, records, account) for name, records in there.items()}
    account.duplicates += _doubled_keys(there[VIBE])
    unknown = {name for side in sides.values() for name in side} - book.items.keys()
    account.duplicates += [f"{name}, which nobody made" for name in sorted(unknown)]
    for item in book.items.values():
        if _count_deletion(item, sides, logged, windows, account):
            _compare(item, sides, logged, windows, account)
    return account


def _by_item(side: str, records: Iterable[Seen], account: Account) -> Side:
    by_item: dict[str, Seen] = {}
    for seen in records:
        if seen.name in by_item:
            account.duplicates.append(f"{seen.name} on {side}")
        by_item[seen.name] = seen
    return by_item


def _doubled_keys(tasks: Iterable[Seen]) -> list[str]:
    keys = Counter(seen.key for seen in tasks if seen.key is not None)
    return [f"the sync key {key} on {number} tasks" for key, number in keys.items() if number > 1]


def _count_deletion(
    item: Item,
    sides: Mapping[str, Side],
    logged: Logged,
    windows: Mapping[str, Iterable[tuple[float, float]]],
    account: Account,
) -> bool:
    """Whether the item must be there on both sides, with all its content."""
    missing = {name for name, side in sides.items() if item.name not in side}
    # A value that lost a conflict was written over by the rules, so whoever deleted the winner need not have seen it.
    unseen = any(
        (item.name, name, value) not in logged.losers and not _in_a_window(written, windows)
        for name, value, written in item.unseen()
    )
    if not item.seen_at_deletion or unseen:
        account.back_again += bool(item.seen_at_deletion) and not missing
        account.false_deletions += [f"{item.name} is not on {name}" for name in sorted(missing)]
        return not missing
    account.deleted += bool(missing)
    account.back_again += not missing
    was_on_huly = item.made_on == HULY or (item.name, HULY) in logged.copied
    if HULY in missing and HULY not in item.seen_at_deletion and was_on_huly:
        account.false_deletions.append(f"{item.name} is not on huly, where nobody deleted it")
    if len(missing) == 1 and missing != {VIBE}:
        account.lost_updates.append(f"{item.name} was deleted on huly and is still on vibe")
    return not missing


def _compare(
    item: Item,
    sides: Mapping[str, Side],
    logged: Logged,
    windows: Mapping[str, Iterable[tuple[float, float]]],
    account: Account,
) -> None:
    on_huly, on_vibe = (sides[name][item.name].content for name in (HULY, VIBE))
    for name, heads in item.heads.items():
        final = on_huly[name]
        if final != on_vibe[name]:
            account.lost_updates.append(f"{item.name}: the {name} is {final!r} on huly and {on_vibe[name]!r} on vibe")
        elif final not in item.everything[name]:
            account.lost_updates.append(f"{item.name}: nobody ever wrote the {name} {final!r}")
        for value, written in heads.items():
            if value == final or value in {seen[name] for seen in item.deleted_knowingly}:
                continue  # it is there, or somebody deleted it knowingly
            if (item.name, name, value) in logged.losers:
                account.conflicts += 1
            elif _in_a_window(written, windows):
                account.in_the_window += 1
            else:
                account.lost_updates.append(f"{item.name}: the {name} {value!r} written on {written.side} is gone")


def _in_a_window(written: Written, windows: Mapping[str, Iterable[tuple[float, float]]]) -> bool:
    return any(begin <= written.at <= end for begin, end in windows.get(written.record, ()))
