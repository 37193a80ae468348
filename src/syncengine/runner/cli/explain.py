"""`syncengine explain`: the whole story of one item, from the log."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from syncengine.adapters.log_place import LogPlace
from syncengine.domain.identity import LinkId
from syncengine.engine.ports import Recorded
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, LogOption, log_place_of
from syncengine.runner.cli.items import ITEM_HELP, meant
from syncengine.runner.short_text import Titles
from syncengine.runner.standing import titles_of


def explain(
    ctx: Context,
    item: Annotated[str, typer.Argument(help=ITEM_HELP)],
    *,
    log: LogOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the story as JSON.")] = False,
) -> None:
    """Tell the whole story of one item: seen, decided, written, interrupted, settled."""
    raise typer.Exit(asyncio.run(_explain(log_place_of(ctx, log), item, as_json=as_json)))


async def _explain(path: LogPlace, item: str, *, as_json: bool) -> int:
    from syncengine.adapters.event_log import open_log

    async with open_log(path, read_only=True) as log:
        link_id = meant(log, item, as_json=as_json)
        if link_id is None:
            return exit_codes.SETTINGS
        _tell(link_id, await log.load(link_id), titles_of(log.views, link_id), as_json=as_json)
        return exit_codes.OK


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
