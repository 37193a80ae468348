"""Forty kills while people work on both sides: nothing twice, nothing lost, nothing deleted, nothing open."""

import pytest

from tests.kills.__main__ import lines_of, never_hit
from tests.kills.drill import run_drill

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

KILLS, SEED = 40, 11


async def test_forty_kills_while_people_work_on_both_sides(real_vibe_server, tmp_path):
    """`nox -s kills` does the same with 500."""
    server = await real_vibe_server()
    outcome = await run_drill(server, tmp_path, kills=KILLS, seed=SEED)
    told = "\n".join(lines_of(outcome, SEED))
    assert outcome.account.is_clean, told
    assert not never_hit(outcome.killer), told
    book = outcome.people.book
    assert min(book.edits, book.deletions, outcome.killer.left_open) > 0, told
