"""`syncengine rebuild-views`: makes the tables beside the events again."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, log_path_of


def rebuild_views(
    ctx: Context,
    *,
    log: Annotated[Path | None, typer.Option("--log", help="The event log; the one in the settings if not given.")] = None,
) -> None:
    """Drop the views and make them again from the events; the events themselves are only read."""
    path = log_path_of(ctx, log)
    events = asyncio.run(_rebuilt(path))
    show.line(f"made the views of {path} again from {events} events")


async def _rebuilt(path: Path) -> int:
    from syncengine.adapters.event_log import open_log
    from syncengine.adapters.log_file import check_path
    from syncengine.runner.progress import meter

    check_path(path, read_only=True)  # a log that is not there is not made by this
    with meter() as progress:
        async with open_log(path, command="syncengine rebuild-views") as opened:
            return await opened.rebuild_views(partial(progress.set, "events read"))
