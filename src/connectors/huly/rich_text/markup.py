"""
Huly's rich text as plain data: a tree of nodes, stored as one string of JSON ("markup").

A node is a dictionary with `type` and, where it has them, `attrs`, `content`, `text` and `marks`. Nothing here changes a
node that it is given.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

Node = dict[str, Any]
"""One node of a document; the root has the type "doc"."""

INLINE_TYPES = frozenset({"text", "hardBreak", "image", "reference", "emoji", "comment", "file", "subLink"})
"""Nodes that stand inside a paragraph; every other type is a block."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_markup(markup: str) -> Node:
    """
    The document a stored string stands for; never raises.

    Text that does not begin with a brace is one paragraph, as on the server. Text that cannot be read becomes a node of
    an unknown type, so that nobody takes it for an empty document and writes over it.
    """
    if not markup.strip():
        return doc([])
    if not markup.startswith("{"):
        return doc([paragraph([text(markup)])])
    try:
        root = orjson.loads(markup)
    except (orjson.JSONDecodeError, RecursionError):
        return doc([{"type": "unreadable"}])
    if isinstance(root, dict) and root.get("type") == "doc":
        return root
    return doc([root if isinstance(root, dict) else {"type": "unreadable"}])


def dump_markup(document: Node) -> str:
    """The string the server stores for a document."""
    return orjson.dumps(document).decode()


def doc(content: Sequence[Node]) -> Node:
    """A document of these blocks."""
    return {"type": "doc", "content": list(content)}


def paragraph(content: Sequence[Node] = (), **attrs: Any) -> Node:
    """A paragraph; without content an empty one."""
    return node("paragraph", content, attrs)


def node(kind: str, content: Sequence[Node] = (), attrs: Mapping[str, Any] | None = None) -> Node:
    """A node that has `attrs` and `content` only where there are any."""
    made: Node = {"type": kind}
    if attrs:
        made["attrs"] = dict(attrs)
    if content:
        made["content"] = list(content)
    return made


def text(value: str, marks: Sequence[Node] = ()) -> Node:
    """A text node."""
    made: Node = {"type": "text", "text": value}
    if marks:
        made["marks"] = list(marks)
    return made


def children(parent: Node) -> list[Node]:
    """The child nodes; a child that is no node at all comes back as one of the type "unreadable"."""
    content = parent.get("content")
    if content is None:
        return []
    if not isinstance(content, list):
        return [{"type": "unreadable"}]
    return [_as_node(child) for child in content]


def _as_node(child: Any) -> Node:
    is_node = isinstance(child, dict) and isinstance(child.get("type"), str)
    if is_node and child["type"] == "text" and not isinstance(child.get("text"), str):
        return {"type": "unreadable"}
    return child if is_node else {"type": "unreadable"}


def attributes(of: Node) -> dict[str, Any]:
    """The attributes that have a value."""
    attrs = of.get("attrs")
    return {name: value for name, value in attrs.items() if value is not None} if isinstance(attrs, dict) else {}


def plain_text(root: Node) -> str:
    """All text below a node, in order, however deep it is."""
    return "".join(_texts(root))


def _texts(root: Node) -> Iterator[str]:
    waiting = [root]
    while waiting:
        current = waiting.pop()
        if current["type"] == "text":
            yield current["text"]
        waiting.extend(reversed(children(current)))


def clean_text(value: str) -> str:
    """Text as the server can store it: line ends are LF; NUL and half surrogates become the replacement character."""
    unified = value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return _LONE_SURROGATE.sub("\ufffd", unified)
