"""The laws of `decide`, on links in states that can really happen."""

from attrs import evolve as changed
from hypothesis import given
from hypothesis import strategies as st

from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.decide import decide
from syncengine.domain.events import ConflictParked, Operation, WriteRejected, WritesIntended
from syncengine.domain.identity import intent_id_for
from syncengine.domain.link import Link, evolve
from syncengine.domain.merge import Never
from syncengine.domain.policy import DeletionRule, Policy
from syncengine.testing.strategies import situations

FIELDS = ("title", "description", "status", "labels")
ANY = situations() | situations(endpoints=3)
ABLE = situations(able=True, deletions=False)
"""Both sides have every field and may change everything."""


def links_along(world):
    """Every link of a history, from the first event on."""
    link = Link(link_id=world.link.link_id)
    for event in world.events:
        link = evolve(link, event)
        yield link


def decided(world, link, **more):
    return decide(link, world.policy, world.participants, **more)


def decisions(world):
    """Every link of a history with the writes that would be intended there."""
    for link in links_along(world):
        event = decided(world, link)
        if isinstance(event, WritesIntended):
            yield link, event


def writes(world):
    for link, event in decisions(world):
        for write in event.writes:
            yield link, event, write


@given(world=ANY)
def test_no_side_is_asked_for_what_it_cannot_do(world):
    """Creates and updates respect the schema, the settings, and every single field."""
    for _, _, write in writes(world):
        participant = world.participants[write.endpoint]
        specs = {spec.name: spec for spec in participant.schema.fields}
        if write.operation is Operation.CREATE:
            assert participant.schema.can_create
            assert participant.may_create
            assert all(specs[name].creatable for name in write.fields)
        elif write.operation is Operation.DELETE:
            assert participant.can_delete_records
        else:
            assert participant.schema.can_update
            assert participant.writable
            assert all(specs[name].updatable for name in write.fields)


@given(world=ANY)
def test_there_is_no_second_decision_beside_an_open_one(world):
    """Nor is anything decided about a link that is closed, empty, or has lost a record without proof."""
    for link in links_along(world):
        if link.decision or any(side.gone and not side.gone.is_proof for side in link.sides.values()):
            assert decided(world, link) is None
        assert decided(world, changed(link, closed="done")) is None
    assert decided(world, Link(link_id=world.link.link_id)) is None


@given(world=ANY)
def test_creates_are_for_sides_without_a_record_and_other_writes_for_the_others(world):
    """And there is at most one write for each endpoint."""
    for link, event in decisions(world):
        endpoints = [write.endpoint for write in event.writes]
        assert len(set(endpoints)) == len(endpoints)
        for write in event.writes:
            side = link.sides.get(write.endpoint)
            there = side if side and not side.gone else None
            assert (write.operation is Operation.CREATE) == (there is None)
            assert write.ref == (there.ref if there else None)


@given(world=ANY)
def test_a_delete_follows_a_proved_deletion_elsewhere_and_removes_no_edit(world):
    """It comes alone, says what it expects to find, and that is what all sides last agreed on."""
    for link, event in decisions(world):
        deleted = [write for write in event.writes if write.operation is Operation.DELETE]
        if not deleted:
            continue
        assert [*event.writes] == deleted
        lost = [name for name, side in link.sides.items() if side.gone and side.gone.is_proof]
        assert any(world.policy.deletion_on(name) is DeletionRule.PROPAGATE for name in lost)
        assert {write.endpoint for write in deleted} == link.sides.keys() - lost
        for write in deleted:
            side = link.sides[write.endpoint]
            shared = {name for it in lost for name in world.participants[it].schema.readable} & set(side.observed)
            assert write.expected == side.observed
            assert side.observed.only(shared) == side.agreed.only(shared)


@given(world=ANY)
def test_the_basis_and_the_expectation_are_what_was_observed(world):
    """B2, B4: a decision stands on what was read, and says so."""
    for link, event in decisions(world):
        for endpoint, fields in event.basis.items():
            assert fields == link.sides[endpoint].observed.only(fields)
        for write in event.writes:
            if write.operation is Operation.UPDATE:
                assert write.expected == link.sides[write.endpoint].observed.only(write.fields)


@given(world=ANY)
def test_nothing_is_written_that_the_side_already_holds_in_its_own_spelling(world):
    """B8, B11: equal under the map is equal."""
    for _, _, write in writes(world):
        participant = world.participants[write.endpoint]
        assert write.stored == participant.as_stored(write.fields)
        if write.operation is Operation.UPDATE:
            assert write.fields
            assert all(write.stored[name] != write.expected[name] for name in write.fields)


@given(world=ANY)
def test_a_value_flows_out_of_a_side_only_if_it_was_seen_to_change_there(world):
    """B2: what a remote filled in by itself, or never got told, overwrites nobody."""
    for link, event, write in writes(world):
        if write.operation is Operation.UPDATE:
            for name, value in write.fields.items():
                assert justified(world, link, event, write.endpoint, name, value), (name, value)


def justified(world, link, event, target, name, value):
    if any(settlement.field == name and settlement.value == value for settlement in event.settled):
        return True
    if name in link.resolved:
        return value == link.resolved[name].value
    states = {
        endpoint: side
        for endpoint, side in link.sides.items()
        if name in side.observed and name in world.participants[endpoint].schema.readable
    }
    first_contact = any(name not in side.agreed for side in states.values())
    for endpoint, side in states.items():
        if endpoint == target or side.observed[name] != value:
            continue
        edited_here = name in side.agreed and side.agreed[name] != value
        told_here = name in link.sides[target].untold and name not in side.untold
        if edited_here or told_here or first_contact:
            return True
    return False


@given(world=ANY)
def test_a_side_that_was_not_edited_since_the_agreement_never_overwrites_one_that_was(world):
    """Invariant 8: the change travels, not the old value."""
    for link, _, write in writes(world):
        if write.operation is Operation.CREATE:
            continue
        target = link.sides[write.endpoint]
        for name in write.fields:
            others = [side for endpoint, side in link.sides.items() if endpoint != write.endpoint]
            edited_here = name in target.agreed and target.observed[name] != target.agreed[name]
            quiet = all(name not in it.observed or it.agreed.get(name, Never) == it.observed[name] for it in others)
            assert not (edited_here and quiet and name not in link.resolved)


@given(world=ANY, data=st.data())
def test_the_order_of_sides_and_endpoints_does_not_matter(world, data):
    """Invariant 10: the same link gives the same decision, however the mappings are ordered."""
    link = world.link
    shuffled = changed(link, sides=in_order(link.sides, data))
    participants = in_order(world.participants, data)
    assert decide(shuffled, world.policy, participants) == decided(world, link)


def in_order(mapping, data):
    return dict(data.draw(st.permutations(list(mapping.items()))))


@given(world=ANY)
def test_ids_of_intents_are_derived_from_link_version_and_endpoint(world):
    """A repeated run derives the same ids, and a new decision new ones."""
    for link, _, write in writes(world):
        assert write.intent_id == intent_id_for(link.link_id, link.version + 1, write.endpoint)


@given(world=ABLE)
def test_a_decision_that_was_carried_out_leaves_nothing_to_decide(world):
    """After at most one more decision for fields that a create could not set, everything is quiet."""
    world.settle()
    assert world.decide() is None
    before = len(world.events)
    for endpoint in world.participants:
        world.look(endpoint)
    assert world.decide() is None
    assert len(world.events) == before


@given(world=situations(deletions=False) | situations(endpoints=3, deletions=False))
def test_every_story_comes_to_rest(world):
    """Whatever the sides can and cannot do, deciding ends."""
    world.settle()
    assert world.decide() is None


@given(world=ABLE)
def test_at_rest_both_sides_hold_the_same_as_far_as_each_can_say_it(world):
    """Invariant 1: convergence under the mapping, but for what is parked or refused."""
    world.settle()
    link = world.link
    waiting = set(link.parked) | {name for it in link.refused.values() for name in it.fields}
    if len(link.sides) == 2:
        (one, left), (two, right) = sorted(link.sides.items())
        for name in set(left.observed) - waiting:
            here, there = left.observed[name], right.observed[name]
            assert world.participants[two].stored(name, here) == there or (
                world.participants[one].stored(name, there) == here
            ), name


@given(world=ABLE)
def test_what_a_create_could_not_say_is_said_by_the_next_decision(world):
    """Fields that start at an initial value are written in a second step, if the value differs and nobody has to choose."""
    for link in links_along(world):
        told = not any(side.untold - link.parked.keys() for side in link.sides.values())
        if told or link.decision or link.refused:
            continue
        following = decided(world, link)
        assert following is not None
        if isinstance(following, WritesIntended):
            after = evolve(link, following)
            assert after.decision is not None or not any(side.untold for side in after.sides.values())


@given(world=ANY)
def test_a_refused_write_is_not_repeated_unchanged(world):
    """B9: what was refused for good waits for an edit or for a person who asks for another try."""
    for link, event in decisions(world):
        after = evolve(link, event)
        for write in event.writes:
            after = evolve(after, WriteRejected(intent_id=write.intent_id, reason="not accepted"))
        again = decided(world, after)
        repeated = again.writes if isinstance(again, WritesIntended) else ()
        refused = {(write.endpoint, write.operation, write.fields) for write in event.writes}
        assert not refused & {(write.endpoint, write.operation, write.fields) for write in repeated}
        if event.writes and again is None:
            insisted = decided(world, after, retry_refused=True)
            assert isinstance(insisted, WritesIntended)
            waiting = {name for refusal in after.refused.values() for name in refusal.fields}
            assert {name for write in insisted.writes for name in write.fields} <= waiting


@given(world=ABLE)
def test_a_parked_field_holds_only_itself_back(world):
    """Whatever waits for a person, the decision about the other fields is the same without it."""
    link = world.link
    while isinstance(event := decided(world, link), ConflictParked):
        link = evolve(link, event)
    parked = set(link.parked) & {name for name in link.parked if still_in_conflict(world, link, name)}
    without = changed(
        link,
        parked={},
        sides={
            endpoint: changed(side, observed=side.observed.without(parked), agreed=side.agreed.without(parked))
            for endpoint, side in link.sides.items()
        },
    )
    with_parked, alone = decided(world, link), decided(world, without)
    if isinstance(with_parked, WritesIntended) and isinstance(alone, WritesIntended):
        assert moved(with_parked) == moved(alone)
        assert not parked & {name for fields in with_parked.basis.values() for name in fields}
    else:
        assert with_parked is None
        assert alone is None


def still_in_conflict(world, link, name):
    values = {endpoint: side.observed.get(name) for endpoint, side in link.sides.items()}
    return link.parked[name].versions == values


def moved(event):
    return {(write.endpoint, write.operation, write.fields) for write in event.writes}


@given(world=ABLE)
def test_every_value_that_loses_a_conflict_is_in_the_decision(world):
    """Invariant 11: the loser's value can be read in the log, with the rule that decided."""
    for link, event in decisions(world):
        for settlement in event.settled:
            assert settlement.rule == str(world.policy.rule_for(world.kind, settlement.field))
            for endpoint, side in link.sides.items():
                lost = settlement.losers.get(endpoint, settlement.value)
                overwritten = any(write.endpoint == endpoint and settlement.field in write.fields for write in event.writes)
                if overwritten:
                    assert lost == side.observed[settlement.field]


@given(world=ABLE)
def test_every_field_that_moves_has_a_reason_for_people(world):
    """`plan` and `explain` never have to guess."""
    for _, event in decisions(world):
        for write in event.writes:
            assert set(write.fields) <= set(event.reasons)
        assert all(event.reasons.values())


@given(world=ABLE, value=st.sampled_from(["one", "two", "three"]))
def test_the_choice_of_a_person_is_written_everywhere_and_then_forgotten(world, value):
    """Unless a remote refuses it, a chosen value arrives on every side and never decides anything again."""
    world.policy = Policy(rules={world.kind: dict.fromkeys(FIELDS, AskAPerson())})
    world.settle()
    if "title" in world.link.parked:
        world.person_resolves("title", value)
        world.settle()
        if not world.link.refused:
            assert not world.link.resolved
            for endpoint, side in world.link.sides.items():
                assert side.observed["title"] == world.participants[endpoint].stored("title", value)


@given(world=ABLE, data=st.data())
def test_an_edit_made_after_a_persons_choice_is_not_overwritten_by_it(world, data):
    """A choice is about the values the person saw; a newer edit is a new conflict."""
    world.policy = Policy(rules={world.kind: dict.fromkeys(FIELDS, AskAPerson())})
    world.settle()
    if "title" in world.link.parked:
        world.person_resolves("title", "chosen")
        endpoint = data.draw(st.sampled_from(sorted(world.link.sides)))
        world.person_edits(endpoint, "title", "newer")
        world.settle()
        assert world.remotes[endpoint]["title"] == "newer"


@given(world=ABLE)
def test_a_preferred_side_never_gets_its_edit_overwritten(world):
    """Ownership: the other side wins only where the preferred one was not edited."""
    world.policy = Policy(rules={world.kind: dict.fromkeys(FIELDS, Prefer("huly"))})
    for link, event in decisions(world):
        for write in event.writes:
            if write.endpoint == "huly" and write.operation is Operation.UPDATE:
                side = link.sides["huly"]
                for name in set(write.fields) - set(link.resolved):
                    assert side.agreed.get(name, side.observed[name]) == side.observed[name]
