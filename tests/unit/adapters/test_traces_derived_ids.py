"""Ids of traces that every process derives alike."""

from uuid import UUID

import pytest

from syncengine.adapters.telemetry.derived_trace_ids import DerivedIds, root_span_id_of, trace_id_of
from syncengine.domain.identity import EndpointName, intent_id_for

INTENTS = [intent_id_for(UUID(int=number), 3, EndpointName("right")) for number in range(500)]


def test_a_trace_is_called_like_the_intent():
    """Both are 32 hexadecimal digits."""
    assert [f"{trace_id_of(intent):032x}" for intent in INTENTS] == INTENTS


@pytest.mark.parametrize("intent", ["", "0" * 32, "x" * 32, "A" * 32, "a" * 31, "a" * 33, "+" + "a" * 31])
def test_what_is_no_such_number_has_a_trace_as_well(intent):
    """The id is 128 bits long and not zero; two such texts have two traces."""
    assert 0 < trace_id_of(intent) < 2**128
    assert trace_id_of(intent) == trace_id_of(intent)
    assert trace_id_of(intent) != trace_id_of(intent + " ")


def test_roots_differ_and_are_spans():
    """64 bits, not zero, and the same whenever they are asked for: changing them would cut traces in two."""
    roots = {root_span_id_of(intent) for intent in INTENTS}
    assert len(roots) == len(INTENTS)
    assert all(0 < root < 2**64 for root in roots)
    assert f"{root_span_id_of('0a5b' * 8):016x}" == "4732cadc338a9fb8"


def test_ids_are_drawn_outside_and_derived_inside():
    """The generator forgets the intent at the end, also when something fails."""
    ids = DerivedIds()
    with pytest.raises(LookupError), ids.deriving(INTENTS[0]):
        assert (ids.generate_trace_id(), ids.generate_span_id()) == (trace_id_of(INTENTS[0]), root_span_id_of(INTENTS[0]))
        raise LookupError
    drawn = {ids.generate_trace_id() for _ in range(10)} | {ids.generate_span_id() for _ in range(10)}
    assert len(drawn) == 20
    assert not drawn & {trace_id_of(INTENTS[0]), root_span_id_of(INTENTS[0])}
