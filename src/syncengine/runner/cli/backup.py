"""`syncengine backup`: copies the event log, also while a sync is running."""

from pathlib import Path
from typing import Annotated

import typer

from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, LogOption, log_file_of


def backup(
    ctx: Context,
    target: Annotated[Path, typer.Argument(help="The file to make; it must not be there yet.")],
    *,
    log: LogOption = None,
) -> None:
    """Copy the event log into a new file, whole and checked; a running sync goes on."""
    from syncengine.adapters.log_backup import back_up

    path = log_file_of(ctx, log, instead="copy it with `pg_dump`")
    events = back_up(path, target)
    show.line(
        f"copied {path} with {events} events to {target}; to go back to it, stop the sync and put it in the log's place"
    )
