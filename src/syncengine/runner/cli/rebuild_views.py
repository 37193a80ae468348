"""`syncengine rebuild-views`: makes the tables beside the events again."""

import asyncio
from functools import partial

from syncengine.adapters.log_place import LogPlace
from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, LogOption, log_place_of


def rebuild_views(
    ctx: Context,
    *,
    log: LogOption = None,
) -> None:
    """Drop the views and make them again from the events; the events themselves are only read."""
    path = log_place_of(ctx, log)
    events = asyncio.run(_rebuilt(path))
    show.line(f"made the views of {path} again from {events} events")


async def _rebuilt(path: LogPlace) -> int:
    from syncengine.adapters.event_log import open_log
    from syncengine.adapters.log_snapshot import require_log
    from syncengine.runner.progress import meter

    require_log(path)  # a log that is not there is not made by this
    with meter() as progress:
        async with open_log(path, command="syncengine rebuild-views") as opened:
            return await opened.rebuild_views(partial(progress.set, "events read"))
