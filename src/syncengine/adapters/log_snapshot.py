"""A log as it is at one moment, for checking it, whichever database holds it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from syncengine.adapters.hash_chain import Seal
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import DATABASE_ERRORS, check_path, log_trouble
from syncengine.adapters.log_place import LogPlace, require_postgres
from syncengine.adapters.sqlite_snapshot import sqlite_snapshot
from syncengine.adapters.stored_rows import Row
from syncengine.adapters.view_check import Fold, ViewsOfLog
from syncengine.errors import EventLogError, LogMisconfigured


class LogSnapshot(ViewsOfLog, Protocol):
    """Everything is read as it was when the first thing was, so somebody may write the log meanwhile."""

    def log_format(self) -> int:
        """
        The format of the log; 0 where there is none yet.

        Raises:
            NewerEvent: a newer version made it.
            LogMisconfigured: it belongs to another program.
        """

    def cursor(self) -> Cursor:
        """For reading the log."""

    def rows_after(self, seal: Seal) -> Iterator[Row]:
        """Every event after those under this seal, in order."""

    @property
    def file_sound(self) -> str:
        """What is said when `file_trouble` finds nothing."""

    def file_trouble(self, log_format: int) -> str | None:
        """What is wrong below the events, or with the notes beside them; None when nothing is."""

    def fold(self) -> Fold:
        """Views to be made anew beside the log."""


def snapshot_of(place: LogPlace) -> AbstractContextManager[LogSnapshot]:
    """The log as it is now; raises what the database raises when it cannot be read."""
    if isinstance(place, Path):
        return sqlite_snapshot(place)
    require_postgres()
    from syncengine.adapters.postgres.snapshot import postgres_snapshot

    return postgres_snapshot(place)


def snapshot_errors(place: LogPlace) -> tuple[type[Exception], ...]:
    """What is raised where a snapshot cannot be read."""
    if isinstance(place, Path):
        return DATABASE_ERRORS
    require_postgres()
    import psycopg

    return (psycopg.Error,)


def snapshot_trouble(place: LogPlace, error: Exception) -> EventLogError:
    """What a failure of the database means for the log at this place, and what to do about it."""
    if isinstance(place, Path):
        return log_trouble(place, error)
    from syncengine.adapters.postgres.trouble import postgres_trouble

    return postgres_trouble(place, error)


def log_exists(place: LogPlace) -> bool:
    """Whether there is a log, or at least a file in its place; raises `EventLogError` when that cannot be told."""
    if isinstance(place, Path):
        return place.exists()
    try:
        with snapshot_of(place) as snapshot:
            return snapshot.log_format() > 0
    except snapshot_errors(place) as error:
        raise snapshot_trouble(place, error) from error


def require_log(place: LogPlace) -> None:
    """
    There is a log at this place.

    Raises:
        LogMisconfigured: there is none, or something else.
        EventLogError: that cannot be told.
    """
    if isinstance(place, Path):
        check_path(place, read_only=True)
    elif not log_exists(place):
        raise LogMisconfigured(f"there is no event log in {place} yet; run a sync first or check the URL")
