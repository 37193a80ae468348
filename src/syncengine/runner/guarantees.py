"""
What is promised for a configured synchronisation, what is not, and which test shows it; a pure function of what the
endpoints can do and of the rules.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from attrs import frozen

from syncengine.connector import Capabilities
from syncengine.domain.conflict_rules import AskAPerson
from syncengine.domain.identity import EndpointName
from syncengine.domain.policy import DeletionRule, Policy

Holds = Literal["always", "except", "not"]


@frozen(kw_only=True)
class Guarantee:
    """
    One promise.

    Attributes:
        about: the endpoint it is about; empty for all of them together.
        holds: "always", "except" in the case that `detail` names, or "not".
        shown_by: the test that shows it, as `FILE::TEST` below `tests/`.
    """

    promise: str
    about: str
    holds: Holds
    detail: str
    shown_by: str


_HOUR_S = 3600.0

_DELETIONS = "unit/engine/test_deletions.py::"

_FOR_ALL = (
    Guarantee(
        promise="no write without a saved intent",
        about="",
        holds="always",
        detail="every intent is durable before its call, every outcome is an event",
        shown_by="crash/test_kills.py::test_thirty_kills_during_the_first_sync",
    ),
    Guarantee(
        promise="nothing twice, nothing lost, nothing deleted by kills",
        about="",
        holds="always",
        detail="a runner killed in the middle of a write leaves an intent, and the next one looks before it sends",
        shown_by="kills/test_forty_kills.py::test_forty_kills_while_people_work_on_both_sides",
    ),
    Guarantee(
        promise="no acknowledged event is lost",
        about="",
        holds="always",
        detail="commits are flushed to the disk; a kill at any moment loses none of them",
        shown_by="crash/test_log_survives_kill.py::test_no_acknowledged_append_is_lost_however_often_the_process_is_killed",
    ),
    Guarantee(
        promise="one process writes the log",
        about="",
        holds="always",
        detail="every transaction asks whether the lease is still ours; one that was paused and overtaken stores nothing",
        shown_by="unit/adapters/test_fence.py::test_a_paused_process_that_wakes_up_appends_nothing",
    ),
    Guarantee(
        promise="a damaged log is named and not believed",
        about="",
        holds="always",
        detail="every transaction carries a seal; `syncengine verify` checks all of them, every start the last ones",
        shown_by="unit/adapters/test_log_check.py::test_what_is_not_as_it_was_stored_is_found",
    ),
    Guarantee(
        promise="no edit is lost without a record of it",
        about="",
        holds="always",
        detail="a value that loses a conflict stays in the log; `syncengine explain` shows it",
        shown_by="properties/test_no_edit_is_lost.py::test_no_edit_is_lost",
    ),
    Guarantee(
        promise="an edit beats a deletion that has not seen it",
        about="",
        holds="always",
        detail="a delete says what it expects to find",
        shown_by="properties/test_decide_laws.py::test_a_delete_follows_a_proved_deletion_elsewhere_and_removes_no_edit",
    ),
    Guarantee(
        promise="an empty listing deletes nothing",
        about="",
        holds="always",
        detail="it waits for `syncengine approve`",
        shown_by=_DELETIONS + "test_an_empty_listing_is_believed_only_when_a_person_says_so",
    ),
)


def guarantees_of(endpoints: Mapping[EndpointName, Capabilities], policy: Policy) -> list[Guarantee]:
    """Everything that is promised, that for all endpoints first."""
    found = [*_FOR_ALL, _limits(policy), *_waiting(policy)]
    for name, can in sorted(endpoints.items()):
        found += [_no_duplicate(name, can), _no_overwrite(name, can), _answers(name, can)]
        found += [_nothing_hidden(name, can, policy), _evidence(name, can), *_deletions(name, can, policy)]
    return found


def _limits(policy: Policy) -> Guarantee:
    limits = policy.safety
    return Guarantee(
        promise="many deletions at once wait for a person",
        about="",
        holds="always",
        detail=f"more than {limits.deletions} in one pairing or in all together, or {limits.share:.0%} if that is more",
        shown_by=_DELETIONS + "test_a_few_deletions_in_each_of_many_projects_wait_together",
    )


def _waiting(policy: Policy) -> Iterator[Guarantee]:
    asked = sorted(f"{kind}.{name}" for kind, rules in policy.rules.items() for name, it in rules.items() if _asks(it))
    if asked:
        yield Guarantee(
            promise="conflicts end by themselves",
            about="",
            holds="except",
            detail=f"{', '.join(asked)} may wait for a person; the other fields go on",
            shown_by="unit/engine/test_sync_pass.py::test_a_conflict_a_person_must_settle_holds_back_only_its_field",
        )


def _asks(rule: object) -> bool:
    """Whether a rule, or the one it leaves the rest to, may ask a person."""
    if isinstance(rule, AskAPerson):
        return True
    then = getattr(rule, "then", None)
    # A rule that prefers an endpoint decides every conflict of two endpoints that names it.
    return then is not None and type(rule).__name__ != "Prefer" and _asks(then)


def _no_duplicate(name: EndpointName, can: Capabilities) -> Guarantee:
    lag = f", {can.key_lookup_lag_s:g} s after the call" if can.key_lookup_lag_s else ""
    details: dict[str, tuple[Holds, str]] = {
        "id": ("always", "we choose the ids, so a create that is made again finds the first record"),
        "field": ("always", f"a created record is found again by the key in a field of its own{lag}"),
        "marker": (
            "except",
            f"a created record is found again by the key in its text{lag}; not if somebody removes it before we look",
        ),
        "none": (
            "except",
            "no key can be kept, so a create whose answer was lost waits for a person, and so does what looks like it",
        ),
    }
    holds, detail = details[can.key_storage]
    return Guarantee(
        promise="no record is made twice",
        about=name,
        holds=holds,
        detail=detail,
        shown_by="properties/test_two_remotes_machine.py::TestTwoRemotes",
    )


def _no_overwrite(name: EndpointName, can: Capabilities) -> Guarantee:
    return Guarantee(
        promise="a value that nobody has read is not written over",
        about=name,
        holds="always" if can.conditional_writes else "except",
        detail="the remote compares and writes in one step"
        if can.conditional_writes
        else "the record is read, compared and then written; an edit between the two is written over",
        shown_by="properties/test_two_remotes_machine.py::TestTwoRemotes",
    )


def _answers(name: EndpointName, can: Capabilities) -> Guarantee:
    late = can.suspect_after_s
    return Guarantee(
        promise="an answer that proves nothing is not believed",
        about=name,
        holds="always",
        detail="its answers can be trusted" if late is None else f"after more than {late:g} s it is looked for instead",
        shown_by="unit/adapters/test_guarded_connector.py::test_a_good_answer_that_comes_too_late_proves_nothing",
    )


def _nothing_hidden(name: EndpointName, can: Capabilities, policy: Policy) -> Guarantee:
    every_h = policy.full_listing_every_s / _HOUR_S
    return Guarantee(
        promise="what a listing did not show once is found later",
        about=name,
        holds="always",
        detail=f"listings go on at a cursor, and every {every_h:g} h one begins at the start"
        if can.change_cursor
        else "every pass lists everything",
        shown_by="unit/engine/test_full_listings.py::test_what_a_listing_did_not_show_once_is_found_within_a_day",
    )


def _evidence(name: EndpointName, can: Capabilities) -> Guarantee:
    tombstones = can.reports_deletions
    return Guarantee(
        promise="a deletion there is proved before anything follows",
        about=name,
        holds="always",
        detail="it lists what was deleted"
        if tombstones
        else "absent when asked for in two passes, while others are listed; a few that are merely hidden look the same",
        shown_by=_DELETIONS
        + ("test_a_tombstone_needs_one_look" if tombstones else "test_a_deletion_without_tombstones_needs_two_looks"),
    )


def _deletions(name: EndpointName, can: Capabilities, policy: Policy) -> Iterator[Guarantee]:
    rule = policy.deletion_on(name)
    words = {
        DeletionRule.PROPAGATE: ("always", "deleted elsewhere too, where that is possible"),
        DeletionRule.KEEP: ("not", "the others are kept and not synced any more, by the settings"),
        DeletionRule.RESTORE: ("not", "it is made anew there, by the settings"),
    }
    holds: Holds = "always" if words[rule][0] == "always" else "not"
    yield Guarantee(
        promise="a deletion there travels",
        about=name,
        holds=holds,
        detail=words[rule][1],
        shown_by="unit/domain/test_losses.py::test_the_rule_is_that_of_the_endpoint_where_it_was_deleted",
    )
    stuck = sorted(schema.kind for schema in can.schemas if not schema.can_delete)
    if stuck:
        yield Guarantee(
            promise="a deletion elsewhere arrives there",
            about=name,
            holds="except",
            detail=f"it deletes no {' and no '.join(stuck)}; such items are shown until a person deletes them there",
            shown_by="unit/domain/test_losses.py::test_nothing_follows_where_the_other_record_cannot_be_deleted",
        )
