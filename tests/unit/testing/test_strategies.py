"""The strategies reach what they promise to reach."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from syncengine.domain import events as all_events
from syncengine.domain.events import Event, Proof, WriteConfirmed
from syncengine.domain.link import Link, replay
from syncengine.domain.records import FieldSpec, Record, RecordSchema
from syncengine.testing import LinkWorld, strategies

QUICK = settings(
    # A search ends with what it looks for; the rarest situation is one in seven hundred.
    max_examples=50_000,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("event_type", Event.__args__, ids=lambda it: it.__name__)
def test_every_type_of_event_can_be_drawn(event_type):
    """A new type of event without a strategy is noticed here."""
    assert isinstance(find(strategies.events_of(event_type), lambda event: True, settings=QUICK), event_type)


@given(event=strategies.events())
def test_events_are_values(event):
    """Equal to themselves; with mappings inside they still compare."""
    assert event == event  # noqa: PLR0124
    assert type(event).__module__ == all_events.__name__


@pytest.mark.parametrize(
    "reached",
    [
        lambda world: world.link.decision is not None,
        lambda world: len(world.link.sides) == 2 and world.link.decision is None and len(world.events) > 5,
        lambda world: bool(world.link.parked),
        lambda world: bool(world.link.resolved),
        lambda world: bool(world.link.refused),
        lambda world: any(side.untold for side in world.link.sides.values()),
        lambda world: any(side.gone for side in world.link.sides.values()),
        lambda world: any(isinstance(event, WriteConfirmed) and event.proof is Proof.FOUND for event in world.events),
        lambda world: bool(world.link.decision and world.link.decision.dropped),
        lambda world: any(pending.outcome == "unknown" for pending in pending_writes(world)),
    ],
    ids=["deciding", "settled", "parked", "resolved", "refused", "untold", "gone", "found", "dropped", "unknown"],
)
def test_situations_reach_every_corner(reached):
    """Laws that are never tried where it matters say nothing."""
    assert reached(find(strategies.situations(), reached, settings=QUICK))


def pending_writes(world):
    return world.link.decision.pending.values() if world.link.decision else ()


@given(link=strategies.links(), history=strategies.histories())
def test_links_and_histories_fit_together(link, history):
    """A history can be replayed, and a link counts its events."""
    assert isinstance(link, Link)
    assert replay(link.link_id, history).version == len(history)


@given(record=strategies.records(), schema=strategies.schemas())
def test_models_can_be_drawn(record, schema):
    """With fields that are values of their kinds."""
    assert isinstance(record, Record)
    assert isinstance(schema, RecordSchema)
    assert all(isinstance(spec, FieldSpec) for spec in schema.fields)


@given(conflict=strategies.conflicts())
def test_a_conflict_has_sides_that_differ(conflict):
    """Two or three of them."""
    values = [version.value for version in conflict.versions.values()]
    assert 2 <= len(values) <= 3
    assert all(count == 1 for count in Counter(map(repr, values)).values())


@given(world=strategies.situations())
def test_a_world_prints_as_a_story(world):
    """One line for each event, so that a failing example can be read."""
    assert isinstance(world, LinkWorld)
    assert len(repr(world).splitlines()) >= len(world.events) + 2
