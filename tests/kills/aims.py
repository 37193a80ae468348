"""Ways to kill a runner: when it dies, and what it was doing then."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from attrs import define, field

from syncengine.adapters.event_log import open_log
from tests.fixtures.worker import Worker
from tests.kills.gate import Gate, Hold
from tests.kills.zygote import Forked, Zygote

LONGEST_LIFE_S = 30.0
"""Seconds after which a runner that never did what was waited for is killed anyway."""

STARTING = "while starting, before any request"
OPENING = "while logging in and reading settings of the servers"
RECOVERING = "while settling what the one before left open"
AT_WORK = "at a random moment of its work"
WRITING = tuple(f"a write to {side} {hold.value}" for side in ("Huly", "Vibe") for hold in Hold)
PLACES = (STARTING, OPENING, RECOVERING, *WRITING, AT_WORK)
"""Everywhere a kill can hit."""

_WEIGHTS = {STARTING: 1, OPENING: 2, RECOVERING: 4, AT_WORK: 6, **dict.fromkeys(WRITING, 2)}

_LOGGING_IN = 8
"""Requests, about, until a runner begins to work."""

Before = Mapping[str, int]
"""Requests that came to each gate before the runner was started."""


@define(kw_only=True, eq=False)
class Killer:
    """
    Starts runners and kills them.

    Attributes:
        hits: kills by the place that they hit.
        left_open: kills that left one more intent without an outcome behind.
        missed: kills that were aimed at something that did not come.
    """

    zygote: Zygote
    settings: Path
    log: Path
    gates: dict[str, Gate]
    chance: random.Random
    hits: Counter[str] = field(factory=Counter)
    left_open: int = 0
    missed: int = 0
    _open_now: frozenset[str] = frozenset()

    async def kill_one(self) -> None:
        """One short life."""
        place = self._choose()
        before = {name: gate.requests for name, gate in self.gates.items()}
        self._aim(place)
        try:
            if place == STARTING:
                await self._kill_while_importing()
            else:
                runner = await self.zygote.start()
                await self._until(place, runner, before)
                await runner.kill()
        finally:
            for gate in self.gates.values():
                gate.let_go()
        await self._note(place, before)

    async def _kill_while_importing(self) -> None:
        """A whole new Python, which is still importing."""
        async with Worker(self.settings, "run") as worker:
            await asyncio.sleep(self.chance.uniform(0.0, 0.3))
            await worker.kill()

    def _choose(self) -> str:
        places = [place for place in PLACES if place != RECOVERING or self._open_now]
        never = [place for place in places if not self.hits[place]]
        # A short series comes by every place too.
        chosen = never if never and self.chance.random() < 0.5 else places
        return self.chance.choices(chosen, [_WEIGHTS[place] for place in chosen])[0]

    def _aim(self, place: str) -> None:
        for side, gate in self.gates.items():
            for hold in Hold:
                if place == f"a write to {side} {hold.value}":
                    gate.hold(hold, skip=self.chance.choice((0, 0, 1, 2)))

    async def _until(self, place: str, runner: Forked, before: Before) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_LIFE_S):
                await self._while_alive(runner, lambda: self._requests(before) > 0)
                if place == OPENING:
                    return
                if place == RECOVERING:
                    some = _LOGGING_IN + self.chance.randint(0, 12)
                    await self._while_alive(runner, lambda: self._requests(before) >= some)
                elif place == AT_WORK:
                    await self._while_alive(runner, lambda: self._requests(before) > 2 * _LOGGING_IN)
                    await asyncio.sleep(self.chance.uniform(0.0, 1.0))
                else:
                    await self._while_alive(runner, lambda: any(gate.held.is_set() for gate in self.gates.values()))

    async def _while_alive(self, runner: Forked, happened: Callable[[], bool]) -> None:
        while not happened():
            assert not runner.has_ended(), "the runner ended before it was killed; worker.log says why"
            await asyncio.sleep(0.003)

    def _requests(self, before: Before) -> int:
        return sum(gate.requests - before[name] for name, gate in self.gates.items())

    async def _note(self, place: str, before: Before) -> None:
        still_open = await open_intents(self.log)
        self.left_open += bool(still_open - self._open_now)
        self.hits[self._hit(place, before, still_open)] += 1
        self._open_now = still_open

    def _hit(self, place: str, before: Before, still_open: frozenset[str]) -> str:
        """Where it really hit, by what was seen from outside."""
        if self._requests(before) == 0:
            return STARTING
        if place in WRITING:
            if any(gate.held.is_set() for gate in self.gates.values()):
                return place
            self.missed += 1
            return AT_WORK
        if place == RECOVERING:
            return RECOVERING if self._open_now & still_open else AT_WORK
        return place


async def open_intents(path: Path) -> frozenset[str]:
    """The intents that a dead runner left without an outcome."""
    if not path.exists():
        return frozenset()
    async with open_log(path, read_only=True) as log:
        return frozenset(str(write.intent_id) for write in log.views.open_writes())
