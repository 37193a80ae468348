"""
One writer per log.

A lock of the operating system says who may take the lease: a killed process lets go of it at once. The row in the log says
whose taking was the last, and every transaction asks it, because a lock beside a file can be removed and the log itself
cannot be fooled. A note beside the log says who holds it, also to those who cannot open the log.
"""

import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from attrs import asdict, evolve
from filelock import FileLock, Timeout

from syncengine.adapters import lease_row
from syncengine.adapters.fence import Fence, utc_now
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.adapters.log_file import connect, log_trouble, write_transaction
from syncengine.errors import AnotherWriter, LeaseLost, LogMisconfigured


class Lease(Fence):
    """The right to write a log in a file, held by this process; `hold_lease` gives it."""

    def __init__(self, log_path: Path, *, command: str | None, now: Callable[[], datetime]) -> None:
        # A link to the log, or a change of the current folder, must not lead to another lock.
        self._log_path = log_path.resolve()
        super().__init__(self._log_path, command=command, now=now)
        self._lock: FileLock | None = None
        self._locked_file: tuple[int, int] | None = None
        self._take()

    def check(self) -> bool:
        """
        Whether the lease was ours all the time; False when it was lost and is ours again, so somebody may have written.

        Somebody who removes the lock file lets another process in. A short local look.

        Raises:
            LeaseLost: another process holds it now; says who.
        """
        locked = self._locked_file is not None and self._locked_file == self._file()
        if locked and self._last_epoch() == self.epoch:
            return True
        try:
            if not locked:
                self._let_go()
                self._take()
            self._enter_again()
        except AnotherWriter as error:
            raise LeaseLost(f"{error}; this process writes nothing until then") from error
        return False

    def release(self) -> None:
        """Let the next one write."""
        if self._lock is not None and self._locked_file == self._file():
            # Before the lock goes, or the note of the next holder could be the one that is removed.
            with suppress(OSError):
                _beside(self._log_path, ".holder.json").unlink()
        self._let_go()

    def _take(self) -> None:
        lock = FileLock(_beside(self._log_path, ".lock"), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            who = lease_holder(self._log_path) or "another process"
            raise AnotherWriter(
                f"the event log {self._log_path} is being written by {who}; stop it or use another log"
            ) from error
        except OSError as error:
            raise _unusable(self._log_path, error) from error
        self._lock, self._locked_file = lock, self._file()
        self.holder = evolve(self.holder, since=self._now().isoformat(timespec="seconds"))
        try:
            _write_note(self._log_path, self.holder)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock = self._locked_file = None

    def _last_epoch(self) -> int:
        if not self.epoch:
            return 0
        try:
            with closing(connect(self._log_path, read_only=True)) as connection, closing(connection.cursor()) as cursor:
                return lease_row.epoch_in(cursor)
        except sqlite3.Error:
            return self.epoch  # whoever reads or writes the log next finds out what is wrong with it, and says so

    def _enter_again(self) -> None:
        if not self.epoch:
            return
        try:
            with closing(connect(self._log_path, read_only=False)) as connection, write_transaction(connection) as cursor:
                epoch = self.enter(cursor)
        except sqlite3.Error as error:
            trouble = log_trouble(self._log_path, error)
            raise LeaseLost(f"the lease was lost and cannot be taken again: {trouble}") from error
        self.entered(epoch)

    def _file(self) -> tuple[int, int] | None:
        """What the lock file is; a file of the same name made anew is another one."""
        try:
            stat = _beside(self._log_path, ".lock").stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino


@contextmanager
def hold_lease(log_path: Path, *, command: str | None = None, now: Callable[[], datetime] = utc_now) -> Iterator[Lease]:
    """
    While inside, no other process writes this log.

    Args:
        command: what to call this process; its program name when None.

    Raises:
        AnotherWriter: another process, or another part of this one, holds it; says who.
        LogMisconfigured: the lock file cannot be made.
    """
    lease = Lease(log_path, command=command, now=now)
    try:
        yield lease
    finally:
        lease.release()


def lease_holder(log_path: Path) -> LeaseHolder | None:
    """Who wrote its name beside the log last; None when nobody did. A killed process leaves its name behind."""
    try:
        return LeaseHolder(**json.loads(_beside(log_path, ".holder.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def writer_of(path: Path) -> LeaseHolder | None:
    """Who is writing the log now; None when nobody is, as far as this computer can tell."""
    holder = lease_holder(path)
    if holder is None or holder.host != socket.gethostname():
        return holder
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return None  # it was killed and left its name behind
    except PermissionError:
        pass  # it belongs to another user
    return holder


def _write_note(log_path: Path, holder: LeaseHolder) -> None:
    # Whole or not at all: somebody may be reading it.
    draft = _beside(log_path, ".holder.json.new")
    try:
        draft.write_text(json.dumps(asdict(holder)), "utf-8")
        draft.replace(_beside(log_path, ".holder.json"))
    except OSError as error:
        raise _unusable(log_path, error) from error


def _unusable(log_path: Path, error: OSError) -> LogMisconfigured:
    return LogMisconfigured(
        f"the lock file of the event log {log_path} cannot be made ({error}); "
        "give this user the right to write its folder, on a file system that has locks"
    )


def _beside(log_path: Path, ending: str) -> Path:
    log_path = log_path.resolve()
    return log_path.with_name(log_path.name + ending)
