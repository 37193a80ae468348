"""The inbox: a table beside the events into which any process may write, also while another one writes the log."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen

from syncengine.adapters import plain_json
from syncengine.adapters.event_converter import event_converter, time_from_text, time_to_text
from syncengine.adapters.log_cursor import TABLE_NAMES, Cursor
from syncengine.adapters.log_file import check_path, connect, execute, log_trouble, text_of, write_transaction
from syncengine.adapters.log_place import LogPlace, require_postgres
from syncengine.adapters.log_reader import LogReader
from syncengine.adapters.log_tables import check_readable
from syncengine.adapters.log_writer import Submit
from syncengine.engine.requests import ApprovePlan, Asked, ChooseValue, PausePlace, Request, ResumePlace, SettleCopy
from syncengine.errors import EventUnreadable

TABLE = """
    CREATE TABLE IF NOT EXISTS inbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, data BLOB NOT NULL,
        asked_by TEXT NOT NULL, asked_at TEXT NOT NULL)"""

_ASK = "INSERT INTO inbox (name, data, asked_by, asked_at) VALUES (?, ?, ?, ?)"
_WAITING = "SELECT number, name, data, asked_by, asked_at FROM inbox ORDER BY number"
_REMOVE = "DELETE FROM inbox WHERE number = ?"

_NAMES: dict[type[Any], str] = {
    ApprovePlan: "approve_plan",
    ChooseValue: "choose_value",
    SettleCopy: "settle_copy",
    PausePlace: "pause_place",
    ResumePlace: "resume_place",
}
_CLASSES = {name: kind for kind, name in _NAMES.items()}
_CONVERTER = event_converter(detailed=True)


@frozen
class LogInbox:
    """What waits for the one who writes the log."""

    _reader: LogReader
    _submit: Submit

    def waiting(self) -> Sequence[Asked]:
        """
        What waits, oldest first.

        Raises:
            EventUnreadable: a newer version of the program put something in.
            EventLogError: the file cannot be read.
        """
        if ("inbox",) not in self._reader.rows(TABLE_NAMES):
            return ()  # nobody ever asked
        return [_asked(row) for row in self._reader.rows(_WAITING)]

    async def remove(self, asked: Asked) -> None:
        """Forget a request; raises `EventLogError` when the file cannot be written."""
        await self._submit(partial(_remove, asked.number))


def ask(place: LogPlace, request: Request, *, by: str, now: datetime) -> None:
    """
    Put a request into the inbox of the log at this place; durable when this returns.

    Args:
        by: who asks.
        now: aware UTC.

    Raises:
        LogMisconfigured: there is no log, or it cannot be written by this user.
        EventLogError: the file cannot be written.
    """
    data = plain_json.dumps(_CONVERTER.unstructure(request, unstructure_as=request.__class__))
    with _transaction_beside(place) as cursor:
        if ("inbox",) not in cursor.execute(TABLE_NAMES).fetchall():
            cursor.execute(TABLE)
        execute(cursor, _ASK, (_NAMES[request.__class__], data, by, time_to_text(now)))


def _transaction_beside(place: LogPlace) -> AbstractContextManager[Cursor]:
    """A transaction of somebody who does not hold the lease."""
    if isinstance(place, Path):
        return _transaction_in(place)
    require_postgres()
    from syncengine.adapters.postgres.beside import transaction_beside

    return transaction_beside(place)


@contextmanager
def _transaction_in(path: Path) -> Iterator[Cursor]:
    check_path(path, read_only=True)
    check_path(path, read_only=False)
    try:
        with closing(connect(path, read_only=False)) as connection:
            check_readable(connection, path)
            with write_transaction(connection) as cursor:
                yield cursor
    except sqlite3.Error as error:
        raise log_trouble(path, error) from error


def _asked(row: tuple[Any, ...]) -> Asked:
    number, name, data, by, at = row
    try:
        request = _CONVERTER.structure(plain_json.loads(data), _CLASSES[name])
    except Exception as error:
        raise EventUnreadable(
            f"the request {number} in the inbox ({name}) cannot be read; it was made by another version of syncengine, use "
            "that one or a newer one"
        ) from error
    return Asked(number=number, request=request, by=text_of(by), at=time_from_text(at))


def _remove(number: int, cursor: Cursor) -> None:
    cursor.execute(_REMOVE, (number,))
