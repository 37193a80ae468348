"""`syncengine run`: passes, one or many."""

import asyncio
import os
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer

from syncengine.engine.report import PassReport
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, settings_of
from syncengine.runner.settings import Settings


class LogForm(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class Level(StrEnum):
    """The lowest level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def run(
    ctx: Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run one pass and leave.")] = False,
    until_quiet: Annotated[
        bool, typer.Option("--until-quiet", help="Run passes until one has nothing left to do, then leave.")
    ] = False,
    interval: Annotated[
        float | None,
        typer.Option("--interval", metavar="SECONDS", min=0.1, help="Seconds between passes; overrides the settings."),
    ] = None,
    retry_refused: Annotated[
        bool,
        typer.Option(
            "--retry-refused", help="Send again what a remote refused, credentials too, after you removed the cause."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report of each pass as one line of JSON.")] = False,
    log_format: Annotated[
        LogForm | None, typer.Option("--log-format", help="How log lines look; overrides the settings.")
    ] = None,
    log_level: Annotated[
        Level | None,
        typer.Option("--log-level", help="The lowest level that is logged; overrides LOG_LEVEL and the settings."),
    ] = None,
) -> None:
    """
    Keep everything the same, for ever or once.

    Ctrl-C lets the calls in flight finish and saves their outcomes; a second Ctrl-C leaves at once.
    """
    if once and until_quiet:
        raise typer.BadParameter("use either --once or --until-quiet")
    settings = settings_of(ctx)
    logged = _set_up_logs(settings, log_format, log_level, forever=not (once or until_quiet))
    work = (
        _some(settings, until_quiet=until_quiet, retry_refused=retry_refused, as_json=as_json, logged=logged)
        if once or until_quiet
        else _forever(ctx, settings, interval, (log_format, log_level), retry_refused=retry_refused, as_json=as_json)
    )
    raise typer.Exit(asyncio.run(work))


def _set_up_logs(settings: Settings, form: LogForm | None, level: Level | None, *, forever: bool) -> bool:
    """Whether somebody wants to read what happens; a single pass shows its progress instead, unless it is asked."""
    from syncengine.runner.log_lines.set_up import set_up_logs
    from syncengine.runner.log_lines.settings import LEVEL_VARIABLE, chosen_logs

    asked = forever or level is not None or bool(os.environ.get(LEVEL_VARIABLE, "").strip())
    logs = chosen_logs(settings.logs, level=level and level.value, form=form and form.value)
    set_up_logs(logs.format, level=logs.level if asked else "warning")
    return asked


async def _forever(
    ctx: Context,
    settings: Settings,
    interval_s: float | None,
    log_options: tuple[LogForm | None, Level | None],
    *,
    retry_refused: bool,
    as_json: bool,
) -> int:
    import signal

    from syncengine.runner.service import open_service, run_service

    def on_report(report: PassReport) -> None:
        if as_json:
            show.data_line(_as_data(report))

    def on_reload(new: Settings) -> None:
        _set_up_logs(new, *log_options, forever=True)

    async with open_service(settings, retry_refused=retry_refused, command="syncengine run") as service:
        ending = await run_service(
            service,
            load=partial(settings_of, ctx),
            interval_s=interval_s,
            on_report=on_report,
            on_reload=on_reload,
            retry_refused=retry_refused,
        )
    return exit_codes.INTERRUPTED if ending.stopped_by is signal.SIGINT else exit_codes.OK


async def _some(settings: Settings, *, until_quiet: bool, retry_refused: bool, as_json: bool, logged: bool) -> int:
    from syncengine.adapters.telemetry.listeners import Everybody, Silence
    from syncengine.runner.bootstrap import open_sync
    from syncengine.runner.log_lines.set_up import LoggedTelemetry
    from syncengine.runner.progress import MeteredTelemetry, meter
    from syncengine.runner.stop_signals import stopping_on_signals
    from syncengine.runner.supervisor import MOST_PASSES, run_until_quiet

    def on_report(report: PassReport) -> None:
        reports.append(report)
        if as_json:
            show.data_line(_as_data(report))

    reports: list[PassReport] = []
    stop, most = asyncio.Event(), MOST_PASSES if until_quiet else 1
    with meter() as progress:
        shown = Silence() if as_json else MeteredTelemetry(progress)
        telemetry = Everybody(shown, LoggedTelemetry()) if logged else shown
        opening = open_sync(
            settings, telemetry=telemetry, reach_all=True, retry_refused=retry_refused, command="syncengine run"
        )
        async with opening as sync:
            with stopping_on_signals(stop.set, show.complain):
                await run_until_quiet(sync, on_report=on_report, retry_refused=retry_refused, stop=stop, most=most)
    if not as_json:
        for report in reports:
            _describe(report)
    return exit_codes.after_pass(reports[-1])


def _describe(report: PassReport) -> None:
    listed = ", ".join(f"{number} on {name}" for name, number in sorted(report.listed.items())) or "nothing"
    writes = ", ".join(f"{number} {outcome}" for outcome, number in sorted(report.writes.items())) or "none"
    looked = f"; settled by looking: {report.judged}" if report.judged else ""
    show.line(f"listed {listed}; new or changed: {report.observed}; writes: {writes}{looked}")
    for problem in report.problems:
        show.complain(f"problem: {problem}")
    if report.stopped:
        show.complain("stopped before everything was done; nothing is lost, start again to go on")


def _as_data(report: PassReport) -> dict[str, Any]:
    from syncengine.runner.sync import summary_of

    times = {"started_at": report.started_at, "finished_at": report.finished_at}
    return {"sync_id": report.sync_id, **times, **summary_of(report), "quiet": report.quiet, "ok": report.ok}
