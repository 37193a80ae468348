"""Laws of the pure half of the Vibe connector: what was written is read back, and reading changes nothing."""

import orjson
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from connectors.vibe.client import MAX_BODY_BYTES, refuse_oversize
from connectors.vibe.marker import read_marker, with_marker
from connectors.vibe.payloads import TaskRow, read_row
from connectors.vibe.repo_path import fill_template, normalised, path_in
from connectors.vibe.translate import as_stored, merged, new_task_body, task_changes, task_fields
from syncengine.connector import ContainerId, FieldValues, SyncKey
from syncengine.errors import RecordInvalid

BOARD = ContainerId("66806ffd-d127-40e1-a195-62f915fe5700")
STATUSES = ("backlog", "todo", "in_progress", "in_review", "done", "cancelled")
STORED_STATUSES = ("todo", "inprogress", "inreview", "done", "cancelled")

keys = st.text("0123456789abcdef", min_size=32, max_size=32).map(SyncKey)
pieces = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["\n", "\n\n", "\r\n", "\r", " ", "\t", "\x0b", "\x1c", "\u2028", "\xa0", "> ", "\x00"]),
    keys.map("Sync-Key: {}".format),
    st.sampled_from(["Sync-Key: none", "Sync-Key: ", "Sync-Key:", "Path: /srv/x"]),
)
texts = st.lists(pieces, max_size=8).map("".join)
words = st.sampled_from(STATUSES)
rows = st.builds(
    TaskRow,
    id=st.just("t"),
    project_id=st.just(str(BOARD)),
    title=texts,
    description=st.none() | texts,
    status=st.sampled_from(STORED_STATUSES),
)
wanted_fields = st.fixed_dictionaries({}, optional={"title": texts, "description": st.none() | texts, "status": words}).map(
    FieldValues
)


@given(texts, st.none() | keys)
def test_b5_reader_finds_what_the_writer_wrote(text, key):
    """For every text, marker lines of others included, and every key or none."""
    read = read_marker(with_marker(text, key))

    assert (read.text, read.key) == (text, key)


@given(texts)
def test_reading_and_writing_back_changes_nothing(stored):
    """Whatever a person left there."""
    read = read_marker(stored)

    assert read_marker(with_marker(read.text, read.key)) == read


@given(texts, keys, st.sampled_from(["\n", "\r\n", " ", "\t\n", "\n\n\n"]))
def test_white_space_after_the_marker_never_matters(text, key, trailing):
    """Nor does it become part of the text."""
    assert read_marker(with_marker(text, key) + trailing) == read_marker(with_marker(text, key))


@given(texts, keys, st.characters(exclude_categories=["Cs", "Z", "Cc"]))
def test_b7_anything_after_the_marker_makes_it_text(text, key, more):
    """It is read at the very end only."""
    stored = f"{with_marker(text, key)}\n{more}"

    assert read_marker(stored).text == stored
    assert read_marker(stored).key is None


@given(st.from_regex(r"\A[A-Z][A-Z0-9_]{0,9}-[0-9]{1,6}\Z"), keys)
def test_b6_no_identifier_disturbs_the_marker(identifier, key):
    """Digits and underscores included."""
    for text in (identifier, f"Huly Issue: {identifier}", f"{identifier}\n\nSync-Key: {identifier}"):
        assert read_marker(with_marker(text, key)).key == key


@given(wanted_fields)
def test_as_stored_is_idempotent(fields):
    """Asking twice gives the same."""
    once = as_stored(BOARD, fields)

    assert as_stored(BOARD, once) == once


@given(rows)
def test_what_was_read_is_already_as_stored(row):
    """Otherwise a listing alone would look like a change."""
    fields = task_fields(row)

    assert as_stored(BOARD, fields) == fields


@given(rows, wanted_fields)
def test_put_then_get_gives_what_was_put(row, patch):
    """As the server spells it; the other fields and the key stay."""
    after = merged(row, task_changes(row, patch))

    assert task_fields(after) == task_fields(row) | as_stored(BOARD, patch)
    assert read_marker(after.description or "").key == read_marker(row.description or "").key


@given(rows)
def test_get_then_put_changes_nothing(row):
    """Writing what was read sends nothing."""
    assert task_changes(row, task_fields(row)) == {}


@given(rows, wanted_fields)
def test_put_twice_sends_nothing_the_second_time(row, patch):
    """An update that was made already is no write."""
    after = merged(row, task_changes(row, patch))

    assert task_changes(after, patch) == {}


@given(wanted_fields, keys)
def test_created_task_reads_back_as_it_was_wanted(fields, key):
    """Its status excepted, which is the first one."""
    body = new_task_body(BOARD, key, fields)
    row = read_row({"id": "t", "status": "todo", **body}, TaskRow)

    expected = FieldValues(title="", description="") | as_stored(BOARD, fields) | {"status": "todo"}
    assert task_fields(row) == expected
    assert read_marker(row.description or "").key == key


@given(rows)
def test_null_and_empty_description_are_equal(row):
    """The server cannot get back to null."""
    if not row.description:
        assert task_fields(evolve(row, description=None)) == task_fields(evolve(row, description=""))


@given(st.text(alphabet=st.characters(), max_size=60))
def test_size_is_counted_as_it_is_sent(text):
    """The server counts the bytes of the JSON; half of a surrogate pair cannot be sent at all."""
    body = {"description": text}
    try:
        sent = orjson.dumps(body)
    except TypeError:
        sent = None
    padded = {**body, "title": "x" * (MAX_BODY_BYTES - len(sent or b"") - len(',"title":""'))}

    try:
        refuse_oversize(padded)
    except RecordInvalid:
        assert sent is None
    else:
        assert len(orjson.dumps(padded)) == MAX_BODY_BYTES
        try:
            refuse_oversize({**padded, "a": 1})
        except RecordInvalid:
            return
        raise AssertionError("one field more was let through")


segments = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/`\u2028\u2029\x85"), min_size=1)


@given(st.lists(segments.filter(lambda s: s.strip() == s and s not in {".", ".."}), min_size=1, max_size=4))
def test_path_has_one_spelling_and_is_found_in_a_description(parts):
    """However it was written."""
    path = "/" + "/".join(parts)

    assert normalised(path) == path
    assert normalised("/" + "//./".join(parts) + "/") == path
    assert path_in(f"About.\nPath: {path}/\nEnd.") == path


@given(st.text(max_size=20), st.text(max_size=20))
def test_template_gives_one_folder_inside_of_its_own(identifier, name):
    """No name climbs out, whatever a person calls a project."""
    try:
        path = fill_template("/srv/repos/{identifier}-{name}", identifier=identifier, name=name)
    except ValueError:
        return
    assert path.startswith("/srv/repos/")
    assert path.count("/") == 3
