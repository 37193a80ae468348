"""What a simulation found: counts of what happened, and failures as stories."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from syncengine.testing.faults import Weather
from syncengine.testing.simulation.drawing import POINTS
from syncengine.testing.simulation.script import Deed

Mode = Literal["safety", "liveness", "both"]

ENOUGH = 10_000
"""Histories after which everything that can happen has to have happened."""

FAULTS = tuple(it.name.lower() for it in Weather)
DEEDS = tuple(it.name.lower() for it in Deed)
CRASHES = (*(f"crash at {point}" for point in POINTS), "crash while recovering")
SLEEPS = ("process put to sleep", "process woken up")

PROMISES = (
    "no duplicate",
    "no lost update",
    "no false deletion",
    "no open intent at the end",
    "no livelock",
)
"""The five that are counted in the last line of a report; a failure of any other kind is counted as well."""


def replay_command(seed: int, mode: str) -> str:
    """The command that plays a history again."""
    return f"python -m syncengine.testing.simulation --replay {seed} --mode {mode}"


@frozen(kw_only=True)
class Failure:
    """
    A history that broke a promise.

    Attributes:
        seed: what it was drawn from.
        mode: "safety" or "liveness".
        invariant: the promise.
        sentence: how it was broken.
        story: what happened, line by line, in the smallest history that was found.
    """

    seed: int
    mode: str
    invariant: str
    sentence: str
    story: tuple[str, ...] = ()

    @property
    def replay(self) -> str:
        """The command that plays it again and prints the same story."""
        return replay_command(self.seed, self.mode)

    def __str__(self) -> str:
        lines = [f"seed {self.seed} ({self.mode}) breaks a promise: {self.invariant}", *self.story]
        return "\n".join([*lines, f"    {self.sentence}", f"replay it: {self.replay}"])


@frozen(kw_only=True)
class Report:
    """
    What a simulation found.

    Attributes:
        histories: how many were played.
        failures: those that broke a promise, the smallest seeds first.
        counts: how often each fault, deed, event and crash point was reached.
        seconds: how long it took.
    """

    histories: int
    failures: tuple[Failure, ...] = ()
    counts: Mapping[str, int] = field(factory=Counter)
    seconds: float = 0.0

    @property
    def silent(self) -> tuple[str, ...]:
        """What never happened although it can."""
        return tuple(name for name in (*FAULTS, *DEEDS, *CRASHES, *SLEEPS) if not self.counts.get(name))

    @property
    def ok(self) -> bool:
        """No promise was broken, and in a long simulation everything happened that can."""
        return not self.failures and (self.histories < ENOUGH or not self.silent)

    def __str__(self) -> str:
        lines = [str(failure) for failure in self.failures]
        lines += [_counted("faults", FAULTS, self.counts), _counted("what persons did", DEEDS, self.counts)]
        lines += [_counted("the process died", CRASHES, self.counts, prefix="crash ")]
        lines += [_counted("the process slept and was overtaken", SLEEPS, self.counts, prefix="process ")]
        events = sorted(name for name in self.counts if name.startswith("event "))
        lines += [_counted("events stored", events, self.counts, prefix="event ")]
        between = sum(number for name, number in self.counts.items() if name.startswith("crash after "))
        lines.append(
            f"died between two named points: {between}; edits that fell into a window: {self.counts.get('window', 0)}"
        )
        if self.silent:
            lines.append(f"never happened: {', '.join(self.silent)}")
        broken = Counter(failure.invariant for failure in self.failures)
        zeros = [f"{promise}: {broken.pop(promise, 0)} broken" for promise in PROMISES]
        others = [f"{promise}: {number} broken" for promise, number in sorted(broken.items())]
        lines.append(f"{self.histories} histories in {self.seconds:.0f} s; {'; '.join([*zeros, *others])}")
        return "\n".join(lines)


def _counted(title: str, names: tuple[str, ...] | list[str], counts: Mapping[str, int], *, prefix: str = "") -> str:
    told = ", ".join(f"{name.removeprefix(prefix)} {counts.get(name, 0)}" for name in names)
    return f"{title}: {told}"
