"""What a schema of a database holds: a log of some format, nothing, or the tables of another program."""

from syncengine.adapters.log_cursor import TABLE_NAMES, Cursor
from syncengine.adapters.log_file import LOG_FORMAT
from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.log_tables import FACT
from syncengine.errors import LogMisconfigured, NewerEvent

FORMAT = "log_format"
"""The fact that says which format a log has."""

_OURS = frozenset({"stored_events", "log_facts", "log_chain", "log_lease", "heartbeat", "inbox"})


def check_format(cursor: Cursor, place: PostgresPlace) -> int:
    """
    The format of the log; 0 where there is none yet.

    Raises:
        NewerEvent: a newer version made it.
        LogMisconfigured: there are tables of another program.
    """
    names = {name for (name,) in cursor.execute(TABLE_NAMES).fetchall()}
    taken = names & _OURS or {name for name in names if name.startswith("view_")}
    if not taken:
        return 0
    stated = cursor.execute(FACT, (FORMAT,)).fetchone() if "log_facts" in names else None
    if stated is None:
        raise LogMisconfigured(
            f"{place} holds tables of another program ({', '.join(sorted(taken))}); give the event log a database or a "
            "schema of its own"
        )
    made_by = int(stated[0])
    if made_by > LOG_FORMAT:
        raise NewerEvent(
            f"the event log {place} was written by a newer version (log format {made_by}, known up to {LOG_FORMAT}); "
            "upgrade this one"
        )
    return made_by


def require_log(cursor: Cursor, place: PostgresPlace) -> None:
    """There is a log; raises `LogMisconfigured` when there is none, and as `check_format` does."""
    if not check_format(cursor, place):
        raise LogMisconfigured(f"there is no event log in {place} yet; run a sync first or check the URL")
