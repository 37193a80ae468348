"""
Huly's inline nodes into the inside of a Markdown paragraph.

Markdown reads `**` and `*` differently next to letters, punctuation and blanks, and some neighbours cannot be written in
the plain way at all. So several spellings are tried, the plain one first, and the first that reads back as the same line
is taken; the last one leaves emphasis out.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from attrs import evolve, frozen

from connectors.huly.rich_text.escape import Place, escape
from connectors.huly.rich_text.markup import Node, attributes, plain_text
from connectors.huly.rich_text.tidy_inline import EMPHASIS, has_mark

_TICKS = re.compile("`+")
_AUTOLINK = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,31}:[^\x00-\x20\x7f<>]*")
_BARE_ADDRESS = re.compile(r"[^\x00-\x20\x7f()<>\\]*")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_IN_TITLE = r'[\\"]'
_MARK_ORDER = ("link", *EMPHASIS)


@frozen(kw_only=True)
class LineStyle:
    """
    How a line is spelled.

    Attributes:
        in_heading: on one line, not at its start.
        in_cell: inside a table, where the pipe is special and a line break is a tag.
        in_item: the first line of a list item.
        italic: the character around italic text.
        letters_as_entities: letters beside a mark are written as numbers, so that they count as punctuation.
        order: which of two marks of the same length is the outer one, the outermost first.
        emphasis: bold, italic and strike are written at all.
    """

    in_heading: bool = False
    in_cell: bool = False
    in_item: bool = False
    italic: str = "*"
    letters_as_entities: bool = False
    order: tuple[str, ...] = _MARK_ORDER
    emphasis: bool = True


@frozen
class _Mark:
    kind: str
    target: str = ""


@frozen
class _Token:
    """A written bit of the line: a delimiter that opens (1) or closes (-1), or what stands between them (0)."""

    written: str
    opens: int = 0


def write_line(line: Sequence[Node], style: LineStyle, reads_back: Callable[[str], bool]) -> str:
    """
    The Markdown of one line.

    Args:
        reads_back: tells whether a spelling stands for this very line.
    """
    plain = _spelled(line, style)
    if not any(has_mark(each, kind) for each in line for kind in EMPHASIS) or reads_back(plain):
        return plain
    for order, entities, italic in product((_MARK_ORDER, _MARK_ORDER[::-1]), (False, True), ("*", "_")):
        written = _spelled(line, evolve(style, order=order, letters_as_entities=entities, italic=italic))
        if reads_back(written):
            return written
    return _spelled(line, evolve(style, emphasis=False))


def _spelled(line: Sequence[Node], style: LineStyle) -> str:
    tokens = list(_tokens(line, [_marks_of(line, place) for place in range(len(line))], frozenset(), style))
    if style.letters_as_entities:
        tokens = list(_with_entities(tokens))
    written = "".join(token.written for token in tokens)
    if style.in_heading:
        written = re.sub(r"(^|(?<=[ \t]))(#+)$", r"\\\2", written)
    return written.replace("|", "\\|") if style.in_cell else written


def _marks_of(line: Sequence[Node], place: int) -> frozenset[_Mark]:
    """Marks around a node; a node that cannot have any is inside those that stand on both sides of it."""
    if line[place]["type"] == "text":
        return _own_marks(line[place])
    none: frozenset[_Mark] = frozenset()
    before = next((_own_marks(each) for each in reversed(line[:place]) if each["type"] == "text"), none)
    after = next((_own_marks(each) for each in line[place + 1 :] if each["type"] == "text"), none)
    return frozenset(mark for mark in before & after if mark.kind != "link")


def _own_marks(each: Node) -> frozenset[_Mark]:
    return frozenset(_mark(mark) for mark in each.get("marks", ()) if mark["type"] in _MARK_ORDER)


def _mark(mark: Node) -> _Mark:
    attrs = attributes(mark)
    is_link = mark["type"] == "link"
    return _Mark(mark["type"], _target(attrs.get("href"), attrs.get("title")) if is_link else "")


def _tokens(
    line: Sequence[Node], marks: Sequence[frozenset[_Mark]], opened: frozenset[_Mark], style: LineStyle
) -> Iterator[_Token]:
    place = 0
    while place < len(line):
        waiting = [mark for mark in marks[place] - opened if style.emphasis or mark.kind == "link"]
        if not waiting:
            yield _Token(_leaf(line, place, opened, style))
            place += 1
            continue
        mark = max(waiting, key=lambda each: (_end_of(each, marks, place), -style.order.index(each.kind)))
        end = _end_of(mark, marks, place)
        yield from _marked(mark, line[place:end], marks[place:end], opened, style)
        place = end


def _end_of(mark: _Mark, marks: Sequence[frozenset[_Mark]], place: int) -> int:
    return next((end for end in range(place, len(marks)) if mark not in marks[end]), len(marks))


def _marked(
    mark: _Mark, line: Sequence[Node], marks: Sequence[frozenset[_Mark]], opened: frozenset[_Mark], style: LineStyle
) -> Iterator[_Token]:
    if mark.kind == "link" and len(line) == 1 and line[0]["text"] == mark.target and _AUTOLINK.fullmatch(mark.target):
        yield from _around(_Token(f"<{mark.target}>"), marks[0] - opened - {mark}, style)
        return
    before, after = _delimiters(mark, style)
    yield _Token(before, opens=1)
    yield from _tokens(line, marks, opened | {mark}, style)
    yield _Token(after, opens=-1)


def _around(token: _Token, marks: frozenset[_Mark], style: LineStyle) -> Iterator[_Token]:
    inner = sorted(marks if style.emphasis else (), key=lambda each: each.kind)
    pairs = [_delimiters(mark, style) for mark in inner]
    yield from (_Token(before, opens=1) for before, _ in pairs)
    yield token
    yield from (_Token(after, opens=-1) for _, after in reversed(pairs))


def _delimiters(mark: _Mark, style: LineStyle) -> tuple[str, str]:
    if mark.kind == "link":
        return "[", f"]({mark.target})"
    sign = {"bold": "**", "italic": style.italic, "strike": "~~"}[mark.kind]
    return sign, sign


def _leaf(line: Sequence[Node], place: int, opened: frozenset[_Mark], style: LineStyle) -> str:
    each = line[place]
    match each["type"]:
        case "text" if has_mark(each, "code"):
            return _code(each["text"])
        case "text":
            return escape(each["text"], _place_of(line, place, opened, style))
        case "hardBreak":
            return "<br>" if style.in_cell else "\\\n"
        case "comment":
            return f"<!--{plain_text(each)}-->"
        case _:
            return _image(each)


def _place_of(line: Sequence[Node], place: int, opened: frozenset[_Mark], style: LineStyle) -> Place:
    in_paragraph = not style.in_heading and not style.in_cell
    begins = line[place - 1]["type"] == "hardBreak" if place else not opened
    return Place(
        line_start=in_paragraph and begins,
        later_lines=in_paragraph,
        item_start=style.in_item and place == 0 and not opened,
        touches_before=place > 0 or bool(opened),
        touches_after=place < len(line) - 1 or bool(opened),
        in_link=any(mark.kind == "link" for mark in opened),
    )


def _code(value: str) -> str:
    used = {len(run) for run in _TICKS.findall(value)}
    ticks = "`" * next(size for size in range(1, len(used) + 2) if size not in used)
    needs_room = value[:1] == "`" or value[-1:] == "`" or (value[:1] == value[-1:] == " " and value.strip(" ") != "")
    room = " " if needs_room else ""
    return f"{ticks}{room}{value}{room}{ticks}"


def _image(each: Node) -> str:
    attrs = attributes(each)
    inside = Place(in_link=True, later_lines=False, touches_before=True, touches_after=True)
    alt = escape(str(attrs.get("alt", "")).replace("\n", " "), inside)
    return f"![{alt}]({_target(attrs.get('src'), attrs.get('title'))})"


def _target(href: object, title: object) -> str:
    """What stands between the round brackets of a link or image."""
    address = str(href or "")
    if not _BARE_ADDRESS.fullmatch(address) or _ENTITY.search(address):
        address = "<" + _quoted(address, r"[\\<>]").replace("\n", "%0A") + ">"
    return f'{address} "{_quoted(str(title), _IN_TITLE)}"' if title else address


def _quoted(value: str, special: str) -> str:
    escaped = re.sub(special, lambda found: "\\" + found[0], value)
    return _ENTITY.sub(lambda found: "\\" + found[0], escaped)


def _with_entities(tokens: Sequence[_Token]) -> Iterator[_Token]:
    for place, token in enumerate(tokens):
        written = token.written
        if token.opens == 0 and written:
            after = tokens[place + 1].opens if place + 1 < len(tokens) else 0
            before = tokens[place - 1].opens if place else 0
            if after == 1 and written[-1].isalnum():
                rest = written[:-1]
                is_escaping = (len(rest) - len(rest.rstrip("\\"))) % 2 == 1
                written = rest + ("\\" if is_escaping else "") + f"&#{ord(written[-1])};"
            if before == -1 and written[0].isalnum():
                written = f"&#{ord(written[0])};{written[1:]}"
        yield _Token(written, token.opens)
