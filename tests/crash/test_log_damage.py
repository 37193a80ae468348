"""Any byte of the last transactions of a log, cut off or changed: what goes on is true, the rest is named."""

import asyncio
from collections import Counter

import pytest

from tests.crash.damaged_copies import PAGE, Damage, damage, tell
from tests.crash.log_damage import NAMED, OUTCOMES, PREFIX, VIEWS, WHOLE, try_all, try_out

CASES = 198


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    return asyncio.run(tell(tmp_path_factory.mktemp("true")))


def test_no_damaged_log_goes_on_with_what_is_not_true():
    """A sample; `nox -s damage` tries ten times as many."""
    cases = try_all(range(CASES))
    wrong = [case for case in cases if case.wrong is not None]
    assert not wrong, f"python -m tests.crash.log_damage --cases 1 --first {wrong[0].damage.seed}: {wrong[0].wrong}"
    outcomes = Counter(case.outcome for case in cases)
    assert set(outcomes) <= set(OUTCOMES)
    assert outcomes[NAMED] > CASES / 10
    assert outcomes[PREFIX] > CASES / 10


def test_every_page_that_did_not_reach_the_disk_is_missed_or_was_not_needed(story, tmp_path):
    """The disk said that it had written the last transactions, and lost one of their pages."""
    outcomes = Counter()
    for copy in story.copies:
        for page in copy.before:
            lost = Damage(copy=copy.name, kind="stale", file="log.db", offset=page * PAGE, seed=1)
            case = try_out(story, lost, tmp_path / "case")
            assert case.wrong is None, f"page {page} of {copy.name}: {case.wrong}"
            outcomes[case.outcome] += 1
    assert outcomes[NAMED] > 10
    assert outcomes[VIEWS] > 0


def test_every_copy_and_every_kind_of_damage_is_tried(story):
    """And a copy without damage goes on whole."""
    tried = {(it.copy, it.kind) for it in (damage(story, seed) for seed in range(CASES))}
    assert {copy for copy, _ in tried} == {copy.name for copy in story.copies}
    assert {kind for _, kind in tried} == {"bit", "byte", "zeros", "noise", "cut", "stale"}


def test_an_undamaged_copy_goes_on_whole(story, tmp_path):
    """A run of zeros over zeros, so to speak."""
    for copy in story.copies:
        end = len(copy.files["log.db"])
        nothing = Damage(copy=copy.name, kind="cut", file="log.db", offset=end, seed=1)
        assert try_out(story, nothing, tmp_path / "case").outcome == WHOLE
