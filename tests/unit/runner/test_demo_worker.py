"""What the demo hears in the log lines of the command that it runs."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, cast
from uuid import UUID

import pytest

from syncengine.engine.notes import Note, WriteOutcome
from syncengine.runner.demo.child_processes import Child
from syncengine.runner.demo.worker import Worker
from syncengine.runner.log_lines.set_up import facts_of

Outcome = Literal["confirmed", "found", "not_done", "unknown", "rejected", "overtaken"]


def wrote(operation: str, outcome: Outcome) -> WriteOutcome:
    """What became of a write."""
    return WriteOutcome(
        link_id=UUID(int=1),
        version=3,
        saved="",
        intent_id=UUID(int=2).hex,
        endpoint="vibe",
        kind="issue",
        operation=operation,
        attempt=1,
        outcome=outcome,
    )


def line(note: Note) -> bytes:
    """A note as the command writes it."""
    return json.dumps({"event": note.name, **facts_of(note)}, default=str).encode() + b"\n"


async def heard(log: Path, *lines: bytes) -> list[int]:
    """The counts that are told while a command writes these lines and ends."""
    errors, answers = asyncio.StreamReader(), asyncio.StreamReader()
    errors.feed_data(b"".join(lines))
    errors.feed_eof()
    answers.feed_eof()

    async def ended() -> int:
        return 0

    told: list[int] = []
    process = SimpleNamespace(stderr=errors, wait=ended, returncode=0)
    await Worker(cast("Child", SimpleNamespace(process=process, answers=answers, log=log)), told.append).finish()
    return told


async def test_every_record_that_was_made_is_told_of(tmp_path: Path):
    """Also one that was found made; all lines are kept, whatever they are."""
    lines = (b"no json\n", line(wrote("create", "confirmed")), line(wrote("create", "found")))
    assert await heard(tmp_path / "log", *lines) == [1, 2]
    assert (tmp_path / "log").read_bytes() == b"".join(lines)


@pytest.mark.parametrize("outcome", ["not_done", "unknown", "rejected", "overtaken"])
async def test_a_create_that_made_nothing_is_none(tmp_path: Path, outcome: Outcome):
    """It waits, or was given up."""
    assert await heard(tmp_path / "log", line(wrote("create", outcome))) == []


async def test_a_write_to_a_record_that_is_there_makes_none(tmp_path: Path):
    """An update and a deletion."""
    assert await heard(tmp_path / "log", line(wrote("update", "confirmed")), line(wrote("delete", "found"))) == []
