"""The recorded documents, the server's own equality, and what the web editor accepts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[2] / "golden" / "huly"

Node = dict[str, Any]

_VISIBLE = {"image", "reference", "emoji", "table", "horizontalRule", "subLink"}

_BLOCKS = {
    "paragraph",
    "heading",
    "blockquote",
    "bulletList",
    "orderedList",
    "todoList",
    "codeBlock",
    "mermaid",
    "horizontalRule",
    "table",
    "markdown",
}
_INLINE = {"text", "hardBreak", "image", "comment", "reference", "emoji"}
_ITEM_OF = {"bulletList": "listItem", "orderedList": "listItem", "todoList": "todoItem"}
_MARKS = {"bold", "italic", "strike", "code", "link"}


def corpus(name: str) -> list[dict[str, Any]]:
    """The samples of one recorded corpus."""
    lines = (GOLDEN / f"{name}_corpus.jsonl").read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def server_equal(one: Node, other: Node) -> bool:
    """Whether the server takes two documents for equal; the order of marks and the split of text matter to it."""
    return _plain(one) == _plain(other) or not (_is_visible(one) or _is_visible(other))


def _plain(node: Node) -> Node:
    kept = {name: node[name] for name in ("type", "text") if name in node}
    attrs = {name: value for name, value in (node.get("attrs") or {}).items() if value is not None}
    lists = {name: [_plain(child) for child in node[name]] for name in ("content", "marks") if node.get(name)}
    return kept | lists | ({"attrs": attrs} if attrs else {})


def _is_visible(node: Node) -> bool:
    shows = node["type"] in _VISIBLE or bool(node.get("text", "").strip())
    return shows or any(_is_visible(child) for child in node.get("content") or ())


def misfits(document: Node) -> list[str]:
    """What the web editor would drop when somebody opens the document."""
    return list(_misfits_of_blocks(document, "doc", needs=True))


def _misfits_of_blocks(node: Node, where: str, *, needs: bool) -> Iterator[str]:
    blocks = node.get("content") or []
    if needs and not blocks:
        yield f"{where} is empty"
    for block in blocks:
        kind = block["type"]
        if kind not in _BLOCKS:
            yield f"{kind} in {where}"
        yield from _misfits(block)


def _misfits(block: Node) -> Iterator[str]:
    kind, content = block["type"], block.get("content") or []
    if kind in {"paragraph", "heading"}:
        yield from _misfits_of_line(block)
    elif kind in {"codeBlock", "mermaid", "markdown"}:
        yield from (f"marks in {kind}" for child in content if child["type"] != "text" or child.get("marks"))
    elif kind in _ITEM_OF:
        for item in content:
            inside = item.get("content") or []
            if item["type"] != _ITEM_OF[kind] or not inside or inside[0]["type"] != "paragraph":
                yield f"{item['type']} in {kind} begins with {inside[:1]}"
            yield from _misfits_of_blocks(item, item["type"], needs=True)
    elif kind == "table":
        for row in content:
            for cell in row.get("content") or []:
                if row["type"] != "tableRow" or cell["type"] not in {"tableCell", "tableHeader"}:
                    yield f"{cell['type']} in {row['type']}"
                yield from _misfits_of_blocks(cell, cell["type"], needs=True)
    elif kind == "blockquote":
        yield from _misfits_of_blocks(block, kind, needs=True)


def _misfits_of_line(block: Node) -> Iterator[str]:
    for child in block.get("content") or []:
        marks = [mark["type"] for mark in child.get("marks") or ()]
        if child["type"] not in _INLINE or (child["type"] == "text" and not child["text"]):
            yield f"{child} in {block['type']}"
        if not set(marks) <= _MARKS or ("code" in marks and len(marks) > 1) or (marks and child["type"] != "text"):
            yield f"marks {marks} on {child}"
