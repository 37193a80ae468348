"""
What to do next about one link: a pure function of the link, the policy and what each endpoint can do.

A decision is *one* event with all its writes and the basis they were decided on, so that nothing half-decided is ever
stored. `decide` returns None when every side is as it should be.

Order of business: a conflict that a person must settle is parked first, by itself; the other fields go on in the next
decision. A write that the remote refused for good is not repeated unchanged, and holds back only its own fields.
"""

from collections.abc import Mapping
from typing import assert_never

from attrs import define, field
from attrs import evolve as evolved

from syncengine.domain.conflict_rules import FieldConflict, FieldVersion, Park
from syncengine.domain.events import ConflictParked, LinkClosed, Operation, Settlement, Write, WritesIntended
from syncengine.domain.identity import EndpointName, FieldName, intent_id_for
from syncengine.domain.link import Link
from syncengine.domain.losses import Close, Delete, Recreate, Wait, deletion_of, follow_a_loss, untold_by_the_lost
from syncengine.domain.merge import Conflicts, FieldState, Never, Settled, Takes, merge_field
from syncengine.domain.participants import Participant, Participants
from syncengine.domain.policy import Policy
from syncengine.domain.records import FieldValue, FieldValues
from syncengine.domain.side import Side
from syncengine.domain.waiting import choice_stands, moot, was_refused


@define
class _Findings:
    """What the merge of all fields found, before it becomes writes."""

    takes: dict[FieldName, Takes] = field(factory=dict)
    settled: list[Settlement] = field(factory=list)
    held: set[FieldName] = field(factory=set)
    unchanged: set[FieldName] = field(factory=set)
    park: ConflictParked | None = None


def decide(
    link: Link, policy: Policy, participants: Participants, *, retry_refused: bool = False
) -> WritesIntended | ConflictParked | LinkClosed | None:
    """
    The next step of a link, or None when there is none.

    Args:
        participants: the endpoints this link spans, with or without a record yet.
        retry_refused: make refused writes again; for a person who has removed the cause.

    Raises:
        SettingsInvalid: a field in conflict has no rule.
    """
    if link.closed is not None or link.decision is not None or not link.sides:
        return None
    if any(side.gone for side in link.sides.values()):
        return _after_a_loss(link, policy, participants, retry_refused=retry_refused)
    findings = _merge_all(link, policy, participants)
    return _next(link, participants, findings, retry_refused=retry_refused)


def _after_a_loss(
    link: Link, policy: Policy, participants: Participants, *, retry_refused: bool
) -> WritesIntended | ConflictParked | LinkClosed | None:
    match follow_a_loss(link, policy, participants):
        case Wait():
            return None
        case Close(reason):
            return LinkClosed(reason=reason)
        case Recreate():
            left = {endpoint: side for endpoint, side in link.sides.items() if not side.gone}
            findings = _merge_all(evolved(link, sides=left), policy, participants)
            findings.takes = untold_by_the_lost(link) | findings.takes
            return _next(evolved(link, sides=left), participants, findings, retry_refused=retry_refused)
        case Delete(endpoints, reason):
            return deletion_of(link, endpoints, reason, retry_refused=retry_refused)
        case verdict:
            assert_never(verdict)


def _next(
    link: Link, participants: Participants, findings: _Findings, *, retry_refused: bool
) -> WritesIntended | ConflictParked | None:
    """The next step towards the same values on all sides."""
    return findings.park or _writes(link, participants, findings, retry_refused=retry_refused)


def _merge_all(link: Link, policy: Policy, participants: Participants) -> _Findings:
    findings = _Findings()
    for name in sorted({name for side in link.sides.values() for name in side.observed}):
        states = _states(link, participants, name)
        if choice_stands(link, name, states):
            findings.takes[name] = Takes(value=link.resolved[name].value, source=_NOBODY, reason="chosen by a person")
        elif len(states) > 1:
            _merge_one(link, policy, participants, name, states, findings)
    return findings


_NOBODY = EndpointName("")
"""The source of a value that came from a rule or a person and not straight from a side."""


def _states(link: Link, participants: Participants, name: FieldName) -> dict[EndpointName, FieldState]:
    return {
        endpoint: _state(side, name)
        for endpoint, side in link.sides.items()
        if endpoint in participants and name in side.observed and name in participants[endpoint].schema.readable
    }


def _state(side: Side, name: FieldName) -> FieldState:
    ours = side.unagreed.get(name)
    return FieldState(
        value=side.observed[name],
        agreed=ours.value if ours else side.agreed.get(name, Never.AGREED),
        untold=name in side.untold or ours is not None,
    )


def _merge_one(
    link: Link,
    policy: Policy,
    participants: Participants,
    name: FieldName,
    states: Mapping[EndpointName, FieldState],
    findings: _Findings,
) -> None:
    def same(_: EndpointName, value: FieldValue, two: EndpointName, other: FieldValue) -> bool:
        # A richer value equals the poorer spelling it is stored as, not the other way round.
        return value == other or participants[two].stored(name, value) == other

    verdict = merge_field(states, same)
    match verdict:
        case Settled():
            findings.unchanged.add(name)
        case Takes():
            findings.takes[name] = verdict
        case Conflicts(versions):
            _settle_conflict(link, policy, name, versions, findings)


def _settle_conflict(
    link: Link, policy: Policy, name: FieldName, versions: Mapping[EndpointName, FieldState], findings: _Findings
) -> None:
    values = {endpoint: state.value for endpoint, state in versions.items()}
    rule = policy.rule_for(link.kind, name)
    parked = link.parked.get(name)
    if parked is not None and dict(parked.versions) == values and parked.rule == str(rule):
        findings.held.add(name)
        return
    conflict = FieldConflict(field=name, versions={key: _version(state) for key, state in versions.items()})
    outcome = rule(conflict)
    if isinstance(outcome, Park):
        findings.held.add(name)
        findings.park = ConflictParked(field=name, rule=str(rule), reason=outcome.reason, versions=values)
        return
    losers = {endpoint: value for endpoint, value in values.items() if value != outcome.value}
    winners = sorted(set(values) - set(losers))
    source = winners[0] if winners else _NOBODY
    reason = f"changed on {' and '.join(sorted(values))}; {rule} decided"
    findings.takes[name] = Takes(value=outcome.value, source=source, reason=reason)
    findings.settled.append(Settlement(field=name, rule=str(rule), value=outcome.value, losers=losers))


def _version(state: FieldState) -> FieldVersion:
    return FieldVersion(value=state.value, agreed=None if state.agreed is Never.AGREED else state.agreed)


def _writes(link: Link, participants: Participants, findings: _Findings, *, retry_refused: bool) -> WritesIntended | None:
    writes = _unrefused(link, participants, findings, retry_refused=retry_refused)
    basis = _basis(link, findings, writes)
    over = moot(link, unchanged=findings.unchanged, speakers=participants, writes=writes)
    if not writes and not over and not _moves(link, basis):
        return None
    names = {name for fields in basis.values() for name in fields}
    return WritesIntended(
        basis=basis,
        writes=tuple(writes),
        reasons=_reasons(findings, writes, names),
        settled=tuple(settlement for settlement in findings.settled if settlement.field in names),
        moot=over,
    )


def _unrefused(link: Link, participants: Participants, findings: _Findings, *, retry_refused: bool) -> list[Write]:
    """The writes to make; one that was refused is not repeated unchanged, and its fields wait on every side."""
    while True:
        drafts = _drafts(link, participants, findings)
        refused = [] if retry_refused else [write for write in drafts if was_refused(link, write)]
        waiting = {name for write in refused if write.operation is Operation.UPDATE for name in write.fields}
        if not waiting:
            # A refused create concerns nobody but the endpoint that has no record.
            return [write for write in drafts if write not in refused]
        # Writing such a field elsewhere would overwrite an edit there for a value that cannot become common.
        findings.held |= waiting


def _drafts(link: Link, participants: Participants, findings: _Findings) -> list[Write]:
    drafts: list[Write | None] = []
    for endpoint in sorted(participants):
        participant, side = participants[endpoint], link.sides.get(endpoint)
        if side is not None:
            drafts.append(_update(link, endpoint, participant, side, findings))
        elif participant.may_create and not link.copies.wait_on([endpoint]):
            drafts.append(_create(link, endpoint, participant, participants, findings))
    return [write for write in drafts if write is not None]


def _update(link: Link, endpoint: EndpointName, participant: Participant, side: Side, findings: _Findings) -> Write | None:
    if not (participant.writable and participant.schema.can_update):
        return None
    patch: dict[str, FieldValue] = {}
    stored: dict[str, FieldValue] = {}
    for name, takes in findings.takes.items():
        spec = participant.schema.spec(name)
        has_it = takes.source == endpoint or endpoint in takes.told
        if spec is None or not spec.updatable or has_it or name in findings.held or name not in side.observed:
            continue
        spelled = participant.stored(name, takes.value)
        if spelled is not Never.AGREED and spelled != side.observed[name]:
            patch[name], stored[name] = takes.value, spelled
    if not patch:
        return None
    return Write(
        intent_id=intent_id_for(link.link_id, link.version + 1, endpoint),
        endpoint=endpoint,
        container=side.ref.container,
        operation=Operation.UPDATE,
        ref=side.ref,
        fields=FieldValues(patch),
        stored=FieldValues(stored),
        expected=side.observed.only(FieldValues(patch)),
    )


def _create(
    link: Link,
    endpoint: EndpointName,
    participant: Participant,
    participants: Participants,
    findings: _Findings,
) -> Write | None:
    if not participant.schema.can_create:
        return None
    wanted = _wanted(link, participants, findings)
    specs = {spec.name: spec for spec in participant.schema.fields if spec.name in wanted}
    fields = FieldValues({name: wanted[name] for name, spec in specs.items() if spec.creatable})
    if not fields:
        return None  # every field waits for a person, or there is nobody left to copy from
    # A field in dispute is left blank as well; nobody typed that blank, so it takes no part in the dispute.
    blank = (spec for spec in participant.schema.fields if spec.readable and spec.name not in fields)
    initial = {spec.name: spec.initial for spec in blank if spec.name in wanted or spec.name in findings.held}
    untold = {
        name for name, value in initial.items() if name not in wanted or participant.stored(name, wanted[name]) != value
    }
    return Write(
        intent_id=intent_id_for(link.link_id, link.version + 1, endpoint),
        endpoint=endpoint,
        container=participant.container,
        operation=Operation.CREATE,
        ref=None,
        fields=fields,
        stored=participant.as_stored(fields),
        initial=FieldValues(initial),
        untold=frozenset(untold),
    )


def _wanted(link: Link, participants: Participants, findings: _Findings) -> FieldValues:
    """What a new record should hold: the merged values, else what the sides agree on; nothing of a parked field."""
    wanted: dict[FieldName, FieldValue] = {}
    for endpoint in sorted(link.sides, reverse=True):
        if endpoint in participants:
            wanted.update(link.sides[endpoint].observed)
    wanted.update({name: takes.value for name, takes in findings.takes.items()})
    return FieldValues({name: value for name, value in wanted.items() if name not in findings.held})


def _basis(link: Link, findings: _Findings, writes: list[Write]) -> dict[EndpointName, FieldValues]:
    created = {name for write in writes if write.operation is Operation.CREATE for name in (*write.fields, *write.initial)}
    names = frozenset((set(findings.takes) | created) - findings.held)
    basis = {endpoint: side.observed.only(names) for endpoint, side in link.sides.items()}
    return {endpoint: fields for endpoint, fields in basis.items() if fields}


def _moves(link: Link, basis: Mapping[EndpointName, FieldValues]) -> bool:
    """Whether agreeing to the basis would change what anybody knows; a lone side has nobody to agree with."""
    if len(link.sides) < 2:
        return False
    return any(
        link.sides[endpoint].agreed.only(fields) != fields or link.sides[endpoint].untold & set(fields)
        for endpoint, fields in basis.items()
    )


def _reasons(findings: _Findings, writes: list[Write], names: set[FieldName]) -> dict[FieldName, str]:
    reasons = {name: takes.reason for name, takes in findings.takes.items() if name in names}
    for write in writes:
        if write.operation is Operation.CREATE:
            for name in write.fields:
                reasons.setdefault(name, f"missing on {write.endpoint}")
    return reasons
