"""Values and times as people read them in one line."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from syncengine.domain.events import CopyFound, CopyMissed, CopySettled
from syncengine.domain.identity import ContainerId, EndpointName
from syncengine.domain.records import FieldValue, RecordRef

LONGEST = 60
"""Characters of a value in one line."""


def short(value: FieldValue, *, longest: int = LONGEST) -> str:
    """A value in one line: texts in quotes and cut, lists with commas, nothing as "nothing"."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return f'"{cut(value, longest=longest)}"'
        case tuple():
            return ", ".join(short(it, longest=longest) for it in value) or "nothing"
        case _:
            return str(value)


def cut(text: str, *, longest: int = LONGEST) -> str:
    """The text in one line, without anything a terminal would obey, and cut where it is too long."""
    line = " ".join("".join(it if it.isprintable() or it.isspace() else "\N{REPLACEMENT CHARACTER}" for it in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def fields_in_words(fields: Mapping[str, FieldValue]) -> str:
    """`title "Fix it", status "todo"`, in the order of the names but with a name or title first."""
    first = {"name": 0, "title": 0}
    names = sorted(fields, key=lambda name: (first.get(name, 1), name))
    return ", ".join(f"{name} {short(fields[name])}" for name in names) or "no fields"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def at(moment: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def age(seconds: float) -> str:
    """How long ago, in the one unit that says enough."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


Titles = Mapping[tuple[EndpointName, ContainerId], str]
"""What people call containers."""


def where(ref: RecordRef, titles: Titles) -> str:
    """`issue-7 in board-1`, or just the id for what lies in the root container."""
    title = titles.get((ref.endpoint, ref.container), ref.container)
    return f"{ref.record_id} in {title}" if ref.container else str(ref.record_id)


def as_json(data: object) -> str:
    """Plain data for programs; times in ISO 8601."""
    return json.dumps(data, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_COPY_WORDS = {
    "kept": "{ref} is the record of this item from now on",
    "new": "{ref} is an item of its own",
    "ignored": "{ref} is left alone",
}


def copy_in_words(event: CopyFound | CopyMissed | CopySettled) -> str:
    """What happened to a record that carries the key of an item, or looks like it."""
    if isinstance(event, CopyFound):
        what = fields_in_words(event.fields)
        return f"waits for a person: {event.ref} {event.relation} this item and is another record: {what}"
    if isinstance(event, CopyMissed):
        return f"the copy {event.ref} does not show; it is gone if the next pass does not see it either"
    if event.verdict == "gone":
        return f"the copy {event.ref} is not there any more"
    return f"{event.by} decided: {_COPY_WORDS[event.verdict].format(ref=event.ref)}"
