"""
One thread that writes, with group commit.

Whatever waits goes into one flat transaction, so a hundred waiting tasks pay for one flush of the disk. Only when a piece
of work fails is the same batch run again with a savepoint around each piece: then the failing one fails alone.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, NamedTuple, Protocol, TypeVar

from syncengine.adapters.log_cursor import Cursor
from syncengine.errors import EventLogError

T = TypeVar("T")

Work = Callable[[Cursor], Any]
"""Something to do inside a transaction; it may be run twice, so it changes nothing but the database."""

MOST_AT_ONCE = 500
"""Pieces of work in one transaction."""


class _Waiting(NamedTuple):
    work: Work
    alone: bool
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


class _Outcome(NamedTuple):
    waiting: _Waiting
    result: Any = None
    error: Exception | None = None


class Submit(Protocol):
    """How work is handed to the writer; see `LogWriter.submit`."""

    def __call__(self, work: Callable[[Cursor], T], *, alone: bool = False) -> Coroutine[Any, Any, T]:
        """The result of this work, once it is durable."""


class LogWriter:
    """
    The only one who writes to the log.

    Args:
        transaction: begins a transaction, commits it at the end, or rolls it back when an exception leaves it.
        trouble: turns any exception into one for the caller of `submit`.
        idle_s: seconds without work after which an empty transaction is made, for what every one does; never if None.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Cursor]],
        trouble: Callable[[BaseException], Exception],
        *,
        idle_s: float | None = None,
    ) -> None:
        self._idle_s = idle_s
        self._transaction = transaction
        self._trouble = trouble
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        # A daemon, so that a program that forgot to close the log can still end.
        self._thread = threading.Thread(target=self._run, name="syncengine-log-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Cursor], T], *, alone: bool = False) -> T:
        """
        The result of this work, committed and durable.

        A caller that is cancelled does not stop the work: it may be done all the same.

        Args:
            alone: in a transaction of its own, and run only once.

        Raises:
            EventLogError: the log is closed or cannot be written.
            Exception: what the work raised; nothing of it was stored.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(work, alone, loop, loop.create_future())
        with self._lock:
            if self._closed:
                raise EventLogError("the event log is closed; open it again to write to it")
            self._queue.put(waiting)
        result: T = await waiting.future
        return result

    def close(self) -> None:
        """Finish what waits, then stop; blocks for as long as the last commits take."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        coming: _Waiting | None = None
        while (first := coming or self._next()) is not None:
            batch, coming = self._gather(first)
            _tell(self._do(batch))

    def _next(self) -> _Waiting | None:
        while True:
            try:
                return self._queue.get(timeout=self._idle_s)
            except queue.Empty:
                # Whatever is wrong is told to the next one who wants something.
                with suppress(Exception), self._transaction():
                    pass

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None]:
        """What is done together with the first, and what was found that comes after it alone."""
        batch = [first]
        while not first.alone and len(batch) < MOST_AT_ONCE:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:  # the end: to be met again when this batch is done
                self._queue.put(None)
                break
            if waiting.alone:
                return batch, waiting
            batch.append(waiting)
        return batch, None

    def _do(self, batch: list[_Waiting]) -> list[_Outcome]:
        try:
            with self._transaction() as cursor:
                return [_Outcome(waiting, waiting.work(cursor)) for waiting in batch]
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller of `submit` gets it
            if len(batch) == 1:
                return [_Outcome(batch[0], error=self._trouble(error))]
        try:
            with self._transaction() as cursor:
                return [self._do_one(cursor, waiting) for waiting in batch]
        except Exception as error:  # noqa: BLE001 - the database itself: the disk is full, or somebody holds the file
            return [_Outcome(waiting, error=self._trouble(error)) for waiting in batch]

    def _do_one(self, cursor: Cursor, waiting: _Waiting) -> _Outcome:
        cursor.execute("SAVEPOINT one")
        try:
            outcome = _Outcome(waiting, waiting.work(cursor))
        except Exception as error:  # noqa: BLE001 - told to the one whose work it is
            try:
                cursor.execute("ROLLBACK TO one")
            except Exception:  # noqa: BLE001 - the database has rolled back everything, the others' work too, for this reason
                raise error from None
            outcome = _Outcome(waiting, error=self._trouble(error))
        cursor.execute("RELEASE one")
        return outcome


def _tell(outcomes: Sequence[_Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.waiting.loop, []).append(outcome)
    for loop, told in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, told)
        except RuntimeError:  # the loop was closed; nobody is left to hear it
            continue


def _resolve(outcomes: Sequence[_Outcome]) -> None:
    for outcome in outcomes:
        future = outcome.waiting.future
        if future.done():
            continue  # its caller was cancelled
        if outcome.error is None:
            future.set_result(outcome.result)
        else:
            future.set_exception(outcome.error)
