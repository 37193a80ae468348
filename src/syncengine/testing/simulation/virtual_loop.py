"""
An event loop without real time, whose every step is counted.

Callbacks run in the order in which they were scheduled; when nobody is ready, the time jumps to the next timer. Between any
two steps something else may happen, and the "process" may die there: its tasks are closed and never run again.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar, cast

from syncengine.testing.faults import SimulatedCrash
from syncengine.testing.simulation.host_clock import HostClock

T = TypeVar("T")


class NothingMoves(AssertionError):
    """All tasks wait for each other, or go round in circles."""


class VirtualLoop:
    """
    One "process": it lives until `run` returns for the last time or until it dies.

    It has what tasks, futures and timers ask of a loop, and nothing else: a simulated program opens no socket.
    """

    def __init__(self, clock: HostClock) -> None:
        """Use this clock for timers and move it on when everybody sleeps."""
        self._clock = clock
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = 0
        self._tasks: list[tuple[asyncio.Task[Any], Context]] = []
        self._job: asyncio.Task[Any]
        self._as_loop = cast("asyncio.AbstractEventLoop", self)

    def run(self, job: Coroutine[Any, Any, T], *, dies: Callable[[], bool]) -> T:
        """
        Run a job to its end.

        Args:
            dies: called before each step; True when the process dies there.

        Raises:
            SimulatedCrash: it died.
            NothingMoves: the job waits for something that never comes.
        """
        self._job = self.create_task(job)
        return cast("T", self.go_on(dies=dies))

    def go_on(self, *, dies: Callable[[], bool]) -> object:
        """Run the job on that was begun last; as `run`. Another loop may be in the middle of its own job."""
        before = asyncio._get_running_loop()  # noqa: SLF001 - meant for those who write event loops
        asyncio._set_running_loop(self._as_loop)  # noqa: SLF001
        try:
            while not self._job.done():
                if dies():
                    raise SimulatedCrash
                self._step()
        finally:
            asyncio._set_running_loop(before)  # noqa: SLF001
        return self._job.result()

    def bury(self) -> None:
        """Close every task that is not done; nothing of this process runs again."""
        self._ready.clear()
        self._timers.clear()
        for task, context in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
                # In its own context, or what it has set there could not be set back.
                context.run(_close, cast("Coroutine[Any, Any, Any]", task.get_coro()))
        self._tasks.clear()
        self._ready.clear()

    def _step(self) -> None:
        if not self._ready:
            self._wake_the_next()
        handle = self._ready.popleft()
        if not handle.cancelled():
            handle._run()  # noqa: SLF001

    def _wake_the_next(self) -> None:
        while self._timers:
            when, _, handle = heapq.heappop(self._timers)
            if not handle.cancelled():
                self._clock.sleep_until(when)
                self._ready.append(handle)
                return
        raise NothingMoves("every task waits for another one")

    # What asyncio asks of a loop.

    def time(self) -> float:
        """Seconds since the start; nobody sets this clock."""
        return self._clock.monotonic()

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_closed(self) -> bool:
        """Never."""
        return False

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Run it when everybody who is ready had a turn."""
        handle = asyncio.Handle(callback, args, self._as_loop, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run it after so many seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run it at this time of the loop."""
        timer = asyncio.TimerHandle(when, callback, args, self._as_loop, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is skipped when its time has come."""

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self._as_loop)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        """A task of this loop; remembered in the order of creation, so that it can be closed."""
        context = context or copy_context()
        task = asyncio.Task(coro, loop=self._as_loop, name=None if name is None else str(name), context=context)
        self._tasks.append((task, context))
        if len(self._tasks) > 500:
            self._tasks = [it for it in self._tasks if not it[0].done()]
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Said when a future is thrown away that nobody looked at, as those of a dead process are."""


def _close(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Close it, wherever it is; as often as it awaits something while it is being closed."""
    while True:
        try:
            coroutine.close()
        except RuntimeError:
            continue
        return
