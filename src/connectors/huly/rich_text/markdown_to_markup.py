"""
Markdown into Huly's rich text, as the server's own converter does it, except where that loses something:

- a block with HTML in it, an image that is a link, and a link reference that Huly cannot hold stay as the source text in
  a node of the type "markdown" (the server's converter drops such tags, sometimes with the text below them);
- `<br>` is a line break, an HTML comment a comment; a tag that HTML does not know (`List<String>`) is plain text;
- what the web editor would drop when somebody opens the document is made to fit: a list item begins with a paragraph,
  code has no other marks, a comment stands in a paragraph, nothing is without its paragraph;
- an ordered list carries its first number for both readers, `order` and `start`;
- a table without text in its head has no head; the alignment of a column is that of its cells;
- a document nested deeper than anybody writes by hand stays as the source text in a block of code.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from connectors.huly.rich_text.inline_reader import TASK, NotWritable, read_line
from connectors.huly.rich_text.markup import Node, clean_text, doc, node, paragraph, text
from connectors.huly.rich_text.tidy_markup import MAX_DEPTH

_ONE_COMMENT = re.compile(r"<!--(?!-?>)((?:(?!-->).)*)-->", re.DOTALL)
_INDENT = re.compile("^ {1,3}")
_ALIGN = re.compile(r"text-align:\s*(\w+)")


def read_markdown(markdown: str) -> Node:
    """The document that a Markdown text stands for; never raises."""
    source = clean_text(markdown)
    try:
        tokens = _parser().parse(source)
        if max((token.level for token in tokens), default=0) > MAX_DEPTH:
            return as_code(source)
        return _Reader(source).read(SyntaxTreeNode(tokens))
    except RecursionError:
        return as_code(source)


def as_code(source: str) -> Node:
    """A document that shows the text as it is, as one block of code."""
    return doc([_code_block(source, "")])


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("js-default", {"html": True})


class _Reader:
    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")

    def read(self, root: SyntaxTreeNode) -> Node:
        return doc(self._blocks(root.children) or [paragraph()])

    def _blocks(self, nodes: Sequence[SyntaxTreeNode]) -> list[Node]:
        return [made for each in nodes for made in self._block(each)]

    def _block(self, block: SyntaxTreeNode) -> Iterator[Node]:
        match block.type:
            case "paragraph":
                yield _paragraph(block)
            case "heading":
                yield _heading(block)
            case "blockquote":
                yield node("blockquote", self._blocks(block.children) or [paragraph()])
            case "bullet_list":
                yield from self._bullet_list(block)
            case "ordered_list":
                items = [self._item(item) for item in block.children]
                yield node("orderedList", items, _number_attrs(int(block.attrs.get("start", 1))))
            case "fence" | "code_block":
                yield _code_block(block.content.removesuffix("\n"), block.info.strip())
            case "hr":
                yield node("horizontalRule")
            case "table":
                yield self._table(block)
            case _:
                yield _html_block(block.content)

    def _bullet_list(self, block: SyntaxTreeNode) -> Iterator[Node]:
        bullet = {"bullet": block.markup}
        for is_todo, group in groupby(block.children, key=lambda item: _task_of(item) is not None):
            if is_todo:
                yield node("todoList", [self._todo(item) for item in group], bullet)
            else:
                yield node("bulletList", [self._item(item) for item in group], bullet)

    def _item(self, item: SyntaxTreeNode) -> Node:
        return node("listItem", _after_a_paragraph(self._blocks(item.children)))

    def _todo(self, item: SyntaxTreeNode) -> Node:
        first, *rest = item.children
        begin = _paragraph(first, skip_task=True)
        inside = _after_a_paragraph([begin, *self._blocks(rest)])
        return node("todoItem", inside, {"checked": _task_of(item) in {"x", "X"}})

    def _table(self, table: SyntaxTreeNode) -> Node:
        try:
            return _table_node(table, strict=True)
        except NotWritable:
            if table.level or table.map is None:
                return _table_node(table, strict=False)
            start, end = table.map
            return _as_source("\n".join(self._lines[start:end]).strip())


def _paragraph(block: SyntaxTreeNode, *, skip_task: bool = False) -> Node:
    inline = block.children[0] if block.children else None
    if inline is None:
        return paragraph()
    try:
        return paragraph(read_line(inline.children, skip_task=skip_task))
    except NotWritable:
        return _as_source(TASK.sub("", inline.content, count=1) if skip_task else inline.content)


def _heading(block: SyntaxTreeNode) -> Node:
    inline = block.children[0] if block.children else None
    attrs = {"level": int(block.tag[1:]), "marker": block.markup}
    try:
        return node("heading", read_line(inline.children) if inline else (), attrs)
    except NotWritable:
        source = inline.content if inline else ""
        under = "\n" + block.markup * 3 if block.markup in {"=", "-"} else ""
        return _as_source(source + under if under else f"{block.markup} {source}")


def _as_source(markdown: str) -> Node:
    return node("markdown", [text(markdown)])


def _code_block(content: str, language: str) -> Node:
    inside = [text(content)] if content else []
    if language == "mermaid":
        return node("mermaid", inside, {"language": language})
    return node("codeBlock", inside, {"language": language})


def _html_block(source: str) -> Node:
    html = _INDENT.sub("", source.rstrip("\n")).rstrip()
    comment = _ONE_COMMENT.fullmatch(html)
    if comment:
        return paragraph([node("comment", [text(comment[1])] if comment[1] else [])])
    return _as_source(html)


def _number_attrs(number: int) -> Mapping[str, Any]:
    # The server writes the usual first number as text (markdown samples of the recordings).
    return {"order": "1"} if number == 1 else {"order": number, "start": number}


def _after_a_paragraph(blocks: list[Node]) -> list[Node]:
    return blocks if blocks and blocks[0]["type"] == "paragraph" else [paragraph(), *blocks]


def _task_of(item: SyntaxTreeNode) -> str | None:
    """What stands between the brackets at the start of a to-do; None when the item is none."""
    first = item.children[0] if item.children else None
    if first is None or first.type != "paragraph" or not first.children or not first.children[0].children:
        return None
    inline = first.children[0]
    matched = TASK.match(inline.content)
    starts_so = inline.children[0].type == "text" and TASK.match(inline.children[0].content)
    return matched[1] if matched and starts_so else None


def _table_node(table: SyntaxTreeNode, *, strict: bool) -> Node:
    rows = [
        node("tableRow", [_cell(cell, strict=strict) for cell in row.children])
        for part in table.children
        for row in part.children
    ]
    headless = len(rows) > 1 and not any(cell["content"][0].get("content") for cell in rows[0]["content"])
    return node("table", rows[1:] if headless else rows)


def _cell(cell: SyntaxTreeNode, *, strict: bool) -> Node:
    kind = "tableHeader" if cell.type == "th" else "tableCell"
    line = read_line(cell.children[0].children, strict=strict) if cell.children else []
    align = _ALIGN.search(str(cell.attrs.get("style", "")))
    attrs = {"textAlign": align[1]} if align else {}
    return node(kind, [node("paragraph", line, attrs)], {"colspan": 1, "rowspan": 1})
