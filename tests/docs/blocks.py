"""
The fenced blocks of a page, and what is to be done with each.

The first word after the fence is the language, the others are for the test and invisible to readers:

| block | what the test does |
| --- | --- |
| `sh` | runs it, in one shell for the whole page |
| `python` | runs it as a script, at its place among the commands |
| `toml` | loads it as settings, together with `BASE` where it is only a part of a file |
| `json` | reads it |
| `text output` | finds its lines, in this order, in what the block before it printed; `...` stands for anything |
| `text diagram` | nothing, it is for the eye |
| any with `file=NAME` | puts it into the page's folder before it goes on |
| any with `from=PATH` | finds it word for word in that file of the project |
"""

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


@frozen(kw_only=True)
class Block:
    """
    One fenced block.

    Attributes:
        line: where it starts in its page, from 1.
        options: the words after the language; a word without a value is an option with an empty one.
    """

    page: str
    line: int
    language: str
    content: str
    options: Mapping[str, str] = field(factory=dict)

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({' '.join((self.language, *self.options))})"

    @property
    def first_line(self) -> str:
        """By which the list of exceptions knows it."""
        return self.content.partition("\n")[0]


def blocks_in(path: Path) -> list[Block]:
    """All fenced blocks of a page, in order; blocks made by indentation are none."""
    found = []
    for token in MarkdownIt("commonmark").parse(path.read_text("utf-8")):
        if token.type == "fence":
            language, *words = token.info.split() or [""]
            options = {name: value for name, _, value in (word.partition("=") for word in words)}
            line = (token.map or [0])[0] + 1
            found.append(Block(page=path.name, line=line, language=language, content=token.content, options=options))
    return found


def complaint_about(block: Block) -> str | None:
    """Why nobody knows what to do with a block, if so."""
    known = {"sh": set(), "python": {"file", "from"}, "toml": {"file", "from"}, "json": {"file", "from"}}
    known["text"] = {"output", "diagram", "from", "file"}
    if block.language not in known:
        return f"the language {block.language or '(none)'!r} is not covered; use one of {', '.join(known)}"
    strange = set(block.options) - known[block.language]
    if strange:
        return f"nobody knows what {', '.join(sorted(strange))} means here"
    if block.language == "text" and len(block.options) != 1:
        return "say whether it is `text output` or `text diagram`"
    return None
