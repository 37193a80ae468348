"""How far long work is, on a terminal and elsewhere."""

import io
from uuid import UUID

from syncengine.engine.notes import LinkEnded, PairingStarted, PassSkipped
from syncengine.runner.progress import MeteredTelemetry, meter


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_are_few():
    """A start, an end and about ten between, however much there is."""
    stream = io.StringIO()
    with meter(stream) as shown:
        for done in range(1001):
            shown.set("events", done, 1000)
    told = stream.getvalue().splitlines()
    assert told[:2] == ["events: 0 of 1000", "events: 100 of 1000"]
    assert (told[-1], len(told)) == ("events: 1000 of 1000", 11)


def test_small_work_and_work_that_begins_again():
    """Every step of little work is shown; a second round starts again; nothing twice."""
    stream = io.StringIO()
    with meter(stream) as shown:
        for done in (0, 1, 2, 2, 0, 2):
            shown.set("x", done, 2)
    assert [line[3] for line in stream.getvalue().splitlines()] == ["0", "1", "2", "0", "2"]


def test_a_bar_on_a_terminal(monkeypatch):
    """With the title as it is, whatever it looks like."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with meter(stream) as shown:
        shown.set("[red]P", 0, 2)
        shown.set("[red]P", 2, 2)
    assert "[red]P" in stream.getvalue()
    assert "2/2" in stream.getvalue()


def test_a_pass_moves_the_meter_link_by_link():
    """One line of progress for each pairing; other notes are none."""
    stream = io.StringIO()
    with meter(stream) as shown:
        telemetry = MeteredTelemetry(shown)
        telemetry.note(PassSkipped())
        telemetry.note(LinkEnded(pairing="unknown", link_id=UUID(int=1)))
        telemetry.note(PairingStarted(pairing="a = b", kind="book", links=2, title="books"))
        telemetry.note(LinkEnded(pairing="a = b", link_id=UUID(int=1)))
        telemetry.note(LinkEnded(pairing="a = b", link_id=UUID(int=2)))
    assert stream.getvalue().splitlines() == ["books: 0 of 2", "books: 1 of 2", "books: 2 of 2"]
