"""`syncengine salvage`: saves the sound part of a damaged event log."""

from pathlib import Path
from typing import Annotated

import typer

from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, LogOption, log_file_of


def salvage(
    ctx: Context,
    target: Annotated[Path, typer.Argument(help="The log to make; it must not be there yet.")],
    *,
    log: LogOption = None,
) -> None:
    """Copy the events of a damaged event log that are as they were stored into a new one; the old one is only read."""
    from syncengine.adapters.log_backup import salvage as saved

    path = log_file_of(ctx, log, instead="restore it from a dump that `pg_dump` made")
    report = saved(path, target)
    lost = report.events - report.sound_up_to
    show.line(
        f"saved {report.sound_up_to} events of {path} in {target}"
        + (f"; {lost} after them cannot be trusted" if lost > 0 else "; that is all of them")
        + f"; to go on with it, stop the sync and put it in the place of {path.name}, away with its -wal and -shm"
    )
