"""Rich text and Markdown, case by case."""

import json

import pytest

from connectors.huly.rich_text import markup_for, normal_markdown, shown
from connectors.huly.rich_text.markdown_to_markup import read_markdown
from connectors.huly.rich_text.markup import doc, node, paragraph, parse_markup, text
from connectors.huly.rich_text.tidy_markup import tidy


def stored(*blocks):
    """What the server gives back for a document of these blocks."""
    return json.dumps(doc(blocks))


def marked(value, *kinds):
    """Text with these marks, as the editor stores it."""
    return text(value, [{"type": kind, "attrs": {}} for kind in kinds])


PLAIN_TEXTS = [
    "1986. A great year",
    "1) first",
    "# not a heading",
    "#hashtag and issue #12",
    "- not a list",
    "+ 1",
    "> 5 is more",
    "*important* and _quiet_ and __init__",
    "snake_case_word",
    "2 * 3 * 4 = 24",
    "~~gone~~ and ~/home and a ~ b",
    "`code` and ``more`` and ```",
    "&amp; &copy; AT&T &#65;",
    "<b>bold</b> <!-- c --> <https://e.example> a < b",
    "[link](https://e.example) [x] [a][b] ![i](j) [r]: /u",
    "[ ] not a task",
    "C:\\dir\\*.txt \\",
    "| a | b |",
    "a\n---",
    "a\n===",
    "a\n- b\n# c\n1. d\n> e\n    f\n```\ng",
    "a | b\n--- | ---\nc | d",
    "***",
    "_ _ _",
    "https://e.example/a_b_c?x=1&y=*",
    "$$x_1$$ {+ add +} :smile: @jane",
    "日本語 🇨🇭 e\u0301",
]


@pytest.mark.parametrize("value", PLAIN_TEXTS)
def test_plain_text_of_an_editor_stays_that_text(value):
    """What a person typed in Huly means the same when it is read as Markdown, and comes back as it was."""
    seen = shown(stored(paragraph([text(value)])))

    assert seen.losses == ()
    assert tidy(read_markdown(seen.markdown)) == tidy(doc([paragraph([text(value)])]))


@pytest.mark.parametrize(
    ("value", "markdown"),
    [
        ("1986. A year", "1986\\. A year"),
        ("# x", "\\# x"),
        ("*x*", "\\*x\\*"),
        ("&amp;", "\\&amp;"),
        ("<b>", "\\<b>"),
        ("a_b_c, AT&T, a < b, 2 * 3, [x], C:\\dir", "a_b_c, AT&T, a < b, 2 * 3, [x], C:\\dir"),
    ],
)
def test_only_what_would_be_read_otherwise_is_escaped(value, markdown):
    """The other side shows as few backslashes as possible."""
    assert shown(stored(paragraph([text(value)]))).markdown == markdown


@pytest.mark.parametrize(
    ("markdown", "normal"),
    [
        ("* a\n* b\n\n\n", "- a\n- b"),
        ("Title\n=====\ntext", "# Title\n\ntext"),
        ("__b__ and _i_", "**b** and *i*"),
        ("~~~py\nx\n~~~", "```py\nx\n```"),
        ("a  \nb", "a\\\nb"),
        ("a<br>b", "a\\\nb"),
        ("1) a\n2) b", "1. a\n2. b"),
        ("- [X] done", "- [x] done"),
        ("", ""),
        (" \n\t\n", ""),
        ("text   \n\n\n", "text"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\0b", "a\ufffdb"),
        ("[x][r]\n\n[r]: https://e.example 'T'", '[x](https://e.example "T")'),
        ("[](https://e.example)", "<https://e.example>"),
        ("[a](https://e.example/ä_(b))", "[a](<https://e.example/%C3%A4_(b)>)"),
        ("[`x`](u)", "[x](u)"),
        ("`` a`b ``", "``a`b``"),
        ("````\n```\n````", "````\n```\n````"),
        ("5. a\n6. b", "5. a\n6. b"),
        ("- a\n\n\n* b", "- a\n\n* b"),
        ("- ***", "- ___"),
        ("- # head\n- text", "- # head\n- text"),
        ("|a|b|\n|:-|-:|\n|1|2 \\| 3|", "| a | b |\n| :-- | --: |\n| 1 | 2 \\| 3 |"),
        ("||\n|-|\n|1|", "|  |\n| --- |\n| 1 |"),
        ("> a\n>\n> - b", "> a\n>\n> - b"),
        ("![alt](https://e.example/i.png 'T')", '![alt](https://e.example/i.png "T")'),
    ],
)
def test_one_spelling_for_what_looks_the_same(markdown, normal):
    """The normal form, which is its own normal form."""
    assert normal_markdown(markdown) == normal
    assert normal_markdown(normal) == normal


@pytest.mark.parametrize(
    "source",
    [
        "<details>\n<summary>Log</summary>\n\nHidden **text**\n\n</details>",
        "Press <kbd>Ctrl</kbd>+<kbd>C</kbd>",
        "# Title with <sub>small</sub>",
        "<!-- huly:PROJ-1 -->",
        "[![badge](https://e.example/b.png)](https://e.example)",
        "- <div>x</div>\n- b",
        "- [ ] press <kbd>X</kbd>",
        "| a | b |\n| --- | --- |\n| <kbd>x</kbd> | 2 |",
        "text <!-- c --> text",
        "a<br><!-- c -->b",
    ],
)
def test_what_huly_has_no_node_for_is_kept_as_its_source(source):
    """HTML and linked images come back letter for letter."""
    assert normal_markdown(source) == source
    assert shown(markup_for(source)).losses == ()


def test_words_in_angle_brackets_that_are_no_html_are_text():
    """Most likely somebody forgot to escape a type."""
    assert json.loads(markup_for("List<String> x"))["content"] == [paragraph([text("List<String> x")])]


def test_no_word_is_lost_while_a_text_settles():
    """Where writing it again would turn a line into something invisible, it is kept whole as code."""
    source = '\xa0 [r]: /u "t"\n__> x<b>'

    assert normal_markdown(source) == f"```\n{source}\n```"
    assert normal_markdown(normal_markdown(source)) == normal_markdown(source)


def test_a_spelling_that_needs_two_rounds_settles():
    """A lazy line below a quote becomes a table there."""
    source = "> | a | b |\n|---|---|\nc"
    assert normal_markdown(normal_markdown(source)) == normal_markdown(source)
    assert shown(markup_for(source)).markdown == normal_markdown(source)


def test_the_editor_finds_the_number_of_a_list():
    """Markdown readers use `order`, the editor `start`."""
    assert json.loads(markup_for("5. a"))["content"][0]["attrs"] == {"order": 5, "start": 5}


@pytest.mark.parametrize(
    ("block", "markdown", "loss"),
    [
        (
            paragraph([node("reference", (), {"label": "Jane", "objectclass": "contact:class:Person", "id": "1"})]),
            "@Jane",
            "mentions",
        ),
        (paragraph([node("image", (), {"file-id": "f1", "alt": "plan"})]), "\\[image: plan]", "uploaded images"),
        (paragraph([node("file", (), {"data-file-name": "a.pdf"})]), "[file: a.pdf]", "attached files"),
        (paragraph([marked("x", "underline")]), "x", "underlining"),
        (paragraph([text("x", [{"type": "inline-comment", "attrs": {"thread": "t"}}])]), "x", "comments in the text"),
        (paragraph([text("x", [{"type": "textStyle", "attrs": {"color": "red"}}])]), "x", "text colours"),
        (paragraph([text("x")], textAlign="center"), "x", "text alignment"),
        ({"type": "drawingBoard", "attrs": {"id": "1", "height": 5}}, "[drawing]", "drawings"),
        ({"type": "callout", "content": [paragraph([text("x")])]}, "x", "callout"),
        (
            node("table", [node("tableRow", [node("tableCell", [paragraph([text("x")])], {"colspan": 2})])]),
            "|  |\n| --- |\n| x |",
            "joined table cells",
        ),
    ],
)
def test_what_markdown_cannot_hold_is_shown_and_named(block, markdown, loss):
    """Readable on the other side, and known as not to be written over."""
    seen = shown(stored(block))

    assert (seen.markdown, loss in seen.losses) == (markdown.replace("\\[", "["), True)


@pytest.mark.parametrize(
    "block",
    [
        node("heading", [text("x")], {"level": 2, "textAlign": None}),
        paragraph([marked("a", "bold"), text(" "), marked("b ", "bold"), text("c")]),
        paragraph([text("a", [{"type": "link", "attrs": {"href": "https://e.example", "target": "_blank", "rel": None}}])]),
        node("todoList", [node("todoItem", [paragraph([text("a")])], {"checked": True, "todoid": None})]),
        node("orderedList", [node("listItem", [paragraph([text("a")])])], {"start": 1, "type": None}),
        paragraph([node("emoji", (), {"emoji": "😀", "kind": "unicode", "image": None}), text(" ok  ")]),
        paragraph([marked("Note:", "bold"), text("text")]),
        paragraph([marked("a", "bold"), marked("b", "bold", "italic"), marked("c", "italic")]),
        paragraph([marked("a", "italic"), marked("b", "bold")]),
        paragraph([marked("これ。", "bold"), text("です")]),
    ],
)
def test_what_the_editor_stores_beside_the_text_is_no_loss(block):
    """Null attributes, defaults, blanks at edges, marks that touch: all of it can be written back."""
    assert shown(stored(block)).losses == ()


@pytest.mark.parametrize("markup", ["{broken", '{"type":"doc","content":[', '{"a":1}', '{"type":"doc","content":[5]}'])
def test_a_text_that_cannot_be_read_is_never_taken_for_an_empty_one(markup):
    """An edit from the other side would write over it."""
    assert shown(markup).losses != ()


def test_markup_that_is_no_json_is_plain_text():
    """As on the server."""
    assert parse_markup("just text") == doc([paragraph([text("just text")])])
    assert parse_markup("") == doc([])


def test_deep_documents_do_not_break_anything():
    """Neither nested in Markdown nor in Huly, and the words stay."""
    quotes = ">" * 3000 + " deep"
    assert "deep" in normal_markdown(quotes)
    assert normal_markdown(normal_markdown(quotes)) == normal_markdown(quotes)
    block = paragraph([text("deep")])
    for _ in range(150):
        block = node("blockquote", [block])
    seen = shown(stored(block))
    assert "deep" in seen.markdown
    assert seen.losses != ()


def test_stray_nodes_are_shown_and_named():
    """Other clients store what no editor would; the words are there, and nothing is written over."""
    table = node("table", [text("between"), node("tableRow", [text("x"), node("tableCell", [paragraph([text("1")])])])])
    listed = node("bulletList", [paragraph([text("no item")]), node("listItem", [paragraph([text("item")])])])
    seen = shown(stored(table, listed, node("heading", [text("h")], {"level": 9})))

    assert all(word in seen.markdown for word in ("between", "x", "1", "no item", "item", "h"))
    assert {"text between the rows of a table or the items of a list", "levels of headings"} <= set(seen.losses)


@pytest.mark.parametrize(
    "block",
    [
        node("heading", [text("a\nb")], {"level": 3}),
        node("orderedList", [node("listItem", [paragraph([text("a")])])], {"start": -1}),
        node("codeBlock", [marked("x", "inline-comment")]),
        node("codeBlock", [text("x")], {"language": "a\nb"}),
        node("table", [node("tableRow")]),
        node("table", [node("tableRow", [node("tableCell", [paragraph([text("a\nb")])])])]),
        paragraph([text("x", [{"type": "link", "attrs": {"href": "u", "target": "_self"}}])]),
        paragraph([text("x", ["nonsense"])]),
        paragraph([{"type": "text", "text": 5}]),
    ],
)
def test_odd_documents_are_known_as_lossy(block):
    """None of them breaks the reading."""
    assert shown(stored(block, paragraph([text("word")]))).losses != ()
    assert "word" in shown(stored(block, paragraph([text("word")]))).markdown


def test_many_brackets_are_read_in_reasonable_time():
    """They are what makes Markdown readers slow."""
    assert normal_markdown("[" * 2000 + "x").endswith("x")
