"""One writer per log: a lock of the operating system, which a killed process lets go of, and a note of who holds it."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from attrs import asdict, frozen
from filelock import FileLock, Timeout

from syncengine.errors import AnotherWriter, LeaseLost, LogMisconfigured


@frozen(kw_only=True)
class LeaseHolder:
    """
    Who writes a log.

    Attributes:
        since: aware UTC, ISO 8601.
        command: what people would know the process by.
    """

    pid: int
    host: str
    command: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Lease:
    """
    The right to write a log, held by this process; `hold_lease` gives it.

    Attributes:
        holder: who we say we are.
    """

    def __init__(self, log_path: Path, *, command: str | None, now: Callable[[], datetime]) -> None:
        self.holder = LeaseHolder(
            pid=os.getpid(),
            host=socket.gethostname(),
            command=command or Path(sys.argv[0]).name or "python",
            since=now().isoformat(timespec="seconds"),
        )
        self._log_path = log_path
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
        if self._locked_file is not None and self._locked_file == self._file():
            return True
        self._let_go()
        try:
            self._take()
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
        try:
            _write_note(self._log_path, self.holder)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock = self._locked_file = None

    def _file(self) -> tuple[int, int] | None:
        """What the lock file is; a file of the same name made anew is another one."""
        try:
            stat = _beside(self._log_path, ".lock").stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino


@contextmanager
def hold_lease(log_path: Path, *, command: str | None = None, now: Callable[[], datetime] = _utc_now) -> Iterator[Lease]:
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
    return log_path.with_name(log_path.name + ending)
