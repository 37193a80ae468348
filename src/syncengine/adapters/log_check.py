"""
Whether a log is sound: in full for `syncengine verify`, in its last part whenever it is opened.

The log is only read, all of it as it was at one moment, so somebody may write it meanwhile.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from syncengine.adapters.event_check import AllVersions, EventCheck, IndexedVersions
from syncengine.adapters.hash_chain import SEALED_SINCE, START, Seal, all_seals, last_seals
from syncengine.adapters.log_file import BUSY_TIMEOUT_S, DATABASE_ERRORS, check_format, damaged, log_trouble
from syncengine.adapters.log_report import Findings, LogReport
from syncengine.adapters.log_tables import changed_tables, note_tables
from syncengine.adapters.stored_rows import AFTER, LAST_POSITION, Row, cannot_be_read
from syncengine.adapters.view_check import Fold, view_trouble
from syncengine.errors import LogMisconfigured, LogUnavailable

TAIL = 3
"""Transactions that are looked at, at least, when a long log is opened; more while they hold few events."""

TAIL_EVENTS = 200
"""Events up to which more transactions than that are looked at."""

SHORT = 2_000
"""Events up to which a log is looked at in full when it is opened for writing; takes up to half a second."""

_NO_SEALS = "a log of format 1 carries no seals; the next process that writes it puts them there"
_MOST_TROUBLES = 3


def check_log(path: Path, *, views: bool = True) -> LogReport:
    """
    Look at everything in the log at this path, from its pages to its views.

    Args:
        views: also fold all events anew and compare, which takes the longest.

    Raises:
        NewerEvent, LogMisconfigured: it is no log, or one of a newer version.
        LogUnavailable: it cannot be read for now.
    """
    found, checking, log_format = Findings(), EventCheck(START, AllVersions()), 0
    try:
        with _snapshot(path) as connection:
            log_format = check_format(connection, path, schema="log")
            found.looked("file", _file_trouble(connection) or _table_trouble(connection, log_format))
            found.events = _last_position(connection)
            _check_events(connection, log_format, checking, found, views=views)
    except DATABASE_ERRORS as error:
        trouble = log_trouble(path, error)
        if isinstance(trouble, LogUnavailable | LogMisconfigured):
            raise trouble from error
        found.looked("file", f"reading it ends with: {error}")
        found.stopped(checking.sound.position)
    return found.report(path, log_format=log_format, sound_up_to=checking.sound.position)


def require_sound(path: Path) -> bool:
    """
    See that a log can be written on: all of a short one, the last transactions of a long one.

    Returns:
        Whether its views can be used; they have to be made anew otherwise.

    Raises:
        LogDamaged: it is not as it was stored; says up to where it is.
        EventUnreadable, UnknownEvent, NewerEvent: an event is as it was stored and is not understood.
        sqlite3.Error: it cannot be read.
    """
    with _snapshot(path) as connection:
        if _last_position(connection) > SHORT:
            _require_sound_tail(connection, path)
            return True
    report = check_log(path)
    if report.error is not None:
        raise cannot_be_read(path, report.error) from report.error
    if report.sound or report.only_views:
        return report.sound
    raise damaged(path, report.told, sound_up_to=report.sound_up_to)


def require_sound_tail(path: Path) -> None:
    """See that the last transactions of a log are as they were stored; raises as `require_sound` does."""
    with _snapshot(path) as connection:
        if check_format(connection, path, schema="log") >= SEALED_SINCE:
            _require_sound_tail(connection, path)


def _require_sound_tail(connection: sqlite3.Connection, path: Path) -> None:
    seals = _tail([START, *last_seals(connection.cursor(), TAIL + TAIL_EVENTS + 1)])
    checking = EventCheck(seals[0], IndexedVersions(connection.cursor()))
    damage = checking.go_over(_rows_after(connection, seals[0]), seals[1:])
    if damage is not None and damage.error is not None:
        raise cannot_be_read(path, damage.error) from damage.error
    if damage is not None:
        # What lies before the tail was not looked at; now there is time for that.
        raise damaged(path, damage.told, sound_up_to=check_log(path, views=False).sound_up_to)


def _tail(seals: Sequence[Seal]) -> Sequence[Seal]:
    """The seals of the last transactions, and the one that the first of them builds on."""
    last = seals[-1].position
    few = sum(last - seal.position <= TAIL_EVENTS for seal in seals)
    return seals[-max(few, TAIL + 1) :]


def _check_events(
    connection: sqlite3.Connection, log_format: int, checking: EventCheck, found: Findings, *, views: bool
) -> None:
    fold = Fold(connection.cursor())
    if views:
        checking.on_sound = fold.add
    seals = all_seals(connection.cursor()) if log_format >= SEALED_SINCE else _no_seals(found.events)
    found.looked_at_events(checking.go_over(_rows_after(connection, START), seals))
    if log_format < SEALED_SINCE:
        found.remark("chain", _NO_SEALS)
    if views and found.damage is None:
        found.looked("views", view_trouble(connection.cursor(), fold))


@contextmanager
def _snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """The log as it is at one moment, for reading, as `log` beside an empty database that nobody else sees."""
    connection = sqlite3.connect("", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    with closing(connection):
        connection.execute("ATTACH ? AS log", (path.absolute().as_uri() + "?mode=ro",))
        connection.execute("BEGIN")
        yield connection


def _file_trouble(connection: sqlite3.Connection) -> str | None:
    rows = connection.execute(f"PRAGMA log.integrity_check({_MOST_TROUBLES})").fetchall()
    told = "; ".join(str(trouble) for (trouble,) in rows)
    return None if told == "ok" else told.replace("\n", " ")


def _table_trouble(connection: sqlite3.Connection, log_format: int) -> str | None:
    changed = changed_tables(connection, log_format)
    if changed:
        return f"the columns of {', '.join(changed)} are not those that were made"
    try:
        for name in note_tables(log_format):
            connection.execute(f"SELECT * FROM log.{name}").fetchall()  # noqa: S608 - one of our own names
    except sqlite3.OperationalError as error:  # a text that is none
        return f"the notes in {name} cannot be read ({error})"
    return None


def _last_position(connection: sqlite3.Connection) -> int:
    ((position,),) = connection.execute(LAST_POSITION).fetchall()
    return int(position)


def _rows_after(connection: sqlite3.Connection, seal: Seal) -> Iterator[Row]:
    return connection.cursor().execute(AFTER, (seal.position,))


def _no_seals(events: int) -> Iterator[Seal]:
    """For a log without seals: each event is sound by itself, as far as can be said."""
    return (Seal(position=position, epoch=0, digest=None) for position in range(1, events + 1))
