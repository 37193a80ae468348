"""Copies of the event log: a whole one, also while another process writes it, and the sound part of a damaged one."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

from syncengine.adapters.hash_chain import Seal, add_seals, all_seals, seal_old_events
from syncengine.adapters.log_check import check_log
from syncengine.adapters.log_file import DATABASE_ERRORS, check_path, connect, damaged, log_trouble, write_transaction
from syncengine.adapters.log_report import LogReport
from syncengine.adapters.log_tables import check_readable, prepare, rebuild
from syncengine.adapters.stored_rows import AFTER
from syncengine.errors import LogDamaged, LogMisconfigured, LogUnavailable

_STORE = """
    INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)"""


def back_up(path: Path, target: Path) -> int:
    """
    Copy the log at this path into a new file; the number of events in it.

    The copy is made under another name, checked as `syncengine verify` does except for its views, and gets its own name
    only then.

    Raises:
        LogMisconfigured: there is no log, or the target is there already.
        LogDamaged: the log is damaged, so there is nothing whole to copy.
        EventLogError: the log cannot be read, or the copy not be written.
    """
    with _new_file(path, target) as draft:
        with closing(connect(path, read_only=True)) as source, closing(sqlite3.connect(draft)) as copy:
            check_readable(source, path)
            source.backup(copy)
            # One file is easier to carry than two.
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
        report = check_log(draft, views=False)
        if report.troubles and report.error is None:
            raise damaged(path, report.told, sound_up_to=report.sound_up_to)
    return report.events


def salvage(path: Path, target: Path) -> LogReport:
    """
    Copy those events of a damaged log that are as they were stored into a new log, with views made from them.

    Returns:
        How the damaged log is; its events up to `sound_up_to` were saved.

    Raises:
        LogMisconfigured: there is no log, or the target is there already.
        LogDamaged: it holds no event that can be saved.
        EventLogError: the log cannot be read, or the copy not be written.
    """
    with _new_file(path, target) as draft:
        report = check_log(path, views=False)
        if not report.sound_up_to:
            raise LogDamaged(f"no event of {path} can be saved; restore it from a backup ({report.told})", sound_up_to=0)
        _copy_events(path, draft, up_to=report.sound_up_to, sealed=report.sealed)
        if not check_log(draft).sound:
            raise LogUnavailable(f"the copy of {path} is not sound; check the disk of {target}")
    return report


def _copy_events(path: Path, draft: Path, *, up_to: int, sealed: bool) -> None:
    from syncengine.adapters.eventsourcing_bridge import LogApplication

    application = LogApplication(draft)
    try:
        with application.datastore.raw_connection(writer=True) as copy, closing(connect(path, read_only=True)) as source:
            prepare(copy, draft, event_tables=application.log_recorder.create_table_statements)
            with write_transaction(copy) as cursor:
                # The first ones, in the order in which they were checked: in a damaged file, a search finds other rows.
                cursor.executemany(_STORE, islice(source.cursor().execute(AFTER, (0,)), up_to))
                if sealed:
                    add_seals(cursor, _seals_through(up_to, all_seals(source.cursor())))
                else:
                    seal_old_events(cursor)
                rebuild(cursor, path=draft, progress=lambda _, __: None)
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    finally:
        application.close()


def _seals_through(position: int, seals: Iterable[Seal]) -> Iterator[Seal]:
    for seal in seals:
        yield seal
        if seal.position == position:
            return


@contextmanager
def _new_file(path: Path, target: Path) -> Iterator[Path]:
    """A name to make a copy under, which becomes the target at the end; nothing is left of it when something fails."""
    check_path(path, read_only=True)
    if target.exists():
        raise LogMisconfigured(f"{target} is there already and is not written over; give another name")
    if not target.parent.is_dir():
        raise LogMisconfigured(f"the folder {target.parent} does not exist; make it or give another path")
    draft = target.with_name(target.name + ".unfinished")
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        raise LogUnavailable(f"the copy {target} cannot be written: {error.strerror}") from error
    except DATABASE_ERRORS as error:
        raise log_trouble(path, error) from error
    finally:
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                draft.with_name(draft.name + ending).unlink(missing_ok=True)
