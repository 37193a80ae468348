"""Links between the pages, and from them into the project, lead somewhere."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.blocks import PAGES, ROOT


def links(page: Path) -> list[str]:
    """Where the links of a page lead; those inside code are none."""
    tokens = MarkdownIt("commonmark").parse(page.read_text("utf-8"))
    inline = [child for token in tokens for child in token.children or []]
    return [str(it.attrs["href"]) for it in inline if it.type == "link_open"]


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", it.lower()).replace(" ", "-") for it in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    """Files are there, and so are the headings in them."""
    for link in links(page):
        name, _, anchor = link.partition("#")
        if name.startswith(("https://", "http://")):
            continue
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached():
    """The index and the README lead to all pages."""
    for start in (ROOT / "README.md", ROOT / "docs" / "index.md"):
        reached = {(start.parent / link).resolve().name for link in links(start)}
        assert {page.name for page in PAGES[1:]} - {"index.md"} - reached == set(), "link it"
