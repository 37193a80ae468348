"""Signals: the first SIGINT or SIGTERM asks a pass to finish, the second leaves at once, SIGHUP reloads the settings."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from signal import SIGHUP, SIGINT, SIGTERM, Signals

from attrs import define

FINISHING = "stopping: the calls in flight are finished and their outcomes saved; Ctrl-C again leaves at once"
LEAVING = (
    "leaving at once: what became of the calls in flight is not known now. Nothing is lost or doubled: "
    "the next run looks at the remotes before it sends anything again"
)


@define
class Caught:
    """The first signal that came, if any."""

    signal: Signals | None = None


@contextmanager
def stopping_on_signals(
    stop: Callable[[], None], say: Callable[[str], None], hang_up: Callable[[], None] | None = None
) -> Iterator[Caught]:
    """
    While inside, the first SIGINT or SIGTERM calls `stop`, and the second cancels the task that entered.

    Outside the main thread, and where the platform has no such signals, nothing is caught.

    Args:
        say: told what is going on, for people.
        hang_up: called on SIGHUP; the signal is not caught without it.
    """
    loop, task, caught = asyncio.get_running_loop(), asyncio.current_task(), Caught()

    def on_signal(number: Signals) -> None:
        if caught.signal is None:
            caught.signal = number
            say(FINISHING)
            stop()
            return
        say(LEAVING)
        _let_go(loop)
        if task is not None:
            task.cancel()

    try:
        for number in (SIGINT, SIGTERM):
            # Only the main thread of a Unix process may do this.
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, on_signal, number)
        with suppress(NotImplementedError, RuntimeError, ValueError):
            if hang_up is not None:
                loop.add_signal_handler(SIGHUP, hang_up)
        yield caught
    finally:
        _let_go(loop)


def _let_go(loop: asyncio.AbstractEventLoop) -> None:
    """A third signal ends the process as if nobody had ever caught it."""
    for number in (SIGINT, SIGTERM, SIGHUP):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(number)
