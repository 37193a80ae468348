"""Many histories, in this process or in several."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context

from attrs import evolve, frozen

from syncengine.domain.conflict_rules import ConflictRule
from syncengine.testing.simulation.broken_promise import BrokenPromise
from syncengine.testing.simulation.drawing import ISSUE, draw
from syncengine.testing.simulation.history import play
from syncengine.testing.simulation.reports import Failure, Mode, Report
from syncengine.testing.simulation.script import Script
from syncengine.testing.simulation.setup_in_words import setup_in_words
from syncengine.testing.simulation.shrink import shrink

PORTION = 100
"""Histories that a worker plays before it reports."""

Rules = Mapping[str, ConflictRule]
Progress = Callable[[int], None]
Alarm = Callable[[int, Mode], None]


@frozen(kw_only=True)
class _Portion:
    first: int
    histories: int
    mode: Mode
    rules: Rules


@frozen(kw_only=True)
class _Played:
    histories: int
    counts: Counter[str]
    failed: tuple[tuple[int, bool], ...]


def simulate(
    histories: int,
    *,
    seed: int = 0,
    mode: Mode = "both",
    jobs: int = 1,
    rules: Rules | None = None,
    failures: int = 1,
    progress: Progress | None = None,
    alarm: Alarm | None = None,
) -> Report:
    """
    Play histories and judge them.

    One seed is one history, the same in every process. A failing one is made as small as possible.

    Args:
        histories: how many; their seeds are `seed`, `seed + 1` and so on.
        mode: "safety" has faults to the end, in "liveness" they stop and everything has to finish; "both" takes turns.
        jobs: worker processes; 1 plays in this one.
        rules: conflict rules to use instead of drawn ones, by the name of the field ("title", "description", "status").
        failures: no more histories are begun after so many failed.
        progress: told how many were played, now and then.
        alarm: told the seed and the mode of a history that fails, as soon as it does; its story comes with the report.

    Returns:
        what was found; `report.ok` says whether all is well, and `str(report)` tells it.
    """
    began = time.monotonic()
    counts: Counter[str] = Counter()
    failed: list[tuple[int, bool]] = []
    played = 0
    for part in _played(_portions(histories, seed, mode, rules or {}, size=1 if histories < PORTION else PORTION), jobs):
        played += part.histories
        counts += part.counts
        failed += part.failed
        if alarm is not None:
            for number, healing in part.failed:
                alarm(number, _mode(healing=healing))
        if progress is not None:
            progress(played)
        if len(failed) >= failures:
            break
    stories = tuple(story_of(number, healing=healing, rules=rules) for number, healing in sorted(failed)[:failures])
    found = tuple(story for story in stories if isinstance(story, Failure))
    return Report(histories=played, failures=found, counts=counts, seconds=time.monotonic() - began)


def story_of(seed: int, *, healing: bool, rules: Rules | None = None) -> Failure | tuple[str, ...]:
    """The failure of a seed in its smallest form, or the lines of its story when it breaks no promise."""
    script = _script(seed, healing=healing, rules=rules or {})
    lines: list[str] = []
    broken = play(script, lines.append).broken
    if broken is None:
        return (*setup_in_words(script.setup), *lines)
    small, broken = _smallest(script, broken)
    lines = list(setup_in_words(small.setup))
    play(small, lines.append)
    return Failure(
        seed=seed,
        mode=_mode(healing=healing),
        invariant=broken.invariant,
        sentence=broken.story,
        story=tuple(lines),
    )


def _mode(*, healing: bool) -> Mode:
    return "liveness" if healing else "safety"


def _smallest(script: Script, broken: BrokenPromise) -> tuple[Script, BrokenPromise]:
    def fails(candidate: Script) -> bool:
        again = play(candidate).broken
        return again is not None and again.invariant == broken.invariant

    small = shrink(script, fails)
    return small, play(small).broken or broken


def _script(seed: int, *, healing: bool, rules: Rules) -> Script:
    script = draw(seed, healing=healing)
    if not rules:
        return script
    policy = script.setup.policy
    mixed = {ISSUE: {**policy.rules[ISSUE], **rules}}
    return evolve(script, setup=evolve(script.setup, policy=evolve(policy, rules=mixed)))


def _portions(histories: int, seed: int, mode: Mode, rules: Rules, *, size: int) -> Iterator[_Portion]:
    for first in range(0, histories, size):
        yield _Portion(first=seed + first, histories=min(size, histories - first), mode=mode, rules=rules)


def _play_portion(portion: _Portion) -> _Played:
    counts: Counter[str] = Counter()
    failed = []
    for number in range(portion.first, portion.first + portion.histories):
        healing = portion.mode == "liveness" or (portion.mode == "both" and number % 2 == 1)
        outcome = play(_script(number, healing=healing, rules=portion.rules))
        counts += outcome.counts
        if outcome.broken is not None:
            failed.append((number, healing))
    return _Played(histories=portion.histories, counts=counts, failed=tuple(failed))


def _played(portions: Iterator[_Portion], jobs: int) -> Iterator[_Played]:
    if jobs == 1:
        yield from map(_play_portion, portions)
        return
    # Spawned and not forked: a worker is the same whatever the caller has imported or started.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: set[Future[_Played]] = {pool.submit(_play_portion, it) for it in islice(portions, 2 * jobs)}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                waiting |= {pool.submit(_play_portion, it) for it in islice(portions, len(done))}
                for future in done:
                    yield future.result()
        finally:
            for future in waiting:
                future.cancel()
