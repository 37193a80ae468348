"""Backslashes where plain text would otherwise be read as Markdown, and nowhere else."""

import re
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_MAYBE_SPECIAL = re.compile(r"[\\`\[\]!<&]")
_RUNS = re.compile(r"\*+|_+|~+")
_ENTITY = re.compile(r"&(?:#[xX]?[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")
_TASK = re.compile(r"\[[ xX]\](?=\s|$)")
_LINE_STARTS = (
    re.compile(r"(?=#{1,6}(?:[ \t]|$))"),
    re.compile(r"(?=>)"),
    re.compile(r"(?=[-+*](?:[ \t]|$))"),
    re.compile(r"(?=-[- \t]*$)"),
    re.compile(r"(?==+[ \t]*$)"),
    re.compile(r"(?=[|:\- \t]*-[|:\- \t]*$)"),
)
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:[ \t]|$))")


@frozen(kw_only=True)
class Place:
    """
    Where a piece of text stands.

    Attributes:
        line_start: a new line of a paragraph begins with it.
        later_lines: what follows a line feed in it begins a line of a paragraph.
        item_start: it begins a list item, where brackets make a to-do.
        touches_before, touches_after: something else than text follows without a gap.
        in_link: it is the text of a link.
    """

    line_start: bool = False
    later_lines: bool = True
    item_start: bool = False
    touches_before: bool = False
    touches_after: bool = False
    in_link: bool = False


def escape(value: str, place: Place) -> str:
    """The text as Markdown that reads back as exactly this text."""
    marked = sorted({*_inside(value, place), *_at_runs(value, place), *_at_line_starts(value, place)})
    return "\\".join(value[begin:end] for begin, end in pairwise([0, *marked, len(value)]))


def _inside(value: str, place: Place) -> Iterator[int]:
    for found in _MAYBE_SPECIAL.finditer(value):
        if _is_special(found[0], value, found.start(), place):
            yield found.start()


def _is_special(char: str, value: str, index: int, place: Place) -> bool:
    after = value[index + 1 : index + 2]
    at_edge = not after and place.touches_after
    needed = {
        "\\": not after or after == "\n" or after in _PUNCTUATION,
        "`": True,
        "[": place.in_link,
        "]": place.in_link or at_edge or (after != "" and after in "([:"),
        "!": at_edge or after == "[",
        "<": at_edge or after.isalpha() or (after != "" and after in "/!?"),
        "&": _ENTITY.match(value, index) is not None,
    }
    return needed[char]


def _at_runs(value: str, place: Place) -> Iterator[int]:
    for run in _RUNS.finditer(value):
        before, after = value[max(run.start() - 1, 0) : run.start()], value[run.end() : run.end() + 1]
        starts_line = before in {"", "\n"}
        in_the_open = before.isspace() and not starts_line and (after.isspace() or not (after or place.touches_after))
        in_a_word = before.isalnum() and after.isalnum()
        lonely = len(run[0]) == 1 and not ((not before and place.touches_before) or (not after and place.touches_after))
        harmless = {"*": in_the_open, "_": in_the_open or in_a_word, "~": lonely}[run[0][0]]
        if not harmless:
            yield from range(run.start(), run.end())


def _at_line_starts(value: str, place: Place) -> Iterator[int]:
    if place.item_start and _TASK.match(value):
        yield 0
    later = [match.end() for match in re.finditer("\n", value)] if place.later_lines else []
    for start in [*([0] if place.line_start else []), *later]:
        end = value.find("\n", start)
        line = value[start:] if end < 0 else value[start:end]
        if any(pattern.match(line) for pattern in _LINE_STARTS):
            yield start
        number = _NUMBER.match(line)
        if number:
            yield start + number.end()
