"""The file behind the log: what it must be, how it is opened, and what to tell people when it cannot be used."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_place import LogPlace
from syncengine.errors import EventLogError, LogDamaged, LogMisconfigured, LogUnavailable, NewerEvent

LOG_FORMAT = 2
"""
Layout of the tables that hold the events; a program refuses a log with a higher one, and brings a lower one up to its own.

- 1: events, views, facts and signs of life.
- 2: the lease is a row of the log, too, and every transaction carries a seal.
"""

APPLICATION_ID = 0x53594C47
"""Marks an SQLite file as one of our logs, so that nobody else's database is ever written."""

BUSY_TIMEOUT_S = 5.0
"""Seconds to wait while another connection holds the file."""

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file makes the database raise; the second one when a name that it wants to complain about is no text."""

_FULL = 2
_PAGES_UNTIL_CHECKPOINT = 4_000  # 16 MB
_MAGIC = b"SQLite format 3\x00"

_WAYS_OUT: dict[int | None, str] = {
    sqlite3.SQLITE_NOTADB: "is not an event log; check the path",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup, or save what is sound with `syncengine salvage`",
    sqlite3.SQLITE_READONLY: "cannot be written; give this user the right to write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that the file and its folder can be read and written by this user",
    sqlite3.SQLITE_PERM: "cannot be opened; check that the file and its folder can be read and written by this user",
    sqlite3.SQLITE_FULL: "cannot grow because the disk is full; make room, what was saved is safe",
    sqlite3.SQLITE_BUSY: "is locked by another program; close whatever has it open",
    sqlite3.SQLITE_LOCKED: "is locked by another program; close whatever has it open",
    sqlite3.SQLITE_IOERR: "cannot be read or written because the disk reports errors; check the disk",
}

_MAY_PASS = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
}


def log_trouble(path: Path, error: BaseException) -> EventLogError:
    """What a failure of the database means for the log at this path, and what to do about it."""
    if isinstance(error, EventLogError):
        return error
    code = getattr(error, "sqlite_errorcode", None)
    plain = code & 0xFF if code is not None else None
    way_out = _WAYS_OUT.get(plain)
    if way_out is None:
        return EventLogError(f"the event log {path} failed: {error}")
    if code == sqlite3.SQLITE_NOTADB:
        return LogMisconfigured(f"the event log {path} {way_out} ({error})")
    if plain == sqlite3.SQLITE_CORRUPT:
        return LogDamaged(f"the event log {path} {way_out} ({error})")
    kind = LogUnavailable if plain in _MAY_PASS else EventLogError
    return kind(f"the event log {path} {way_out} ({error})")


def damaged(path: LogPlace, told: str, *, sound_up_to: int | None) -> LogDamaged:
    """
    The error that says what is wrong with a log, what of it can still be used, and what to do.

    Args:
        sound_up_to: position of the last event that can be used; None when nobody looked.
    """
    saved = "what is sound" if sound_up_to is None else f"its events up to {sound_up_to}"
    or_save = "" if sound_up_to == 0 else f", or save {saved} with `syncengine salvage`"
    return LogDamaged(
        f"the event log {path} is damaged; restore it from a backup{or_save} ({told})", sound_up_to=sound_up_to
    )


def check_path(path: Path, *, read_only: bool) -> None:
    """
    There is, or can be, a log at this path.

    Raises:
        LogMisconfigured: it names something else.
    """
    if path.is_dir():
        raise LogMisconfigured(f"{path} is a folder; give the path of a file in it, for example {path / 'log.db'}")
    if not path.parent.is_dir():
        raise LogMisconfigured(f"the folder {path.parent} of the event log does not exist; make it or change the path")
    if not path.exists():
        if read_only:
            raise LogMisconfigured(f"there is no event log at {path} yet; run a sync first or check the path")
        return
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        raise LogMisconfigured(
            f"the event log {path} cannot be read by this user; change its permissions ({error})"
        ) from error
    if start and start != _MAGIC:
        raise LogMisconfigured(f"{path} is not an event log; check the path")
    # As the effective user, where the system can say that.
    if not read_only and not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise LogMisconfigured(f"the event log {path} is read-only for this user; change its permissions or the path")


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """
    A connection whose commits survive a power cut.

    Raises:
        sqlite3.Error: the file cannot be opened.
        LogMisconfigured: the database does not promise durability there.
    """
    # As a quoted URI a path may hold any character; ":memory:" or "?" would have a meaning otherwise.
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S, cached_statements=256
    )
    try:
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        else:
            _make_durable(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "journal_mode") != "wal":
        _refuse_other_programs(connection, path)  # before anything about the file is changed
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    # Checkpoints copy a page once however often it changed; batches change the same pages of the indexes again and again.
    connection.execute(f"PRAGMA wal_autocheckpoint={_PAGES_UNTIL_CHECKPOINT}")
    connection.execute("PRAGMA fullfsync=ON")  # macOS: without it a flush stops in the cache of the disk
    assert_durable(connection, path)


def assert_durable(connection: sqlite3.Connection, path: Path) -> None:
    """
    A commit on this connection is on the disk when it returns.

    Raises:
        LogMisconfigured: it is not.
    """
    mode, synchronous = _pragma(connection, "journal_mode"), _pragma(connection, "synchronous")
    if mode != "wal":
        raise LogMisconfigured(f"the event log {path} cannot use WAL here (mode {mode!r}); put it on a local disk")
    if synchronous < _FULL:
        raise LogMisconfigured(f"the event log {path} would lose events in a power cut (synchronous={synchronous})")


def durability(connection: sqlite3.Connection) -> str:
    """How commits are made durable, for people; for example "WAL, synchronous=FULL"."""
    synchronous = _pragma(connection, "synchronous")
    names = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
    return f"{_pragma(connection, 'journal_mode').upper()}, synchronous={names[synchronous]}"


def check_format(connection: sqlite3.Connection, path: Path, *, schema: str = "main") -> int:
    """
    The format of the log in the file; 0 for a new, empty file.

    Args:
        schema: the name of the file's database on this connection.

    Raises:
        NewerEvent: a newer version made it.
        LogMisconfigured: it is the database of another program.
    """
    _refuse_other_programs(connection, path, schema)
    made_by: int = _pragma(connection, f"{schema}.user_version")
    if made_by > LOG_FORMAT:
        raise NewerEvent(
            f"the event log {path} was written by a newer version (log format {made_by}, known up to {LOG_FORMAT}); "
            "upgrade this one"
        )
    return made_by


def _refuse_other_programs(connection: sqlite3.Connection, path: Path, schema: str = "main") -> None:
    if _pragma(connection, f"{schema}.application_id") == APPLICATION_ID:
        return
    if connection.execute(f"SELECT count(*) FROM {schema}.sqlite_master").fetchone()[0]:  # noqa: S608 - a constant
        raise LogMisconfigured(f"{path} is the database of another program and no event log; check the path")


@contextmanager
def write_transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Cursor]:
    """
    A transaction that holds the write lock from its start, so that what it reads stays true until it is committed.

    A transaction that begins as a reader cannot become a writer once somebody else wrote; it would fail at once instead
    of waiting `BUSY_TIMEOUT_S` seconds.

    Raises:
        sqlite3.Error: nothing was stored; or, if that came from the commit itself, perhaps all.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    try:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    finally:
        cursor.close()


def mark_format(cursor: sqlite3.Cursor) -> None:
    """Write into the file what it is."""
    cursor.execute(f"PRAGMA application_id={APPLICATION_ID}")
    cursor.execute(f"PRAGMA user_version={LOG_FORMAT}")


def execute(cursor: Cursor, statement: str, parameters: Sequence[object] = ()) -> Cursor:
    """Run a statement whose parameters may hold any text of Python's; see `text_of`."""
    try:
        return cursor.execute(statement, parameters)
    except UnicodeEncodeError:
        return cursor.execute(statement, tuple(storable(value) for value in parameters))


def storable(value: object) -> object:
    """What becomes of a parameter that the database cannot keep as it is."""
    # SQLite text is UTF-8, which has no lone surrogates. Such text is kept as bytes, which never equal other text.
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def text_of(column: str | bytes) -> str:
    """The text that `execute` stored in a column."""
    return column if isinstance(column, str) else column.decode("utf-8", "surrogatepass")


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
