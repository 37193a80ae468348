"""The laws of `evolve` and `replay`, on histories that can really happen."""

from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncengine.domain.events import (
    ConflictParked,
    ConflictResolved,
    Evidence,
    LinkClosed,
    Operation,
    Proof,
    RecordGone,
    RecordObserved,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import IntentId, RecordId
from syncengine.domain.link import Link, evolve, replay
from syncengine.domain.records import RecordRef
from syncengine.errors import ImpossibleHistory
from syncengine.testing.strategies import fields, moments, situations, texts, worlds

OUTCOMES = (WriteConfirmed, WriteRejected, WriteOvertaken)
ANY = situations() | situations(endpoints=3)


def steps(world):
    """Each event with the link before and after it."""
    link = Link(link_id=world.link.link_id)
    for event in world.events:
        after = evolve(link, event)
        yield link, event, after
        link = after


@given(world=ANY, cut=st.integers(0, 40))
def test_replay_in_any_split_gives_the_same_link(world, cut):
    """State is a fold over the log, wherever one starts."""
    head, tail = world.events[:cut], world.events[cut:]
    assert reduce(evolve, tail, replay(world.link.link_id, head)) == world.link
    assert replay(world.link.link_id, world.events) == world.link


@given(world=ANY)
def test_the_version_counts_the_events(world):
    """Also the events that change nothing else."""
    assert world.link.version == len(world.events)


@given(world=ANY)
def test_agreed_moves_only_when_a_decision_is_settled(world):
    """B3: no observation, no intent with writes and no single outcome among several moves what was agreed."""
    for before, event, after in steps(world):
        settled = isinstance(event, OUTCOMES) and after.decision is None
        agreed_without_writes = isinstance(event, WritesIntended) and not event.writes
        if settled or agreed_without_writes:
            continue
        for endpoint, side in after.sides.items():
            old = before.sides.get(endpoint)
            if old is not None and old.gone and not side.gone:
                old = None  # made anew, or back again: either way it begins without agreement
            assert side.agreed == (old.agreed if old else {}), event


@given(world=ANY)
def test_agreed_moves_to_the_basis_or_to_what_the_remote_says_it_stored(world):
    """B11: what was wished for is never taken for what is there."""
    for before, event, after in steps(world):
        decision = before.decision
        for endpoint, side in after.sides.items():
            old = before.sides[endpoint].agreed if endpoint in before.sides else {}
            for name, value in side.agreed.items():
                if name in old and old[name] == value:
                    continue
                allowed = [event.basis.get(endpoint, {})] if isinstance(event, WritesIntended) else []
                if decision is not None:
                    allowed += [decision.basis.get(endpoint, {}), decision.done.get(endpoint, {})]
                    if endpoint not in decision.basis:  # a new record takes part with what the others had agreed on
                        allowed += [other.agreed for name, other in before.sides.items() if name != endpoint]
                if isinstance(event, WriteConfirmed) and event.ref.endpoint == endpoint:
                    write = before.decision.pending[event.intent_id].write
                    allowed += [event.fields, write.stored, write.initial]
                assert any(name in fields and fields[name] == value for fields in allowed), (name, value)


@given(world=ANY)
def test_a_refused_or_overtaken_field_stays_as_it_was_on_every_side(world):
    """B3: a write that did not happen agrees nothing, on the side it was for, where it came from, or anywhere else."""
    for before, event, after in steps(world):
        if isinstance(event, WriteRejected | WriteOvertaken):
            write = before.decision.pending[event.intent_id].write
            dropped = set(write.fields) | set(write.initial) | before.decision.dropped
            for endpoint in before.decision.basis:
                now, then = after.sides[endpoint], before.sides[endpoint]
                assert now.agreed.only(dropped) == then.agreed.only(dropped)


@given(world=ANY)
def test_at_most_one_decision_is_outstanding(world):
    """And it always has a write without an outcome."""
    for before, event, after in steps(world):
        assert after.decision is None or after.decision.pending
        if isinstance(event, WritesIntended):
            assert before.decision is None


@given(world=ANY)
def test_every_intent_has_at_most_one_outcome(world):
    """An intent is open until its outcome and never again."""
    intended = [write.intent_id for event in world.events if isinstance(event, WritesIntended) for write in event.writes]
    ended = [event.intent_id for event in world.events if isinstance(event, OUTCOMES)]
    assert len(set(intended)) == len(intended)
    assert len(set(ended)) == len(ended)
    assert set(intended) - set(ended) == set(world.pending)


@given(world=ANY, old=fields(), age=st.integers(1, 1000))
def test_a_reading_older_than_what_is_known_changes_nothing(world, old, age):
    """B4: a listing that was taken before a write or a reading cannot undo it, and cannot make the record disappear."""
    for endpoint, side in world.link.sides.items():
        assert side.read_at is not None
        earlier = side.read_at - timedelta(seconds=age)
        seen = RecordObserved(ref=side.ref, kind=world.kind, fields=old, taken_at=earlier)
        missed = RecordGone(ref=side.ref, evidence=Evidence.ABSENT, taken_at=earlier)
        assert evolve(world.link, seen).sides[endpoint] == side
        assert evolve(world.link, missed).sides[endpoint] == side


@given(world=ANY, new=fields(), later=st.integers(0, 1000))
def test_a_newer_reading_is_believed(world, new, later):
    """What a side shows is what was read last; reading it agrees nothing, and settles nothing that is open."""
    for endpoint, side in world.link.sides.items():
        at = world.now + timedelta(seconds=later)
        after = evolve(world.link, RecordObserved(ref=side.ref, kind=world.kind, fields=new, taken_at=at))
        assert after.sides[endpoint].observed == new
        came_back = side.gone is not None and side.gone.is_proof
        assert after.sides[endpoint].agreed == ({} if came_back else side.agreed)
        assert after.sides[endpoint].gone is None
        assert after.decision == world.link.decision or (came_back and after.decision.replaced >= {endpoint})
        assert (after.decision is None) == (world.link.decision is None)
        assert after.decision is None or after.decision.pending == world.link.decision.pending


@given(world=ANY, at=moments(), new=fields())
def test_no_link_stands_for_two_records_of_one_endpoint(world, at, new):
    """A second record of an endpoint is impossible, however it comes, unless the first one is gone beyond doubt."""
    assume(world.link.sides)
    for endpoint, side in world.link.sides.items():
        other = RecordRef(endpoint, side.ref.container, RecordId("somebody else"))
        seen = RecordObserved(ref=other, kind=world.kind, fields=new, taken_at=at)
        if side.gone is not None and side.gone.is_proof:
            assert evolve(world.link, seen).sides[endpoint].ref == other
        else:
            with pytest.raises(ImpossibleHistory):
                evolve(world.link, seen)
        with pytest.raises(ImpossibleHistory):
            evolve(world.link, RecordGone(ref=other, evidence=Evidence.TOMBSTONE, taken_at=at))


@given(world=ANY, at=moments())
def test_an_outcome_without_an_open_intent_is_impossible(world, at):
    """Nothing ends that has not begun."""
    intent = IntentId("never intended")
    ref = world.ref(min(world.participants))
    outcomes = [
        WriteConfirmed(intent_id=intent, ref=ref, fields={}, proof=Proof.ANSWER, written_at=at),
        WriteRejected(intent_id=intent, reason="no"),
        WritePostponed(intent_id=intent, outcome="unknown", not_before=at, reason="no"),
        WriteOvertaken(intent_id=intent, reason="no"),
    ]
    for outcome in outcomes:
        with pytest.raises(ImpossibleHistory):
            evolve(world.link, outcome)


@given(world=ANY)
def test_a_second_decision_beside_an_open_one_is_impossible(world):
    """Decisions follow each other; they never overlap."""
    for _, _, link in steps(world):
        if link.decision is not None:
            with pytest.raises(ImpossibleHistory):
                evolve(link, WritesIntended(basis={}, writes=()))


@given(world=ANY)
def test_a_postponed_write_stays_open_and_is_counted(world):
    """Waiting is no outcome."""
    for before, event, after in steps(world):
        if isinstance(event, WritePostponed):
            old, new = before.decision.pending[event.intent_id], after.decision.pending[event.intent_id]
            assert (new.write, new.attempts, new.outcome) == (old.write, old.attempts + 1, event.outcome)
            assert new.not_before == event.not_before
            assert after.sides == before.sides


@given(world=worlds(able=True), data=st.data())
def test_a_create_found_again_agrees_what_was_sent_and_shows_what_is_there(world, data):
    """A person may have edited the record between the create and its discovery; that edit must count as one."""
    for endpoint in sorted(world.remotes):
        world.look(endpoint)
    world.decide()
    for intent_id, write in world.pending.items():
        if write.operation is not Operation.CREATE:
            continue
        world.send(intent_id, answered=False)
        name = data.draw(st.sampled_from(sorted(write.stored)))
        world.person_edits(write.endpoint, name, f"{data.draw(texts())} by a person")
        world.judge(intent_id)
        side = world.link.sides[write.endpoint]
        assert isinstance(world.events[-1], WriteConfirmed)
        assert side.agreed.only(write.stored) == write.stored
        assert side.observed == world.remotes[write.endpoint]
        assert side.observed[name] != side.agreed[name]


@given(world=ANY)
def test_parked_and_resolved_fields_move_only_by_their_own_events_and_decisions(world):
    """What waits for a person goes on waiting until the person or a decision about that field comes, or the item is closed."""
    for before, event, after in steps(world):
        if isinstance(event, LinkClosed):
            assert not after.parked
            assert not after.resolved
            assert not after.refused
        elif not isinstance(event, ConflictParked | ConflictResolved | WritesIntended):
            assert after.parked == before.parked
            assert after.resolved == before.resolved
        if isinstance(event, ConflictResolved):
            assert event.field not in after.parked
            assert after.resolved[event.field].value == event.value


@given(world=ANY)
def test_a_closed_link_says_why_and_keeps_what_it_knew(world):
    """Closing takes nothing away."""
    after = evolve(world.link, LinkClosed(reason="both are gone"))
    assert after.closed == "both are gone"
    assert after.sides == world.link.sides
