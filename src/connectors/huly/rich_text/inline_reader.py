"""The inside of a Markdown paragraph into Huly's inline nodes."""

import re
from collections.abc import Iterator, Mapping, Sequence

from markdown_it.tree import SyntaxTreeNode

from connectors.huly.rich_text.markup import Node, node, text
from connectors.huly.rich_text.tidy_inline import merged, strip_line_edges

TASK = re.compile(r"\[([ xX])\](?:[ \t\xa0]+|$)")
"""The start of a to-do item."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*)-->", re.DOTALL)
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")

_HTML_TAG = re.compile(
    "a|abbr|address|article|aside|audio|b|bdi|bdo|big|blockquote|body|button|canvas|caption|center|cite|code|col|dd|del|"
    "details|dfn|dialog|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|"
    "iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|math|menu|meta|meter|nav|object|ol|optgroup|option|"
    "output|p|picture|pre|progress|q|rp|rt|ruby|s|samp|script|section|select|small|source|span|strike|strong|style|sub|"
    "summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr",
    re.IGNORECASE,
)
"""A tag that is none of these is most likely text somebody forgot to escape."""

_MARKS: Mapping[str, str] = {"strong": "bold", "em": "italic", "s": "strike"}


class NotWritable(Exception):
    """The line holds something that Huly has no node for."""


def read_line(nodes: Sequence[SyntaxTreeNode], *, strict: bool = True, skip_task: bool = False) -> list[Node]:
    """
    The inline nodes of one paragraph.

    Args:
        strict: raise `NotWritable` for HTML and linked images; otherwise the tags become text and the link is dropped.
        skip_task: leave out the brackets at the start of a to-do.
    """
    pieces = [made for each in nodes for made in _pieces(each, (), strict=strict)]
    if skip_task and pieces and pieces[0]["type"] == "text":
        pieces[0] = {**pieces[0], "text": TASK.sub("", pieces[0]["text"], count=1)}
    line = strip_line_edges(merged(pieces))
    if strict and len(line) > 1 and any(_starts_line(line, place) for place in range(len(line))):
        raise NotWritable
    return line


def _starts_line(line: Sequence[Node], place: int) -> bool:
    """A comment at the start of a line would be a block of its own there when the line is written again."""
    before = line[place - 1] if place else {"type": "hardBreak"}
    at_start = before["type"] == "hardBreak" or before.get("text", "").endswith("\n")
    return line[place]["type"] == "comment" and at_start


def _pieces(each: SyntaxTreeNode, marks: tuple[Node, ...], *, strict: bool) -> Iterator[Node]:
    match each.type:
        case "text":
            yield text(each.content, marks)
        case "softbreak":
            yield text("\n", marks)
        case "hardbreak":
            yield node("hardBreak")
        case "code_inline":
            yield text(each.content.replace("\n", " "), _marks_of_code(marks))
        case "image":
            yield _image(each, marks, strict=strict)
        case "html_inline":
            yield _html(each.content, marks, strict=strict)
        case "link":
            yield from _link(each, marks, strict=strict)
        case _:
            kind = _MARKS.get(each.type)
            more = (node(kind, (), _typed_as(kind, each.markup)),) if kind else ()
            for child in each.children:
                yield from _pieces(child, (*marks, *more), strict=strict)


def _typed_as(kind: str, markup: str) -> dict[str, str]:
    return {} if kind == "strike" else {"marker": markup}


def _marks_of_code(marks: tuple[Node, ...]) -> tuple[Node, ...]:
    # The editor drops text that has code beside another mark; the address of a link is worth more than its look.
    links = tuple(mark for mark in marks if mark["type"] == "link")
    return links or (node("code"),)


def _link(each: SyntaxTreeNode, marks: tuple[Node, ...], *, strict: bool) -> Iterator[Node]:
    attrs = {"href": str(each.attrs.get("href", ""))}
    title = " ".join(str(each.attrs.get("title", "")).split())
    if title:
        attrs["title"] = title
    inside = (*marks, node("link", (), attrs))
    made = [piece for child in each.children for piece in _pieces(child, inside, strict=strict)]
    # A link without text would vanish together with its address.
    yield from made or [text(attrs["href"], inside)]


def _image(each: SyntaxTreeNode, marks: tuple[Node, ...], *, strict: bool) -> Node:
    if strict and any(mark["type"] == "link" for mark in marks):
        raise NotWritable
    attrs = {"src": str(each.attrs.get("src", ""))}
    title = " ".join(str(each.attrs.get("title", "")).split())
    if title:
        attrs["title"] = title
    alt = "".join(child.content if child.type != "softbreak" else " " for child in _leaves(each))
    return node("image", (), {**attrs, "alt": alt})


def _leaves(each: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    for child in each.children:
        if child.children:
            yield from _leaves(child)
        else:
            yield child


def _html(source: str, marks: tuple[Node, ...], *, strict: bool) -> Node:
    if _BREAK.fullmatch(source):
        return node("hardBreak")
    comment = _COMMENT.fullmatch(source)
    if comment:
        return node("comment", [text(comment[1])] if comment[1] else [])
    tag = _TAG.match(source)
    if strict and (tag is None or _HTML_TAG.fullmatch(tag[1])):
        raise NotWritable
    return text(source, marks)
