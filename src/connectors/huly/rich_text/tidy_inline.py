"""The one shape among all lines of text that look the same: merged text nodes, clean marks, no blanks at the edges."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markdown_it.common.normalize_url import normalizeLink

from connectors.huly.rich_text.markup import Node, attributes, children, clean_text, node, plain_text, text

EMPHASIS = ("bold", "italic", "strike")
"""Marks that Markdown writes with characters on both sides, which must not touch a blank."""

_BLANKS = " \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
BLANKS = _BLANKS + "\u2028\u2029\u202f\u205f\u3000\ufeff"
"""White space other than the line feed; it means nothing at the edge of a line."""

_LINE_FEED = re.compile(f"[{BLANKS}]*\n[{BLANKS}\n]*")
_EDGES = re.compile(f"([{BLANKS}\n]*)(.*?)([{BLANKS}\n]*)", re.DOTALL)

_TYPED_AS: Mapping[str, frozenset[str]] = {"bold": frozenset({"marker"}), "italic": frozenset({"marker"})}
_LINK_DEFAULTS = {"target": "_blank", "rel": "noopener noreferrer", "class": "cursor-pointer"}
_ORDER = {name: place for place, name in enumerate(("link", *EMPHASIS, "code"))}


def tidy_inline(nodes: Sequence[Node]) -> list[Node]:
    """The tidy form of what a paragraph holds."""
    pieces = merged([_piece(each) for each in nodes])
    return merged(_marks_off_blanks(strip_line_edges(pieces)))


def merged(nodes: Sequence[Node]) -> list[Node]:
    """The same line with neighbouring text nodes of equal marks joined and empty ones dropped."""
    made: list[Node] = []
    for each in nodes:
        if each["type"] == "text" and not each["text"]:
            continue
        last = made[-1] if made else None
        if last and last["type"] == each["type"] == "text" and last.get("marks") == each.get("marks"):
            made[-1] = text(last["text"] + each["text"], each.get("marks", ()))
        else:
            made.append(each)
    return made


def strip_line_edges(nodes: Sequence[Node]) -> list[Node]:
    """The same line without blanks around line feeds and hard breaks, and without a hard break at its end."""
    inner = [_with_text(each, _LINE_FEED.sub("\n", each["text"])) if _is_prose(each) else each for each in nodes]
    return list(_stripped_at_end(list(_stripped_at_start(inner))))


def safe_link(href: str) -> str:
    """An address as Markdown stores it, percent-encoded where needed; returned as it is when it cannot be encoded."""
    try:
        return str(normalizeLink(clean_text(href)))
    except ValueError:
        return href


def has_mark(each: Node, kind: str) -> bool:
    """The text node carries a mark of this type."""
    return any(mark["type"] == kind for mark in each.get("marks", ()))


def _is_prose(each: Node) -> bool:
    return each["type"] == "text" and not has_mark(each, "code")


def _with_text(each: Node, value: str) -> Node:
    return text(value, each.get("marks", ()))


def _stripped_at_start(nodes: Sequence[Node]) -> Iterator[Node]:
    at_start = True
    for each in nodes:
        if not _is_prose(each):
            at_start = each["type"] == "hardBreak"
            yield each
            continue
        kept = each["text"].lstrip(BLANKS + "\n") if at_start else each["text"]
        if kept:
            at_start = kept.endswith("\n")
            yield _with_text(each, kept)


def _stripped_at_end(nodes: Sequence[Node]) -> Sequence[Node]:
    made: list[Node] = []
    blanks, at_end = BLANKS + "\n", True
    for each in reversed(nodes):
        if not _is_prose(each):
            if each["type"] == "hardBreak" and not made:
                continue
            at_end, blanks = each["type"] == "hardBreak", BLANKS
            made.append(each)
            continue
        kept = each["text"].rstrip(blanks) if at_end else each["text"]
        if kept:
            at_end, blanks = kept.startswith("\n"), BLANKS
            made.append(_with_text(each, kept))
    return made[::-1]


def _piece(each: Node) -> Node:
    kind, attrs = each["type"], attributes(each)
    if kind == "text":
        return _text_piece(clean_text(each["text"]), each.get("marks"))
    if kind == "emoji" and attrs.get("kind", "unicode") == "unicode" and isinstance(attrs.get("emoji"), str):
        return _text_piece(clean_text(attrs["emoji"]), None)
    if kind == "image" and isinstance(attrs.get("src"), str):
        attrs["src"] = safe_link(attrs["src"])
    if kind == "image" and attrs.get("alt") == "":
        del attrs["alt"]
    # The collaborator drops the marks of nodes that are not text ("reference-bold" of the recordings).
    inside = [text(plain_text(each))] if kind == "comment" and plain_text(each) else children(each)
    return node(kind, inside, attrs)


def _text_piece(value: str, marks: Any) -> Node:
    clean = _clean_marks(marks if isinstance(marks, list) else [])
    is_code = any(mark["type"] == "code" for mark in clean)
    return text(value.replace("\n", " ") if is_code else value, clean)


def _clean_marks(marks: Sequence[Any]) -> list[Node]:
    clean: dict[str, Node] = {}
    for mark in marks:
        kind = mark.get("type") if isinstance(mark, dict) else None
        made = _clean_mark(mark, kind) if isinstance(kind, str) else {"type": "unreadable"}
        clean[repr(made)] = made
    return sorted(_without_excluded(list(clean.values())), key=lambda mark: (_ORDER.get(mark["type"], 9), repr(mark)))


def _clean_mark(mark: Node, kind: str) -> Node:
    attrs = {name: value for name, value in attributes(mark).items() if name not in _TYPED_AS.get(kind, ())}
    if kind == "link":
        attrs = {name: value for name, value in attrs.items() if _LINK_DEFAULTS.get(name) != value}
        attrs["href"] = safe_link(attrs["href"]) if isinstance(attrs.get("href"), str) else ""
        if isinstance(attrs.get("title"), str):
            attrs["title"] = " ".join(clean_text(attrs["title"]).split())
        if not attrs.get("title"):
            attrs.pop("title", None)
    return node(kind, (), attrs)


def _without_excluded(marks: list[Node]) -> list[Node]:
    """Code stands alone in the editor, which drops text that has it beside another mark; a link is worth more than it."""
    kinds = {mark["type"] for mark in marks}
    if "code" not in kinds:
        return marks
    excluded = {"code"} if "link" in kinds else set(EMPHASIS)
    return [mark for mark in marks if mark["type"] not in excluded]


def _marks_off_blanks(nodes: Sequence[Node]) -> list[Node]:
    atoms = [atom for each in nodes for atom in _atoms(each)]
    for kind in EMPHASIS:
        atoms = list(_mark_off_blanks(atoms, kind))
    return atoms


def _atoms(each: Node) -> list[Node]:
    if not _is_prose(each):
        return [each]
    matched = _EDGES.fullmatch(each["text"])
    parts = matched.groups() if matched else (each["text"],)
    return [_with_text(each, part) for part in parts if part]


def _mark_off_blanks(atoms: Sequence[Node], kind: str) -> Iterator[Node]:
    start = 0
    while start < len(atoms):
        end = start
        while end < len(atoms) and (atoms[end]["type"] != "text" or has_mark(atoms[end], kind)):
            end += 1
        yield from _trimmed_run(atoms[start:end], kind)
        if end < len(atoms):
            yield atoms[end]
        start = end + 1


def _trimmed_run(run: Sequence[Node], kind: str) -> Iterator[Node]:
    solid = [place for place, atom in enumerate(run) if atom["type"] == "text" and atom["text"].strip(BLANKS + "\n")]
    for place, atom in enumerate(run):
        inside = bool(solid) and solid[0] <= place <= solid[-1]
        keep = inside or atom["type"] != "text" or bool(atom["text"].strip(BLANKS + "\n"))
        marks = atom.get("marks", ())
        yield atom if keep else text(atom["text"], [mark for mark in marks if mark["type"] != kind])
