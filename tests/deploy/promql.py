"""
PromQL, as far as the rules and the dashboard of `deploy/` use it, on series that are kept in memory.

It stands in for `promtool`, which is in no Python package; the parser is a real one. Whatever is not known here raises
`NotImplementedError`, so that nothing is passed over. `test_promtool.py` compares with `promtool` where that is installed.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import promql_parser
from attrs import frozen
from promql_parser import MatchOp

from tests.deploy import operators
from tests.deploy.operators import Vector, without_name
from tests.deploy.ranges import RANGE_FUNCTIONS, quantile
from tests.deploy.series import Labels, Series, Storage

LOOKBACK_S = 300.0


def evaluate(text: str, storage: Storage, at: float, *, with_start: bool = False) -> Vector:
    """
    What the expression gives at this time; a number is one value without labels.

    Args:
        with_start: a sample exactly at the start of a range belongs to it, as it did before Prometheus 3.
    """
    found = _Query(storage=storage, at=float(at), with_start=with_start).value(_parsed(text))
    return {frozenset(): found} if isinstance(found, float) else found


@cache
def _parsed(text: str) -> Any:
    """The same at each time."""
    return promql_parser.parse(text)


@frozen(kw_only=True)
class _Query:
    storage: Storage
    at: float
    with_start: bool

    def value(self, node: Any) -> Vector | float:
        kind = type(node).__name__
        if kind not in _NODES:
            raise NotImplementedError(f"{kind} in {node.prettify()}")
        return _NODES[kind](self, node)

    def binary(self, node: Any) -> Vector | float:
        return operators.binary(str(node.op), self.value(node.lhs), self.value(node.rhs), node.modifier)

    def aggregate(self, node: Any) -> Vector:
        if node.param is not None:
            raise NotImplementedError(f"an aggregation with a parameter: {node.prettify()}")
        return operators.aggregate(str(node.op), self.value(node.expr), node.modifier)

    def call(self, node: Any) -> Vector | float:
        match node.func.name, node.args:
            case "time", []:
                return self.at
            case "absent", [selector]:
                return {} if self.value(selector) else {_equal_ones(selector): 1.0}
            case "histogram_quantile", [share, buckets]:
                return quantile(self.value(share), self.value(buckets))
            case name, [selector] if name in RANGE_FUNCTIONS:
                return self.over_range(RANGE_FUNCTIONS[name], selector)
        raise NotImplementedError(f"the function {node.func.name}")

    def instant(self, node: Any) -> Vector:
        values = {labels: it.at(self.at, lookback_s=LOOKBACK_S) for labels, it in self.selected(node).items()}
        return {labels: value for labels, value in values.items() if value is not None}

    def over_range(self, function: Callable[..., float | None], node: Any) -> Vector:
        if type(node).__name__ != "MatrixSelector":
            raise NotImplementedError(f"a range of anything but a metric: {node.prettify()}")
        start = self.at - node.range.total_seconds()
        found = {}
        for labels, series in self.selected(node.vector_selector).items():
            samples = series.between(start, self.at, with_first=self.with_start)
            value = function(samples, start, self.at) if samples else None
            if value is not None:
                found[without_name(labels)] = value
        return found

    def selected(self, node: Any) -> Mapping[Labels, Series]:
        if node.name is None or node.offset is not None or node.at is not None or node.matchers.or_matchers:
            raise NotImplementedError(f"a name and matchers of labels, nothing else: {node.prettify()}")
        series = self.storage.named(node.name)
        if not node.matchers.matchers:
            return series
        return {labels: it for labels, it in series.items() if _fits(dict(labels), node.matchers)}


def _fits(labels: Mapping[str, str], matchers: Any) -> bool:
    # A label that is not there is the same as one without a value.
    return all(_fits_one(it, labels.get(it.name, "")) for it in matchers.matchers)


def _fits_one(matcher: Any, value: str) -> bool:
    if matcher.op in (MatchOp.Equal, MatchOp.NotEqual):
        return (value == matcher.value) == (matcher.op == MatchOp.Equal)
    return (re.fullmatch(matcher.value, value) is not None) == (matcher.op == MatchOp.Re)


def _equal_ones(selector: Any) -> Labels:
    return frozenset((it.name, it.value) for it in selector.matchers.matchers if it.op == MatchOp.Equal)


_NODES: Mapping[str, Callable[[_Query, Any], Vector | float]] = {
    "NumberLiteral": lambda _, node: float(node.val),
    "ParenExpr": lambda query, node: query.value(node.expr),
    "VectorSelector": _Query.instant,
    "Call": _Query.call,
    "AggregateExpr": _Query.aggregate,
    "BinaryExpr": _Query.binary,
}
