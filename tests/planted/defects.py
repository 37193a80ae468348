"""
Defects to plant, each with the tests that must notice it.

A defect is a small, plausible mistake. `old` must stand exactly once in the file; when the code has moved on, the runner
says so, and the defect has to be written anew.
"""

from attrs import frozen


@frozen(kw_only=True)
class Defect:
    """
    One mistake.

    Attributes:
        name: what is wrong, as a sentence somebody could write into a bug report.
        file: path below `src/`.
        tests: node ids below `tests/`; every one of them must fail.
        simulated: histories show it as well; `tests.planted.hunt` requires that they do.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    simulated: bool = False


MERGE = "syncengine/domain/merge.py"
DECIDE = "syncengine/domain/decide.py"
LINK = "syncengine/domain/link.py"
SIDE = "syncengine/domain/side.py"
AGREEMENT = "syncengine/domain/agreement.py"
LINKS = "syncengine/engine/links.py"
CARRY_OUT = "syncengine/engine/carry_out.py"
WAITING = "syncengine/domain/waiting.py"
BREAKER = "syncengine/adapters/guard/breaker.py"
CALLS = "syncengine/adapters/guard/call_settings.py"
JUDGE = "syncengine/domain/judge.py"
RULES = "syncengine/domain/conflict_rules.py"
IDENTITY = "syncengine/domain/identity.py"
LOSSES = "syncengine/domain/losses.py"
SETTLE = "syncengine/engine/settle.py"
PAIRINGS = "syncengine/engine/pairings.py"
LISTING = "syncengine/engine/listing.py"
PASS = "syncengine/engine/sync_pass.py"
CONVERGE = "syncengine/engine/converge.py"
DELETIONS = "syncengine/engine/deletions.py"
PASS_END = "syncengine/engine/pass_end.py"
OBSERVE = "syncengine/engine/observe.py"
DOUBTS = "syncengine/engine/doubtful_creates.py"
FULL_LISTINGS = "syncengine/engine/full_listings.py"
SAFETY = "syncengine/engine/safety.py"
CONVERTER = "syncengine/adapters/event_converter.py"
JSON = "syncengine/adapters/plain_json.py"
GUARD = "syncengine/adapters/guard/guarded_connector.py"
LOG_TRANSACTION = "syncengine/adapters/log_transaction.py"
FENCE = "syncengine/adapters/fence.py"
LEASE = "syncengine/adapters/lease.py"
EVENT_CHECK = "syncengine/adapters/event_check.py"
CHAIN = "syncengine/adapters/hash_chain.py"
LOG_CHECK = "syncengine/adapters/log_check.py"
SQLITE = "syncengine/adapters/sqlite_database.py"
VIEW_CHECK = "syncengine/adapters/view_check.py"
PG_CONNECTION = "syncengine/adapters/postgres/connection.py"
PG_DATABASE = "syncengine/adapters/postgres/database.py"
PG_DIALECT = "syncengine/adapters/postgres/dialect.py"
PG_LEASE = "syncengine/adapters/postgres/lease.py"
PG_RECORDER = "syncengine/adapters/postgres/recorder.py"
PG_TEXTS = "syncengine/adapters/postgres/texts.py"

MERGE_LAWS = "properties/test_merge_laws.py::"
DECIDE_LAWS = "properties/test_decide_laws.py::"
EVOLVE_LAWS = "properties/test_evolve_laws.py::"
JUDGE_LAWS = "properties/test_judge_laws.py::"
RULE_LAWS = "properties/test_rule_laws.py::"
CODEC_LAWS = "properties/test_codec_laws.py::"
NO_EDIT_LOST = "properties/test_no_edit_is_lost.py::test_no_edit_is_lost"
ON_LINK = "unit/domain/test_link.py::"
ON_DECIDE = "unit/domain/test_decide.py::"
HALF_DONE = "unit/domain/test_half_done.py::"
ON_LOSSES = "unit/domain/test_losses.py::"
ON_CLOCK = "unit/engine/test_clock_set.py::"
ON_DELETIONS = "unit/engine/test_deletions.py::"
ON_CLOCK = "unit/engine/test_clock_set.py::"
ON_THREE = "unit/engine/test_three_remotes.py::"
IN_HISTORIES = "unit/testing/simulation/test_simulate.py::test_no_promise_is_broken"
ON_FENCE = "unit/adapters/test_fence.py::"
ON_CHECK = "unit/adapters/test_log_check.py::"
ON_PG = "unit/adapters/test_postgres_log.py::"
FOUND = ON_CHECK + "test_what_is_not_as_it_was_stored_is_found"

GRANT = "syncengine/engine/grant.py"
ON_FULL_LISTINGS = "unit/engine/test_full_listings.py::"
ON_DOUBTS = "unit/engine/test_creates_in_doubt.py::"
MADE_AGAIN = "unit/engine/test_creates_made_again.py::"
ON_OUTAGE = "unit/runner/test_outage.py::"
ON_PAUSES = "unit/engine/test_pauses.py::"
ON_COPIES = "unit/engine/test_copies.py::"
ON_GRANT = "unit/engine/test_grant.py::"
ON_RETURN = "unit/engine/test_records_that_come_back.py::"

DEFECTS = (
    # The clock is set.
    Defect(
        name="a write that was put off while the clock was ahead waits for a year",
        file=SETTLE,
        old="        return write.not_before > now + timedelta(seconds=longest_s)\n",
        new="        return False\n",
        tests=(ON_CLOCK + "test_a_write_that_failed_again_while_the_clock_was_ahead_does_not_wait_for_a_year",),
    ),
    # Many at once.
    Defect(
        name="few deletions in each of many projects are not counted together",
        file=DELETIONS,
        old="            excess = plan.excess(limits) or too_many\n",
        new="            excess = plan.excess(limits)\n",
        tests=(ON_DELETIONS + "test_a_few_deletions_in_each_of_many_projects_wait_together",),
    ),
    # What is not shown.
    Defect(
        name="a linked project that the settings leave out is not mentioned",
        file=PAIRINGS,
        old="        if name in containers and offered[name] is None:\n",
        new="        if False:\n",
        tests=(
            "unit/engine/test_left_out.py::test_a_project_that_one_endpoint_does_not_offer_is_named_with_that_endpoint",
        ),
    ),
    # Made anew.
    Defect(
        name="a default that nobody chose takes the place of what the lost record had not told yet",
        file=DECIDE,
        old="            findings.takes = untold_by_the_lost(link) | findings.takes\n",
        new="",
        tests=(ON_LOSSES + "test_what_the_lost_record_had_not_told_yet_is_not_replaced_by_a_default",),
    ),
    # An outage.
    Defect(
        name="a cursor is saved although what is new waits for a side that is silent",
        simulated=True,
        file="syncengine/engine/observe.py",
        old="            cursors=() if silent else tuple(",
        new="            cursors=tuple(",
        tests=(ON_OUTAGE + "test_an_outage_costs_little_and_is_caught_up_in_one_pass",),
    ),
    Defect(
        name="nobody is read while one side is down",
        file=PASS,
        old="        if silent >= pairing.containers.keys() or ",
        new="        if silent or ",
        tests=(ON_OUTAGE + "test_an_outage_costs_little_and_is_caught_up_in_one_pass",),
    ),
    # Without a key.
    Defect(
        name="what a create made whose answer was lost begins an item of its own where no key is kept",
        file=DOUBTS,
        old="        return self._keeps_no_key(doubt.endpoint) and record.fields.only(doubt.stored) == doubt.stored\n",
        new="        return False\n",
        tests=(
            ON_DOUBTS + "test_what_may_have_been_made_begins_no_item_of_its_own",
            ON_DOUBTS + "test_it_waits_as_long_as_the_create_is_open",
        ),
        simulated=True,
    ),
    Defect(
        name="a deletion that was refused is never made again for a person who resumes its item",
        file=DELETIONS,
        old="retry_refused=state.insists_on(link)\n",
        new="retry_refused=state.retry_refused\n",
        tests=(ON_DELETIONS + "test_a_deletion_that_was_refused_is_made_again_when_a_person_resumes_the_item",),
    ),
    Defect(
        name="what a person was asked about begins an item when the other one is closed",
        file=DOUBTS,
        old="            if record.ref in asked:\n",
        new="            if False:\n",
        tests=(ON_DOUBTS + "test_it_waits_also_when_its_item_is_closed",),
    ),
    Defect(
        name="a default that nobody typed travels from a record that a person says we made",
        file=LINK,
        old="    untold = refusal.untold if refusal is not None and refusal.in_doubt else frozenset[FieldName]()\n",
        new="    untold = frozenset[FieldName]()\n",
        tests=(ON_DOUBTS + "test_what_the_create_could_not_set_is_told_to_the_record_that_is_kept",),
    ),
    Defect(
        name="an edit has a record made again that may be there",
        file=WAITING,
        old="    return refusal.in_doubt or refusal.fields == write.fields\n",
        new="    return refusal.fields == write.fields\n",
        tests=(ON_DOUBTS + "test_it_is_made_again_only_when_a_person_has_looked",),
    ),
    Defect(
        name="a wish for all that was refused has a record made again that may be there",
        file="syncengine/engine/pass_state.py",
        old=" in self.resumed.missing if link.in_doubt else anything\n",
        new=" in self.resumed.missing or self.retry_refused if link.in_doubt else anything\n",
        tests=(ON_DOUBTS + "test_it_is_made_again_only_when_a_person_has_looked",),
    ),
    Defect(
        name="the end of a pause has a record made again that may be there",
        file="syncengine/engine/pass_state.py",
        old=" in self.resumed.missing if link.in_doubt else anything\n",
        new=" in self.resumed.items if link.in_doubt else anything\n",
        tests=(ON_DOUBTS + "test_the_end_of_a_pause_does_not_make_it_again",),
    ),
    Defect(
        name="whoever had an earlier record made again is taken to have looked for the next one",
        file=GRANT,
        old=" and (await self._links.get(link_id)).in_doubt:\n",
        new=":\n",
        tests=(ON_DOUBTS + "test_nobody_has_looked_before_it_was_in_doubt",),
    ),
    Defect(
        name="a renamed copy of a lost record is taken for its successor, which was never sent",
        file=JUDGE,
        old="    return replaces_another and record.fields.only(write.stored) != write.stored\n",
        new="    return False\n",
        tests=(
            "unit/domain/test_judge.py::test_only_the_successor_of_another_record_may_be_a_copy_of_it",
            MADE_AGAIN + "test_a_renamed_copy_of_a_lost_record_is_not_taken_for_what_was_never_sent",
        ),
    ),
    # Listings.
    Defect(
        name="a cursor is followed for ever, so what it never showed stays hidden",
        file=FULL_LISTINGS,
        old="    if last is None or not NOT_YET <= now - last < timedelta(seconds=every_s):\n",
        new="    if last is None:\n",
        tests=(
            ON_FULL_LISTINGS + "test_what_a_listing_did_not_show_once_is_found_within_a_day",
            ON_FULL_LISTINGS + "test_a_deletion_that_no_listing_reports_is_found_within_a_day",
            ON_FULL_LISTINGS + "test_rules_that_were_read_anew_say_how_often",
        ),
        simulated=True,
    ),
    Defect(
        name="a clock that was set back puts the next full listing off",
        file=FULL_LISTINGS,
        old="not NOT_YET <= now - last < timedelta",
        new="now - last >= timedelta",
        tests=(ON_FULL_LISTINGS + "test_a_clock_that_was_set_back_leads_to_one_full_listing",),
    ),
    Defect(
        name="what is missing behind a cursor waits another day for its second look",
        file=FULL_LISTINGS,
        old="    return any(it.gone is not None and not it.gone.is_proof for it in known)\n",
        new="    return False\n",
        tests=(ON_FULL_LISTINGS + "test_a_deletion_that_no_listing_reports_is_found_within_a_day",),
    ),
    Defect(
        name="a full listing counts although some of it was held back",
        file=LISTING,
        old="        return self.is_full and self.cursor is not None and not self.held_back\n",
        new="        return self.is_full and self.cursor is not None\n",
        tests=(ON_FULL_LISTINGS + "test_while_a_new_record_waits_for_its_create_to_be_judged_everything_is_listed",),
    ),
    # Pauses.
    Defect(
        name="an open write is sent although its item is paused",
        simulated=True,
        file=PASS,
        old=" and self._settler.is_due(write) and not self._is_held(write, state):\n",
        new=" and self._settler.is_due(write):\n",
        tests=(ON_PAUSES + "test_an_open_write_waits_while_its_item_is_paused",),
    ),
    Defect(
        name="an item that is paused is written all the same",
        simulated=True,
        file=CONVERGE,
        old="        return sorted((it for it in waiting if not state.paused.hold_item(it)), key=str)\n",
        new="        return sorted(waiting, key=str)\n",
        tests=(ON_PAUSES + "test_what_a_person_pauses_is_left_as_it_is_until_it_is_resumed",),
    ),
    Defect(
        name="a container that refused us once stays paused for ever",
        file=PASS_END,
        old="        for subject in sorted(known & looked_at - state.refusing.keys()):\n",
        new="        for subject in sorted(known & set[str]()):\n",
        tests=(ON_PAUSES + "test_a_container_that_refuses_us_is_paused_alone_and_goes_on_by_itself",),
    ),
    Defect(
        name="the next process calls a dead host as if it knew nothing",
        file=BREAKER,
        old="        self._recalled = dict(given_up)\n",
        new="        self._recalled = dict[str, str]()\n",
        tests=("unit/runner/test_hosts.py::test_the_next_process_begins_with_a_single_probe",),
    ),
    # Copies of a key.
    Defect(
        name="an item is decided in the container of its copy",
        file=CONVERGE,
        old="    return not present <= here or any(",
        new="    return not {name for name, _ in present} <= participants.keys() or any(",
        tests=(ON_COPIES + "test_a_copy_in_another_container_does_not_take_its_item_there",),
    ),
    Defect(
        name="a clone starts an item although nobody said so",
        file="syncengine/engine/identify.py",
        old="        if len(records) == 1 and groups.has_room(wanted, endpoint):\n",
        new="        if not groups.has_room(wanted, endpoint):\n            groups.place(records[0], None)\n        elif True:\n",
        tests=(ON_COPIES + "test_a_clone_is_shown_once_and_nothing_is_made_of_it",),
    ),
    Defect(
        name="a record is made although two already carry the key",
        file=DECIDE,
        old=" and not link.copies.wait_on([endpoint])",
        new="",
        tests=(ON_COPIES + "test_two_records_with_one_key_and_a_lost_log_are_both_shown",),
    ),
    Defect(
        name="a record that was merged into its copy is deleted elsewhere",
        simulated=True,
        file=LOSSES,
        old="    if link.copies.wait_on(lost):\n",
        new="    if False:\n",
        tests=("unit/domain/test_losses.py::test_nothing_follows_while_a_copy_may_be_what_the_record_has_become",),
    ),
    Defect(
        name="a copy that does not show once is gone",
        file="syncengine/engine/find_copies.py",
        old=" if copy.missed else CopyMissed(ref=ref)",
        new="",
        tests=(ON_COPIES + "test_a_copy_that_does_not_show_for_a_moment_still_waits",),
    ),
    Defect(
        name="a copy that shows again was missed all the same",
        file="syncengine/engine/find_copies.py",
        old="elif copy.missed or record.fields",
        new="elif record.fields",
        tests=(ON_COPIES + "test_a_copy_that_does_not_show_for_a_moment_still_waits[False-True]",),
    ),
    Defect(
        name="a copy that is listed again was missed all the same",
        file="syncengine/engine/find_copies.py",
        old="(known.missed or known.fields != record.fields)",
        new="known.fields != record.fields",
        tests=(ON_COPIES + "test_a_copy_that_does_not_show_for_a_moment_still_waits[False-False]",),
    ),
    Defect(
        name="a copy that does not show becomes an item of its own",
        file=GRANT,
        old="        if copy.missed:\n",
        new="        if False:\n",
        tests=(ON_COPIES + "test_of_a_copy_that_does_not_show_nothing_is_made",),
    ),
    Defect(
        name="a kept copy forgets what both sides agreed on",
        file=LINK,
        old="    agreed = NO_FIELDS if is_lost(before) else before.agreed\n",
        new="    agreed = copy.fields\n",
        tests=(ON_COPIES + "test_a_clone_that_is_kept_takes_the_place_of_the_record",),
    ),
    # What persons ask for.
    Defect(
        name="a person's choice is used for values that the person has not seen",
        file=GRANT,
        old="        if dict(parked.versions) != dict(choice.among):\n",
        new="        if False:\n",
        tests=(ON_GRANT + "test_a_choice_says_nothing_about_values_that_were_not_seen",),
    ),
    Defect(
        name="a request is removed before it is granted",
        file=GRANT,
        old="            outdated = await self._grant(asked, caused_by)\n",
        new="            await self._inbox.remove(asked)\n            outdated = await self._grant(asked, caused_by)\n            continue\n",
        tests=(ON_GRANT + "test_a_crash_while_granting_neither_loses_nor_doubles_it",),
    ),
    Defect(
        name="any digest may be approved",
        file=GRANT,
        old="        if all(held.plan != plan for held in self._views.held_plans()):\n",
        new="        if False:\n",
        tests=(ON_GRANT + "test_a_plan_that_is_not_held_back_is_not_approved",),
    ),
    # Merge.
    Defect(
        name="an edit on one side only is ignored",
        simulated=True,
        file=MERGE,
        old="    if changed:\n",
        new="    if len(changed) > 1:\n",
        tests=(
            MERGE_LAWS + "test_a_change_on_one_side_only_always_wins",
            ON_DECIDE + "test_an_edit_travels_with_only_the_field_that_was_edited",
        ),
    ),
    Defect(
        name="the same edit on both sides is called a conflict",
        file=MERGE,
        old="        if all(same(name, states[name].value, other, states[other].value) for other in names):\n",
        new="        if len(names) == 1:\n",
        tests=(
            MERGE_LAWS + "test_the_same_edit_on_several_sides_is_no_conflict",
            MERGE_LAWS + "test_a_conflict_exists_exactly_when_sides_changed_to_values_that_are_not_the_same",
        ),
    ),
    Defect(
        name="the first side listed wins among equals",
        file=MERGE,
        old="    names = sorted(states)\n",
        new="    names = list(states)\n",
        tests=(MERGE_LAWS + "test_the_order_of_the_sides_does_not_matter",),
    ),
    Defect(
        name="first contact lets one side overwrite the other",
        simulated=True,
        file=MERGE,
        old="    if any(state.agreed is Never.AGREED for state in states.values()):\n",
        new="    if False:\n",
        tests=(MERGE_LAWS + "test_on_first_contact_equal_sides_agree_and_different_ones_are_a_conflict",),
    ),
    Defect(
        name="a side that did not change takes part in conflicts",
        simulated=True,
        file=MERGE,
        old='        return _agree(changed, same, reason="changed")\n',
        new='        return _agree(states, same, reason="changed")\n',
        tests=(
            MERGE_LAWS + "test_a_conflict_exists_exactly_when_sides_changed_to_values_that_are_not_the_same",
            MERGE_LAWS + "test_a_change_on_one_side_only_always_wins",
        ),
    ),
    Defect(
        name="a value is credited to a side that does not hold it",
        file=MERGE,
        old='            return Takes(value=states[name].value, source=name, reason=f"{reason} on',
        new='            return Takes(value=states[name].value, source=names[-1], reason=f"{reason} on',
        tests=(MERGE_LAWS + "test_no_value_is_invented",),
    ),
    Defect(
        name="telling a new side writes to the old ones as well",
        file=MERGE,
        old="reason=reason, told=frozenset(told))",
        new="reason=reason)",
        tests=(MERGE_LAWS + "test_an_untold_side_is_told_by_one_that_was",),
    ),
    # Decide.
    Defect(
        name="a read-only side is written to",
        file=DECIDE,
        old="    if not (participant.writable and participant.schema.can_update):\n        return None\n",
        new="",
        tests=(DECIDE_LAWS + "test_no_side_is_asked_for_what_it_cannot_do",),
    ),
    Defect(
        name="values are compared as sent and not as stored",
        simulated=True,
        file=DECIDE,
        old="        if spelled is not Never.AGREED and spelled != side.observed[name]:\n",
        new="        if spelled is not Never.AGREED and takes.value != side.observed[name]:\n",
        tests=(
            DECIDE_LAWS + "test_nothing_is_written_that_the_side_already_holds_in_its_own_spelling",
            ON_DECIDE + "test_equal_records_that_meet_are_adopted_without_a_write",
        ),
    ),
    Defect(
        name="the wish is noted as what will be stored",
        file=DECIDE,
        old="            patch[name], stored[name] = takes.value, spelled\n",
        new="            patch[name], stored[name] = takes.value, takes.value\n",
        tests=(DECIDE_LAWS + "test_nothing_is_written_that_the_side_already_holds_in_its_own_spelling",),
    ),
    Defect(
        name="a refused write is repeated every cycle",
        file=WAITING,
        old="    return refusal.in_doubt or refusal.fields == write.fields\n",
        new="    return refusal.in_doubt\n",
        tests=(
            DECIDE_LAWS + "test_a_refused_write_is_not_repeated_unchanged",
            ON_DECIDE + "test_a_refused_write_waits_until_something_changes",
        ),
    ),
    Defect(
        name="a merged value that one side refuses is forced on the other",
        simulated=True,
        file=DECIDE,
        old="        if not waiting:\n",
        new="        if waiting or not waiting:\n",
        tests=(ON_DECIDE + "test_a_merged_value_that_one_side_refuses_is_not_forced_on_the_other",),
    ),
    Defect(
        name="a conflict that waits for a person is parked again and again",
        simulated=True,
        file=DECIDE,
        old="    if parked is not None and dict(parked.versions) == values and parked.rule == str(rule):\n",
        new="    if False:\n",
        tests=(
            DECIDE_LAWS + "test_every_story_comes_to_rest",
            ON_DECIDE + "test_a_conflict_for_a_person_is_parked_once_and_holds_only_itself_back",
        ),
    ),
    Defect(
        name="a parked field is agreed upon",
        simulated=True,
        file=DECIDE,
        old="    names = frozenset((set(findings.takes) | created) - findings.held)\n",
        new="    names = frozenset(set(findings.takes) | created | findings.held)\n",
        tests=(DECIDE_LAWS + "test_a_parked_field_holds_only_itself_back",),
    ),
    Defect(
        name="the basis is what was agreed before and not what was read",
        simulated=True,
        file=DECIDE,
        old="    basis = {endpoint: side.observed.only(names) for endpoint, side in link.sides.items()}\n",
        new="    basis = {endpoint: (side.observed | side.agreed).only(names) for endpoint, side in link.sides.items()}\n",
        tests=(DECIDE_LAWS + "test_the_basis_and_the_expectation_are_what_was_observed",),
    ),
    Defect(
        name="an update expects nothing and overwrites whatever is there",
        simulated=True,
        file=DECIDE,
        old="        expected=side.observed.only(FieldValues(patch)),\n",
        new="",
        tests=(
            DECIDE_LAWS + "test_the_basis_and_the_expectation_are_what_was_observed",
            NO_EDIT_LOST,
        ),
    ),
    Defect(
        name="what a create cannot set is never told",
        simulated=True,
        file=DECIDE,
        old="        untold=frozenset(untold),\n",
        new="",
        tests=(
            DECIDE_LAWS + "test_at_rest_both_sides_hold_the_same_as_far_as_each_can_say_it",
            ON_DECIDE + "test_a_status_that_a_create_could_not_set_is_set_by_the_next_decision",
        ),
    ),
    Defect(
        name="the loser of a conflict is forgotten",
        simulated=True,
        file=DECIDE,
        old="value=outcome.value, losers=losers))",
        new="value=outcome.value, losers={}))",
        tests=(
            DECIDE_LAWS + "test_every_value_that_loses_a_conflict_is_in_the_decision",
            NO_EDIT_LOST,
        ),
    ),
    Defect(
        name="ids of intents repeat from decision to decision",
        file=DECIDE,
        old="        intent_id=intent_id_for(link.link_id, link.version + 1, endpoint),\n"
        "        endpoint=endpoint,\n        container=side.ref.container,\n",
        new="        intent_id=intent_id_for(link.link_id, 1, endpoint),\n"
        "        endpoint=endpoint,\n        container=side.ref.container,\n",
        tests=(
            DECIDE_LAWS + "test_ids_of_intents_are_derived_from_link_version_and_endpoint",
            EVOLVE_LAWS + "test_every_intent_has_at_most_one_outcome",
        ),
    ),
    Defect(
        name="the order of the endpoints shows in the decision",
        file=DECIDE,
        old="    for endpoint in sorted(participants):\n",
        new="    for endpoint in participants:\n",
        tests=(DECIDE_LAWS + "test_the_order_of_sides_and_endpoints_does_not_matter",),
    ),
    Defect(
        name="a record that vanished is written about",
        simulated=True,
        file=DECIDE,
        old="    if any(side.gone for side in link.sides.values()):\n",
        new="    if False:\n",
        tests=(ON_LOSSES + "test_an_edit_is_not_written_to_a_record_that_vanished",),
    ),
    Defect(
        name="a second decision is made while one is open",
        simulated=True,
        file=DECIDE,
        old="    if link.closed is not None or link.decision is not None or not link.sides:\n",
        new="    if link.closed is not None or not link.sides:\n",
        tests=(ON_DECIDE + "test_nothing_is_decided_while_a_decision_is_open_or_the_link_is_closed",),
    ),
    Defect(
        name="a person's choice overwrites newer edits",
        simulated=True,
        file=WAITING,
        old="        link.sides[endpoint].observed.get(name) == value\n        for endpoint",
        new="        True\n        for endpoint",
        tests=(
            DECIDE_LAWS + "test_an_edit_made_after_a_persons_choice_is_not_overwritten_by_it",
            ON_DECIDE + "test_an_edit_that_is_newer_than_a_persons_choice_is_a_new_conflict",
        ),
    ),
    # Evolve.
    Defect(
        name="the wish is stored as agreed",
        simulated=True,
        file=LINK,
        old="    spelled = write.stored if found_again else event.fields.only(write.stored)\n",
        new="    spelled = write.fields\n",
        tests=(
            EVOLVE_LAWS + "test_agreed_moves_to_the_basis_or_to_what_the_remote_says_it_stored",
            ON_LINK + "test_what_the_remote_made_of_our_value_is_agreed_and_not_what_we_sent",
            ON_DECIDE + "test_ten_quiet_rounds_write_nothing",
        ),
    ),
    Defect(
        name="the initial value of a new record is taken for an edit",
        file=LINK,
        old="    done = spelled | left_alone\n",
        new="    done = spelled\n",
        tests=(ON_DECIDE + "test_a_status_that_a_create_could_not_set_is_set_by_the_next_decision",),
    ),
    Defect(
        name="the first confirmation agrees the whole decision",
        simulated=True,
        file=LINK,
        old="    return moved if decision.pending else _agreed(moved)\n",
        new="    return _agreed(moved)\n",
        tests=(ON_LINK + "test_the_first_of_two_confirmations_agrees_nothing",),
    ),
    Defect(
        name="a refused edit is agreed all the same",
        simulated=True,
        file=LINK,
        old="    return _settled(refused, event.intent_id, dropped=_fields_of(write))\n",
        new="    return _settled(refused, event.intent_id)\n",
        tests=(
            EVOLVE_LAWS + "test_a_refused_or_overtaken_field_stays_as_it_was_on_every_side",
            ON_LINK + "test_a_refused_edit_is_not_agreed_and_does_not_come_back_from_the_other_side",
        ),
    ),
    Defect(
        name="a listing from before our write is believed",
        simulated=True,
        file=SIDE,
        old="    return side.read_at is not None and taken_at < side.read_at\n",
        new="    return False\n",
        tests=(
            EVOLVE_LAWS + "test_a_reading_older_than_what_is_known_changes_nothing",
            ON_LINK + "test_a_listing_from_before_our_write_is_not_believed",
        ),
    ),
    Defect(
        name="a record that an old listing did not show is gone",
        file=LINK,
        old="    if is_lost(side) or is_stale(side, event.taken_at):\n",
        new="    if is_lost(side):\n",
        tests=(
            EVOLVE_LAWS + "test_a_reading_older_than_what_is_known_changes_nothing",
            ON_LINK + "test_a_record_that_an_old_listing_did_not_show_is_not_gone",
        ),
    ),
    Defect(
        name="an edit made before a created record was found again is taken for ours",
        simulated=True,
        file=LINK,
        old="    found_again = write.operation is Operation.CREATE and event.proof is Proof.FOUND\n",
        new="    found_again = False\n",
        tests=(
            EVOLVE_LAWS + "test_a_create_found_again_agrees_what_was_sent_and_shows_what_is_there",
            ON_LINK + "test_a_created_record_that_was_edited_before_we_found_it_again_keeps_the_edit",
        ),
    ),
    Defect(
        name="a merged value that landed on one side only is agreed there",
        file=AGREEMENT,
        old="    done = done.without(half_done)\n",
        new="",
        tests=(ON_LINK + "test_a_merged_value_that_landed_on_one_side_only_does_not_cost_that_side_its_edit",),
    ),
    Defect(
        name="what was read while a write was on its way is agreed with it",
        simulated=True,
        file=AGREEMENT,
        old="    basis = (before or NO_FIELDS).without(decision.dropped)\n",
        new="    basis = side.observed.only((before or NO_FIELDS).without(decision.dropped))\n",
        tests=(
            ON_LINK + "test_an_edit_of_the_same_record_while_its_own_edit_is_on_its_way_is_sent_afterwards",
            EVOLVE_LAWS + "test_agreed_moves_to_the_basis_or_to_what_the_remote_says_it_stored",
        ),
    ),
    Defect(
        name="two decisions may be open at once",
        file=LINK,
        old='    if link.decision is not None:\n        raise ImpossibleHistory(f"link {link.link_id} has a decision outstanding and cannot make',
        new='    if False:\n        raise ImpossibleHistory(f"link {link.link_id} has a decision outstanding and cannot make',
        tests=(EVOLVE_LAWS + "test_a_second_decision_beside_an_open_one_is_impossible",),
    ),
    Defect(
        name="a link takes over a record that is not its own",
        file=LINK,
        old='    if side.ref != event.ref:\n        raise ImpossibleHistory(f"link {link.link_id} stands for {side.ref} and',
        new='    if False:\n        raise ImpossibleHistory(f"link {link.link_id} stands for {side.ref} and',
        tests=(EVOLVE_LAWS + "test_no_link_stands_for_two_records_of_one_endpoint",),
    ),
    Defect(
        name="events that change nothing are not counted",
        simulated=True,
        file=LINK,
        old="    return changed(_applied(link, event), version=link.version + 1)\n",
        new="    after = _applied(link, event)\n"
        "    return after if after is link else changed(after, version=link.version + 1)\n",
        tests=(EVOLVE_LAWS + "test_the_version_counts_the_events",),
    ),
    # Judge.
    Defect(
        name="a write that was overtaken is sent again",
        file=JUDGE,
        old="    return Overtaken(now, f\"{', '.join(moved)} neither as before nor as we wrote it\")\n",
        new="    return DidNotLand() if moved else DidNotLand()\n",
        tests=(
            JUDGE_LAWS + "test_a_write_is_never_said_not_to_have_landed_when_another_value_is_there",
            JUDGE_LAWS + "test_every_state_of_a_record_has_exactly_one_verdict",
        ),
    ),
    Defect(
        name="half of our values is enough",
        simulated=True,
        file=JUDGE,
        old="    if current == write.stored:\n",
        new="    if set(current.items()) & set(write.stored.items()):\n",
        tests=(JUDGE_LAWS + "test_a_write_never_landed_when_one_of_our_values_is_missing",),
    ),
    Defect(
        name="an update of a deleted record is sent again",
        file=JUDGE,
        old='        return Overtaken(None, "the record is no longer there")\n',
        new="        return DidNotLand()\n",
        tests=(JUDGE_LAWS + "test_an_update_of_a_record_that_is_gone_is_overtaken",),
    ),
    Defect(
        name="absence is believed at once, and the record made twice",
        simulated=True,
        file=JUDGE,
        old="    return DidNotLand() if patience_over else TooEarly()\n",
        new="    return DidNotLand()\n",
        tests=(
            JUDGE_LAWS + "test_absence_is_no_proof_before_its_time",
            JUDGE_LAWS + "test_a_create_landed_exactly_when_one_record_carries_its_key",
        ),
    ),
    Defect(
        name="one of several clones is taken for ours",
        file=JUDGE,
        old="    if len(distinct) > 1:\n",
        new="    if len(distinct) > 99:\n",
        tests=(JUDGE_LAWS + "test_a_create_landed_exactly_when_one_record_carries_its_key",),
    ),
    # Rules.
    Defect(
        name="equal times have a latest one",
        file=RULES,
        old="        if latest == before or latest - before <",
        new="        if latest - before <",
        tests=(
            RULE_LAWS + "test_built_in_rules_keep_the_laws",
            RULE_LAWS + "test_latest_write_without_tolerance_does_not_choose_between_equal_times",
        ),
    ),
    Defect(
        name="clocks of two hosts are compared to the second",
        file=RULES,
        old="timedelta(seconds=self.clock_skew_s)",
        new="timedelta(seconds=0)",
        tests=(RULE_LAWS + "test_latest_write_never_decides_between_times_that_are_too_close",),
    ),
    Defect(
        name="a preferred side loses to what was agreed before",
        file=RULES,
        old="        return Take(version.value) if version else self.then(conflict)\n",
        new="        return Take(version.agreed) if version else self.then(conflict)\n",
        tests=(
            RULE_LAWS + "test_built_in_rules_keep_the_laws",
            RULE_LAWS + "test_a_preferred_side_wins_whenever_it_changed_the_field",
        ),
    ),
    Defect(
        name="a removed member of a set comes back",
        file=RULES,
        old="        return Take(tuple(sorted(members - removed)))\n",
        new="        return Take(tuple(sorted(members)))\n",
        tests=(RULE_LAWS + "test_a_union_keeps_what_was_added_and_drops_what_was_removed",),
    ),
    Defect(
        name="overlapping edits of a text are mixed",
        file=RULES,
        old="    if any(following[0] <= edit[1] for edit, following in pairwise(edits)):\n",
        new="    if any(following[0] < edit[0] for edit, following in pairwise(edits)):\n",
        tests=(
            RULE_LAWS + "test_merged_texts_hold_only_lines_of_the_two_and_the_order_does_not_matter",
            "unit/domain/test_conflict_rules.py::test_texts_edited_in_the_same_place_are_left_to_the_next_rule",
        ),
    ),
    # Identity and codec.
    Defect(
        name="anything that Python reads as a number is a sync key",
        file=IDENTITY,
        old="    return UUID(hex=key) if _SYNC_KEY.fullmatch(key) else None\n",
        new="    try:\n        return UUID(hex=key) if len(key) == 32 else None\n"
        "    except ValueError:\n        return None\n",
        tests=("unit/domain/test_identity.py::test_text_that_is_no_sync_key_names_no_link",),
    ),
    Defect(
        name="a time of another zone is stored as if it were UTC",
        file=CONVERTER,
        old="    return value.astimezone(UTC).isoformat()\n",
        new="    return value.replace(tzinfo=UTC).isoformat()\n",
        tests=(CODEC_LAWS + "test_reading_what_was_stored_gives_the_same_event",),
    ),
    Defect(
        name="a set comes back as a list",
        file=CONVERTER,
        old="        return tuple(value)\n",
        new="        return value\n",
        tests=(CODEC_LAWS + "test_reading_what_was_stored_gives_the_same_event",),
    ),
    Defect(
        name="text that is no UTF-8 is damaged",
        file=JSON,
        old='        return _SLOW + text.encode("utf-8", "surrogatepass")\n',
        new='        return _SLOW + text.encode("utf-8", "replace")\n',
        tests=(
            CODEC_LAWS + "test_plain_data_survives_as_bytes",
            CODEC_LAWS + "test_reading_what_was_stored_gives_the_same_event",
        ),
    ),
    Defect(
        name="fields of a newer version are dropped in silence",
        file=CONVERTER,
        old="Converter(forbid_extra_keys=True,",
        new="Converter(forbid_extra_keys=False,",
        tests=("unit/adapters/test_event_codec.py::test_a_field_that_is_not_known_asks_for_an_upgrade",),
    ),
    Defect(
        name="a conflict goes on waiting although its rule was changed",
        file=DECIDE,
        old=" == values and parked.rule == str(rule):\n",
        new=" == values:\n",
        tests=("unit/engine/test_changed_rules.py::test_a_restart_with_another_rule_settles_what_waited",),
    ),
    Defect(
        name="what was taken back waits for ever",
        file=WAITING,
        old="    return frozenset(conflicts | refusals - ",
        new="    return frozenset() and frozenset(conflicts | refusals - ",
        tests=(
            "unit/engine/test_taken_back.py::test_a_refused_edit_that_is_taken_back",
            "unit/engine/test_taken_back.py::test_a_conflict_that_both_sides_take_back",
        ),
    ),
    Defect(
        name="a refusal is forgotten although its edit is still there",
        file=WAITING,
        old=" and unchanged >= set(refusal.fields)\n",
        new="\n",
        tests=("unit/engine/test_taken_back.py::test_another_edit_does_not_make_the_refused_one_moot",),
    ),
    Defect(
        name="everybody probes a host at once",
        file=BREAKER,
        old="        self._probing = True\n",
        new="        self._probing = False\n",
        tests=(
            "unit/adapters/test_breaker.py::test_one_probe_among_fifty",
            "unit/adapters/test_guarded_connector.py::test_one_probe_among_fifty_waiting_calls",
        ),
    ),
    Defect(
        name="processes that failed together come back together",
        file=CALLS,
        old="random.uniform(0.0, bound_s)",
        new="bound_s",
        tests=("unit/adapters/test_call_settings.py::test_processes_do_not_wait_in_step",),
    ),
    # Deletions.
    Defect(
        name="two looks in one pass are taken for a proof",
        file=OBSERVE,
        old="            if known.ref in self._links.missed:\n",
        new="            if False:\n",
        tests=(ON_DELETIONS + "test_two_looks_in_one_pass_are_one_look",),
    ),
    Defect(
        name="absence is believed at once",
        simulated=True,
        file="syncengine/domain/events.py",
        old="        return self is not Evidence.ABSENT\n",
        new="        return True\n",
        tests=(
            ON_LOSSES + "test_a_record_that_only_vanished_is_left_alone",
            ON_DELETIONS + "test_a_deletion_without_tombstones_needs_two_looks",
        ),
    ),
    Defect(
        name="a deletion wins over an edit",
        simulated=True,
        file=LOSSES,
        old="any(_is_edited(link.sides[name], shared) for name in left)",
        new="False",
        tests=(
            ON_LOSSES + "test_an_edit_beats_a_deletion",
            DECIDE_LAWS + "test_a_delete_follows_a_proved_deletion_elsewhere_and_removes_no_edit",
        ),
    ),
    Defect(
        name="a delete expects nothing",
        simulated=True,
        file=LOSSES,
        old="        expected=side.observed,\n",
        new="        expected=NO_FIELDS,\n",
        tests=(
            ON_LOSSES + "test_an_edit_that_nobody_has_seen_is_not_deleted",
            DECIDE_LAWS + "test_a_delete_follows_a_proved_deletion_elsewhere_and_removes_no_edit",
        ),
    ),
    Defect(
        name="every deletion propagates",
        simulated=True,
        file=LOSSES,
        old="    if rule is DeletionRule.KEEP:\n",
        new="    if rule is None:\n",
        tests=(ON_LOSSES + "test_the_settings_may_keep_what_was_deleted_elsewhere",),
    ),
    Defect(
        name="a record that came back is deleted again",
        simulated=True,
        file=LINK,
        old="changed(seen, agreed=NO_FIELDS)",
        new="seen",
        tests=(ON_LOSSES + "test_a_record_that_comes_back_is_wanted",),
    ),
    Defect(
        name="a doubt replaces a proof",
        file=LINK,
        old="    if is_lost(side) or is_stale(side, event.taken_at):\n",
        new="    if is_stale(side, event.taken_at):\n",
        tests=(ON_LOSSES + "test_proof_is_not_forgotten_because_of_a_doubt",),
    ),
    Defect(
        name="a delete that landed is judged as edited",
        file=JUDGE,
        old="        return Landed(None)\n",
        new='        return Overtaken(None, "gone")\n',
        tests=(ON_LOSSES + "test_a_delete_whose_record_is_gone_has_landed",),
    ),
    Defect(
        name="an empty listing is believed",
        file=LISTING,
        old="    if doubtful and not seen:\n",
        new="    if False:\n",
        tests=(ON_DELETIONS + "test_an_empty_listing_is_believed_only_when_a_person_says_so",),
    ),
    Defect(
        name="the safety limits are not looked at",
        simulated=True,
        file=DELETIONS,
        old="            if excess is None or plan not in unapproved:\n",
        new="            if True:\n",
        tests=(ON_DELETIONS + "test_what_is_more_than_the_limits_allow_waits_for_a_person",),
    ),
    Defect(
        name="an approval covers whatever is deleted later",
        file=SAFETY,
        old="        return digest_of(self.place, (",
        new="        return digest_of(self.place, () and (",
        tests=(
            ON_DELETIONS + "test_an_approval_covers_no_record_more",
            ON_DELETIONS + "test_an_edit_of_what_would_be_deleted_makes_another_plan",
        ),
    ),
    # The lease.
    Defect(
        name="the fence is missing in transactions",
        simulated=True,
        file=LOG_TRANSACTION,
        old="        lease.require(cursor)\n",
        new="",
        tests=(
            ON_FENCE + "test_a_paused_process_that_wakes_up_appends_nothing",
            ON_FENCE + "test_every_kind_of_write_asks_for_the_epoch",
        ),
    ),
    Defect(
        name="a lease that was lost and is ours again does not say so",
        file=LEASE,
        old="        if locked and self._last_epoch() == self.epoch:\n",
        new="        if locked:\n",
        tests=(
            ON_FENCE + "test_a_lease_that_was_given_back_meanwhile_is_taken_again",
            ON_FENCE + "test_who_holds_the_lock_takes_back_an_epoch_that_somebody_without_it_took",
        ),
    ),
    Defect(
        name="the lease is never renewed",
        file=FENCE,
        old="            lease_row.renew(cursor, self.epoch, self._time(cursor), lasts_s=self.lasts_s)\n",
        new="",
        tests=(ON_FENCE + "test_the_lease_is_renewed_by_whatever_is_written",),
    ),
    # A log that cannot lie.
    Defect(
        name="events are stored without a seal",
        file=LOG_TRANSACTION,
        old="        seal_new_events(cursor, last, lease.epoch)\n",
        new="",
        tests=(ON_CHECK + "test_every_transaction_has_a_seal_that_knows_the_epoch",),
    ),
    Defect(
        name="seals do not build on the seals before",
        file=CHAIN,
        old='blake2b(before.digest or b"", digest_size',
        new='blake2b(b"", digest_size',
        tests=(ON_CHECK + "test_a_transaction_that_was_replaced_together_with_its_seal_is_found",),
    ),
    Defect(
        name="a seal does not cover what the event says",
        file=CHAIN,
        old="        self._hash.update(state)\n",
        new="",
        tests=(FOUND + "[an event was changed]",),
    ),
    Defect(
        name="the chain is not checked by verify",
        file=EVENT_CHECK,
        old="        if seal.digest is not None and digest.value() != seal.digest:\n",
        new="        if False:\n",
        tests=(FOUND + "[an event was changed]", FOUND + "[a seal was changed]"),
    ),
    Defect(
        name="verify skips gaps",
        file=EVENT_CHECK,
        old="    if position != expected:\n",
        new="    if False:\n",
        tests=(FOUND + "[an event is missing]",),
    ),
    Defect(
        name="verify skips gaps in streams",
        file=EVENT_CHECK,
        old="        if self.versions.expected(position, stream, version) != version:\n",
        new="        if False:\n",
        tests=(FOUND + "[a version was skipped]",),
    ),
    Defect(
        name="events without a seal are believed",
        file=EVENT_CHECK,
        old="            for position, *_ in rows:\n",
        new="            for position, *_ in ():\n",
        tests=(FOUND + "[an event was added]", FOUND + "[the last seal is missing]"),
    ),
    Defect(
        name="start-up trusts a damaged short log",
        file=LOG_CHECK,
        old="    if report.sound or report.only_views:\n",
        new="    if True:\n",
        tests=(FOUND + "[an event was changed]",),
    ),
    Defect(
        name="start-up trusts a damaged tail",
        file=SQLITE,
        old="            views_sound = require_sound(path)\n",
        new="",
        tests=(
            FOUND + "[an event was changed]",
            ON_CHECK + "test_the_last_part_of_a_long_log_is_looked_at_whenever_it_is_opened[the last seal is missing]",
        ),
    ),
    Defect(
        name="verify does not compare the views",
        file=VIEW_CHECK,
        old="        wrong = [table for table in TABLES if log.views_differ(table, one_way=table == _NOTES)]\n",
        new="        wrong = [table for table in TABLES if False]\n",
        tests=(ON_CHECK + "test_views_that_say_something_else_are_found_and_made_anew[DELETE FROM view_records]",),
    ),
    Defect(
        name="notes about links are trusted after a start",
        file=LOG_TRANSACTION,
        old="            cursor.execute(LOOK_AGAIN, (seals",
        new="            cursor.execute(LOOK_AGAIN, (1 << 60,) or (seals",
        tests=(ON_CHECK + "test_the_links_of_the_last_transactions_are_looked_at_again_after_a_start",),
    ),
    Defect(
        name="a holder that was overtaken still sends its writes",
        simulated=True,
        file=GUARD,
        old="                self._may_write()  #",
        new="                pass  #",
        tests=(
            "unit/adapters/test_guarded_connector.py::test_a_write_that_must_not_be_made_any_more_is_not_made",
            "unit/runner/test_bootstrap.py::test_a_process_that_was_overtaken_sends_nothing",
        ),
    ),
    # By the names that people give them, each found by histories.
    Defect(
        name="the map is saved late, after many writes",
        simulated=True,
        file=LINKS,
        old="                await self._log.append(*appends, caused_by=self._caused_by)\n            except BaseException:\n",
        new="                late = self.__dict__.setdefault('_late', [])\n"
        "                late.extend(appends)\n"
        "                if len(late) > 4:\n"
        "                    await self._log.append(*late, caused_by=self._caused_by)\n"
        "                    late.clear()\n"
        "            except BaseException:\n",
        tests=(IN_HISTORIES,),
    ),
    Defect(
        name="whatever is open is sent again without a look",
        simulated=True,
        file=SETTLE,
        old="        if open_write.intent_id in self._carrier.certainly_not_done:\n",
        new="        if True:\n",
        tests=(IN_HISTORIES,),
    ),
    Defect(
        name="an unclear outcome is taken for a failure",
        simulated=True,
        file=CARRY_OUT,
        old='        if isinstance(event, WritePostponed) and event.outcome == "not_done":\n',
        new="        if isinstance(event, WritePostponed):\n",
        tests=(IN_HISTORIES,),
    ),
    Defect(
        name="the whole record is written and not what was edited",
        simulated=True,
        file=CARRY_OUT,
        old="connector.update(write.ref, write.fields, expected=write.expected)",
        new="connector.update(\n"
        "                    write.ref, link.sides[write.endpoint].observed | write.fields, expected=write.expected\n"
        "                )",
        tests=(IN_HISTORIES,),
    ),
    Defect(
        name="a cursor is saved before what was listed",
        simulated=True,
        file=OBSERVE,
        old="        await self._links.record_all(observation.steps, beside=observation.cursors)\n",
        new="        await self._links.record_all((), beside=observation.cursors)\n"
        "        await self._links.record_all(observation.steps)\n",
        tests=("unit/engine/test_predecessor_defects.py::test_b17_b18_a_cursor_is_never_ahead_of_what_it_stands_for",),
    ),
    Defect(
        name="a good answer that came late is believed although the row was lost",
        simulated=True,
        file=GUARD,
        old="        if suspect_s is not None and not 0 <= took_s <= suspect_s:\n",
        new="        if False:\n",
        tests=("unit/adapters/test_guarded_connector.py::test_a_good_answer_that_comes_too_late_proves_nothing",),
    ),
    Defect(
        name="what the settings want to have restored is deleted",
        simulated=True,
        file=LOSSES,
        old="    if rule is DeletionRule.RESTORE or edited or ",
        new="    if edited or ",
        tests=(ON_LOSSES + "test_the_settings_may_restore_what_was_deleted",),
    ),
    # What comes back from a bin.
    Defect(
        name="what came back in place of a record that we made is newer than what we sent",
        simulated=True,
        file=LINK,
        old="        disputed = frozenset(name for name, value in done.items() if event.fields.get(name) != value)\n",
        new="        pass\n",
        tests=(ON_RETURN + "test_an_answer_for_a_record_that_was_there_already_is_no_proof_of_ours",),
    ),
    Defect(
        name="a record is made anew beside the one that is back",
        file=SETTLE,
        old="        if lost is None or (record is None and lost.gone):\n",
        new="        if True:\n",
        tests=(ON_RETURN + "test_it_is_used_again_and_the_edit_that_it_was_wanted_for_arrives",),
    ),
    Defect(
        name="a person's choice overwrites an edit on a side that had no part in the conflict",
        file=WAITING,
        old="    return not any(_may_be_typed(state) for state in others) and all(\n",
        new="    return all(\n",
        tests=(ON_DECIDE + "test_an_edit_on_a_third_side_is_newer_than_a_persons_choice_between_the_two_others",),
    ),
    Defect(
        name="a choice that one side refused is undone where it was made anew",
        file=AGREEMENT,
        old="        done |= _agreed_before(sides, endpoint).only(typed)\n",
        new="        done |= half_done\n",
        tests=(ON_DECIDE + "test_a_choice_that_one_side_refused_is_not_undone_where_it_was_made_anew",),
    ),
    Defect(
        name="what one side took comes back to an author who took it back",
        file=AGREEMENT,
        old="    return Unagreed(value=value, author=authors[0]) if alone else None\n",
        new="    return None\n",
        tests=(ON_DECIDE + "test_what_one_side_took_does_not_come_back_to_an_author_who_took_it_back",),
    ),
    Defect(
        name="the default of a record made anew is an edit because another side refused",
        file=AGREEMENT,
        old="        typed -= decision.untold.get(endpoint, frozenset())\n",
        new="",
        tests=(HALF_DONE + "test_the_default_of_a_record_made_anew_is_no_edit_when_another_side_refuses",),
    ),
    Defect(
        name="what one side took waits for an author who is lost",
        file=AGREEMENT,
        old="    alone = len(authors) == 1 and not sides[authors[0]].gone and ",
        new="    alone = len(authors) == 1 and ",
        tests=(HALF_DONE + "test_what_one_side_took_is_kept_when_its_author_is_lost",),
    ),
    Defect(
        name="an edit of what a create left blank is agreed when the create is found again",
        file=LINK,
        old="    left_alone = write.initial if event.proof is Proof.FOUND else write.initial | event.fields.only(write.initial)\n",
        new="    left_alone = write.initial | event.fields.only(write.initial)\n",
        tests=(HALF_DONE + "test_an_edit_of_what_a_create_left_blank_is_seen_when_the_create_is_found_again",),
    ),
    Defect(
        name="a default that is not the declared one is an edit",
        file=LINK,
        old="    left_alone = write.initial if event.proof is Proof.FOUND else write.initial | event.fields.only(write.initial)\n",
        new="    left_alone = write.initial\n",
        tests=(HALF_DONE + "test_a_default_that_is_not_the_declared_one_is_no_edit",),
    ),
    Defect(
        name="a status of a record that came back is taken for the default of ours",
        file=LINK,
        old="        untold={write.endpoint: write.untold - disputed},\n",
        new="        untold={write.endpoint: write.untold},\n",
        tests=(HALF_DONE + "test_a_status_of_a_record_that_came_back_is_not_taken_for_the_default_of_ours",),
    ),
    Defect(
        name="a person's choice overwrites a record that joined later with a value of its own",
        file=WAITING,
        old="    return state.changed or (state.agreed is Never.AGREED and not state.untold)\n",
        new="    return state.changed\n",
        tests=(
            HALF_DONE + "test_a_persons_choice_does_not_stand_against_a_third_record_that_joins_with_a_value_of_its_own",
        ),
    ),
    Defect(
        name="what was told late is not agreed because a third side was not told",
        file=AGREEMENT,
        old="    done |= half_done.without(typed)\n",
        new="",
        tests=(ON_DECIDE + "test_an_edit_back_to_the_default_counts_although_a_third_side_was_not_told_what_it_replaces",),
    ),
    Defect(
        name="a record made anew is taken for edited because another one was refused",
        file=AGREEMENT,
        old="    typed = {name for name in half_done if name in decision.chosen or _authors(sides, name, decision)}\n",
        new="    typed = set(half_done)\n",
        tests=(ON_DECIDE + "test_a_spelling_of_a_record_made_anew_does_not_come_back_when_another_one_is_refused",),
    ),
    Defect(
        name="what was refused to an item before it was closed is refused when it comes back",
        file=LINK,
        old="closed=event.reason, parked={}, resolved={}, refused={})",
        new="closed=event.reason)",
        tests=(ON_LOSSES + "test_an_item_that_comes_back_is_tried_anew_where_it_was_refused",),
    ),
    Defect(
        name="a copy that is to be left alone is taken for a record that we made",
        file=SETTLE,
        old="        unknown = [it for it in found if link.copies.get(it.ref) is None]",
        new="        unknown = list(found)",
        tests=(ON_COPIES + "test_a_clone_that_is_ignored_is_not_taken_for_a_record_that_was_to_be_made_anew",),
    ),
    Defect(
        name="a record of long ago is lost once more",
        file="syncengine/engine/direct_reads.py",
        old=" if is_present_in(side, known) else None",
        new="",
        tests=(ON_RETURN + "test_a_record_of_long_ago_is_not_lost_once_more",),
    ),
    Defect(
        name="an id that an item had before ends the pass when it is taken again",
        file=CARRY_OUT,
        old="(owner == link.link_id and not claims)",
        new="owner == link.link_id",
        tests=(ON_RETURN + "test_an_item_takes_an_id_of_its_own_a_second_time",),
    ),
    Defect(
        name="an edit goes with the deletion of what came back in a conflict with it",
        file=LINK,
        old="        dropped=disputed,\n",
        new="",
        tests=(ON_RETURN + "test_an_edit_survives_the_deletion_of_what_came_back_in_a_conflict_with_it",),
    ),
    Defect(
        name="a record is made anew for a loss of long ago, and stands there as a copy",
        file=SETTLE,
        old="        if lost is None or (record is None and lost.gone):\n",
        new="        if lost is None or record is None:\n",
        tests=(ON_RETURN + "test_it_comes_back_and_goes_again_before_it_is_made_anew",),
    ),
    Defect(
        name="a write to a record that an earlier one has replaced ends the pass",
        file=SETTLE,
        old="        if _is_replaced(link, pending.write):\n",
        new="        if False:\n",
        tests=(ON_RETURN + "test_a_write_to_a_record_that_was_replaced_by_an_earlier_one_is_decided_anew",),
    ),
    Defect(
        name="two records of an item that come back together end the pass",
        file=OBSERVE,
        old="heir = heirs.setdefault(known.link_id, side.ref if is_there else known.ref)\n",
        new="heir = known.ref if is_lost(side) else side.ref\n",
        tests=(ON_RETURN + "test_of_two_records_that_come_back_together_the_item_has_the_later_one",),
    ),
    Defect(
        name="an item is closed although an earlier record of it is back",
        file=CONVERGE,
        old="                    back = await self._reads.returned(link)\n",
        new="                    back = None\n",
        tests=(
            ON_RETURN + "test_the_item_lives_on_in_a_record_that_came_back_when_its_successor_goes",
            ON_RETURN + "test_an_item_is_not_closed_while_its_earlier_records_cannot_be_looked_at",
        ),
    ),
    # What every tool of this kind gets wrong once.
    Defect(
        name="a write is sent before it is saved",
        simulated=True,
        file=CONVERGE,
        old="            link = await self._links.record(link_id, back or decision, decided_at=link.version)\n",
        new="            for write in getattr(decision, 'writes', ()):\n                await self._carrier._call(link, write)\n            link = await self._links.record(link_id, back or decision, decided_at=link.version)\n",
        tests=(IN_HISTORIES,),
    ),
    Defect(
        name="the clock of the host decides what is newer",
        simulated=True,
        file=SIDE,
        old="    return taken_at if side is None or side.read_at is None else max(taken_at, side.read_at)\n",
        new="    return taken_at\n",
        tests=(ON_CLOCK + "test_an_edit_after_the_clock_was_set_back_travels",),
    ),
    Defect(
        name="a listing that lags is believed when the clock was set forward",
        simulated=True,
        file="syncengine/engine/trusted_times.py",
        old="        if self._ahead_s - before_s > JUMP_S:\n",
        new="        if False:\n",
        tests=(ON_CLOCK + "test_a_listing_that_lags_is_not_believed_because_the_clock_was_set_forward",),
    ),
    Defect(
        name="the cursor moves past a record that waits for a create",
        file=LISTING,
        old="        if self.held_back or self.cursor is None or ",
        new="        if self.cursor is None or ",
        tests=(ON_DELETIONS + "test_the_cursor_waits_for_a_record_that_may_be_a_create_under_way",),
    ),
    Defect(
        name="it is decided without a side that cannot be heard",
        file=CONVERGE,
        old="            if self._is_stopping() or is_somebody_missing(link, participants, state.troubles):\n",
        new="            if self._is_stopping():\n",
        tests=(ON_THREE + "test_a_side_whose_project_is_hidden_for_a_while_is_told_afterwards",),
    ),
    Defect(
        name="a blank that nobody typed takes part in a first contact",
        file=MERGE,
        old='        return _agree(typed, same, reason="first seen")\n',
        new='        return _agree(states, same, reason="first seen")\n',
        tests=("unit/domain/test_merge.py::test_a_value_that_nobody_typed_takes_no_part_in_a_first_contact",),
    ),
    Defect(
        name="an edit of a record that was made a second time is taken for its spelling",
        file="syncengine/engine/carry_out.py",
        old="        return Proof.FOUND if again and ids_are_ours else Proof.ANSWER\n",
        new="        return Proof.ANSWER\n",
        tests=(MADE_AGAIN + "test_an_edit_of_a_record_that_is_made_a_second_time_is_kept",),
    ),
    Defect(
        name="a name on three sides is taken for ambiguous",
        file="syncengine/engine/identify.py",
        old="            if others and _are_one(",
        new="            if len(others) == 1 and _are_one(",
        tests=(
            ON_THREE + "test_records_of_one_name_on_three_sides_are_one_item",
            ON_THREE + "test_a_record_joins_by_its_name_an_item_that_two_sides_have",
        ),
    ),
    Defect(
        name="records that an item has lost are counted as if they were sides",
        file=OBSERVE,
        old="                there[known.link_id].add(name)\n",
        new="                there[known.link_id].add(known.ref)\n",
        tests=(ON_THREE + "test_a_record_joins_by_its_name_an_item_that_two_sides_have[True]",),
    ),
    Defect(
        name="what a create in doubt may have made begins an item when the item has another name",
        file=DOUBTS,
        old="                named[record.ref] = doubt.link_id\n",
        new="",
        tests=(ON_DOUBTS + "test_its_name_tells_whose_it_is_as_long_as_the_item_has_it[renamed-expected1]",),
    ),
    Defect(
        name="a search that lags is believed about a record that is gone",
        file="syncengine/engine/direct_reads.py",
        old="            now = await self._fetched(before) if before is not None and before.gone else record\n",
        new="            now = record\n",
        tests=(MADE_AGAIN + "test_a_search_that_lags_is_not_believed_about_a_record_that_is_gone",),
    ),
    Defect(
        name="a value that a person chose is nobody's when the sides that held it are lost",
        file=AGREEMENT,
        old="if name in decision.chosen or _authors(",
        new="if _authors(",
        tests=(HALF_DONE + "test_a_persons_choice_is_heard_beside_an_edit_although_the_sides_it_was_made_for_were_lost",),
    ),
    Defect(
        name="what a lost record held is agreed with the one that came back",
        file=LINK,
        old="            replaced=decision.replaced | {endpoint},\n",
        new="",
        tests=(HALF_DONE + "test_what_a_lost_record_held_is_not_agreed_with_one_that_comes_back_before_the_end",),
    ),
    Defect(
        name="the author of an edit speaks through an older record",
        file=AGREEMENT,
        old=" and authors[0] not in decision.replaced",
        new="",
        tests=(
            HALF_DONE + "test_what_was_typed_into_a_record_is_heard_where_it_arrived_when_an_older_one_takes_its_place",
        ),
    ),
    Defect(
        name="a tombstone from before our create is believed",
        file=OBSERVE,
        old="                steps += await self._looked_for(kind, listing, known, self._absence(known))\n            else:\n",
        new="                steps += await self._looked_for(kind, listing, known, Evidence.TOMBSTONE)\n            else:\n",
        tests=(ON_CLOCK + "test_a_record_deleted_after_the_clock_was_set_back_is_gone",),
    ),
    Defect(
        name="a record without a key is freed although nothing tells whose it was",
        file=GRANT,
        old="        if before is not None and copy.looks_alike:\n",
        new="        if False:\n",
        tests=(ON_DOUBTS + "test_it_is_not_kept_beside_a_record_that_would_begin_an_item_of_its_own",),
    ),
    Defect(
        name="a lost record is forgotten when another one is kept",
        file=GRANT,
        old="        before = side.ref if side is not None and not is_lost(side) else None\n",
        new="        before = side.ref if side is not None else None\n",
        tests=(ON_DOUBTS + "test_a_lost_record_that_comes_back_beside_the_one_that_was_kept_is_no_new_item",),
    ),
    Defect(
        name="a write that is refused again is repeated as long as the pass goes on",
        file=CONVERGE,
        old="                state.written.add(link_id)\n",
        new="",
        tests=(ON_PAUSES + "test_a_write_that_is_refused_again_is_not_repeated_in_the_same_pass",),
    ),
    Defect(
        name="a record of long ago that came back is taken for the one that was to be made",
        file="syncengine/engine/direct_reads.py",
        old="                (back if is_earlier else made).append(now)\n",
        new="                made.append(now)\n",
        tests=(MADE_AGAIN + "test_a_record_of_long_ago_that_comes_back_is_not_taken_for_what_was_to_be_made",),
    ),
    # A log in a PostgreSQL database.
    Defect(
        name="PostgreSQL: two transactions write at a time",
        file=PG_CONNECTION,
        old="        raw.execute(_WRITE_LOCK)\n",
        new="",
        tests=(ON_PG + "test_one_transaction_writes_at_a_time",),
    ),
    Defect(
        name="PostgreSQL: a process that is paused in a transaction keeps the lock",
        file=PG_CONNECTION,
        old="    SET idle_in_transaction_session_timeout = '{silent_within_ms}ms'",
        new="    SET idle_in_transaction_session_timeout = 0",
        tests=(ON_PG + "test_a_process_paused_in_a_transaction_does_not_keep_its_successor_waiting",),
    ),
    Defect(
        name="PostgreSQL: commits that a power cut undoes are taken for stored",
        file=PG_CONNECTION,
        old="        if value not in wanted:\n",
        new="        if False:\n",
        tests=(ON_PG + "test_a_database_that_would_lose_commits_is_refused",),
    ),
    Defect(
        name="PostgreSQL: a lease that was lost is taken from whoever has it now",
        file=PG_LEASE,
        old="        require_free(cursor, self._database, but_for=self.epoch)\n",
        new="",
        tests=(ON_PG + "test_a_lease_that_cannot_be_taken_again_says_why",),
    ),
    Defect(
        name="PostgreSQL: the lease runs by the clock of the process",
        file=PG_LEASE,
        old="    def _time(self, cursor: Cursor) -> datetime:\n        return server_time(cursor)\n",
        new="",
        tests=(ON_PG + "test_the_lease_runs_by_the_clock_of_the_server",),
    ),
    Defect(
        name="PostgreSQL: a transaction that was given up leaves a gap in the positions",
        file=PG_RECORDER,
        old="        cursor.execute(_SEQUENCE_BACK)\n",
        new="",
        tests=(ON_PG + "test_positions_are_those_of_a_file",),
    ),
    Defect(
        name="PostgreSQL: a text that looks like a kept one comes back as another",
        file=PG_TEXTS,
        old='re.compile("[\\x00\\ud800-\\udfff\\ufdd0]")',
        new='re.compile("[\\x00\\ud800-\\udfff]")',
        tests=(ON_PG + "test_texts_that_the_database_does_not_take_come_back_as_they_were",),
    ),
    Defect(
        name="PostgreSQL: a connection that broke is used for ever",
        file=PG_DATABASE,
        old="        if self._connection is None or self._connection.closed:\n",
        new="        if self._connection is None:\n",
        tests=(ON_PG + "test_a_server_that_goes_away_and_comes_back_is_used_again",),
    ),
    Defect(
        name="PostgreSQL: a percent sign in a statement is taken for a parameter",
        file=PG_DIALECT,
        old='statement.replace("%", "%%").replace("?", "%s")',
        new='statement.replace("?", "%s")',
        tests=(ON_PG + "test_statements_are_put_into_the_words_of_the_database",),
    ),
)
