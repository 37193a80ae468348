"""Waiting, limits, and which rule is asked."""

import pytest

from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.identity import EndpointName, Kind
from syncengine.domain.policy import Backoff, Policy, SafetyLimits
from syncengine.errors import SettingsInvalid

ISSUE, PROJECT = Kind("issue"), Kind("project")


def test_waits_grow_and_stop_growing():
    """Each wait is longer than the one before, up to the longest."""
    backoff = Backoff(first_s=2, factor=3, longest_s=60)
    assert [backoff.wait_s(attempts) for attempts in range(1, 7)] == [2, 6, 18, 54, 60, 60]


def test_a_write_that_failed_for_weeks_still_has_a_wait():
    """The arithmetic does not overflow."""
    assert Backoff().wait_s(1_000_000) == Backoff().longest_s


@pytest.mark.parametrize("wrong", [{"first_s": 0}, {"factor": 0.5}, {"longest_s": 0}])
def test_a_backoff_that_would_not_wait_is_refused(wrong):
    """A mistake in the settings must not become a storm of requests."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Backoff(**wrong)


def test_a_few_deletions_are_always_allowed_and_a_share_of_many():
    """Five, or a tenth of what is known, if that is more."""
    limits = SafetyLimits()
    assert [limits.allowed(known) for known in (0, 3, 50, 51, 100, 1000)] == [5, 5, 5, 5, 10, 100]


@pytest.mark.parametrize("wrong", [{"deletions": -1}, {"share": 1.5}, {"share": -0.1}])
def test_limits_that_make_no_sense_are_refused(wrong):
    """A share is between nothing and everything."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SafetyLimits(**wrong)


def test_each_field_of_each_kind_has_its_own_rule():
    """A project's title may follow another rule than an issue's."""
    policy = Policy(rules={ISSUE: {"title": Prefer("huly")}, PROJECT: {"title": AskAPerson()}})
    assert policy.rule_for(ISSUE, "title") == Prefer("huly")
    assert policy.rule_for(PROJECT, "title") == AskAPerson()


@pytest.mark.parametrize(("kind", "name"), [(ISSUE, "status"), (PROJECT, "title")])
def test_a_field_without_a_rule_is_a_mistake_in_the_settings(kind, name):
    """It says where the rule belongs; there is no silent default."""
    policy = Policy(rules={ISSUE: {"title": AskAPerson()}})
    with pytest.raises(SettingsInvalid, match=f"sync.rules.{kind}.{name}"):
        policy.rule_for(kind, name)


def test_a_kind_that_is_not_listed_is_made_everywhere():
    """Creating is limited only where the settings say so."""
    policy = Policy(rules={}, creates={PROJECT: frozenset({EndpointName("vibe")})})
    assert policy.may_create(ISSUE, EndpointName("huly"))
    assert policy.may_create(PROJECT, EndpointName("vibe"))
    assert not policy.may_create(PROJECT, EndpointName("huly"))
