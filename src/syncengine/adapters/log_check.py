"""
Whether a log is sound: in full for `syncengine verify`, in its last part whenever it is opened.

The log is only read, all of it as it was at one moment, so somebody may write it meanwhile.
"""

from collections.abc import Iterator, Sequence

from syncengine.adapters.event_check import AllVersions, EventCheck, IndexedVersions
from syncengine.adapters.hash_chain import SEALED_SINCE, START, Seal, all_seals, last_seals
from syncengine.adapters.log_file import damaged
from syncengine.adapters.log_place import LogPlace
from syncengine.adapters.log_report import Findings, LogReport
from syncengine.adapters.log_snapshot import LogSnapshot, snapshot_errors, snapshot_of, snapshot_trouble
from syncengine.adapters.stored_rows import LAST_POSITION, cannot_be_read
from syncengine.adapters.view_check import view_trouble
from syncengine.errors import LogMisconfigured, LogUnavailable

TAIL = 3
"""Transactions that are looked at, at least, when a long log is opened; more while they hold few events."""

TAIL_EVENTS = 200
"""Events up to which more transactions than that are looked at."""

SHORT = 2_000
"""Events up to which a log is looked at in full when it is opened for writing; takes up to half a second."""

_NO_SEALS = "a log of format 1 carries no seals; the next process that writes it puts them there"


def check_log(path: LogPlace, *, views: bool = True) -> LogReport:
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
        with snapshot_of(path) as snapshot:
            log_format = snapshot.log_format()
            found.looked("file", snapshot.file_trouble(log_format))
            found.remark("file", snapshot.file_sound)
            found.events = _last_position(snapshot)
            _check_events(snapshot, log_format, checking, found, views=views)
    except snapshot_errors(path) as error:
        trouble = snapshot_trouble(path, error)
        if isinstance(trouble, LogUnavailable | LogMisconfigured):
            raise trouble from error
        found.looked("file", f"reading it ends with: {error}")
        found.stopped(checking.sound.position)
    return found.report(path, log_format=log_format, sound_up_to=checking.sound.position)


def require_sound(path: LogPlace) -> bool:
    """
    See that a log can be written on: all of a short one, the last transactions of a long one.

    Returns:
        Whether its views can be used; they have to be made anew otherwise.

    Raises:
        LogDamaged: it is not as it was stored; says up to where it is.
        EventUnreadable, UnknownEvent, NewerEvent: an event is as it was stored and is not understood.
        Exception: of the database; it cannot be read.
    """
    with snapshot_of(path) as snapshot:
        if _last_position(snapshot) > SHORT:
            _require_sound_tail(snapshot, path)
            return True
    report = check_log(path)
    if report.error is not None:
        raise cannot_be_read(path, report.error) from report.error
    if report.sound or report.only_views:
        return report.sound
    raise damaged(path, report.told, sound_up_to=report.sound_up_to)


def require_sound_tail(path: LogPlace) -> None:
    """See that the last transactions of a log are as they were stored; raises as `require_sound` does."""
    with snapshot_of(path) as snapshot:
        if snapshot.log_format() >= SEALED_SINCE:
            _require_sound_tail(snapshot, path)


def _require_sound_tail(snapshot: LogSnapshot, path: LogPlace) -> None:
    seals = _tail([START, *last_seals(snapshot.cursor(), TAIL + TAIL_EVENTS + 1)])
    checking = EventCheck(seals[0], IndexedVersions(snapshot.cursor()))
    damage = checking.go_over(snapshot.rows_after(seals[0]), seals[1:])
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


def _check_events(snapshot: LogSnapshot, log_format: int, checking: EventCheck, found: Findings, *, views: bool) -> None:
    fold = snapshot.fold()
    if views:
        checking.on_sound = fold.add
    seals = all_seals(snapshot.cursor()) if log_format >= SEALED_SINCE else _no_seals(found.events)
    found.looked_at_events(checking.go_over(snapshot.rows_after(START), seals))
    if log_format < SEALED_SINCE:
        found.remark("chain", _NO_SEALS)
    if views and found.damage is None:
        found.looked("views", view_trouble(snapshot, fold))


def _last_position(snapshot: LogSnapshot) -> int:
    ((position,),) = snapshot.cursor().execute(LAST_POSITION).fetchall()
    return int(position)


def _no_seals(events: int) -> Iterator[Seal]:
    """For a log without seals: each event is sound by itself, as far as can be said."""
    return (Seal(position=position, epoch=0, digest=None) for position in range(1, events + 1))
