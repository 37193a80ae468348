"""Spellings of the remotes in memory, markers, and the clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.connector import SyncKey
from syncengine.engine.ports import Clock
from syncengine.testing import VirtualClock, as_given, lossy, strategies, stripped, without_backlog
from syncengine.testing.key_marker import split_marker, with_marker

KEYS = strategies.sync_keys()
MARKER = "[sync:0123456789abcdef0123456789abcdef]"


@pytest.mark.parametrize("spelling", [as_given, stripped, lossy, without_backlog])
@given(name=strategies.field_names(), value=strategies.values())
def test_spelling_twice_is_spelling_once(spelling, name, value):
    """As `as_stored` has to be."""
    once = spelling(name, value)
    assert spelling(name, once) == once


@given(text=st.text() | st.sampled_from([MARKER, f"a\n\n{MARKER}", f"{MARKER}\n\n", "\n\n"]), key=KEYS)
def test_reading_a_marker_gives_back_what_was_written(text, key):
    """B5: for every text, also an empty one and one that ends like a marker."""
    assert split_marker(with_marker(text, key)) == (text, key)


@pytest.mark.parametrize("text", [f"{MARKER} is ours", f"see {MARKER}", "[sync:xyz]", f"\n{MARKER}", f"{MARKER}\n"])
def test_a_marker_that_is_quoted_or_damaged_is_text(text):
    """B7: only the very last line, by itself, is read."""
    assert split_marker(text) == (text, None)


def test_a_marker_that_was_edited_away_is_gone():
    """The text is what remains."""
    assert split_marker("text") == ("text", None)
    assert split_marker(with_marker("text", SyncKey("a" * 32)).removesuffix("]")) == (
        f"text\n\n[sync:{'a' * 32}",
        None,
    )


def test_a_virtual_clock_is_never_read_twice_at_the_same_time():
    """So that before and after are always decided."""
    clock = VirtualClock()
    readings = [clock.now() for _ in range(5)]
    assert readings == sorted(set(readings))
    assert readings[0].utcoffset().total_seconds() == 0


async def test_sleeping_on_a_virtual_clock_takes_no_time():
    """Only the clock moves."""
    clock: Clock = VirtualClock(tick_s=0)
    before = clock.now()
    await clock.sleep(3600)
    assert (clock.now() - before).total_seconds() == 3600
