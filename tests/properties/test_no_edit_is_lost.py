"""Invariant 5: an edit of a person is there at the end, or somebody who saw it changed it, or it is in the log as a loser."""

from hypothesis import given

from syncengine.domain.events import ConflictParked, ConflictResolved, WritesIntended
from syncengine.domain.link import Link, evolve
from syncengine.testing.strategies import situations


@given(world=situations(able=True, deletions=False, steps=18))
def test_no_edit_is_lost(world):
    """Whatever was lost, postponed, judged, overtaken or refused on the way."""
    world.settle()
    for number, held in enumerate(world.life):
        if held.edited is not None and len(world.remotes) == 2:
            assert survived(world, number, held) or explained(world, number, held), (held, world)


def survived(world, number, held):
    """The value is still there, or its own side moved on, or it was changed back before anybody looked."""
    value = held.fields[held.edited]
    if value in (world.remotes[held.endpoint][held.edited], *held.known):
        return True
    return any(later.endpoint == held.endpoint and later.edited == held.edited for later in world.life[number + 1 :])


def explained(world, number, held):
    """The other side got the value and changed it later, or a decision or a person gave it up."""
    name, value = held.edited, held.fields[held.edited]
    (other,) = set(world.participants) - {held.endpoint}
    own_side, other_side = world.participants[held.endpoint], world.participants[other]
    seen = [it.fields for it in world.life[:number] if it.endpoint == other][-1:]
    seen += [it.fields for it in world.life[number:] if it.endpoint == other]
    decisions = [event for event in world.events if isinstance(event, WritesIntended)]
    bases = [event.basis for event in decisions if value == event.basis.get(held.endpoint, {}).get(name)]
    seen += [basis[other] for basis in bases if name in basis.get(other, {})]  # perhaps an edit there was not seen yet
    if any(other_side.stored(name, value) == it[name] or own_side.stored(name, it[name]) == value for it in seen):
        return True
    writes = [write for event in decisions for write in event.writes if write.endpoint == held.endpoint]
    if any(write.stored.get(name) == value for write in writes):
        return True  # the person typed what we were about to write, and nobody can tell the two apart
    if name in untold_on(world, other):
        return True  # edited on a new record before the create's missing fields were told: the later edit wins
    lost = [
        settlement.losers.get(held.endpoint)
        for event in decisions
        for settlement in event.settled
        if settlement.field == name
    ]
    parked = [
        event.versions.get(held.endpoint)
        for event in world.events
        if isinstance(event, ConflictParked) and event.field == name
    ]
    chosen = any(isinstance(event, ConflictResolved) and event.field == name for event in world.events)
    return value in lost or (chosen and value in parked)


def untold_on(world, endpoint):
    """Fields that a create on this endpoint could not set, at any time of the story."""
    link, names = Link(link_id=world.link.link_id), set()
    for event in world.events:
        link = evolve(link, event)
        names |= link.sides[endpoint].untold if endpoint in link.sides else set()
    return names
