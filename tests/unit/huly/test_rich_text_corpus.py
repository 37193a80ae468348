"""Rich text against what a real server made of the same documents."""

import html
import json

import pytest

from connectors.huly.rich_text import markup_for, normal_markdown, shown
from connectors.huly.rich_text.markdown_to_markup import read_markdown
from connectors.huly.rich_text.markup import parse_markup
from connectors.huly.rich_text.readable_markup import readable
from connectors.huly.rich_text.tidy_markup import tidy
from tests.unit.huly.documents import corpus, misfits, server_equal

MARKDOWN = corpus("markdown")
MARKUP = corpus("markup")

OTHERWISE = {
    "HTML stays as its source, the server drops tags and sometimes text": """code-html-tag del-html gitlab-issue-like
        highlight-html html-block-div html-block-p html-blockquote html-details html-details-compact html-doctype
        html-h2 html-hr html-iframe html-input html-p-align html-pi html-script html-sub-a html-sub-only image-html
        image-html-inline kbd-html link-html link-html-target span-color span-nested span-plain sub-html sup-html
        table-html table-html-multiline underline-html-ins underline-html-u""",
    "a tag that HTML does not know is text, the server drops it": "html-generic",
    "a comment stands in a paragraph, else the editor drops it": "footer-html-comment html-comment-block",
    "code has no other mark, else the editor drops it": "all-marks code-bold code-in-italic",
    "a list item begins with a paragraph, else the editor drops it": "bullet-empty-item bullet-heading",
    "numbered items stay what they are, the server makes to-dos that no list may hold": "task-ordered",
    "links into Huly stay links": """image-huly-file mention-employee mention-in-bold mention-in-list mention-issue
        mention-label-differs mention-no-params mention-person table-mention""",
    "a to-do is not tied to a planner by its text": "task-meta task-meta-space",
    "a link without text shows its address, the server drops it": "link-empty-text",
    "the two Markdown parsers disagree": "entity-invalid mark-overlap",
}
"""Samples that we read in another way than the server, by the reason."""

LOSSY = """align-center align-left align-right-heading drawing-board embed-between embed-null emoji-image file image-aligned
    image-file-min image-src-size image-token inline-comment kitchen mark-bold-underline-strike mark-highlight-bold
    mark-subscript mark-superscript mark-underline markdown-node node-uuid ordered-type-a reference-bold reference-here
    reference-issue reference-no-label reference-person reference-special-label reference-two table-bgcolor table-colspan
    table-colwidth table-metadata table-reference table-two-para-cell text-color text-color-bold text-color-link
    text-color-mark text-style-font todo-checked-string todo-in-bulletlist todo-linked todo-linked-checked todo-mention
    unknown-inline-node unknown-mark unknown-mark-inside-bold unknown-node"""
"""Samples that cannot be written back from Markdown without losing something."""


def without_start(node):
    """The document without the editor's number of a list, which the server's Markdown reader never sets."""
    made = {name: value for name, value in node.items() if name != "content"}
    if node["type"] == "orderedList":
        made["attrs"] = {name: value for name, value in made.get("attrs", {}).items() if name != "start"}
    return made | ({"content": [without_start(child) for child in node["content"]]} if node.get("content") else {})


def test_markdown_is_read_as_the_server_reads_it(capsys):
    """By the server's own equality; what differs is known by name and reason."""
    differing = {
        sample["name"]
        for sample in MARKDOWN
        if not server_equal(without_start(read_markdown(sample["markdown"])), sample["markup"])
    }
    with capsys.disabled():
        print(f"\n  read as the server reads it: {len(MARKDOWN) - len(differing)} of {len(MARKDOWN)} recorded texts")

    assert differing == {name for names in OTHERWISE.values() for name in names.split()}
    assert len(MARKDOWN) - len(differing) >= 295


def test_every_markdown_text_settles_and_comes_back(capsys):
    """One spelling; what is stored for it is shown as exactly this, with nothing lost."""
    for sample in MARKDOWN:
        normal = normal_markdown(sample["markdown"])
        assert normal_markdown(normal) == normal, sample["name"]
        back = shown(markup_for(sample["markdown"]))
        assert (back.markdown, back.losses) == (normal, ()), sample["name"]
    with capsys.disabled():
        print(f"\n  come back as stored: {len(MARKDOWN)} of {len(MARKDOWN)} recorded texts")
    assert len(MARKDOWN) >= 351


def test_settling_keeps_the_meaning_of_every_recorded_text():
    """The respelled text is read as the same document as the text itself."""
    assert [
        sample["name"]
        for sample in MARKDOWN
        if tidy(read_markdown(normal_markdown(sample["markdown"]))) != tidy(read_markdown(sample["markdown"]))
    ] == []


def test_what_is_stored_fits_the_editor():
    """The editor drops what does not fit as soon as somebody opens the document."""
    unfit = {sample["name"]: misfits(json.loads(markup_for(sample["markdown"]))) for sample in MARKDOWN}

    assert {name: found for name, found in unfit.items() if found} == {}


def test_editor_documents_come_back_or_are_known_as_lossy(capsys):
    """Documents without losses read back as the same document; the others are exactly the ones named above."""
    lossy = set()
    for sample in MARKUP:
        stored = json.dumps(sample["markup"])
        seen = shown(stored)
        if seen.losses:
            lossy.add(sample["name"])
        else:
            assert tidy(parse_markup(markup_for(seen.markdown))) == tidy(parse_markup(stored)), sample["name"]
        assert normal_markdown(seen.markdown) == seen.markdown, sample["name"]
    with capsys.disabled():
        print(f"\n  written back without loss: {len(MARKUP) - len(lossy)} of {len(MARKUP)} recorded editor documents")

    assert lossy == set(LOSSY.split())
    assert len(MARKUP) - len(lossy) >= 73


@pytest.mark.parametrize("sample", MARKUP, ids=lambda sample: sample["name"])
def test_the_words_of_every_document_are_shown(sample):
    """Lossy or not: no word of the text is missing in the Markdown."""
    document = tidy(parse_markup(json.dumps(sample["markup"])))
    words = {word for word in _text_of(document).split() if word.isalnum()}

    seen = html.unescape(shown(json.dumps(sample["markup"])).markdown)
    assert [word for word in words if word not in seen] == []


def test_server_documents_of_the_markdown_corpus_are_shown_too():
    """What other clients store for Markdown; nothing throws, and what is readable is stable."""
    for sample in MARKDOWN:
        document = tidy(sample["markup"])
        assert tidy(document) == document, sample["name"]
        fit, _ = readable(document)
        assert readable(fit) == (fit, ()), sample["name"]
        shown(json.dumps(sample["markup"]))


def _text_of(node):
    return node.get("text", "") + " ".join(_text_of(child) for child in node.get("content", ()))
