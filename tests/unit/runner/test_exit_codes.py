"""Which exit code says what."""

import pytest

from syncengine.engine.report import PassReport
from syncengine.errors import (
    AnotherWriter,
    AuthenticationFailed,
    OutcomeUnknown,
    SettingsInvalid,
    SuspiciousListing,
    SyncEngineError,
)
from syncengine.runner.cli import exit_codes
from tests.unit.runner.manual_clock import ManualClock


def report(*problems, **more):
    return PassReport(sync_id="x", started_at=ManualClock().now(), problems=list(problems), **more)


@pytest.mark.parametrize(
    ("passed", "code"),
    [
        (report(), 0),
        (report("Unreachable: vibe: gone"), 1),
        (report("Unreachable: vibe: gone", refusals={"huly": AuthenticationFailed("no")}), 3),
        (report("books: SuspiciousListing: nothing", safety_stops=["books: nothing"]), 5),
        (report("Unreachable: vibe: gone", stopped=True), 130),
    ],
)
def test_exit_codes_after_a_pass(passed, code):
    """The worst problem decides."""
    assert exit_codes.after_pass(passed) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsInvalid(["x"]), 2),
        (OutcomeUnknown("x"), 3),
        (AnotherWriter("x"), 4),
        (SuspiciousListing("x", place="left/a", plan="0f1e"), 5),
        (SyncEngineError("x"), 1),
    ],
)
def test_exit_codes_after_an_error(error, code):
    """By the branch of the error tree."""
    assert exit_codes.after_error(error) == code


def test_the_documented_exit_codes_are_the_real_ones():
    """The table in the docstring names every constant's value."""
    values = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    rows = {
        int(line.split("|")[1]) for line in exit_codes.__doc__.splitlines() if line.startswith("| ") and line[2].isdigit()
    }
    assert rows == values
