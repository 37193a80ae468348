"""
What a side agrees on when the last write of a decision is settled.

| what became of a field | on this side |
| --- | --- |
| every side took it | the basis, or what the remote says that it stored |
| some side did not take it | as it was before; what was written here for somebody else is nobody's edit |
| it was agreed before and told now, and some side did not take it | what was told: nobody can take it back |
| a new record took it, and some side did not | as the others agreed before, so that it takes part like an edit |
| a person chose it, and some side did not take it | as before; it counts as typed, also where no side had held it |
| whatever, where the record of the basis was lost and there is one again | nothing; it was never the same as the others |
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TypeVar

from attrs import evolve as changed

from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.records import NO_FIELDS, FieldValue, FieldValues
from syncengine.domain.side import Decision, Side, Sides, Unagreed

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_NOTHING = object()
"""No value of any field."""


def side_after(sides: Sides, endpoint: EndpointName, decision: Decision) -> Side:
    """A side of a link whose decision is closed: it agrees to the basis, or to how it spelled what was written there."""
    side, before = sides[endpoint], None if endpoint in decision.replaced else decision.basis.get(endpoint)
    basis = (before or NO_FIELDS).without(decision.dropped)
    done = decision.done.get(endpoint, NO_FIELDS)
    # One side took a value and another did not: agreeing on the first would let the other's value win unseen.
    half_done = done.only(decision.dropped)
    done = done.without(half_done)
    typed = {name for name in half_done if name in decision.chosen or _authors(sides, name, decision)}
    told: dict[FieldName, Unagreed] = {}
    if before is None:
        # A new record takes part like those that were edited, as far as what it was given was typed somewhere just now.
        typed -= decision.untold.get(endpoint, frozenset())
        done |= _agreed_before(sides, endpoint).only(typed)
    else:
        unedited = {name for name in typed if before.get(name) == side.agreed.get(name, _NOTHING)}
        told = {name: it for name in unedited if (it := _told(sides, name, decision, half_done[name])) is not None}
    done |= half_done.without(typed)
    return changed(
        side,
        agreed=side.agreed | basis | done,
        untold=side.untold - set(basis) | decision.untold.get(endpoint, frozenset()),
        unagreed={**without(side.unagreed, basis), **told},
    )


def _told(sides: Sides, name: FieldName, decision: Decision, value: FieldValue) -> Unagreed | None:
    """What was written for one author; what several typed, or somebody who is lost, is as good as typed where it is now."""
    authors = _authors(sides, name, decision)
    alone = len(authors) == 1 and not sides[authors[0]].gone and authors[0] not in decision.replaced
    return Unagreed(value=value, author=authors[0]) if alone else None


def _authors(sides: Sides, name: FieldName, decision: Decision) -> list[EndpointName]:
    """The sides that held something else than what was agreed when it was decided."""
    return [
        endpoint
        for endpoint, fields in decision.basis.items()
        if name in fields and fields[name] != sides[endpoint].agreed.get(name, _NOTHING)
    ]


def without(values: Mapping[_Key, _Value], keys: Iterable[_Key]) -> dict[_Key, _Value]:
    """These values, but for those of some keys."""
    left_out = set(keys)
    return {key: value for key, value in values.items() if key not in left_out}


def _agreed_before(sides: Sides, endpoint: EndpointName) -> FieldValues:
    """What the other sides agreed on, as far as they did."""
    others = [side.agreed for name, side in sorted(sides.items(), reverse=True) if name != endpoint]
    return reduce(lambda agreed, more: agreed | more, others, NO_FIELDS)
