"""
Hypothesis strategies for links in states that can really happen.

They are not drawn field by field but lived through: a `LinkWorld` is set up and a drawn sequence of things happens in it.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from syncengine.domain.conflict_rules import (
    AskAPerson,
    ConflictRule,
    LatestWrite,
    MergeText,
    Prefer,
    UnionOfSets,
)
from syncengine.domain.events import LinkEvent
from syncengine.domain.identity import ContainerId, EndpointName, FieldName, IntentId, Kind
from syncengine.domain.link import Link
from syncengine.domain.participants import Participant
from syncengine.domain.policy import DeletionRule, Policy
from syncengine.domain.records import FieldKind, FieldSpec, FieldValue, FieldValues, RecordSchema
from syncengine.testing.abilities import Spelling, as_given, lossy, stripped, without_backlog
from syncengine.testing.link_world import LinkWorld

KIND = Kind("issue")
FIELDS = {
    FieldName("title"): FieldKind.LINE,
    FieldName("description"): FieldKind.TEXT,
    FieldName("status"): FieldKind.CHOICE,
    FieldName("labels"): FieldKind.SET,
}
"""The fields of the situations, with their kinds."""

_VALUES: dict[FieldKind, tuple[FieldValue, ...]] = {
    FieldKind.LINE: ("one", "two", " one ", "One"),
    FieldKind.TEXT: ("", "a\nb\nc\n", "a\nB\nc\n", "a\nb\nC\n", "x\n\na\nb\nc\n"),
    FieldKind.CHOICE: ("backlog", "todo", "in_progress", "Done", "done"),
    FieldKind.SET: ((), ("red",), ("blue",), ("blue", "red"), ("green", "red")),
}


@frozen
class AsStored:
    """`as_stored` of an endpoint with this schema and spelling."""

    schema: RecordSchema
    spelling: Spelling

    def __repr__(self) -> str:
        return f"stored by {getattr(self.spelling, '__name__', 'without_backlog')}"

    def __call__(self, fields: FieldValues) -> FieldValues:
        """The fields the endpoint can read, in its spelling."""
        readable = self.schema.readable
        return FieldValues({name: self.spelling(name, value) for name, value in fields.items() if name in readable})


@cache
def _one_of(choices: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    # Making a strategy costs more than drawing from it, and these are drawn from very often.
    return st.sampled_from(choices)


def some_values(name: FieldName) -> st.SearchStrategy[FieldValue]:
    """A value of this field out of a few, so that equal edits and conflicts are common."""
    return _one_of(_VALUES[FIELDS[name]])


@cache
def some_fields() -> st.SearchStrategy[FieldValues]:
    """A value for each field of the situations."""
    return st.fixed_dictionaries({name: some_values(name) for name in FIELDS}).map(FieldValues)


@cache
def rules(endpoints: tuple[EndpointName, ...]) -> st.SearchStrategy[ConflictRule]:
    """The built-in rules, also inside each other."""
    last: st.SearchStrategy[ConflictRule] = st.builds(Prefer, st.sampled_from(endpoints)) | st.just(AskAPerson())
    return (
        last
        | st.builds(UnionOfSets, then=last)
        | st.builds(MergeText, then=last)
        | st.builds(LatestWrite, then=last, clock_skew_s=st.sampled_from((0.0, 120.0)))
    )


@cache
def policies(endpoints: tuple[EndpointName, ...]) -> st.SearchStrategy[Policy]:
    """Policies with some rule for each field."""
    return st.builds(
        lambda drawn, deletions: Policy(rules={KIND: drawn}, deletions=deletions),
        st.fixed_dictionaries({name: rules(endpoints) for name in FIELDS}),
        st.dictionaries(st.sampled_from(endpoints), st.sampled_from(DeletionRule), max_size=2),
    )


_ENDPOINT_FLAGS = ("can_create", "can_update", "can_delete", "may_create", "writable")
_FIELD_FLAGS = ("readable", "updatable", "there")
_INABILITIES = st.lists(
    st.sampled_from([*_ENDPOINT_FLAGS, *((name, flag) for name in FIELDS for flag in _FIELD_FLAGS)]),
    max_size=3,
    unique=True,
)
_NOT_CREATABLE = st.frozensets(st.sampled_from(sorted(FIELDS)), max_size=2)
_SPELLINGS = st.sampled_from((as_given, stripped, lossy, without_backlog))


@st.composite
def participants(draw: st.DrawFn, endpoint: EndpointName, *, able: bool = False) -> Participant:
    """
    What a link may do on one endpoint.

    Args:
        able: the endpoint has every field and may change everything; only its spelling and initial values are drawn.
    """
    lacks = [] if able else draw(_INABILITIES)
    not_creatable = draw(_NOT_CREATABLE)
    specs = tuple(
        FieldSpec(
            name=name,
            kind=kind,
            readable=(name, "readable") not in lacks,
            creatable=name not in not_creatable,
            updatable=(name, "updatable") not in lacks,
            initial=_VALUES[kind][0] if kind is not FieldKind.CHOICE else "todo",
        )
        for name, kind in FIELDS.items()
        if (name, "there") not in lacks
    )
    schema = RecordSchema(
        kind=KIND,
        fields=specs,
        can_create="can_create" not in lacks,
        can_update="can_update" not in lacks,
        can_delete="can_delete" not in lacks,
    )
    return Participant(
        schema=schema,
        container=ContainerId(f"{endpoint}-project"),
        as_stored=AsStored(schema, draw(_SPELLINGS)),
        may_create="may_create" not in lacks,
        writable="writable" not in lacks,
    )


@st.composite
def worlds(draw: st.DrawFn, *, endpoints: int = 2, able: bool = False) -> LinkWorld:
    """Worlds at their beginning: one record at least, and nobody has looked yet."""
    names = tuple(EndpointName(name) for name in ("huly", "vibe", "tracker")[:endpoints])
    world = LinkWorld(
        policy=draw(policies(names)),
        participants={name: draw(participants(name, able=able)) for name in names},
        kind=KIND,
    )
    first = draw(st.permutations(names))
    for name in first[: draw(st.integers(1, endpoints))]:
        world.person_makes(name, draw(some_fields()))
    return world


@st.composite
def situations(
    draw: st.DrawFn, *, endpoints: int = 2, able: bool = False, deletions: bool = True, steps: int = 18
) -> LinkWorld:
    """Worlds in the middle of their history: seen, edited, decided, half written, lost, refused, parked, resolved."""
    world = draw(worlds(endpoints=endpoints, able=able))
    for endpoint in sorted(world.remotes):
        world.look(endpoint)
    for _ in range(draw(_one_of((0, 2, 4, steps // 2, steps // 2, steps, steps)))):
        step = draw(_one_of(_possible(world, deletions=deletions)))
        step(draw, world)
    return world


def links() -> st.SearchStrategy[Link]:
    """Links in states that can really happen."""
    return situations().map(lambda world: world.link)


def histories() -> st.SearchStrategy[tuple[LinkEvent, ...]]:
    """The events of one link in an order that can really happen."""
    return situations().map(lambda world: tuple(world.events))


_PERHAPS = st.booleans()
_RARELY = st.integers(0, 4).map(lambda number: number == 4)
_DrawnStep = Callable[[st.DrawFn, LinkWorld], None]


def _possible(world: LinkWorld, *, deletions: bool) -> tuple[_DrawnStep, ...]:
    steps: list[_DrawnStep] = []
    if world.pending:
        steps += [_send, _lose, _send, _judge, _refuse, _postpone, _edit_before_it_arrives, _edit_before_it_is_judged]
    else:
        steps += [_decide, _decide, _decide]
    if world.remotes:
        steps += [_edit_and_look, _edit]
    if world.link.parked:
        steps.append(_resolve)
    if any(side.read_at for side in world.link.sides.values()):
        steps.append(_hear_late)
    if any(_unseen(world, endpoint) for endpoint in world.participants):
        steps.append(_look)
    if deletions and world.remotes:
        steps.append(_delete)
    return tuple(steps)


def _unseen(world: LinkWorld, endpoint: EndpointName) -> bool:
    side = world.link.sides.get(endpoint)
    known = side.observed if side and not side.gone else None
    return known != world.remotes.get(endpoint)


def _look(draw: st.DrawFn, world: LinkWorld) -> None:
    unseen = [endpoint for endpoint in world.participants if _unseen(world, endpoint)]
    world.look(draw(_one_of(tuple(sorted(unseen)))))


def _edit(draw: st.DrawFn, world: LinkWorld) -> None:
    endpoint = draw(_one_of(tuple(sorted(world.remotes))))
    name = draw(_one_of(tuple(FIELDS)))
    world.person_edits(endpoint, name, draw(some_values(name)))


def _edit_and_look(draw: st.DrawFn, world: LinkWorld) -> None:
    _edit(draw, world)
    for endpoint in sorted(world.remotes):
        world.look(endpoint)


def _decide(draw: st.DrawFn, world: LinkWorld) -> None:
    world.decide(retry_refused=draw(_RARELY))


def _one_pending(draw: st.DrawFn, world: LinkWorld) -> IntentId:
    chosen: IntentId = draw(_one_of(tuple(sorted(world.pending))))
    return chosen


def _send(draw: st.DrawFn, world: LinkWorld) -> None:
    world.send(_one_pending(draw, world))


def _lose(draw: st.DrawFn, world: LinkWorld) -> None:
    world.send(_one_pending(draw, world), answered=False)


def _edit_before_it_arrives(draw: st.DrawFn, world: LinkWorld) -> None:
    intent_id = _one_pending(draw, world)
    write = world.pending[intent_id]
    if write.endpoint in world.remotes:
        name = draw(_one_of(tuple(sorted(write.fields or FIELDS))))
        world.person_edits(write.endpoint, name, draw(some_values(name)))
    world.send(intent_id)


def _edit_before_it_is_judged(draw: st.DrawFn, world: LinkWorld) -> None:
    intent_id = _one_pending(draw, world)
    endpoint = world.pending[intent_id].endpoint
    world.send(intent_id, answered=False)
    if endpoint in world.remotes:
        name = draw(_one_of(tuple(FIELDS)))
        world.person_edits(endpoint, name, draw(some_values(name)))
    if intent_id in world.pending:
        world.judge(intent_id)


def _refuse(draw: st.DrawFn, world: LinkWorld) -> None:
    world.refuse(_one_pending(draw, world))


def _judge(draw: st.DrawFn, world: LinkWorld) -> None:
    world.judge(_one_pending(draw, world))


def _postpone(draw: st.DrawFn, world: LinkWorld) -> None:
    world.postpone(_one_pending(draw, world), unknown=draw(_PERHAPS))


def _resolve(draw: st.DrawFn, world: LinkWorld) -> None:
    name = draw(_one_of(tuple(sorted(world.link.parked))))
    world.person_resolves(name, draw(some_values(name)))


def _hear_late(draw: st.DrawFn, world: LinkWorld) -> None:
    known = [endpoint for endpoint, side in world.link.sides.items() if side.read_at]
    endpoint = draw(_one_of(tuple(sorted(known))))
    read_at = world.link.sides[endpoint].read_at
    assert read_at is not None
    old = world.participants[endpoint].as_stored(draw(some_fields()))
    world.hear_of(endpoint, old, read_at - timedelta(seconds=1))


def _delete(draw: st.DrawFn, world: LinkWorld) -> None:
    if draw(_PERHAPS):
        return  # little happens to a link after it has lost a record
    endpoint = draw(_one_of(tuple(sorted(world.remotes))))
    world.person_deletes(endpoint)
    if draw(_PERHAPS):
        world.look(endpoint)
