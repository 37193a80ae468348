"""The laws of the three verdicts on a pending write."""

from attrs import evolve as changed
from hypothesis import assume, given
from hypothesis import strategies as st

from syncengine.domain.events import Operation, Write
from syncengine.domain.identity import ContainerId, EndpointName, IntentId, RecordId
from syncengine.domain.judge import (
    Ambiguous,
    DidNotLand,
    Landed,
    Overtaken,
    TooEarly,
    judge_create,
    judge_update,
)
from syncengine.domain.records import FieldValues, Record, RecordRef
from syncengine.testing.strategies import records

REF = RecordRef(EndpointName("vibe"), ContainerId("board"), RecordId("1"))
NAMES = ("title", "status", "labels")
VALUES = st.sampled_from(["one", "two", "three", None])
FIELDS = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=3).map(FieldValues)


@st.composite
def updates(draw):
    """Updates whose values differ from the basis in every field, as `decide` makes them."""
    expected = draw(FIELDS)
    stored = {name: draw(VALUES.filter(lambda it, old=old: it != old)) for name, old in expected.items()}
    return Write(
        intent_id=IntentId("i"),
        endpoint=REF.endpoint,
        container=REF.container,
        operation=Operation.UPDATE,
        ref=REF,
        fields=FieldValues(stored),
        stored=FieldValues(stored),
        expected=expected,
    )


def record(fields):
    return Record(ref=REF, fields=fields)


@given(write=updates(), others=FIELDS)
def test_a_write_landed_when_all_its_values_are_there_whatever_else_is(write, others):
    """Other fields of the record say nothing about our write."""
    now = record(others.without(write.stored) | write.stored)
    assert judge_update(write, now) == Landed(now)


@given(write=updates(), others=FIELDS)
def test_a_write_did_not_land_when_the_basis_is_there_unchanged(write, others):
    """Only then may it be sent again."""
    now = record(others.without(write.expected) | write.expected)
    assert judge_update(write, now) == DidNotLand()


@given(write=updates(), fields=FIELDS)
def test_a_write_is_never_said_not_to_have_landed_when_another_value_is_there(write, fields):
    """Sending again would erase what somebody else wrote."""
    if isinstance(judge_update(write, record(fields)), DidNotLand):
        assert fields.only(write.expected) == write.expected


@given(write=updates(), fields=FIELDS)
def test_a_write_never_landed_when_one_of_our_values_is_missing(write, fields):
    """Half of a write is no write."""
    if isinstance(judge_update(write, record(fields)), Landed):
        assert fields.only(write.stored) == write.stored


@given(write=updates(), fields=FIELDS)
def test_every_state_of_a_record_has_exactly_one_verdict(write, fields):
    """Landed, did not land, or overtaken: with a sentence that names the fields that moved."""
    verdict = judge_update(write, record(fields))
    ours = fields.only(write.stored) == write.stored
    before = fields.only(write.expected) == write.expected
    if ours or before:
        assert isinstance(verdict, Landed if ours else DidNotLand)
    else:
        assert isinstance(verdict, Overtaken)
        assert verdict.record == record(fields)
        assert verdict.reason


@given(write=updates())
def test_an_update_of_a_record_that_is_gone_is_overtaken(write):
    """It is not sent again into the void."""
    assert judge_update(write, None) == Overtaken(None, "the record is no longer there")


@given(write=updates())
def test_a_write_that_changes_nothing_counts_as_landed(write):
    """Where basis and wish are the same, nothing has to be sent again."""
    same = changed(write, stored=write.expected)
    assert isinstance(judge_update(same, record(write.expected)), Landed)


@given(found=st.lists(records(), max_size=3), patience_over=st.booleans(), data=st.data())
def test_a_create_landed_exactly_when_one_record_carries_its_key(found, patience_over, data):
    """Whatever the record holds by now, and however often it is listed."""
    repeated = found + (data.draw(st.lists(st.sampled_from(found), max_size=2)) if found else [])
    verdict = judge_create(repeated, patience_over=patience_over)
    refs = {it.ref for it in found}
    if len(refs) == 1:
        assert isinstance(verdict, Landed)
        assert verdict.record.ref in refs
    elif refs:
        assert isinstance(verdict, Ambiguous)
        assert [it.ref for it in verdict.records] == sorted(refs)
    else:
        assert verdict == (DidNotLand() if patience_over else TooEarly())


@given(found=st.lists(records(), min_size=1, max_size=3), data=st.data())
def test_the_order_in_which_records_are_found_does_not_matter(found, data):
    """Searches have no order."""
    assume(len({it.ref for it in found}) == len(found))
    order = data.draw(st.permutations(found))
    assert judge_create(order, patience_over=True) == judge_create(found, patience_over=True)


def test_absence_is_no_proof_before_its_time():
    """A created record may show up a little later."""
    assert judge_create((), patience_over=False) == TooEarly()
    assert judge_create((), patience_over=True) == DidNotLand()
