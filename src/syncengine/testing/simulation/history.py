"""Plays one history and says what came of it."""

from collections import Counter

from attrs import field, frozen

from syncengine.domain.policy import LONGEST_WAIT_S
from syncengine.testing.simulation.broken_promise import BrokenPromise
from syncengine.testing.simulation.script import Act, Pass, Script
from syncengine.testing.simulation.verdict import require_the_end
from syncengine.testing.simulation.virtual_loop import NothingMoves
from syncengine.testing.simulation.world import Tell, World

PASSES_TO_HEAL = 40
"""Passes within which everything that is not parked has to finish, once everything works again."""
WRITES_TO_HEAL = 30
"""Writes that may be needed for it, and `WRITES_AN_ITEM` more for each item and remote."""
WRITES_AN_ITEM = 4
BETWEEN_PASSES_S = 61.0
"""Longer than every lag and every backoff of a history."""


@frozen(kw_only=True)
class Outcome:
    """
    What came of a history.

    Attributes:
        broken: the promise that was broken, if any.
        counts: how often each fault, deed, event and crash point was reached.
    """

    broken: BrokenPromise | None
    counts: Counter[str] = field(factory=Counter)


def play(script: Script, tell: Tell | None = None) -> Outcome:
    """
    Play a script.

    Args:
        tell: called with each line of the story.
    """
    counts: Counter[str] = Counter()
    world = World(script.setup, counts=counts, tell=tell)
    broken: BrokenPromise | None = None
    try:
        _play(world, script)
    except BrokenPromise as error:
        broken = error
    except NothingMoves as error:
        broken = BrokenPromise("no livelock", str(error))
    except Exception as error:  # noqa: BLE001 - whatever breaks a pass off
        broken = BrokenPromise("a pass survives everything", f"it broke off with {type(error).__name__}: {error}")
    finally:
        world.close()
    counts["window"] += world.oracle.windows
    counts["histories"] += 1
    return Outcome(broken=world.oracle.broken or broken, counts=counts)


def _play(world: World, script: Script) -> None:
    for step in script.steps:
        if isinstance(step, Act):
            world.persons.do(step)
        else:
            world.run_pass(step)
        if world.oracle.broken:
            raise world.oracle.broken
    if script.healing:
        _heal(world)
        require_the_end(world)


def _heal(world: World) -> None:
    """Faults stop; the program comes to rest, and then stays at rest."""
    world.persons.heal()
    world.oracle.is_calm = True
    # A write that was put off before somebody set the clock back waits as long as that, and no longer.
    world.clock.advance(LONGEST_WAIT_S)
    remotes = world.remotes
    before = world.oracle.intents.calls
    quiet = 0
    for _ in range(PASSES_TO_HEAL):
        world.clock.advance(BETWEEN_PASSES_S)
        at_rest = _state(world)
        world.run_pass(Pass())
        if world.oracle.broken:
            raise world.oracle.broken
        quiet = quiet + 1 if _state(world) == at_rest else 0
        if quiet == 2:
            break
        world.persons.answer()
    else:
        raise BrokenPromise("no livelock", f"no rest after {PASSES_TO_HEAL} passes without a fault")
    writes = world.oracle.intents.calls - before
    allowed = WRITES_TO_HEAL + WRITES_AN_ITEM * len(world.oracle.ledger.items) * len(remotes)
    if writes > allowed:
        raise BrokenPromise("no storm of writes", f"{writes} writes were made to finish, and {allowed} would be many")


def _state(world: World) -> tuple[int, int]:
    return world.stored, world.oracle.intents.calls
