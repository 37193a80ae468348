"""`syncengine approve`: lets a plan be carried out that was held back by the safety limits."""

import asyncio
from typing import Annotated

import typer

from syncengine.adapters.log_place import LogPlace
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.asking import put_in
from syncengine.runner.cli.context import Context, LogOption, log_place_of


def approve(
    ctx: Context,
    plan: Annotated[str, typer.Argument(help="The digest that `syncengine status` shows beside what is held back.")],
    *,
    log: LogOption = None,
) -> None:
    """
    Approve of exactly this plan; the next pass carries it out, if it is still the same.

    Works while a service is running, and when none is.
    """
    from syncengine.engine.requests import ApprovePlan

    path = log_place_of(ctx, log)
    reason = asyncio.run(_held_because(path, plan))
    if reason is None:
        show.complain(f"nothing with the digest {plan} is held back; `syncengine status` shows what is")
        raise typer.Exit(exit_codes.SETTINGS)
    put_in(path, ApprovePlan(plan=plan))
    show.line(f"approved {plan}: {reason}")
    show.line("the next pass does it, unless it has become another plan meanwhile; see `syncengine plan`")


async def _held_because(path: LogPlace, plan: str) -> str | None:
    """Why the plan was held back; None when there is no such plan."""
    from syncengine.adapters.event_log import open_log

    async with open_log(path, read_only=True) as opened:
        return next((it.reason for it in opened.views.held_plans() if it.plan == plan), None)
