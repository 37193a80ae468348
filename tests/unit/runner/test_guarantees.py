"""`syncengine guarantees`: nothing is promised that the endpoints and rules do not give, and every promise has a test."""

import ast
import json
from pathlib import Path

import attrs
import pytest

from syncengine.domain.conflict_rules import AskAPerson, LatestWrite, MergeText, Prefer
from syncengine.domain.policy import DeletionRule, Policy, SafetyLimits
from syncengine.runner.guarantees import guarantees_of
from syncengine.testing import Abilities
from syncengine.testing.abilities import ISSUE

TESTS = Path(__file__).parents[2]


def promised(abilities=None, **policy):
    able = {"rules": {"issue": {"title": Prefer("left")}}} | policy
    return {
        (it.promise, it.about): it
        for it in guarantees_of({"left": (abilities or Abilities()).capabilities()}, Policy(**able))
    }


def of_left(promise, abilities, **policy):
    found = promised(abilities, **policy)[promise, "left"]
    return found.holds, found.detail


@pytest.mark.parametrize(
    ("storage", "holds", "words"),
    [
        ("id", "always", "finds the first record"),
        ("field", "always", "in a field of its own, 7 s after the call"),
        ("marker", "except", "not if somebody removes it"),
        ("none", "except", "waits for a person"),
    ],
)
def test_how_sure_it_is_that_nothing_is_made_twice_depends_on_the_key(storage, holds, words):
    """Only where a key cannot be lost it is always."""
    found, detail = of_left("no record is made twice", Abilities(key_storage=storage, listing_lag_s=7.0))
    assert (found, words in detail) == (holds, True), detail


def test_a_remote_that_cannot_compare_and_write_in_one_step_has_a_window():
    """It is said, and not hidden."""
    promise = "a value that nobody has read is not written over"
    assert of_left(promise, Abilities(conditional_writes=True))[0] == "always"
    holds, detail = of_left(promise, Abilities(conditional_writes=False))
    assert (holds, "an edit between the two is written over" in detail) == ("except", True)


def test_late_answers_and_tombstones_are_what_the_endpoint_declares():
    """With its own numbers."""
    assert (
        "after more than 4.5 s"
        in of_left("an answer that proves nothing is not believed", Abilities(suspect_after_s=4.5))[1]
    )
    evidence = "a deletion there is proved before anything follows"
    assert of_left(evidence, Abilities(tombstones=True))[1] == "it lists what was deleted"
    assert "in two passes" in of_left(evidence, Abilities())[1]


def test_what_is_hidden_behind_a_cursor_is_found_as_often_as_the_settings_say():
    """And without a cursor in the next pass."""
    promise = "what a listing did not show once is found later"
    assert of_left(promise, Abilities())[1] == "every pass lists everything"
    detail = of_left(promise, Abilities(change_cursor=True), full_listing_every_s=5400.0)[1]
    assert detail == "listings go on at a cursor, and every 1.5 h one begins at the start"


@pytest.mark.parametrize(
    ("rule", "holds"), [(DeletionRule.PROPAGATE, "always"), (DeletionRule.KEEP, "not"), (DeletionRule.RESTORE, "not")]
)
def test_what_follows_a_deletion_is_what_the_settings_say(rule, holds):
    """For each direction."""
    assert of_left("a deletion there travels", Abilities(), deletions={"left": rule})[0] == holds


def test_what_cannot_be_deleted_is_named():
    """By its kind."""
    stuck = Abilities(schemas=(attrs.evolve(ISSUE, can_delete=False),))
    assert "it deletes no issue" in of_left("a deletion elsewhere arrives there", stuck)[1]
    assert ("a deletion elsewhere arrives there", "left") not in promised(Abilities())


def test_limits_and_fields_that_may_wait_are_those_of_the_policy():
    """A rule that may leave a conflict to a person is named, one that always decides is not."""
    rules = {"issue": {"title": Prefer("left"), "status": AskAPerson(), "description": MergeText(then=LatestWrite())}}
    found = promised(rules=rules, safety=SafetyLimits(deletions=3, share=0.25))
    assert (
        "more than 3 in one pairing or in all together, or 25% if that is more"
        in found["many deletions at once wait for a person", ""].detail
    )
    waiting = found["conflicts end by themselves", ""].detail
    assert waiting.startswith("issue.description, issue.status may wait")
    assert ("conflicts end by themselves", "") not in promised()


def test_every_promise_names_a_test_that_is_there():
    """A promise without a test is none."""
    everything = [
        *promised(Abilities(tombstones=True), rules={"issue": {"title": AskAPerson()}}).values(),
        *promised(Abilities(schemas=())).values(),
    ]
    for it in everything:
        file, _, name = it.shown_by.partition("::")
        tree = ast.parse((TESTS / file).read_text("utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assigned = {ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
        assert name in defined | assigned, it.shown_by


def test_the_command_prints_them_for_the_configured_endpoints(home):
    """As a table and as JSON; nothing is written, not even a log."""
    done = home.run("guarantees")
    assert done.exit_code == 0, done.stderr
    assert "no write without a saved intent" in done.stdout
    found = json.loads(home.run("guarantees", "--json").stdout)
    assert {it["about"] for it in found} == {"", "left", "right"}
    assert not home.log.exists()
