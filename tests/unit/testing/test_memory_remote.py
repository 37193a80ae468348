"""The remote in memory behaves as remotes do, so that tests on it mean something."""

from datetime import timedelta

import pytest

from syncengine.connector import ROOT, FieldSpec, FieldValues, Kind, RecordSchema, SyncKey
from syncengine.testing import Abilities, MemoryRemote, VirtualClock, lossy

KEY = SyncKey("0123456789abcdef0123456789abcdef")


def remote_with(**abilities):
    clock = VirtualClock()
    remote = MemoryRemote(Abilities(**abilities), now=clock.now)
    remote.add_container("board")
    return remote


def test_a_person_creates_a_record_and_the_rest_has_its_initial_values():
    """Fields nobody filled in are not missing."""
    remote = remote_with()
    record_id = remote.person_creates("board", title="Fix the roof")
    assert remote.items("board")[record_id] == {"title": "Fix the roof", "description": "", "status": "todo"}


def test_what_persons_type_is_rounded_like_everything_else():
    """A remote does not care who types."""
    remote = remote_with(spelling=lossy)
    record_id = remote.person_creates("board", title="  Fix the roof ", status="Backlog")
    remote.person_edits("board", record_id, description=" wet ")
    assert remote.items("board")[record_id] == {"title": "Fix the roof", "description": "wet", "status": "todo"}


def test_every_change_moves_the_revision_and_so_does_a_touch():
    """A touch changes no field."""
    remote = remote_with()
    record_id = remote.person_creates("board", title="x")
    seen = [remote.stored("board", record_id)]
    remote.person_edits("board", record_id, title="y")
    seen.append(remote.stored("board", record_id))
    remote.touch("board", record_id)
    seen.append(remote.stored("board", record_id))
    assert len({it.revision for it in seen}) == 3
    assert seen[1].raw == seen[2].raw
    assert remote.changes == 3


@pytest.mark.parametrize("storage", ["field", "marker"])
def test_a_clone_carries_the_key_of_its_original(storage):
    """That is why several records can be found by one key."""
    remote = remote_with(key_storage=storage)
    original = remote.insert("board", {"title": "x", "description": "text"}, key=KEY)
    clone = remote.person_clones("board", original)
    assert remote.keys("board") == {KEY: 2}
    assert remote.items("board")[clone] == remote.items("board")[original]


def test_a_clone_has_an_id_of_its_own():
    """With keys as ids it is no longer ours."""
    remote = remote_with(key_storage="id")
    original = remote.insert("board", {"title": "x"}, key=KEY)
    assert remote.person_clones("board", original) != original
    assert remote.keys("board") == {KEY: 1}


def test_a_marker_stands_in_the_text_but_not_in_the_values():
    """Persons see it at the end; the engine does not."""
    remote = remote_with(key_storage="marker")
    record_id = remote.insert("board", {"title": "x", "description": "text"}, key=KEY)
    assert remote.stored("board", record_id).raw["description"] == f"text\n\n[sync:{KEY}]"
    assert remote.items("board")[record_id]["description"] == "text"


def test_an_edit_of_the_text_leaves_its_marker_alone_and_a_person_can_remove_it():
    """Both happen in real life."""
    remote = remote_with(key_storage="marker")
    record_id = remote.insert("board", {"title": "x", "description": "text"}, key=KEY)
    remote.person_edits("board", record_id, description="edited")
    assert remote.keys("board") == {KEY: 1}
    remote.person_removes_key("board", record_id)
    assert remote.keys("board") == {}
    assert remote.items("board")[record_id]["description"] == "edited"


def test_a_remote_that_stores_no_keys_stores_none():
    """Whatever it is given."""
    remote = remote_with(key_storage="none")
    remote.insert("board", {"title": "x"}, key=KEY)
    assert remote.keys("board") == {}


def test_a_project_is_a_record_and_a_container():
    """Deleting it takes its issues with it, without a tombstone for each."""
    remote = MemoryRemote(Abilities(projects=True))
    project = remote.person_creates(title="House")
    remote.person_creates(project, title="Fix the roof")
    assert {it.container_id: it.kind for it in remote.containers} == {ROOT: "project", project: "issue"}
    remote.person_deletes("", project)
    assert not remote.has(project)
    assert [it.container_id for it in remote.containers] == [ROOT]


def test_the_past_can_be_looked_at_as_it_was():
    """A lagging listing shows neither edits nor deletions of the last moments."""
    clock = VirtualClock()
    remote = MemoryRemote(Abilities(listing_lag_s=5.0), now=clock.now)
    remote.add_container("board")
    kept = remote.person_creates("board", title="old")
    deleted = remote.person_creates("board", title="x")
    clock.advance(60)
    before = clock.now()
    clock.advance(1)
    remote.person_edits("board", kept, title="new")
    remote.person_deletes("board", deleted)
    assert {key: it.raw["title"] for key, it in remote.visible("board", before).items()} == {kept: "old", deleted: "x"}
    now = remote.visible("board", before + timedelta(seconds=60))
    assert {key: it.raw["title"] for key, it in now.items()} == {kept: "new"}


def test_a_kind_without_a_schema_is_a_mistake_of_the_test():
    """The message says what to give."""
    remote = MemoryRemote()
    remote.add_container("board", kind=Kind("comment"))
    with pytest.raises(LookupError, match="comment"):
        remote.person_creates("board", title="x")


def test_a_remote_prints_what_it_holds():
    """For failing examples."""
    remote = remote_with(projects=True)
    remote.person_creates("board", title="x")
    assert repr(remote) == "MemoryRemote(projects: 0, board: 1)"


def test_a_kind_of_record_without_the_marker_text_carries_no_key():
    """There is no place for it, and nothing else is written instead."""
    schema = RecordSchema(kind="issue", fields=(FieldSpec(name="title"),))
    remote = remote_with(key_storage="marker", schemas=(schema,))
    record_id = remote.insert("board", FieldValues(title="x"), key=KEY)
    assert remote.items("board")[record_id] == {"title": "x"}
    assert remote.keys("board") == {}


def test_a_real_clock_is_used_when_none_is_given():
    """In aware UTC."""
    assert MemoryRemote().now().utcoffset().total_seconds() == 0
