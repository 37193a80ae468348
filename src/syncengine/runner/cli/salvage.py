"""`syncengine salvage`: saves the sound part of a damaged event log."""

from pathlib import Path
from typing import Annotated

import typer

from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, log_path_of


def salvage(
    ctx: Context,
    target: Annotated[Path, typer.Argument(help="The log to make; it must not be there yet.")],
    *,
    log: Annotated[Path | None, typer.Option("--log", help="The event log; the one in the settings if not given.")] = None,
) -> None:
    """Copy the events of a damaged event log that are as they were stored into a new one; the old one is only read."""
    from syncengine.adapters.log_backup import salvage as saved

    path = log_path_of(ctx, log)
    report = saved(path, target)
    lost = report.events - report.sound_up_to
    show.line(
        f"saved {report.sound_up_to} events of {path} in {target}"
        + (f"; {lost} after them cannot be trusted" if lost > 0 else "; that is all of them")
        + f"; to go on with it, stop the sync and put it in the place of {path.name}, away with its -wal and -shm"
    )
