"""What became of a write whose answer was lost, in examples."""

from syncengine.domain.events import Operation, Write
from syncengine.domain.identity import ContainerId, EndpointName, IntentId, RecordId
from syncengine.domain.judge import (
    Ambiguous,
    Copied,
    DidNotLand,
    Landed,
    Overtaken,
    TooEarly,
    judge_create,
    judge_update,
    may_be_a_copy,
)
from syncengine.domain.records import FieldValues, Record, RecordRef

REF = RecordRef(EndpointName("vibe"), ContainerId("board"), RecordId("1"))
WRITE = Write(
    intent_id=IntentId("i"),
    endpoint=REF.endpoint,
    container=REF.container,
    operation=Operation.UPDATE,
    ref=REF,
    fields=FieldValues(title=" New ", status="backlog"),
    stored=FieldValues(title="New", status="todo"),
    expected=FieldValues(title="Old", status="done"),
)


def record(*, record_id="1", **fields):
    return Record(ref=RecordRef(REF.endpoint, REF.container, RecordId(record_id)), fields=FieldValues(**fields))


def test_our_values_in_the_remotes_own_spelling_are_ours():
    """What counts is how the remote stores them, not how we sent them."""
    now = record(title="New", status="todo", description="by somebody else")
    assert judge_update(WRITE, now) == Landed(now)


def test_the_old_values_mean_that_it_may_be_sent_again():
    """Nobody touched these fields."""
    assert judge_update(WRITE, record(title="Old", status="done", description="new")) == DidNotLand()


def test_another_value_means_that_it_must_not_be_sent_again():
    """A person's edit would be erased."""
    now = record(title="Theirs", status="done")
    assert judge_update(WRITE, now) == Overtaken(now, "title neither as before nor as we wrote it")


def test_half_of_our_values_is_not_ours():
    """A write that landed and was edited since is decided anew."""
    now = record(title="New", status="done")
    assert judge_update(WRITE, now) == Overtaken(now, "title neither as before nor as we wrote it")


def test_a_record_that_lost_a_field_was_overtaken():
    """A field that is not there is not as before."""
    assert isinstance(judge_update(WRITE, record(title="Old")), Overtaken)


def test_a_created_record_is_ours_even_if_it_was_edited_since():
    """Its key says so, not its values."""
    found = record(title="Edited since")
    assert judge_create([found], patience_over=False) == Landed(found)


def test_a_record_found_twice_is_one_record():
    """Searches may repeat themselves."""
    found = record(title="x")
    assert judge_create([found, found], patience_over=True) == Landed(found)


def test_several_records_with_one_key_are_shown_to_a_person():
    """Cloned records keep the key; none of them can be trusted to be ours."""
    one, two = record(record_id="1", title="x"), record(record_id="2", title="x")
    assert judge_create([two, one], patience_over=True) == Ambiguous((one, two))


def test_nothing_found_means_nothing_until_patience_is_over():
    """B24, invariant 16: absence is no proof."""
    assert judge_create([], patience_over=False) == TooEarly()
    assert judge_create([], patience_over=True) == DidNotLand()


def test_an_earlier_record_that_is_back_is_not_what_was_made():
    """It takes the place of the one that was to be made, once that one would have been seen."""
    back, found = record(record_id="1", title="x"), record(record_id="2", title="x")
    assert judge_create([], patience_over=False, back=[back]) == TooEarly()
    assert judge_create([found], patience_over=True, back=[back]) == Landed(found)
    verdict = judge_create([], patience_over=True, back=[back])
    assert isinstance(verdict, Overtaken)
    assert verdict.record == back


def test_what_may_be_a_copy_is_shown_unless_ours_is_found_beside_it():
    """Also while patience lasts: nobody needs to wait to ask a person."""
    copy, ours = record(record_id="2", title="renamed"), record(record_id="3", title="x")
    for patience_over in (False, True):
        assert judge_create([], patience_over=patience_over, doubtful=[copy]) == Copied((copy,))
        assert judge_create([ours], patience_over=patience_over, doubtful=[copy]) == Landed(ours)


def test_only_the_successor_of_another_record_may_be_a_copy_of_it():
    """And only if it holds something else than was sent."""
    lost, sent, edited = (
        record(record_id="1").ref,
        {"title": "New", "status": "todo"},
        {"title": "Edited", "status": "todo"},
    )
    found = [record(record_id="2", **fields) for fields in (sent, edited)]
    assert [may_be_a_copy(WRITE, it, lost) for it in found] == [False, True]
    assert [may_be_a_copy(WRITE, it, None) for it in found] == [False, False]
    assert not may_be_a_copy(WRITE, record(record_id="1", **edited), lost), "it is that very record again"
