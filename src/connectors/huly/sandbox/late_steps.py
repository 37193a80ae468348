"""Consequences that a real server works out after its answer: they run after a delay, or when somebody asks."""

import asyncio
from collections.abc import Callable

from attrs import define, field


@define(eq=False)
class _Step:
    run: Callable[[], None]
    timer: asyncio.TimerHandle | None = None


@define
class LateSteps:
    """Steps that are due later; they run in the order in which they become due.

    Without a running event loop, or with a delay of `None`, a step waits for `run_all`.
    """

    _waiting: list[_Step] = field(factory=list)

    def add(self, delay_s: float | None, run: Callable[[], None]) -> None:
        """Plans a step; a delay of 0 still runs it after the answer."""
        step = _Step(run)
        self._waiting.append(step)
        if delay_s is not None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            step.timer = loop.call_later(delay_s, self._run, step)

    def run_all(self) -> None:
        """Runs every waiting step now, and those that they plan."""
        while self._waiting:
            self._run(self._waiting[0])

    def cancel(self) -> None:
        """Forgets every waiting step."""
        for step in self._waiting:
            if step.timer is not None:
                step.timer.cancel()
        self._waiting.clear()

    def _run(self, step: _Step) -> None:
        if step not in self._waiting:
            return
        self._waiting.remove(step)
        if step.timer is not None:
            step.timer.cancel()
        step.run()
