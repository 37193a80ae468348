"""
Huly's rich text and Markdown, both ways.

`normal_markdown` is the one spelling in which a text comes back after it was stored; `markup_for` is what is stored for a
text; `shown` is what a stored document looks like in Markdown, and what of it cannot be written back.
"""

from functools import lru_cache
from html import unescape

from attrs import frozen

from connectors.huly.rich_text.markdown_to_markup import as_code, read_markdown
from connectors.huly.rich_text.markup import Node, dump_markup, parse_markup, plain_text
from connectors.huly.rich_text.markup_to_markdown import write_markdown
from connectors.huly.rich_text.readable_markup import readable
from connectors.huly.rich_text.tidy_markup import tidy

__all__ = ["Shown", "markup_for", "normal_markdown", "shown"]

_ROUNDS = 4
"""Spellings tried until a text comes back unchanged; the second one nearly always does."""


@frozen
class Shown:
    """
    A stored document as Markdown.

    Attributes:
        losses: names of what would be lost if the Markdown were stored again; empty for nothing.
    """

    markdown: str
    losses: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def normal_markdown(markdown: str) -> str:
    """
    The text as it comes back after Huly stored it.

    Pure and idempotent. The rare text whose spelling does not settle, or would lose words while it does, is kept whole as
    one block of code.
    """
    written = _respelled(markdown)
    for _ in range(_ROUNDS):
        again = _respelled(written)
        if again == written:
            return written
        if _letters(again) != _letters(written):
            break
        written = again
    return _respelled(write_markdown(tidy(as_code(markdown))))


def _letters(markdown: str) -> str:
    return "".join(filter(str.isalpha, unescape(markdown)))


def _respelled(markdown: str) -> str:
    return write_markdown(readable(tidy(read_markdown(markdown)))[0])


def markup_for(markdown: str) -> str:
    """What is stored for a text: the markup of its normal form."""
    return dump_markup(read_markdown(normal_markdown(markdown)))


def shown(markup: str) -> Shown:
    """A stored document as readable Markdown, in the normal form, with the names of what that cannot hold; never raises."""
    root = parse_markup(markup)
    try:
        return _shown(root)
    except RecursionError:
        return Shown(normal_markdown(write_markdown(tidy(as_code(plain_text(root))))), ("very deep nesting",))


def _shown(root: Node) -> Shown:
    document = tidy(root)
    fit, losses = readable(document)
    markdown = normal_markdown(write_markdown(fit))
    if not losses and tidy(read_markdown(markdown)) != document:
        losses = ("formatting that Markdown cannot hold",)
    return Shown(markdown, losses)
