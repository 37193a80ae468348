"""What of a document Markdown can hold, and a readable stand-in for what it cannot."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import Factory, define

from connectors.huly.rich_text.markup import INLINE_TYPES, Node, attributes, children, doc, node, plain_text, text
from connectors.huly.rich_text.tidy_inline import EMPHASIS
from connectors.huly.rich_text.tidy_markup import tidy

_MARKS_KEPT: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((*EMPHASIS, "code"), frozenset()),
    "link": frozenset({"href", "title"}),
}

_ATTRS_KEPT: Mapping[str, frozenset[str]] = {
    "heading": frozenset({"level"}),
    "orderedList": frozenset({"start"}),
    "todoItem": frozenset({"checked"}),
    "codeBlock": frozenset({"language"}),
    "image": frozenset({"src", "alt", "title"}),
}

_NAMES: Mapping[str, str] = {
    "underline": "underlining",
    "textStyle": "text colours",
    "textColor": "text colours",
    "highlight": "highlighting",
    "subscript": "subscript",
    "superscript": "superscript",
    "inline-comment": "comments in the text",
    "note": "notes in the text",
    "node-uuid": "anchors in the text",
    "reference": "mentions",
    "file": "attached files",
    "emoji": "custom emoji",
    "embed": "embedded pages",
    "drawingBoard": "drawings",
    "subLink": "subscript",
    "textAlign": "text alignment",
    "todoid": "to-dos linked to a planner",
    "userid": "to-dos linked to a planner",
    "colspan": "joined table cells",
    "rowspan": "joined table cells",
    "colwidth": "widths of table columns",
    "backgroundColor": "colours of table cells",
    "file-id": "uploaded images",
    "width": "sizes of images",
    "height": "sizes of images",
    "align": "alignment of images",
    "tooDeep": "very deep nesting",
    "stray": "text between the rows of a table or the items of a list",
    "unreadable": "parts that cannot be read",
}


@define
class _Losses:
    names: set[str] = Factory(set)

    def add(self, kind: str) -> None:
        self.names.add(_NAMES.get(kind, kind))


def readable(document: Node) -> tuple[Node, tuple[str, ...]]:
    """
    A document that Markdown can hold and that reads like the given one, and names of what had to be left out.

    Args:
        document: in its tidy form.
    """
    losses = _Losses()
    shown = doc(_blocks(children(document), losses))
    return tidy(shown), tuple(sorted(losses.names))


def _blocks(nodes: Sequence[Node], losses: _Losses) -> list[Node]:
    return [made for each in nodes for made in _block(each, losses)]


def _block(block: Node, losses: _Losses) -> list[Node]:
    kind = block["type"]
    if kind in INLINE_TYPES:
        return [node("paragraph", _line([block], losses))]
    convert = _CONVERT.get(kind)
    if convert is None:
        losses.add(kind)
        return _unknown(block, losses)
    return convert(block, losses)


def _unknown(block: Node, losses: _Losses) -> list[Node]:
    attrs = attributes(block)
    if block["type"] == "embed" and isinstance(attrs.get("src"), str):
        return [node("paragraph", [_linked(attrs["src"])])]
    if block["type"] == "drawingBoard":
        return [node("paragraph", [text("[drawing]")])]
    return _blocks(children(block), losses)


def _kept_attrs(of: Node, losses: _Losses) -> dict[str, Any]:
    attrs = attributes(of)
    kept = _ATTRS_KEPT.get(of["type"], frozenset())
    for name in attrs.keys() - kept:
        losses.add(name)
    return {name: value for name, value in attrs.items() if name in kept}


def _with_blocks(block: Node, losses: _Losses) -> list[Node]:
    return [node(block["type"], _blocks(children(block), losses), _kept_attrs(block, losses))]


def _paragraph(block: Node, losses: _Losses) -> list[Node]:
    return [node("paragraph", _line(children(block), losses), _kept_attrs(block, losses))]


def _heading(block: Node, losses: _Losses) -> list[Node]:
    attrs = _kept_attrs(block, losses)
    level = attrs.get("level")
    if not isinstance(level, int) or not 1 <= level <= 6:
        losses.add("levels of headings")
        level = 6
    line = _line(children(block), losses)
    if level > 2 and any(each["type"] == "hardBreak" or "\n" in each.get("text", "") for each in line):
        losses.add("line breaks in headings")
        line = [_on_one_line(each) for each in line]
    return [node("heading", line, {"level": level})]


def _on_one_line(each: Node) -> Node:
    if each["type"] == "hardBreak":
        return text(" ")
    return text(each["text"].replace("\n", " "), each.get("marks", ())) if each["type"] == "text" else each


def _list(block: Node, losses: _Losses) -> list[Node]:
    kind = block["type"]
    attrs = _kept_attrs(block, losses)
    start = attrs.get("start", 1)
    if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start <= 999_999_999:
        losses.add("numbers of lists")
        attrs = {}
    wanted = "todoItem" if kind == "todoList" else "listItem"
    return [node(kind, [_item(each, wanted, losses) for each in children(block)], attrs)]


def _item(item: Node, wanted: str, losses: _Losses) -> Node:
    attrs = _kept_attrs(item, losses) if item["type"] == "todoItem" else {}
    if item["type"] != wanted:
        losses.add("stray")
    checked = attrs.get("checked") is True
    if attrs and not checked:
        losses.add("states of to-dos")
    return node(wanted, _blocks(children(item), losses), {"checked": True} if checked and wanted == "todoItem" else {})


def _code(block: Node, losses: _Losses) -> list[Node]:
    attrs = _kept_attrs(block, losses)
    language = attrs.get("language", "")
    if not isinstance(language, str) or language != language.strip() or "\n" in language:
        losses.add("languages of code")
        attrs = {}
    content = children(block)
    for part in content:
        if part["type"] != "text" or part.get("marks"):
            losses.add("formatting inside code")
    inside = plain_text(block)
    return [node(block["type"], [text(inside)] if inside else [], attrs)]


def _table(block: Node, losses: _Losses) -> list[Node]:
    attrs = _kept_attrs(block, losses)
    rows = [node("tableRow", _cells(row, losses)) for row in children(block)]
    width = max((len(children(row)) for row in rows), default=0)
    has_head = bool(rows) and all(cell["type"] == "tableHeader" for cell in children(rows[0]))
    kinds = ["tableHeader" if has_head else "tableCell", *["tableCell"] * (len(rows) - 1)]
    squared = [_squared(row, width, kind) for row, kind in zip(rows, kinds, strict=False)]
    if squared != rows or not width:
        losses.add("the layout of tables")
    return [node("table", squared, attrs)] if width else []


def _squared(row: Node, width: int, kind: str) -> Node:
    cells = [node(kind, children(cell), attributes(cell)) for cell in children(row)]
    return node("tableRow", [*cells, *(node(kind) for _ in range(width - len(cells)))])


def _cells(row: Node, losses: _Losses) -> list[Node]:
    if row["type"] != "tableRow":
        losses.add("the layout of tables")
        return [_cell(row, losses)]
    return [_cell(cell, losses) for cell in children(row)]


def _cell(cell: Node, losses: _Losses) -> Node:
    for name in attributes(cell):
        losses.add(name)
    blocks = children(cell)
    if len(blocks) <= 1 and all(block["type"] == "paragraph" for block in blocks):
        align = {name: value for block in blocks for name, value in attributes(block).items() if name == "textAlign"}
        line = _line([each for block in blocks for each in children(block)], losses)
        flat = [_on_one_line(each) if each["type"] == "text" and "\n" in each["text"] else each for each in line]
        if flat != line:
            losses.add("line breaks in tables")
        return node(cell["type"], [node("paragraph", flat, align)] if flat else [])
    losses.add("several paragraphs in one table cell")
    lines = [text(plain_text(block).replace("\n", " ")) for block in blocks]
    broken = [part for line in lines for part in (line, {"type": "hardBreak"})]
    return node(cell["type"], [node("paragraph", broken)])


def _line(nodes: Sequence[Node], losses: _Losses) -> list[Node]:
    return [made for each in nodes for made in _piece(each, losses)]


def _piece(each: Node, losses: _Losses) -> list[Node]:
    kind = each["type"]
    if kind == "text":
        return [text(each["text"], _kept_marks(each.get("marks", ()), losses))]
    if kind == "hardBreak":
        return [node("hardBreak", (), _kept_attrs(each, losses))]
    if kind == "comment":
        return [node("comment", children(each), _kept_attrs(each, losses))]
    if kind == "image":
        return _image(each, losses)
    losses.add(kind)
    return _stand_in(each)


def _kept_marks(marks: Sequence[Node], losses: _Losses) -> list[Node]:
    kept = []
    for mark in marks:
        known = _MARKS_KEPT.get(mark["type"])
        if known is None:
            losses.add(mark["type"])
            continue
        attrs = attributes(mark)
        for name in attrs.keys() - known:
            losses.add(f"{name} of links" if mark["type"] == "link" else name)
        kept.append(node(mark["type"], (), {name: value for name, value in attrs.items() if name in known}))
    return kept


def _image(each: Node, losses: _Losses) -> list[Node]:
    attrs = _kept_attrs(each, losses)
    fits = all(isinstance(value, str) for value in attrs.values())
    if isinstance(attrs.get("src"), str) and fits and "file-id" not in attributes(each):
        return [node("image", (), attrs)]
    losses.add("file-id")
    return [text(f"[image: {attributes(each).get('alt') or 'without a name'}]")]


def _stand_in(each: Node) -> list[Node]:
    attrs = attributes(each)
    match each["type"]:
        case "reference":
            sign = "@" if str(attrs.get("objectclass", "")).startswith("contact:") else ""
            return [text(f"{sign}{attrs.get('label') or attrs.get('id') or 'somebody'}")]
        case "emoji":
            return [text(str(attrs.get("emoji") or "[emoji]"))]
        case "file":
            return [text(f"[file: {attrs.get('data-file-name') or 'without a name'}]")]
        case _:
            return [text(plain_text(each))]


def _linked(address: str) -> Node:
    return text(address, [node("link", (), {"href": address})])


def _as_it_is(block: Node, losses: _Losses) -> list[Node]:
    return [node(block["type"], (), _kept_attrs(block, losses))]


_CONVERT: Mapping[str, Callable[[Node, _Losses], list[Node]]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "blockquote": _with_blocks,
    "bulletList": _list,
    "orderedList": _list,
    "todoList": _list,
    "codeBlock": _code,
    "mermaid": _code,
    "markdown": _code,
    "horizontalRule": _as_it_is,
    "table": _table,
}
