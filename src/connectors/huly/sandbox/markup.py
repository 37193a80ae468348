"""Rich text as it comes back from a live document: the same meaning, in the spelling of the server."""

import json
from typing import Any

Node = dict[str, Any]

EMPTY_PARAGRAPH: Node = {"type": "doc", "content": [{"type": "paragraph"}]}
NOTHING: Node = {"type": "doc", "content": []}


def read_markup(text: str, *, empty: Node) -> Node:
    """The document that a markup string means, in the server's spelling.

    Text that does not begin with `{` is one paragraph; text that does but is no JSON is an empty paragraph (recorded
    surprise 9). An empty string means `empty`, which differs between creating and updating on a real server.
    """
    if text == "":
        return empty
    if not text.startswith("{"):
        return {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]}
    try:
        value = json.loads(text)
    except ValueError:
        return EMPTY_PARAGRAPH
    if value.get("type") == "doc":
        return {**_spelled(value), "content": [_spelled(child) for child in value.get("content") or []]}
    return {"type": "doc", "content": [_spelled(value)]}


def write_markup(node: Node) -> str:
    """The markup string of a document."""
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"))


def is_blank(node: Node) -> bool:
    """Whether a document shows nothing: no text, and no other nodes than empty paragraphs."""
    if node.get("type") == "text":
        return not node.get("text")
    if node.get("type") not in {"doc", "paragraph", "UNDEFINED"}:
        return False
    return all(is_blank(child) for child in node.get("content") or [])


def plain_text(node: Node) -> str:
    """The words of a document, one line for each block; for people who look, not for comparing."""
    if node.get("type") == "text":
        return str(node.get("text", ""))
    children = node.get("content") or []
    inline = any(child.get("type") == "text" for child in children)
    return ("" if inline else "\n").join(plain_text(child) for child in children)


def paragraphs(text: str) -> str:
    """A markup string with one paragraph for each block of the text; blank lines separate blocks."""
    blocks = [block.strip() for block in text.replace("\r\n", "\n").split("\n\n")]
    content = [{"type": "paragraph", "content": [{"type": "text", "text": block}]} for block in blocks if block]
    return write_markup({"type": "doc", "content": content or [{"type": "paragraph"}]})


def _spelled(node: Node) -> Node:
    """Empty lists of marks and children disappear, marks get attributes, empty texts are dropped."""
    if node.get("type") == "text":
        spelled: Node = {"type": "text", "text": node.get("text", "")}
        if node.get("marks"):
            spelled["marks"] = [{"type": mark["type"], "attrs": mark.get("attrs") or {}} for mark in node["marks"]]
        return spelled
    spelled = {"type": node.get("type", "UNDEFINED")}
    if node.get("attrs"):
        spelled["attrs"] = node["attrs"]
    if node.get("content"):
        spelled["content"] = [_spelled(child) for child in node["content"] if not _is_empty_text(child)]
    return spelled


def _is_empty_text(node: Node) -> bool:
    return node.get("type") == "text" and not node.get("text")
