"""Whether the policy fits the endpoints: a rule for every field that could be in conflict, and none for nothing."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from syncengine.connector import Capabilities
from syncengine.domain.identity import EndpointName, FieldName, Kind
from syncengine.domain.policy import Policy
from syncengine.engine.pairings import Pairing
from syncengine.runner.problems import Problem, not_known


def problems_of_policy(
    policy: Policy, capabilities: Mapping[EndpointName, Capabilities], pairings: Iterable[Pairing] = (), *, everybody: bool
) -> list[str]:
    """
    Where policy and pairings do not fit what the endpoints declare, one sentence each; pure.

    Args:
        everybody: all endpoints are there, so that a name none of them knows is a mistake.
    """
    problems = list(_without_rule(policy, capabilities))
    if everybody:
        problems += _about_nothing(policy, capabilities, pairings)
    return [str(problem) for problem in problems]


def _without_rule(policy: Policy, capabilities: Mapping[EndpointName, Capabilities]) -> Iterator[Problem]:
    winner = next(iter(capabilities), "")
    for kind, readers in sorted(_readers(capabilities).items()):
        for name in sorted(name for name, count in readers.items() if count > 1):
            if name not in policy.rules.get(kind, {}):
                line = f'{name} = {{rule = "prefer", endpoint = "{winner}"}}'
                text = f"no conflict rule; add to [sync.rules.{kind}] for example: {line}"
                yield Problem(("sync", "rules", kind, name), text)


def _readers(capabilities: Mapping[EndpointName, Capabilities]) -> dict[Kind, Counter[FieldName]]:
    """How many endpoints can read each field."""
    readers: dict[Kind, Counter[FieldName]] = {}
    for can in capabilities.values():
        for schema in can.schemas:
            readers.setdefault(schema.kind, Counter()).update(schema.readable)
    return readers


def _about_nothing(
    policy: Policy, capabilities: Mapping[EndpointName, Capabilities], pairings: Iterable[Pairing]
) -> Iterator[Problem]:
    fields: dict[str, set[str]] = {}
    for can in capabilities.values():
        for schema in can.schemas:
            fields.setdefault(schema.kind, set()).update(spec.name for spec in schema.fields)
    for kind, rules in policy.rules.items():
        if kind in fields:
            for name in rules:
                yield from _strange(("sync", "rules", kind, name), name, fields[kind], "no endpoint has such a field")
        else:
            yield from _strange(("sync", "rules", kind), kind, fields, "no endpoint has such records")
    for kind in policy.creates:
        yield from _strange(("sync", "creates", kind), kind, fields, "no endpoint has such records")
    for number, pairing in enumerate(pairings):
        place = ("sync", "pairings", number, "kind")
        yield from _strange(place, pairing.kind, fields, f'no endpoint has records of the kind "{pairing.kind}"')


def _strange(place: tuple[str | int, ...], name: str, known: Collection[str], what: str) -> Iterator[Problem]:
    if name not in known:
        yield Problem(place, not_known(name, known, what=what))
