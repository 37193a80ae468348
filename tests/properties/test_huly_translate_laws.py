"""Laws of the pure half of the Huly connector: one spelling, and what is stored is what is shown."""

import json

from hypothesis import given
from hypothesis import strategies as st

from connectors.huly.payloads import ProjectType, StatusDocument, TaskType
from connectors.huly.rich_text import markup_for, normal_markdown, shown
from connectors.huly.rich_text.markdown_to_markup import read_markdown
from connectors.huly.rich_text.markup import doc, node, paragraph, parse_markup, text
from connectors.huly.rich_text.tidy_markup import tidy
from connectors.huly.translate import identifier_for, identifier_from, issue_as_stored, project_as_stored
from connectors.huly.workflow import WORDS, make_workflow
from syncengine.connector import FieldValues
from tests.fixtures import hypothesis_profiles  # noqa: F401 - chooses the profile
from tests.unit.huly.documents import misfits

PIECES = st.sampled_from(
    [
        *("a", "b1", "foo", "é", "日", "1.", "2)", "- ", "* ", "+ ", "# ", "## ", "> ", "`", "```", "~~", "~", "*", "**"),
        *("_", "__", "[", "]", "(", ")", "![", "](u)", "[x](u)", "[ ] ", "[x] ", "<b>", "</b>", "<br>", "<!-- c -->"),
        *("<T>", "&", "&amp;", "&#65;", "\\", "\n", "\n\n", "\r\n", "  ", "    ", " ", "\t", "|", "---", "===", "|---|"),
        *("| a | b |\n|---|---|\n| c | d |\n", ".", ",", "!", "http://x.y", "<http://x.y>", ":", "\xa0", "<div>", "\0"),
        '[r]: /u "t"\n',
    ]
)
markdown_like = st.lists(PIECES, max_size=25).map("".join)
texts = markdown_like | st.text(max_size=60)

words_of_a_line = st.text(st.sampled_from("ab1. #*_`[]()<>&!|~\\-+=:é日"), min_size=1, max_size=12)
flags = st.sets(st.sampled_from(["bold", "italic", "strike"]), max_size=3)


def _marked(value, kinds, is_code, href):
    # Signs alone between marks of three kinds are the one thing that cannot always be written; see below.
    value = f"x{value}y" if kinds else value
    marks = [{"type": "code"}] if is_code else [{"type": kind} for kind in sorted(kinds)]
    links = [{"type": "link", "attrs": {"href": href}}] if href and not is_code else []
    return text(value, [*links, *marks])


hrefs = st.sampled_from([None, None, None, "https://e.example/a?b=1&c=2", "/rel", "mailto:a@e.example"])
pieces = st.builds(_marked, words_of_a_line, flags, st.booleans(), hrefs) | st.just(node("hardBreak"))
lines = st.lists(pieces, min_size=1, max_size=4)
paragraphs = lines.map(paragraph)
headings = st.builds(
    lambda line, level: node("heading", [each for each in line if each["type"] == "text"], {"level": level}),
    lines,
    st.integers(1, 6),
)
codes = st.builds(
    lambda value, language: node("codeBlock", [text(value)] if value else [], {"language": language}),
    st.text(st.sampled_from("ab `~\n\t#-"), max_size=20),
    st.sampled_from(["", "python", "c++", 'js title="a`b"']),
)
rules = st.just(node("horizontalRule"))


def _lists_of(blocks):
    first_and_more = st.builds(lambda first, more: [first, *more], paragraphs, st.lists(blocks, max_size=2))
    plain = st.lists(first_and_more.map(lambda content: node("listItem", content)), min_size=1, max_size=3)
    todos = st.lists(
        st.builds(lambda content, done: node("todoItem", content, {"checked": done}), first_and_more, st.booleans()),
        min_size=1,
        max_size=3,
    )
    return (
        plain.map(lambda items: node("bulletList", items))
        | st.builds(lambda items, start: node("orderedList", items, {"start": start}), plain, st.integers(0, 12))
        | todos.map(lambda items: node("todoList", items))
    )


def _nested(blocks):
    return _lists_of(blocks) | st.lists(blocks, min_size=1, max_size=3).map(lambda inside: node("blockquote", inside))


blocks = st.recursive(paragraphs | headings | codes | rules, _nested, max_leaves=8)
documents = st.lists(blocks, max_size=5).map(doc)

words = st.sampled_from(WORDS)
names = st.text(max_size=20) | st.sampled_from(["  x ", "a\nb", "To Do"])
issue_values = st.fixed_dictionaries({}, optional={"title": names, "description": texts, "status": words}).map(FieldValues)
project_values = st.fixed_dictionaries(
    {}, optional={"name": names, "description": texts, "identifier": names, "path": names}
).map(FieldValues)
statuses = st.lists(
    st.builds(
        StatusDocument,
        record_id=st.text("abcdef", min_size=1, max_size=3),
        name=st.sampled_from(["Backlog", "To Do", "In Progress", "In Review", "Done", "Canceled", "Triage", "Shipped"]),
        category=st.sampled_from(["UnStarted", "ToDo", "Active", "Won", "Lost", "New"]).map("task:statusCategory:".__add__),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda status: status.record_id,
)


def workflow_with(there):
    """A workspace whose issues may have just these statuses."""
    kind = TaskType(record_id="kind", parent="type", statuses=tuple(status.record_id for status in there))
    return make_workflow(
        statuses=there,
        task_types=[kind],
        project_types=[ProjectType(record_id="type", tasks=("kind",))],
        overrides={},
    )


@given(texts)
def test_every_text_settles_at_once(markdown):
    """`as_stored` is idempotent, whatever people type."""
    normal = normal_markdown(markdown)

    assert normal_markdown(normal) == normal


@given(texts)
def test_what_was_stored_is_shown_as_said(markdown):
    """PutGet: the text that comes back is the one `as_stored` promised, and it can be edited again."""
    back = shown(markup_for(markdown))

    assert (back.markdown, back.losses) == (normal_markdown(markdown), ())


@given(texts)
def test_what_is_stored_fits_the_editor(markdown):
    """Nothing is dropped when somebody opens the document in Huly."""
    assert misfits(json.loads(markup_for(markdown))) == []


@given(texts)
def test_the_tidy_form_is_tidy(markdown):
    """And does not depend on being computed twice."""
    document = tidy(read_markdown(markdown))

    assert tidy(document) == document


@given(documents)
def test_supported_documents_come_back_as_they_were(document):
    """GetPut: showing a document and storing what was shown changes nothing, however marks and letters touch."""
    seen = shown(json.dumps(document))

    assert seen.losses == ()
    assert tidy(parse_markup(markup_for(seen.markdown))) == tidy(document)
    assert normal_markdown(seen.markdown) == seen.markdown


def _only_signs(value, kinds):
    return text(value, [{"type": kind} for kind in sorted(kinds)])


@given(st.lists(st.builds(_only_signs, st.text("*_~()[].!a ", min_size=1, max_size=3), flags), min_size=1, max_size=4))
def test_signs_between_marks_come_back_or_are_known_as_lossy(line):
    """Markdown cannot hold all of them; what it cannot is never written over."""
    document = doc([paragraph(line)])
    seen = shown(json.dumps(document))

    assert seen.losses or tidy(parse_markup(markup_for(seen.markdown))) == tidy(document)
    assert normal_markdown(seen.markdown) == seen.markdown


@given(st.lists(words_of_a_line, min_size=1, max_size=6).map(" ".join))
def test_plain_words_are_never_lossy(value):
    """Whatever signs are in them: a line of plain text is shown so that it reads back as that text."""
    document = doc([paragraph([text(value)])])
    seen = shown(json.dumps(document))

    assert seen.losses == ()
    assert tidy(read_markdown(seen.markdown)) == tidy(document)


@given(issue_values, statuses)
def test_spelling_an_issue_twice_is_spelling_it_once(fields, there):
    """With every workflow, those without some of the words included."""
    workflow = workflow_with(there)
    once = issue_as_stored(fields, workflow=workflow, project_type="type")

    assert issue_as_stored(once, workflow=workflow, project_type="type") == once


@given(project_values)
def test_spelling_a_project_twice_is_spelling_it_once(fields):
    """Fields that Huly does not have are left out."""
    once = project_as_stored(fields)

    assert project_as_stored(once) == once
    assert set(once) <= {"name", "description", "identifier"}


@given(statuses, words)
def test_a_status_is_only_ever_chosen_among_those_of_the_issue(there, word):
    """And it is one with that very word when there is one."""
    workflow = workflow_with(there)
    chosen = workflow.status_for(word, "kind")

    assert chosen in {status.record_id for status in there}
    if word in {workflow.word_of(status.record_id) for status in there}:
        assert workflow.word_of(chosen) == word


@given(names, st.sets(st.text("AB12", min_size=1, max_size=5)))
def test_identifiers_are_short_and_new(name, taken):
    """Made from any name, beside any others."""
    made = identifier_for(name, taken)

    assert made not in taken
    assert 1 <= len(made) <= 5
    assert identifier_from(made) == made
