"""
Huly's rich text into Markdown in one spelling: `-` for bullets, `**` and `*` for emphasis, `#` for headings, fences.

Everything this writes reads back as the same document (`markdown_to_markup`), save for a few neighbours that Markdown
cannot hold; whoever has to know reads it back and compares.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.huly.rich_text.inline_writer import LineStyle, write_line
from connectors.huly.rich_text.markdown_to_markup import read_markdown
from connectors.huly.rich_text.markup import Node, attributes, children, doc, node, paragraph, plain_text
from connectors.huly.rich_text.tidy_markup import tidy

_LISTS = frozenset({"bulletList", "todoList", "orderedList"})
_LAST_NUMBER = 999_999_999
_DASHES = {None: "---", "left": ":--", "center": ":-:", "right": "--:"}


def write_markdown(document: Node) -> str:
    """
    The Markdown of a document, without blank lines at its end.

    Args:
        document: tidy, and with nothing in it but what Markdown can hold (`readable`).
    """
    return _blocks(children(document)).strip("\n")


def _blocks(blocks: Sequence[Node], *, in_item: bool = False, first_of_item: bool = False) -> str:
    written = ""
    for place, block in enumerate(blocks):
        before = blocks[place - 1] if place else None
        if before is not None:
            written += "\n" if in_item and _may_follow_directly(before, block) else "\n\n"
        at_start = first_of_item and place == 0
        other_marker = before is not None and _same_family(before, block) and not _uses_other_marker(blocks, place - 1)
        written += _block(block, at_start=at_start, other_marker=other_marker)
    return written


def _same_family(one: Node, other: Node) -> bool:
    kinds = {one["type"], other["type"]}
    return kinds <= {"bulletList", "todoList"} or kinds == {"orderedList"}


def _uses_other_marker(blocks: Sequence[Node], place: int) -> bool:
    # Lists of one kind side by side take turns with their markers, else they would be read as one.
    start = place
    while start and _same_family(blocks[start - 1], blocks[start]):
        start -= 1
    return (place - start) % 2 == 1


def _may_follow_directly(before: Node, block: Node) -> bool:
    if before["type"] != "paragraph" or block["type"] not in _LISTS:
        return False
    first = children(children(block)[0])
    return attributes(block).get("start", 1) == 1 and (bool(children(first[0])) or len(first) > 1)


def _block(block: Node, *, at_start: bool, other_marker: bool) -> str:
    kind = block["type"]
    if kind == "paragraph":
        return _line(block, LineStyle(in_item=at_start))
    if kind == "horizontalRule":
        # Dashes behind the marker of an item would be one rule together with it.
        return "___" if at_start else "---"
    if kind in _LISTS:
        return _list(block, other_marker=other_marker)
    return _WRITE.get(kind, plain_text)(block)


def _line(block: Node, style: LineStyle) -> str:
    wanted = tidy(doc([block]))
    return write_line(children(block), style, lambda written: tidy(read_markdown(written)) == wanted)


def _heading(block: Node) -> str:
    level = attributes(block)["level"]
    inside = children(block)
    if any(each["type"] == "hardBreak" or "\n" in each.get("text", "") for each in inside):
        return f"{_line(paragraph(inside), LineStyle())}\n{'===' if level == 1 else '---'}"
    return f"{'#' * level} {_cell_line(inside, LineStyle(in_heading=True))}".rstrip(" ")


def _cell_line(line: Sequence[Node], style: LineStyle) -> str:
    wanted = tidy(doc([node("heading", line, {"level": 6})]))
    return write_line(line, style, lambda written: tidy(read_markdown(f"###### {_unpiped(written, style)}")) == wanted)


def _unpiped(written: str, style: LineStyle) -> str:
    return written.replace("\\|", "|") if style.in_cell else written


def _list(block: Node, *, other_marker: bool) -> str:
    return "\n".join(_item(item, _marker(block, place, other=other_marker)) for place, item in enumerate(children(block)))


def _marker(block: Node, place: int, *, other: bool) -> str:
    if block["type"] != "orderedList":
        return "* " if other else "- "
    number = min(attributes(block).get("start", 1) + place, _LAST_NUMBER)
    return f"{number}{')' if other else '.'} "


def _quote(block: Node) -> str:
    return _indented("> ", _blocks(children(block)), blank=">")


def _item(item: Node, marker: str) -> str:
    first, *rest = children(item)
    is_todo = item["type"] == "todoItem"
    box = f"[{'x' if attributes(item).get('checked') else ' '}] " if is_todo else ""
    if children(first) or not rest:
        inside = box + _blocks([first, *rest], in_item=True, first_of_item=not is_todo)
    elif is_todo and rest[0]["type"] != "markdown":
        inside = f"{box.rstrip()}\n\n{_blocks(rest, in_item=True)}"
    else:
        inside = box + _blocks(rest, in_item=True, first_of_item=True)
    return (marker + _indented(" " * len(marker), inside, blank="").lstrip(" ")).rstrip(" ")


def _indented(indent: str, written: str, *, blank: str) -> str:
    return "\n".join(indent + line if line else blank for line in written.split("\n"))


def _code(block: Node) -> str:
    inside = plain_text(block)
    language = "mermaid" if block["type"] == "mermaid" else attributes(block).get("language", "")
    sign = "~" if "`" in language else "`"
    longest = max((len(run) for run in re.findall(f"{sign}+", inside)), default=0)
    fence = sign * max(3, longest + 1)
    return f"{fence}{language}\n{inside}\n{fence}" if inside else f"{fence}{language}\n{fence}"


def _table(block: Node) -> str:
    rows = children(block)
    width = len(children(rows[0]))
    has_head = children(rows[0])[0]["type"] == "tableHeader"
    head = _row(rows[0]) if has_head else "|" + "  |" * width
    dashes = "| " + " | ".join(_DASHES.get(_align(rows, column), "---") for column in range(width)) + " |"
    return "\n".join([head, dashes, *(_row(row) for row in rows[1 if has_head else 0 :])])


def _row(row: Node) -> str:
    return "| " + " | ".join(_cell(cell) for cell in children(row)) + " |"


def _cell(cell: Node) -> str:
    blocks = children(cell)
    return _cell_line(children(blocks[0]), LineStyle(in_cell=True)) if blocks else ""


def _align(rows: Sequence[Node], column: int) -> str | None:
    aligns = {attributes(block).get("textAlign") for block in _column(rows, column)}
    return aligns.pop() if len(aligns) == 1 else None


def _column(rows: Sequence[Node], column: int) -> Iterator[Node]:
    for row in rows:
        yield from children(children(row)[column])


_WRITE: Mapping[str, Callable[[Node], str]] = {
    "heading": _heading,
    "blockquote": _quote,
    "codeBlock": _code,
    "mermaid": _code,
    "table": _table,
}
