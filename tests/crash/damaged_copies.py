"""
A real log as it lies on the disk at several moments, and copies of it in which bytes of its last transactions are damaged.

What every such copy must do: `syncengine verify` and start-up go on from a part of the true story that is whole, or name
the damage. None goes on with anything else.
"""

import random
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from attrs import field, frozen

from syncengine.adapters.event_log import OpenLog, open_log
from syncengine.adapters.view_schema import TABLES
from syncengine.domain.events import ClaimTaken, CursorAdvanced, EndpointPaused, EndpointResumed, PassStarted
from syncengine.domain.identity import claim_stream, feed_stream
from syncengine.domain.records import RecordRef
from tests.unit.adapters.sample_events import FULL_EXAMPLES, NOON, confirmed, intended, observed, to_link

PAGE = 4096
LINKS = [UUID(int=number << 96 | 0xABCDEF) for number in range(1, 9)]
KINDS = ("bit", "byte", "zeros", "noise", "cut", "stale")
"""One bit turned, one byte replaced, a run of zeros, a run of noise, the file cut off, a page as it was before."""


@frozen(kw_only=True)
class Story:
    """
    What is true after each transaction.

    Attributes:
        events: every event, as (position, stream, version, event, caused by).
        views: the rows of the views after so many events; the links that nobody has looked at are at least in there.
        copies: the log on the disk at several moments.
    """

    events: Sequence[tuple[Any, ...]]
    views: Mapping[int, Mapping[str, list[Any]]]
    copies: Sequence["Copy"]


@frozen(kw_only=True)
class Copy:
    """
    A log as it lies on the disk.

    Attributes:
        files: content by name.
        targets: places in those files that the last transactions wrote.
        before: pages of `log.db` as they were before that, by number from 0.
        long: let start-up treat it as a long log, of which it checks only the end.
    """

    name: str
    files: Mapping[str, bytes]
    targets: Sequence[tuple[str, int]] = field(repr=False)
    before: Mapping[int, bytes]
    long: bool = False


@frozen(kw_only=True)
class Damage:
    """One damaged copy: which copy, what kind, and where; `seed` makes the same one again."""

    copy: str
    kind: str
    file: str
    offset: int
    seed: int


def record(recorded: Any) -> tuple[Any, ...]:
    """What is compared of an event."""
    return recorded.position, recorded.stream_id, recorded.version, recorded.event, recorded.caused_by


def view_rows(path: Path) -> dict[str, list[Any]]:
    """Every row of the views, in an order of its own."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES}


async def tell(folder: Path) -> Story:
    """Write a log, and copy its files at several moments."""
    path = folder / "log.db"
    views: dict[int, Mapping[str, list[Any]]] = {}
    async with open_log(path, now=lambda: NOON) as log:
        await _beginning(log)
        views[log.max_position()] = view_rows(path)
    before = path.read_bytes()
    async with open_log(path, now=lambda: NOON) as log:
        views[log.max_position()] = view_rows(path)
        wal = path.with_name("log.db-wal")
        start = wal.stat().st_size
        for ending in _ENDINGS:
            await ending(log)
            views[log.max_position()] = view_rows(path)
        events = [record(recorded) for recorded in log.all_events()]
        killed = _files(folder)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        checkpointed = _files(folder)
    closed = path.read_bytes()
    in_wal = [("log.db-wal", offset) for offset in range(start, len(killed["log.db-wal"]))]
    pages = {number: page for number, page in _pages(before).items() if page != _pages(closed).get(number)}
    new_pages = range(len(before) // PAGE, len(closed) // PAGE)
    in_pages = [("log.db", number * PAGE + it) for number in (*pages, *new_pages) for it in range(PAGE)]
    written = [it for it in in_pages if before[it[1] : it[1] + 1] != closed[it[1] : it[1] + 1]]
    of_events = _pages_of(path, "stored_events", "log_chain")
    in_events = [it for it in written if it[1] // PAGE in of_events]
    return Story(
        events=events,
        views=views,
        copies=[
            Copy(name="killed", files=killed, targets=in_wal, before={}),
            Copy(name="killed, long", files=killed, targets=in_wal, before={}, long=True),
            Copy(name="checkpointed", files=checkpointed, targets=in_wal + in_pages, before=pages),
            Copy(name="closed, pages", files={"log.db": closed}, targets=in_pages, before=pages),
            Copy(name="closed, written bytes", files={"log.db": closed}, targets=written, before=pages),
            Copy(
                name="closed, long",
                files={"log.db": closed},
                targets=in_events,
                before={number: page for number, page in pages.items() if number in of_events},
                long=True,
            ),
        ],
    )


async def _beginning(log: OpenLog) -> None:
    for number, link in enumerate(LINKS):
        ref = RecordRef("huly", "board", f"h{number}")
        claim = claim_stream("huly", "board", f"h{number}")
        await log.append(
            to_link(observed(ref, label=f"GARDEN-{number}"), intended(f"i{number}"), link=link),
            to_link(ClaimTaken(ref=ref, link_id=link), link=claim),
            caused_by="pass 1",
        )
    for number, link in enumerate(LINKS[:5]):
        await log.append(to_link(confirmed(f"i{number}"), after=2, link=link), caused_by="pass 1")
    for number, event in enumerate(FULL_EXAMPLES.values()):
        await log.append(to_link(event, link=UUID(int=number)), caused_by="pass 2")
    quiet = {link: log.stream_version(link) for link in (*LINKS, *(UUID(int=it) for it in range(len(FULL_EXAMPLES))))}
    await log.mark_quiet(quiet)


async def _new_edits(log: OpenLog) -> None:
    edits = [to_link(observed(RecordRef("huly", "board", f"h{it}"), label="new"), after=3, link=LINKS[it]) for it in (0, 1)]
    cursor = CursorAdvanced(endpoint="huly", container="board", cursor="c77")
    feed = to_link(cursor, link=feed_stream("huly", "board"))
    await log.append(*edits, feed, caused_by="pass 3")


async def _new_decisions(log: OpenLog) -> None:
    paused = EndpointPaused(endpoint="vibe", reason="wrong credentials", error="AuthenticationFailed")
    await log.append(
        to_link(intended("k0", "k1"), after=4, link=LINKS[0]), to_link(paused, link=UUID(int=900)), caused_by="pass 3"
    )


async def _looked_at(log: OpenLog) -> None:
    await log.mark_quiet({LINKS[1]: 4})


async def _outcomes(log: OpenLog) -> None:
    await log.append(
        to_link(confirmed("k0"), after=5, link=LINKS[0]),
        to_link(confirmed("i6"), after=2, link=LINKS[6]),
        to_link(EndpointResumed(endpoint="vibe"), after=1, link=UUID(int=900)),
        to_link(PassStarted(sync_id="pass 4"), link=UUID(int=901)),
        caused_by="pass 3",
    )


_ENDINGS = (_new_edits, _new_decisions, _looked_at, _outcomes)


def _files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("log.db", "log.db-wal")}


def _pages(content: bytes) -> dict[int, bytes]:
    return {number: content[number * PAGE : (number + 1) * PAGE] for number in range(len(content) // PAGE)}


def _pages_of(path: Path, *tables: str) -> set[int]:
    """The numbers, from 0, of all pages of these tables."""
    content = path.read_bytes()
    marks = ", ".join("?" * len(tables))
    with closing(sqlite3.connect(path)) as connection:
        roots = connection.execute(f"SELECT rootpage FROM sqlite_master WHERE name IN ({marks})", tables).fetchall()
    found, waiting = set[int](), [root - 1 for (root,) in roots]
    while waiting:
        number = waiting.pop()
        found.add(number)
        page = content[number * PAGE : (number + 1) * PAGE]
        if page[0] == 5:  # an inner page of a table
            cells = [int.from_bytes(page[12 + 2 * it : 14 + 2 * it]) for it in range(int.from_bytes(page[3:5]))]
            children = [int.from_bytes(page[cell : cell + 4]) for cell in cells] + [int.from_bytes(page[8:12])]
            waiting += [child - 1 for child in children]
    return found


def damage(story: Story, seed: int) -> Damage:
    """The damage of this number; each copy and each kind gets its share."""
    dice = random.Random(seed)
    copy = story.copies[seed % len(story.copies)]
    file, offset = dice.choice(copy.targets)
    kind = KINDS[seed // len(story.copies) % len(KINDS)]
    if kind == "stale" and (file != "log.db" or offset // PAGE not in copy.before):
        kind = "noise"
    return Damage(copy=copy.name, kind=kind, file=file, offset=offset, seed=seed)


def lay_out(story: Story, damage: Damage, folder: Path) -> Path:
    """Put the damaged copy into a folder; the path of its log."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy = next(it for it in story.copies if it.name == damage.copy)
    for name, content in copy.files.items():
        changed = _damaged(content, damage, copy.before) if name == damage.file else content
        (folder / name).write_bytes(changed)
    return folder / "log.db"


def _damaged(content: bytes, damage: Damage, before: Mapping[int, bytes]) -> bytes:
    dice = random.Random(-damage.seed)
    changed, at = bytearray(content), damage.offset
    run = slice(at, min(len(content), at + dice.randint(1, 64)))
    match damage.kind:
        case "bit":
            changed[at] ^= 1 << dice.randrange(8)
        case "byte":
            changed[at] ^= dice.randint(1, 255)
        case "zeros":
            changed[run] = bytes(len(changed[run]))
        case "noise":
            changed[run] = dice.randbytes(len(changed[run]))
        case "stale":
            page = at // PAGE
            changed[page * PAGE : (page + 1) * PAGE] = before[page]
        case "cut":
            del changed[at:]
    return bytes(changed)
