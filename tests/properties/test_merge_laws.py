"""The laws of the three-way merge of one field."""

from hypothesis import assume, given
from hypothesis import strategies as st

from syncengine.domain.identity import EndpointName
from syncengine.domain.merge import Conflicts, FieldState, Never, Settled, Takes, merge_field

NAMES = [EndpointName(name) for name in ("huly", "vibe", "tracker")]
VALUES = st.sampled_from(["backlog", "todo", "in_progress", "done", None, ("a",), ()])
POOR = {"backlog": "todo"}
"""What each endpoint makes of the words; `vibe` has no backlog."""


def spelled(endpoint, value):
    return POOR.get(value, value) if endpoint == "vibe" else value


def same(one, value, two, other):
    return value == other or spelled(two, value) == other


def exactly(one, value, two, other):
    return value == other


@st.composite
def states(draw, *, agreed_before=True, values=VALUES):
    """Sides that hold a field; with an agreed value each, unless told otherwise."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, 3))]
    agreed = VALUES if agreed_before else VALUES | st.just(Never.AGREED)
    return {
        name: FieldState(value=draw(values), agreed=draw(agreed), untold=draw(st.booleans()) and agreed_before)
        for name in names
    }


@given(states=states(), data=st.data())
def test_a_change_on_one_side_only_always_wins(states, data):
    """Whatever the others hold, were told or were not told."""
    changed = data.draw(st.sampled_from(sorted(states)))
    states = {
        name: FieldState(value=state.value, agreed=state.agreed if name == changed else state.value, untold=state.untold)
        for name, state in states.items()
    }
    assume(states[changed].changed)
    verdict = merge_field(states, same)
    assert isinstance(verdict, Takes)
    assert (verdict.source, verdict.value) == (changed, states[changed].value)


@given(states=states(), value=VALUES)
def test_the_same_edit_on_several_sides_is_no_conflict(states, value):
    """People who made the same change agree."""
    states = {name: FieldState(value=value, agreed=state.agreed) for name, state in states.items()}
    assume(any(state.changed for state in states.values()))
    verdict = merge_field(states, exactly)
    assert isinstance(verdict, Takes)
    assert verdict.value == value


@given(states=states())
def test_a_conflict_exists_exactly_when_sides_changed_to_values_that_are_not_the_same(states):
    """And it shows only the sides that changed."""
    changed = {name: state for name, state in states.items() if state.changed}
    agree = any(all(same(one, changed[one].value, two, changed[two].value) for two in changed) for one in changed)
    verdict = merge_field(states, same)
    assert isinstance(verdict, Conflicts) == (bool(changed) and not agree)
    if isinstance(verdict, Conflicts):
        assert verdict.versions == changed


@given(states=states())
def test_nothing_changed_and_everybody_told_is_nothing_to_do(states):
    """However different the sides' spellings look."""
    quiet = {name: FieldState(value=state.value, agreed=state.value) for name, state in states.items()}
    assert merge_field(quiet, same) == Settled()


@given(states=states() | states(agreed_before=False, values=st.sampled_from(["backlog", "todo"])))
def test_no_value_is_invented(states):
    """What everybody gets is what the named source holds."""
    verdict = merge_field(states, same)
    if isinstance(verdict, Takes):
        assert states[verdict.source].value == verdict.value


@given(states=states(agreed_before=False), data=st.data())
def test_the_order_of_the_sides_does_not_matter(states, data):
    """The verdict is the same however the mapping is ordered."""
    order = data.draw(st.permutations(list(states.items())))
    assert merge_field(dict(order), same) == merge_field(states, same)


@given(states=states(agreed_before=False))
def test_on_first_contact_equal_sides_agree_and_different_ones_are_a_conflict(states):
    """Nobody knows yet who edited what, so nothing may win silently."""
    assume(any(state.agreed is Never.AGREED for state in states.values()))
    verdict = merge_field(states, exactly)
    if len({state.value for state in states.values()}) == 1:
        assert isinstance(verdict, Takes)
    else:
        assert verdict == Conflicts(states)


@given(states=states(), data=st.data())
def test_an_untold_side_is_told_by_one_that_was(states, data):
    """As long as nobody edits anything, the agreed value travels from a told side to an untold one."""
    untold = data.draw(st.sets(st.sampled_from(sorted(states)), min_size=1, max_size=len(states) - 1))
    states = {
        name: FieldState(value=state.value, agreed=state.value, untold=name in untold) for name, state in states.items()
    }
    verdict = merge_field(states, same)
    assert isinstance(verdict, Takes)
    assert verdict.source not in untold
    assert verdict.value == states[verdict.source].value
    assert verdict.told == set(states) - untold


@given(value=VALUES)
def test_among_equals_the_richest_spelling_wins(value):
    """B8: the side that can say "backlog" is believed, and not the one that can only say "todo"."""
    huly, vibe = NAMES[:2]
    states = {huly: FieldState(value=value), vibe: FieldState(value=spelled(vibe, value))}
    verdict = merge_field(states, same)
    assert isinstance(verdict, Takes)
    assert verdict.value == value
