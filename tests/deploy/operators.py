"""Operators between two vectors or numbers, and aggregations."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from promql_parser import AggModifierType, LabelModifierType

from tests.deploy.series import Labels

Vector = dict[Labels, float]
"""The value of each series; once something is computed, its labels hold no name."""

_NAME = "__name__"


def _divided(one: float, two: float) -> float:
    if two:
        return one / two
    return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one)


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
}
_COMPARING: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_AGGREGATING: Mapping[str, Callable[[list[float]], float]] = {"sum": math.fsum, "max": max, "min": min, "count": len}


@cache
def without_name(labels: Labels) -> Labels:
    """The labels of something that was computed."""
    return frozenset(it for it in labels if it[0] != _NAME)


def aggregate(name: str, vector: Vector, modifier: Any) -> Vector:
    """`sum by (...) (...)` and its like."""
    if name not in _AGGREGATING:
        raise NotImplementedError(f"the aggregation {name}")
    if modifier is not None and modifier.type != AggModifierType.By:
        raise NotImplementedError("aggregation without labels")
    kept = frozenset(modifier.labels) if modifier is not None else frozenset()
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        groups.setdefault(_only(labels, kept), []).append(value)
    return {labels: float(_AGGREGATING[name](values)) for labels, values in groups.items()}


def binary(sign: str, one: Vector | float, two: Vector | float, modifier: Any) -> Vector | float:
    """
    Two sides and what is between them.

    A comparison keeps those for which it holds, with the value of the left side, or of the vector if the left one is a number.
    """
    if modifier is not None and (modifier.return_bool or modifier.group_labels):
        raise NotImplementedError("bool and groups")
    if isinstance(one, float) and isinstance(two, float):
        return _ARITHMETIC[sign](one, two)
    if sign in {"and", "or", "unless"}:
        return _set_operation(sign, one, two, _matching(modifier))
    pairs = _pairs(one, two, modifier)
    if sign in _COMPARING:
        right_is_kept = isinstance(one, float)
        return {labels: right if right_is_kept else left for labels, left, right in pairs if _COMPARING[sign](left, right)}
    if sign not in _ARITHMETIC:
        raise NotImplementedError(f"the operator {sign}")
    return {without_name(labels): _ARITHMETIC[sign](left, right) for labels, left, right in pairs}


def _pairs(one: Vector | float, two: Vector | float, modifier: Any) -> Iterable[tuple[Labels, float, float]]:
    """Labels of the result and the values of both sides."""
    if isinstance(two, float):
        return [(labels, value, two) for labels, value in one.items()]
    if isinstance(one, float):
        return [(labels, one, value) for labels, value in two.items()]
    matching = _matching(modifier)
    right = _by_signature(two, matching)
    left = _by_signature(one, matching)
    found = []
    for signature in left.keys() & right.keys():
        if len(left[signature]) > 1 or len(right[signature]) > 1:
            raise ValueError(f"many series match {sorted(signature)}; Prometheus refuses that too")
        labels = left[signature][0]
        result = labels if modifier is None or modifier.matching is None else signature
        found.append((result, one[labels], two[right[signature][0]]))
    return found


def _set_operation(sign: str, one: Vector, two: Vector, matching: Callable[[Labels], Labels]) -> Vector:
    left, right = _by_signature(one, matching), _by_signature(two, matching)
    if sign == "or":
        return one | {labels: value for labels, value in two.items() if matching(labels) not in left}
    return {labels: value for labels, value in one.items() if (matching(labels) in right) == (sign == "and")}


def _by_signature(vector: Vector, matching: Callable[[Labels], Labels]) -> dict[Labels, list[Labels]]:
    found: dict[Labels, list[Labels]] = {}
    for labels in vector:
        found.setdefault(matching(labels), []).append(labels)
    return found


def _matching(modifier: Any) -> Callable[[Labels], Labels]:
    """What of the labels has to be the same on both sides."""
    rule = None if modifier is None else modifier.matching
    if rule is None:
        return without_name
    named = frozenset(rule.labels)
    if rule.type == LabelModifierType.Include:
        return lambda labels: _only(labels, named)
    return lambda labels: frozenset(it for it in labels if it[0] not in named | {_NAME})


@cache
def _only(labels: Labels, names: frozenset[str]) -> Labels:
    return frozenset(it for it in labels if it[0] in names)
