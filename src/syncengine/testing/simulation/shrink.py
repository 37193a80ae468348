"""Makes a failing script smaller: whatever can be left out without the same promise being kept is left out."""

from collections.abc import Callable, Iterator

from attrs import evolve

from syncengine.testing.simulation.script import Pass, Script, Step

PLAYS = 600
"""Scripts that are tried at most."""


def shrink(script: Script, fails: Callable[[Script], bool], *, plays: int = PLAYS) -> Script:
    """
    The smallest script that was found.

    Args:
        fails: plays a script; whether it breaks the promise that the first one broke.
        plays: how many scripts may be tried.
    """
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(script):
            if plays <= 0:
                return script
            plays -= 1
            if fails(candidate):
                script, smaller = candidate, True
                break
    return script


def _smaller(script: Script) -> Iterator[Script]:
    """Scripts with less in them, the ones with much less first."""
    steps = script.steps
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            yield evolve(script, steps=steps[:start] + steps[start + size :])
        size //= 2
    for number, step in enumerate(steps):
        for less in _calmer(step):
            yield evolve(script, steps=(*steps[:number], less, *steps[number + 1 :]))


def _calmer(step: Step) -> Iterator[Step]:
    if not isinstance(step, Pass):
        return
    if step.crash is not None:
        yield evolve(step, crash=None)
    for number in range(len(step.strikes)):
        yield evolve(step, strikes=step.strikes[:number] + step.strikes[number + 1 :])
    for number in range(len(step.acts)):
        yield evolve(step, acts=step.acts[:number] + step.acts[number + 1 :])
