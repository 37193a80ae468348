"""A copy of the event log that is whole, also while another process writes it."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from syncengine.adapters.log_file import check_path, connect, log_trouble
from syncengine.adapters.log_tables import check_readable
from syncengine.adapters.stored_rows import LAST_POSITION
from syncengine.errors import LogMisconfigured, LogUnavailable


def back_up(path: Path, target: Path) -> int:
    """
    Copy the log at this path into a new file; the number of events in it.

    The copy is made under another name, read through once, and gets its own name only then.

    Raises:
        LogMisconfigured: there is no log, or the target is there already.
        EventLogError: the log cannot be read, or the copy not be written.
    """
    check_path(path, read_only=True)
    if target.exists():
        raise LogMisconfigured(f"{target} is there already and is not written over; give another name")
    if not target.parent.is_dir():
        raise LogMisconfigured(f"the folder {target.parent} does not exist; make it or give another path")
    draft = target.with_name(target.name + ".unfinished")
    try:
        events = _copy(path, draft)
        draft.replace(target)
    except OSError as error:
        raise LogUnavailable(f"the copy {target} cannot be written: {error.strerror}") from error
    except sqlite3.Error as error:
        raise log_trouble(path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return events


def _copy(path: Path, draft: Path) -> int:
    with closing(connect(path, read_only=True)) as source, closing(sqlite3.connect(draft)) as copy:
        check_readable(source, path)
        source.backup(copy)
        ((verdict,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise LogUnavailable(f"the copy of {path} is not sound ({verdict}); check the disks of both")
        ((events,),) = copy.execute(LAST_POSITION).fetchall()
        # One file is easier to carry than two.
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    return int(events or 0)
