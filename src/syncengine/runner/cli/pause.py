"""`syncengine pause` and `syncengine resume`: leave something as it is, and go on with it."""

import asyncio
from typing import Annotated

import typer

from syncengine.adapters.log_place import LogPlace
from syncengine.domain.identity import EndpointName, LinkId
from syncengine.domain.pauses import Subject, in_words
from syncengine.engine.requests import PausePlace, ResumePlace
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.asking import put_in
from syncengine.runner.cli.context import Context, LogOption, endpoints_of, log_place_of
from syncengine.runner.cli.items import link_of
from syncengine.runner.cli.places import PLACE_HELP, subject_meant


def pause(
    ctx: Context,
    place: Annotated[str, typer.Argument(help=PLACE_HELP)],
    *,
    reason: Annotated[str, typer.Option(help="Shown by `syncengine status`.")] = "paused by hand",
    log: LogOption = None,
) -> None:
    """
    Leave an endpoint, a project or an item as it is from the next pass on, until `syncengine resume`; the others go on.

    Works while a service is running, and when none is.
    """
    path = log_place_of(ctx, log)
    subject = _subject(path, place, endpoints_of(ctx, log))
    put_in(path, PausePlace(subject=subject, reason=reason))
    show.line(f"{in_words(subject)} is left alone from the next pass on; `syncengine resume` ends that")


def resume(
    ctx: Context,
    place: Annotated[str, typer.Argument(help=PLACE_HELP)],
    *,
    create: Annotated[
        bool,
        typer.Option("--create", help="Also make the record again whose create is in doubt: you looked, it is missing."),
    ] = False,
    log: LogOption = None,
) -> None:
    """
    Go on with what was paused; for an item, writes that a remote refused are made again as well.

    Works while a service is running, and when none is.
    """
    path = log_place_of(ctx, log)
    subject = _subject(path, place, endpoints_of(ctx, log))
    doubts = asyncio.run(_doubts(path, subject))
    if create and not doubts:
        raise typer.BadParameter(f"no create of {in_words(subject)} is in doubt; leave --create out to go on with it")
    put_in(path, ResumePlace(subject=subject, in_doubt="create" if create else "waits"))
    show.line(f"{in_words(subject)} goes on with the next pass{', which has it created' if create else ''}")
    for reason in () if create else doubts:
        show.line(f"one thing waits on: {reason}")


def _subject(path: LogPlace, place: str, configured: frozenset[EndpointName]) -> str:
    subject = asyncio.run(_meant(path, place, configured))
    if subject is None:
        raise typer.Exit(exit_codes.SETTINGS)
    return subject


async def _doubts(path: LogPlace, subject: Subject) -> list[str]:
    """Of an item, why nobody knows whether its records were created, and what to do about it."""
    from syncengine.adapters.event_log import open_log

    kind, _, name = subject.partition(":")
    if kind != "item":
        return []
    async with open_log(path, read_only=True) as opened:
        link = await link_of(opened, LinkId(hex=name))
    return [refusal.reason for _, refusal in sorted(link.refused.items()) if refusal.in_doubt]


async def _meant(path: LogPlace, place: str, configured: frozenset[EndpointName]) -> str | None:
    from syncengine.adapters.event_log import open_log

    async with open_log(path, read_only=True) as opened:
        return subject_meant(opened, place, configured)
