"""`syncengine demo`: everything at work on this computer, killed in the middle, and counted."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncengine.errors import SyncEngineError
from syncengine.runner.cli import exit_codes, show

if TYPE_CHECKING:
    from syncengine.runner.demo.result import Result


class Vibe(StrEnum):
    """Which Vibe Kanban."""

    SANDBOX = "sandbox"
    REAL = "real"


def demo(
    *,
    vibe: Annotated[
        Vibe, typer.Option("--vibe", help="The sandbox, or the real server 0.0.71, fetched with npm and checked.")
    ] = Vibe.SANDBOX,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with the event log, and say where it is.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="PATH", help="A new or empty folder to use; it is kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON, and nothing else.")] = False,
) -> None:
    """
    Show everything at work: two servers, a sync, edits, a kill in the middle, and the count.

    Needs no settings and no network, and leaves nothing behind.
    """
    with _folder(folder, keep=keep) as place:
        kept = place if keep or folder is not None else None
        result = asyncio.run(_play(place, kept, real_vibe=vibe is Vibe.REAL, silent=as_json))
        if as_json:
            show.data({**result.as_plain(), "folder": kept})
    if result.faults:
        more = f" (and {len(result.faults) - 1} more)" if len(result.faults) > 1 else ""
        show.complain(f"syncengine: the demo found what must never be: {result.faults[0]}{more}. Please report it")
        raise typer.Exit(exit_codes.PROBLEMS)


async def _play(folder: Path, kept: Path | None, *, real_vibe: bool, silent: bool) -> "Result":
    from syncengine.runner.demo.play import play
    from syncengine.runner.demo.show import show_result, show_verdict, show_what_next
    from syncengine.runner.demo.stage import Stage

    stage = Stage(None if silent else sys.stdout)
    with _ended_by_signals():
        result = await play(folder, real_vibe=real_vibe, stage=stage)
    show_result(stage, result)
    show_verdict(stage, result)
    show_what_next(stage, kept, label=result.told.label)
    return result


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does: its processes are ended first."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    # Whoever started this under `nohup` wants it to go on when the terminal is closed.
    wanted = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    for number in wanted:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


@contextmanager
def _folder(given: Path | None, *, keep: bool) -> Iterator[Path]:
    if given is None and not keep:
        with tempfile.TemporaryDirectory(prefix="syncengine-demo-", ignore_cleanup_errors=True) as temporary:
            yield Path(temporary).resolve()
        return
    place = given or Path(tempfile.mkdtemp(prefix="syncengine-demo-"))
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise typer.BadParameter(f"{place} is not an empty folder; name a new one", param_hint="--folder")
    place.mkdir(parents=True, exist_ok=True)
    try:
        yield place.resolve()
    except SyncEngineError as error:
        error.add_note(f"What the parts wrote is in {place.resolve()}")
        raise
