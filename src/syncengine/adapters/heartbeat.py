"""Signs of life for `status`: kept beside the events, not rebuilt from them, and of no weight in any decision."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from attrs import field, frozen

from syncengine.adapters import plain_json
from syncengine.adapters.event_converter import time_from_text, time_to_text
from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_file import execute, text_of
from syncengine.adapters.log_reader import LogReader
from syncengine.adapters.log_writer import Submit

TABLE = """
    CREATE TABLE heartbeat (
        slot INTEGER PRIMARY KEY CHECK (slot = 1), sync_id TEXT, started_at TEXT, finished_at TEXT, summary BLOB,
        skipped INTEGER NOT NULL DEFAULT 0)"""

_NOTE = """
    INSERT INTO heartbeat (slot, sync_id, started_at, finished_at, summary) VALUES (1, ?, ?, ?, ?)
    ON CONFLICT (slot) DO UPDATE SET sync_id = excluded.sync_id, started_at = excluded.started_at,
        finished_at = excluded.finished_at, summary = excluded.summary"""
_SKIP = """
    INSERT INTO heartbeat (slot, skipped) VALUES (1, 1)
    ON CONFLICT (slot) DO UPDATE SET skipped = heartbeat.skipped + 1"""
_LAST = "SELECT sync_id, started_at, finished_at, summary FROM heartbeat WHERE sync_id IS NOT NULL"


@frozen(kw_only=True)
class LastPass:
    """
    The last pass that came to its end, whether it found something to do or not.

    Attributes:
        summary: plain data the runner wants `status` to show.
    """

    sync_id: str
    started_at: datetime
    finished_at: datetime
    summary: Mapping[str, Any] = field(factory=dict)


@frozen
class Heartbeat:
    """Remembers the last pass, and how many passes were skipped because the one before them was still running."""

    _reader: LogReader
    _submit: Submit

    async def note_pass(
        self, *, sync_id: str, started_at: datetime, finished_at: datetime, summary: Mapping[str, Any]
    ) -> None:
        """
        A pass came to its end; one transaction.

        Args:
            summary: plain data: texts, numbers, lists and mappings.

        Raises:
            EventLogError: the log cannot be written.
        """
        row = (sync_id, time_to_text(started_at), time_to_text(finished_at), plain_json.dumps(summary))
        await self._submit(partial(_run, _NOTE, row))

    async def note_skipped(self) -> None:
        """A pass was due while another was running; raises as `note_pass` does."""
        await self._submit(partial(_run, _SKIP, ()))

    def last_pass(self) -> LastPass | None:
        """The last pass, or None when there was none yet."""
        row = self._reader.row(_LAST)
        if row is None:
            return None
        sync_id, started_at, finished_at, summary = row
        return LastPass(
            sync_id=text_of(sync_id),
            started_at=time_from_text(started_at),
            finished_at=time_from_text(finished_at),
            summary=plain_json.loads(summary),
        )

    def skipped(self) -> int:
        """How many passes were skipped in the life of this log."""
        row = self._reader.row("SELECT skipped FROM heartbeat")
        return int(row[0]) if row else 0


def _run(statement: str, row: tuple[object, ...], cursor: Cursor) -> None:
    execute(cursor, statement, row)
