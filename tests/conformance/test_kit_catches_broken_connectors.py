"""Every conformance check fails for the connector that breaks its promise, and for no other."""

import pytest

from syncengine.testing import CHECKS, run_checks
from syncengine.testing.conformance import name_of
from tests.conformance.broken_connectors import BROKEN
from tests.conformance.memory_subjects import subject_of

NAMES = [name_of(check) for check in CHECKS]


def test_every_check_has_a_connector_that_breaks_it():
    """No check is there of which nobody has ever seen that it can fail."""
    assert sorted(NAMES) == sorted(BROKEN)


@pytest.mark.parametrize("name", NAMES)
async def test_a_broken_promise_fails_its_check_and_no_other(name):
    """The kit points at the defect and not somewhere else."""
    abilities, connector = BROKEN[name]
    results = await run_checks(subject_of(abilities, connector))
    failed = {result.check: result.reason for result in results if result.verdict == "failed"}
    assert set(failed) == {name}, failed
    assert len(failed[name]) > 20, "the message should tell what happened"
