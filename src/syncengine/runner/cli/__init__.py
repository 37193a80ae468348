"""
The command `syncengine`; one module for each command.

`exit_codes` says what the exit codes mean.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from syncengine.runner.cli import (
    approve,
    backup,
    connectors,
    demo,
    explain,
    guarantees,
    healthcheck,
    init,
    pause,
    plan,
    rebuild_views,
    resolve,
    run,
    salvage,
    status,
    verify,
)
from syncengine.runner.cli.context import CONFIG_VARIABLE, Choices, Context
from syncengine.runner.cli.errors import Commands
from syncengine.runner.log_lines.uncaught import redact_what_is_uncaught
from syncengine.runner.settings import DEFAULT_FILE

__all__ = ["app", "main"]

app = typer.Typer(
    name="syncengine",
    cls=Commands,
    help="Keeps records in two systems the same, both ways, and never loses or doubles one.",
    epilog="Exit codes: 0 worked, 1 problems, 2 command line or settings, 3 endpoint refused, 4 event log, "
    "5 a person has to look, 70 bug, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the command-line library passes it so
    if wanted:
        try:
            typer.echo(version("eventsourced-syncengine"))
        except PackageNotFoundError:
            typer.echo("unknown; the program was not installed")
        raise typer.Exit


@app.callback()
def options(
    ctx: Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar=CONFIG_VARIABLE, metavar="PATH", help="The settings file.")
    ] = Path(DEFAULT_FILE),
    *,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """Keep records in two systems the same, both ways, and never lose or double one."""
    del show_version
    ctx.obj = Choices(config=config)


app.command("init")(init.init)
app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("status")(status.status)
app.command("healthcheck")(healthcheck.healthcheck)
app.command("explain")(explain.explain)
app.command("approve")(approve.approve)
app.command("resolve")(resolve.resolve)
app.command("pause")(pause.pause)
app.command("resume")(pause.resume)
app.command("guarantees")(guarantees.guarantees)
app.command("connectors")(connectors.connectors)
app.command("backup")(backup.backup)
app.command("verify")(verify.verify)
app.command("salvage")(salvage.salvage)
app.command("rebuild-views")(rebuild_views.rebuild_views)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    redact_what_is_uncaught()
    # Not `app()`, which puts a hook of its own in place of ours.
    get_command(app)(prog_name="syncengine")
