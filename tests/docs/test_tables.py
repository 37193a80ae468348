"""The tables in the docs are those of the code."""

import pytest

from tests.docs.tables import DOCS, LOG_SCHEMA, MARKS, TABLES, log_schema, redrawn

PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_as_the_code_draws_them(page):
    """`python -m tests.docs.tables` puts the new ones in."""
    text = page.read_text("utf-8")
    assert text == redrawn(text)


def test_every_table_is_in_some_page():
    """A table that nobody reads is not kept."""
    shown = [found["name"] for page in PAGES for found in MARKS.finditer(page.read_text("utf-8"))]
    assert set(shown) == set(TABLES)


def test_a_wrong_table_is_found():
    """The comparison sees a changed cell."""
    page = redrawn("<!-- table: rules -->\n<!-- end -->\n")
    assert "`prefer`" in page
    assert redrawn(page.replace("Never decide.", "Always decide.")) == page


def test_the_schema_of_log_lines_is_as_the_code_draws_it():
    """The same command writes it."""
    assert LOG_SCHEMA.read_text("utf-8") == log_schema()
