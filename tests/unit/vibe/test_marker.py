"""The marker line: what counts as one, and what stays text. The laws for all texts are in tests/properties."""

import pytest

from connectors.vibe.marker import MarkedText, read_marker, with_marker
from syncengine.connector import SyncKey

KEY = SyncKey("0123456789abcdef0123456789abcdef")
OTHER = SyncKey("f" * 32)
LINE = f"Sync-Key: {KEY}"


def test_marker_is_one_line_after_a_blank_one():
    """What a person sees at the end of a task."""
    assert with_marker("Do it.", KEY) == f"Do it.\n\n{LINE}"


def test_b5_empty_description_is_found_again():
    """A task without a text was created again in every cycle: its writer and its reader knew different words."""
    stored = with_marker("", KEY)

    assert stored == LINE
    assert read_marker(stored) == MarkedText("", KEY)


@pytest.mark.parametrize("identifier", ["P1-3", "MY_APP-12", "A1_B2-900", "42-1", "É-1"])
def test_b6_digits_and_underscores_in_identifiers_do_not_matter(identifier):
    """The key holds no identifier, so no pattern can fail on one that stands in the text."""
    assert read_marker(with_marker(f"See {identifier}\n{identifier}", KEY)) == MarkedText(
        f"See {identifier}\n{identifier}", KEY
    )


@pytest.mark.parametrize(
    "stored",
    [
        f"{LINE}\n\nmore text below",
        f"> {LINE}",
        f"    {LINE}",
        f"text {LINE}",
        f"`{LINE}`",
        f"{LINE}.",
        f"Sync-Key: {KEY[:-1]}",
        f"Sync-Key: {KEY}0",
        f"Sync-Key:{KEY}",
        f"sync-key: {KEY}",
        f"Sync-Key: {KEY.upper()}",
        "Sync-Key: ",
        "",
    ],
)
def test_b7_edited_or_quoted_marker_is_plain_text(stored):
    """A key is read in one place and one spelling only; everything else belongs to the person who wrote it."""
    assert read_marker(stored) == MarkedText(stored, None)


def test_b7_only_the_last_of_two_markers_is_read():
    """A text copied from another task brings its marker along; the task's own stands below it."""
    text = f"copied:\n\nSync-Key: {OTHER}"

    assert read_marker(with_marker(text, KEY)) == MarkedText(text, KEY)


def test_b7_text_that_ends_in_a_marker_gives_no_key_to_a_task_without_one():
    """Somebody removed the key of a task; a text ending in such a line must not bring in another one."""
    text = f"copied:\n\nSync-Key: {OTHER}"

    stored = with_marker(text, None)

    assert read_marker(stored) == MarkedText(text, None)


@pytest.mark.parametrize("trailing", ["", "\n", " ", "\r\n\r\n", "\t \n"])
def test_white_space_after_the_marker_is_tolerated(trailing):
    """Editors add it."""
    assert read_marker(f"text\n\n{LINE}{trailing}") == MarkedText("text", KEY)


@pytest.mark.parametrize("gap", ["\n", "\n\n", "\r\n", "\r\n\r\n"])
def test_blank_line_before_the_marker_may_be_respelled(gap):
    """A person joined the lines, or an editor changed the line ends."""
    assert read_marker(f"text{gap}{LINE}") == MarkedText("text", KEY)


@pytest.mark.parametrize("key", ["", "k", KEY.upper(), KEY + "0", "g" * 32, f"{KEY}\n"])
def test_key_that_could_not_be_found_again_is_refused(key):
    """Writing it would make a task that no lookup finds."""
    with pytest.raises(ValueError, match="32"):
        with_marker("text", SyncKey(key))
