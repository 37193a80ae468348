"""
The one shape among all documents that look the same.

Two documents with equal tidy forms show the same to a person. What differs between them is only how it was typed or who
wrote it: which bullet character, null and default attributes, split text nodes, blanks at the edges of lines, empty
paragraphs used as spacing, bold put on a blank. Everything else is kept, the unknown included.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from connectors.huly.rich_text.markup import (
    INLINE_TYPES,
    Node,
    attributes,
    children,
    clean_text,
    doc,
    node,
    plain_text,
    text,
)
from connectors.huly.rich_text.tidy_inline import tidy_inline

MAX_DEPTH = 60
"""Nodes below this depth are not taken apart any more."""

_TYPED_AS: Mapping[str, frozenset[str]] = {
    "heading": frozenset({"marker"}),
    "bulletList": frozenset({"bullet"}),
    "todoList": frozenset({"bullet"}),
    "horizontalRule": frozenset({"markup"}),
}
"""Attributes that only remember how a thing was typed; the editor does not know them."""

_DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("tableCell", "colspan"): 1,
    ("tableCell", "rowspan"): 1,
    ("tableHeader", "colspan"): 1,
    ("tableHeader", "rowspan"): 1,
    ("codeBlock", "language"): "",
    ("mermaid", "language"): "mermaid",
    ("todoItem", "checked"): False,
    ("orderedList", "start"): 1,
}


def tidy(document: Node) -> Node:
    """The tidy form of a document; idempotent, and equal for documents that look the same."""
    return doc(_blocks(children(document), 0))


def tidy_block_attrs(kind: str, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a block without those that change nothing for the reader."""
    kept = {name: value for name, value in attrs.items() if name not in _TYPED_AS.get(kind, ())}
    if kind == "orderedList":
        kept = _with_number(kept)
    if kind == "heading":
        kept.setdefault("level", 1)
    return {name: value for name, value in kept.items() if not _is_default(kind, name, value)}


def _is_default(kind: str, name: str, value: Any) -> bool:
    default = _DEFAULTS.get((kind, name))
    return default is not None and type(default) is type(value) and default == value


def _with_number(attrs: dict[str, Any]) -> dict[str, Any]:
    # Markdown readers store the first number as `order`, the editor as `start` (README of the recordings, surprise 3).
    typed = attrs.pop("order", None)
    number = attrs.pop("start", typed)
    if number is None:
        return attrs
    try:
        return {**attrs, "start": int(str(number))}
    except ValueError:
        return {**attrs, "start": number}


def _blocks(nodes: Sequence[Node], depth: int) -> list[Node]:
    made: list[Node] = []
    for is_inline, group in groupby(nodes, key=lambda each: each["type"] in INLINE_TYPES):
        # Text directly below a block container stands there by mistake; readers show it as a paragraph.
        together = list(group)
        members = [node("paragraph", together)] if is_inline else together
        made.extend(block for member in members for block in _block(member, depth))
    return made


def _block(block: Node, depth: int) -> Iterator[Node]:
    kind = block["type"]
    attrs = tidy_block_attrs(kind, attributes(block))
    if depth > MAX_DEPTH:
        yield node("tooDeep", [text(clean_text(plain_text(block)) or " ")])
        return
    tidied = _CONTENT.get(kind, _other_content)(block, depth + 1)
    is_spacing = kind == "paragraph" and not tidied
    is_empty_list = kind in _LISTS and not tidied
    if not (is_spacing or is_empty_list):
        yield node(kind, tidied, attrs)


def _inline_content(block: Node, _depth: int) -> list[Node]:
    return tidy_inline(children(block))


def _block_content(block: Node, depth: int) -> list[Node]:
    return _blocks(children(block), depth)


def _items(block: Node, depth: int) -> list[Node]:
    return [made for child in children(block) for made in _member(child, ("listItem", "todoItem"), _item, depth)]


def _rows(block: Node, depth: int) -> list[Node]:
    return [made for child in children(block) for made in _member(child, ("tableRow",), _row, depth)]


def _member(child: Node, kinds: Sequence[str], tidied: Callable[[Node, int], Node], depth: int) -> Iterator[Node]:
    """A member of a list or table; what is none, such as text between two rows, is kept apart as a stray."""
    if child["type"] in kinds:
        yield tidied(child, depth)
        return
    inside = children(child) if child["type"] == "stray" else [child]
    content = _other_content(node("stray", inside), depth)
    if content:
        yield node("stray", content)


def _item(item: Node, depth: int) -> Node:
    inside = _blocks(children(item), depth)
    # The editor wants a paragraph first and drops an item without one.
    starts_well = bool(inside) and inside[0]["type"] == "paragraph"
    attrs = tidy_block_attrs(item["type"], attributes(item))
    return node(item["type"], inside if starts_well else [node("paragraph"), *inside], attrs)


def _row(row: Node, depth: int) -> Node:
    kinds = ("tableCell", "tableHeader")
    cells = [made for child in children(row) for made in _member(child, kinds, _cell, depth)]
    return node("tableRow", cells, tidy_block_attrs("tableRow", attributes(row)))


def _cell(cell: Node, depth: int) -> Node:
    kind = cell["type"]
    return node(kind, _blocks(children(cell), depth), tidy_block_attrs(kind, attributes(cell)))


def _code(block: Node, _depth: int) -> list[Node]:
    parts = children(block)
    if any(part["type"] != "text" or part.get("marks") for part in parts):
        return parts
    joined = clean_text("".join(part["text"] for part in parts))
    return [text(joined)] if joined else []


def _other_content(block: Node, depth: int) -> list[Node]:
    inside = children(block)
    if inside and all(child["type"] in INLINE_TYPES for child in inside):
        return tidy_inline(inside)
    return _blocks(inside, depth)


_LISTS = frozenset({"bulletList", "orderedList", "todoList"})

_CONTENT: Mapping[str, Callable[[Node, int], list[Node]]] = {
    "paragraph": _inline_content,
    "heading": _inline_content,
    "blockquote": _block_content,
    "bulletList": _items,
    "orderedList": _items,
    "todoList": _items,
    "codeBlock": _code,
    "mermaid": _code,
    "markdown": _code,
    "table": _rows,
}
