"""
The log of a history in a file: the real one, opened anew by each process, with nothing of it waited for.

A process that is stopped keeps its hold on the file while the next one takes the lease, as it would on a real machine.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from syncengine.adapters.event_log import OpenLog, log_in
from syncengine.adapters.inbox import ask
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_transaction import log_transaction
from syncengine.adapters.sqlite_database import SqliteDatabase, open_sqlite
from syncengine.engine.ports import Recorded
from syncengine.engine.requests import Request
from syncengine.testing.memory_log import CrashPoint
from syncengine.testing.simulation.host_clock import HostClock

T = TypeVar("T")

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
"""Where flushing costs nothing; no history has a power cut in it."""


class FileLog:
    """A log in a file, and everybody who has it open."""

    def __init__(self, clock: HostClock, *, tell: Callable[[Recorded], None], overtaken: Callable[[str], None]) -> None:
        """
        Make a folder for it.

        Args:
            tell: told of each stored event.
            overtaken: told what a process did after another one had taken its place.
        """
        self._clock = clock
        self._tell = tell
        self._overtaken = overtaken
        self._open = ExitStack()
        self._path = Path(self._open.enter_context(_folder())) / "log.db"
        self._told = 0
        self._holder: SqliteDatabase | None = None
        self._logs: dict[SqliteDatabase, OpenLog] = {}

    def open(self, at: CrashPoint) -> OpenLog:
        """Open it for the next process, which may die at these points; the one before has lost its lock by now."""
        self._path.with_name(self._path.name + ".lock").unlink(missing_ok=True)
        database = open_sqlite(self._open, self._path, read_only=False, now=self._clock.now, command="simulated")
        self._holder = database

        async def submit(work: Callable[[Cursor], T], *, alone: bool = False) -> T:
            del alone
            await at("append.before")
            result = self._store(database, work)
            await at("append.after")
            return result

        log = self._logs[database] = log_in(database, submit=submit, now=self._clock.now)
        assert database.views_sound, "a process that dies between two transactions leaves a sound log"
        return log

    def ask(self, request: Request) -> None:
        """Somebody leaves a request for the next pass, from another process."""
        ask(self._path, request, by="somebody", now=self._clock.now())

    def close(self) -> None:
        """Close it for everybody and remove it."""
        self._open.close()

    def _store(self, database: SqliteDatabase, work: Callable[[Cursor], T]) -> T:
        assert database.lease is not None
        try:
            with log_transaction(database.transaction, database.place, database.lease) as cursor:
                result = work(cursor)
        except Exception as error:
            raise database.trouble(error) from error
        if database is not self._holder:
            self._overtaken("wrote to the log")
        for recorded in self._logs[database].all_events(self._told + 1):
            self._told += 1
            self._tell(recorded)
        return result


_folder = partial(
    TemporaryDirectory,
    prefix="syncengine-simulation-",
    dir=_IN_MEMORY if os.access(_IN_MEMORY, os.W_OK | os.X_OK) else None,
    ignore_cleanup_errors=True,
)
