"""Some hundred histories in each mode, the same in every process, and what a broken engine looks like."""

import os
import subprocess
import sys

import pytest
from attrs import evolve

from syncengine.adapters.event_log import OpenLog
from syncengine.adapters.fence import Fence
from syncengine.domain.conflict_rules import AskAPerson, MergeText, Take
from syncengine.domain.judge import DidNotLand
from syncengine.engine import settle
from syncengine.engine.sync_pass import Engine
from syncengine.testing.simulation import Failure, Report, simulate, story_of
from syncengine.testing.simulation.__main__ import main
from syncengine.testing.simulation.drawing import draw
from syncengine.testing.simulation.history import play
from syncengine.testing.simulation.script import Crash, Pass

DOUBLED = 367
"""A history in which the answer to a create is lost and the record is made."""


@pytest.mark.parametrize("mode", ["safety", "liveness"])
def test_no_promise_is_broken(mode):
    """A hundred histories; many more are played by `nox -s simulate`."""
    report = simulate(100, seed=40_000, mode=mode)
    assert report.ok, report
    assert report.histories == report.counts["histories"] == 100
    assert report.counts["event WriteConfirmed"] > 100
    assert sum(number for name, number in report.counts.items() if name.startswith("crash ")) > 10


def test_two_processes_find_what_one_finds():
    """The portions of the seeds come back in any order; the counts are the same."""
    alone, together = simulate(200, mode="both"), simulate(200, mode="both", jobs=2)
    assert alone.counts == together.counts
    assert together.ok, together


def test_one_seed_is_one_history_in_every_process():
    """Byte for byte, whatever the hashes of strings are in a process."""
    told = [_in_a_process("--replay", "7", "--mode", "liveness", hashes=str(number)) for number in (1, 2)]
    assert told[0] == told[1]
    assert told[0].count("\n") > 20
    assert told[0].endswith("no promise was broken\n")
    assert told[0].splitlines()[:-1] == list(story_of(7, healing=True))


def _in_a_process(*arguments, hashes):
    command = [sys.executable, "-m", "syncengine.testing.simulation", *arguments]
    environment = os.environ | {"PYTHONHASHSEED": hashes}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_blind_retry_is_found_and_told_in_a_small_story(monkeypatch, capsys):
    """The command in the failure plays it again and prints the same."""
    monkeypatch.setattr(settle, "judge_create", lambda found, **_: DidNotLand())
    report = simulate(1, seed=DOUBLED, mode="liveness")
    assert not report.ok
    (failure,) = report.failures
    assert (failure.seed, failure.mode, failure.invariant) == (DOUBLED, "liveness", "no duplicate")
    assert len(failure.story) < 20
    assert any("somebody makes" in line for line in failure.story)
    assert failure.replay == f"python -m syncengine.testing.simulation --replay {DOUBLED} --mode liveness"
    assert main(failure.replay.split()[3:]) == 1
    assert capsys.readouterr().out == f"{failure}\n"
    assert str(failure) in str(report)
    assert "no duplicate: 1 broken" in str(report)


def test_a_failing_history_is_named_at_once(monkeypatch, capsys):
    """The story comes at the end, which may be hours away."""
    monkeypatch.setattr(settle, "judge_create", lambda found, **_: DidNotLand())
    assert main(["--histories", "1", "--seed", str(DOUBLED), "--mode", "liveness"]) == 1
    told = capsys.readouterr()
    assert told.err == f"a promise is broken: python -m syncengine.testing.simulation --replay {DOUBLED} --mode liveness\n"
    assert "breaks a promise: no duplicate" in told.out


def test_a_failing_history_keeps_only_what_it_needs(monkeypatch):
    """Everything else that happened in it is left out."""
    monkeypatch.setattr(settle, "judge_create", lambda found, **_: DidNotLand())
    whole = draw(DOUBLED, healing=True)
    lines = []
    assert play(whole, lines.append).broken is not None
    failure = story_of(DOUBLED, healing=True)
    assert isinstance(failure, Failure)
    assert len(failure.story) < len(lines)
    assert not any("touches" in line for line in failure.story)


def test_an_engine_that_does_nothing_fails():
    """Safe it is, but nothing finishes."""

    async def nothing(self, *, retry_refused=False):
        del self, retry_refused

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "run_pass", nothing)
        report = simulate(4, mode="liveness")
    assert [failure.invariant for failure in report.failures] == ["everything that is not parked finishes"]


def test_own_rules_can_be_simulated():
    """What a rule makes of two texts counts as typed by whoever wrote them."""
    report = simulate(60, rules={"description": MergeText(then=AskAPerson())})
    assert report.ok, report


class Swallow:
    """A rule that gives everybody a value that nobody has."""

    def __call__(self, conflict):
        del conflict
        return Take("somewhere else #99")

    def __repr__(self):
        return "Prefer(endpoint='nobody')"


def test_a_rule_that_invents_a_value_is_found():
    """It says of itself that it only chooses."""
    report = simulate(400, rules=dict.fromkeys(("title", "description"), Swallow()))
    assert report.failures[0].invariant in {"nothing is invented", "items are kept apart"}


def test_the_command_tells_what_was_reached_and_ends_well(capsys):
    """Counters of faults, deeds and crash points, and the zeros."""
    assert main(["--histories", "30", "--mode", "safety"]) == 0
    told = capsys.readouterr().out
    for word in (
        "faults: refused ",
        "what persons did: create ",
        "the process died: at append.before ",
        "no duplicate: 0 broken",
    ):
        assert word in told


def test_a_long_simulation_in_which_something_never_happens_is_not_well():
    """It would prove less than it says."""
    report = Report(histories=9_999)
    assert report.ok
    assert not evolve(report, histories=10_000).ok
    assert "never happened: refused" in str(report)


@pytest.mark.parametrize("crash", [Crash(count=30), Crash(point="append.after"), Crash(point="list.before", count=2)])
def test_a_crash_ends_a_pass_and_the_next_process_goes_on(crash):
    """At a step of the event loop, or at a named point."""
    script = draw(3, healing=True)
    steps = [evolve(step, crash=crash, strikes=(), acts=()) if isinstance(step, Pass) else step for step in script.steps]
    lines = []
    assert play(evolve(script, steps=tuple(steps)), lines.append).broken is None
    died = [line for line in lines if line.startswith("the process dies")]
    assert died
    assert crash.point is None or died[0] == f"the process dies at {crash.point}"


def played_with_a_sleeper(seed):
    """The first process is stopped when it wants to store something; the second one sees it wake up."""
    script = draw(seed, healing=True)
    stopped = Crash(point="append.before", count=2, sleeps=True)
    passes = [number for number, step in enumerate(script.steps) if isinstance(step, Pass)]
    steps = [evolve(step, crash=None) if isinstance(step, Pass) else step for step in script.steps]
    steps[passes[0]] = evolve(steps[passes[0]], crash=stopped, strikes=())
    lines = []
    setup = evolve(script.setup, on_disk=True, guarded=True)
    return play(evolve(script, setup=setup, steps=tuple(steps)), lines.append), lines


def test_a_process_that_wakes_up_overtaken_stores_and_sends_nothing(monkeypatch):
    """It sleeps where it wants to write to the log, and another one writes it meanwhile."""
    for seed in range(5):
        outcome, lines = played_with_a_sleeper(seed)
        assert outcome.broken is None
        assert "the process is stopped at append.before, and another one takes its place" in lines
        assert "the process that was stopped wakes up" in lines
    monkeypatch.setattr(Fence, "require", lambda self, cursor: None)
    monkeypatch.setattr(OpenLog, "require_lease", lambda self: None)
    assert {played_with_a_sleeper(seed)[0].broken.invariant for seed in range(5)} == {"one writer"}


def test_a_log_in_a_file_tells_the_same_story_as_one_in_memory():
    """Every process opens it anew; what is decided is the same."""
    script = draw(2, healing=True)
    calm = [evolve(step, crash=None) if isinstance(step, Pass) else step for step in script.steps]
    told = []
    for on_disk in (False, True):
        lines = []
        setup = evolve(script.setup, on_disk=on_disk)
        assert play(evolve(script, setup=setup, steps=tuple(calm)), lines.append).broken is None
        told.append([line for line in lines if line.startswith("    log: decided")])
    assert told[0] == told[1]
    assert len(told[0]) > 2
