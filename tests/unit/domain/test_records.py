"""What connectors and the engine hand each other."""

import copy
import pickle

import pytest

from syncengine.domain.identity import ROOT, ContainerId, EndpointName, RecordId
from syncengine.domain.records import NO_FIELDS, FieldKind, FieldSpec, FieldValues, RecordRef, RecordSchema


def test_field_values_are_equal_to_any_mapping_with_the_same_items():
    """The order and the kind of mapping do not matter."""
    assert FieldValues(title="x", status="todo") == FieldValues({"status": "todo", "title": "x"})
    assert FieldValues(title="x") == {"title": "x"}
    assert FieldValues(title="x") != FieldValues(title="y")
    assert FieldValues(title="x") != "title"


def test_equal_field_values_have_equal_hashes():
    """They can be members of sets."""
    assert len({FieldValues(a=1, b=("x",)), FieldValues(b=("x",), a=1)}) == 1


def test_lists_become_tuples():
    """A value that could be changed afterwards is never kept."""
    labels = ["red", "blue"]
    fields = FieldValues({"labels": labels})
    labels.append("green")
    assert fields["labels"] == ("red", "blue")


def test_sets_become_tuples_in_one_order():
    """A set has no order of its own, so two readings of it would differ by chance."""
    assert FieldValues({"labels": {"red", "blue", "green"}})["labels"] == ("blue", "green", "red")
    assert FieldValues({"labels": frozenset({"red", "blue"})})["labels"] == ("blue", "red")


def test_plain_values_are_a_copy():
    """Whoever changes the dictionary does not change the values."""
    fields = FieldValues(title="x")
    fields.plain()["title"] = "y"
    assert fields == {"title": "x"}
    assert fields | {"title": "z"} == {"title": "z"}


def test_a_name_of_a_field_may_be_any_text():
    """Also one that is no Python name."""
    assert FieldValues({"due date": "today", "self": 1})["self"] == 1


def test_putting_values_over_others_leaves_both_as_they_were():
    """`|` gives new values."""
    old, new = FieldValues(title="x", status="todo"), FieldValues(status="done")
    assert old | new == {"title": "x", "status": "done"}
    assert old == {"title": "x", "status": "todo"}


def test_fields_can_be_picked_and_left_out():
    """By a set of names or by a mapping that has them."""
    fields = FieldValues(title="x", status="todo", labels=())
    assert fields.only({"title", "nothing"}) == {"title": "x"}
    assert fields.only(FieldValues(status="done")) == {"status": "todo"}
    assert fields.without({"title"}) == {"status": "todo", "labels": ()}
    assert NO_FIELDS.only({"title"}) == NO_FIELDS


def test_field_values_print_what_is_in_them():
    """A message that shows them can be read."""
    assert repr(FieldValues(title="x")) == "FieldValues({'title': 'x'})"


def test_field_values_survive_copying():
    """Nothing in them is tied to one process."""
    fields = FieldValues(title="x", labels=("a",))
    assert copy.deepcopy(fields) == fields
    assert pickle.loads(pickle.dumps(fields)) == fields


def test_a_ref_prints_its_place():
    """The root container is shown as "projects"."""
    assert str(RecordRef(EndpointName("huly"), ContainerId("p1"), RecordId("7"))) == "huly/p1/7"
    assert str(RecordRef(EndpointName("huly"), ROOT, RecordId("p1"))) == "huly/projects/p1"


def test_a_schema_that_names_a_field_twice_is_refused():
    """Nobody could say which of the two is meant."""
    with pytest.raises(ValueError, match="names a field twice"):
        RecordSchema(kind="issue", fields=(FieldSpec(name="title"), FieldSpec(name="title")))


def test_a_schema_finds_its_fields_by_name():
    """And says which of them listings carry."""
    secret = FieldSpec(name="secret", readable=False, kind=FieldKind.TEXT)
    schema = RecordSchema(kind="issue", fields=(FieldSpec(name="title"), secret))
    assert schema.spec("secret") is secret
    assert schema.spec("nothing") is None
    assert schema.readable == {"title"}
