"""`syncengine explain`: the whole story of one item, from the log."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from syncengine.adapters.event_log import SqliteEventLog
from syncengine.domain.identity import LinkId
from syncengine.engine.ports import KnownRecord, Recorded
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, log_path_of
from syncengine.runner.short_text import Titles
from syncengine.runner.standing import titles_of


def explain(
    ctx: Context,
    item: Annotated[str, typer.Argument(help="A label such as TSK-12, a record id, the id of an item, or an exact title.")],
    *,
    log: Annotated[Path | None, typer.Option("--log", help="The event log; the one in the settings if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the story as JSON.")] = False,
) -> None:
    """Tell the whole story of one item: seen, decided, written, interrupted, settled."""
    raise typer.Exit(asyncio.run(_explain(log_path_of(ctx, log), item, as_json=as_json)))


async def _explain(path: Path, item: str, *, as_json: bool) -> int:
    from syncengine.adapters.event_log import open_log

    async with open_log(path, read_only=True) as log:
        found = _matches(log, item)
        if len(found) > 1:
            _list(log, item, found, as_json=as_json)
            return exit_codes.SETTINGS
        recorded = await log.load(next(iter(found))) if found else ()
        if not recorded:
            show.complain(
                f'syncengine: nothing in the log {path} is known as "{item}". '
                "Try its label, its exact title, or an id from `syncengine status --json`"
            )
            return exit_codes.SETTINGS
        link_id = next(iter(found))
        _tell(link_id, recorded, titles_of(log.views, link_id), as_json=as_json)
        return exit_codes.OK


def _matches(log: SqliteEventLog, item: str) -> dict[LinkId, list[KnownRecord]]:
    """The items this may mean, each with the records that made it so."""
    found: dict[LinkId, list[KnownRecord]] = {}
    for record in log.views.find(item):
        found.setdefault(record.link_id, []).append(record)
    if not found:
        try:
            found[UUID(item.strip())] = []  # perhaps an item none of whose records is known any more
        except ValueError:
            return {}
    return found


def _list(log: SqliteEventLog, item: str, found: dict[LinkId, list[KnownRecord]], *, as_json: bool) -> None:
    rows = [(str(link_id), _records(log.views.records_of(link_id))) for link_id in found]
    if as_json:
        show.data({"matches": [{"link_id": link_id, "records": records} for link_id, records in rows]})
        return
    show.line(f'"{item}" may mean {len(rows)} items; ask again with the id of one of them:')
    show.table(("id", "records"), rows)


def _records(records: Sequence[KnownRecord]) -> str:
    return ", ".join(f"{it.ref} ({it.label})" if it.label else str(it.ref) for it in records)


def _tell(link_id: LinkId, recorded: Sequence[Recorded], titles: Titles, *, as_json: bool) -> None:
    from syncengine.runner.story import sentences

    told = sentences(link_id, recorded, titles)
    if as_json:
        story: list[dict[str, Any]] = [{"at": sentence.at, "text": sentence.text} for sentence in told]
        show.data({"link_id": str(link_id), "story": story})
        return
    show.line(f"item {link_id}")
    for sentence in told:
        show.line(str(sentence))
