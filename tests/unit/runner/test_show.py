"""What commands print holds no secret, and is still what it was."""

import json
from datetime import UTC, datetime

import pytest

from syncengine.redaction import make_known
from syncengine.runner.cli import show

WORD = 'horse "shoe"'


@pytest.fixture(autouse=True)
def _known():
    """The word is a secret."""
    make_known(WORD)


def test_lines_and_messages(capsys):
    """On standard output and on standard error."""
    show.line(f"a {WORD} b")
    show.complain(f"c {WORD} token=d")
    assert capsys.readouterr() == ("a *** b\n", "c *** token=***\n")


def test_data_stays_json(capsys):
    """Texts in it are redacted one by one, so no quote gets lost."""
    value = {"a": [WORD, 'the token: "', {"b": 'x", "password": "y'}], "at": datetime(2025, 1, 1, tzinfo=UTC), "n": 1}
    wanted = {"a": ["***", 'the token: "***', {"b": 'x", "password": "***'}], "at": "2025-01-01T00:00:00+00:00", "n": 1}
    show.data(value)
    assert json.loads(capsys.readouterr().out) == wanted
    show.data_line(value)
    line = capsys.readouterr().out
    assert json.loads(line) == wanted
    assert line.count("\n") == 1


def test_a_cell_is_redacted_before_it_is_broken_into_lines(capsys):
    """Half of a secret would not be found any more."""
    show.table(("what", "why"), [(WORD, f"{'w ' * 300}{WORD} {'v ' * 300}")])
    printed = capsys.readouterr().out
    assert "***" in printed
    assert "horse" not in printed
    assert "shoe" not in printed
