"""`syncengine verify`: whether the event log is as it was written, from the log alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, LogOption, log_place_of

if TYPE_CHECKING:
    from syncengine.adapters.log_report import LogReport


def verify(
    ctx: Context,
    *,
    log: LogOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """
    Check that the event log is as it was written and can be used; it is only read, also while a sync is running.

    Exit code 0 when everything is sound, 4 when something is damaged.
    """
    from syncengine.adapters.log_check import check_log
    from syncengine.adapters.log_snapshot import require_log

    path = log_place_of(ctx, log)
    require_log(path)
    report = check_log(path)
    if as_json:
        show.data(_as_data(report))
    else:
        _describe(report)
    if not report.sound:
        raise typer.Exit(exit_codes.LOG)


def _describe(report: "LogReport") -> None:
    if report.sound:
        show.line(f"event log   {report.path}: {report.events} events, all sound")
    else:
        show.line(
            f"event log   {report.path}: damaged; its {report.events} events are sound up to position {report.sound_up_to}"
        )
    for finding in report.findings:
        show.line(f"{finding.check:<11} {'' if finding.sound else 'DAMAGED: '}{finding.told}")
    for number, way in enumerate(ways_out(report)):
        show.complain(f"{'or' if number else 'way out'}: {way}")


def _as_data(report: "LogReport") -> dict[str, Any]:
    return {
        "path": str(report.path),
        "sound": report.sound,
        "log_format": report.log_format,
        "events": report.events,
        "sound_up_to": report.sound_up_to,
        "checks": [{"check": it.check, "sound": it.sound, "told": it.told} for it in report.findings],
        "ways_out": ways_out(report),
    }


def ways_out(report: "LogReport") -> list[str]:
    """What a person can do about what was found, as commands that exist."""
    if report.sound:
        return []
    if report.only_views:
        return ["stop the sync and run `syncengine rebuild-views`; nothing is lost"]
    if report.error is not None:
        return ["the events are as they were stored, but not by this version; use the newest version that wrote this log"]
    path = report.path
    if not isinstance(path, Path):
        return [f"stop the sync, restore {path} from the last dump that `pg_dump` made, and start"]
    back = f"put it in the place of {path}, away with {path.name}-wal and {path.name}-shm, and start"
    restored = f"stop the sync, take the last file that `syncengine backup` made, {back}"
    saved = f"stop the sync, run `syncengine salvage NEW_FILE`, which saves the events up to {report.sound_up_to}, {back}"
    return [restored, saved] if report.sound_up_to else [restored]
