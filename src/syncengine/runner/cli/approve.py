"""`syncengine approve`: lets a plan be carried out that was held back by the safety limits."""

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer

from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, log_path_of


def approve(
    ctx: Context,
    plan: Annotated[str, typer.Argument(help="The digest that `syncengine status` shows beside what is held back.")],
    *,
    log: Annotated[Path | None, typer.Option("--log", help="The event log; the one in the settings if not given.")] = None,
) -> None:
    """
    Approve of exactly this plan; the next pass carries it out, if it is still the same.

    It writes the event log, so a running service has to be stopped first.
    """
    path = log_path_of(ctx, log)
    reason = asyncio.run(_approved(path, plan))
    if reason is None:
        show.complain(f"nothing with the digest {plan} is held back; `syncengine status` shows what is")
        raise typer.Exit(exit_codes.SETTINGS)
    show.line(f"approved {plan}: {reason}")
    show.line("the next pass does it, unless it has become another plan meanwhile; see `syncengine plan`")


async def _approved(path: Path, plan: str) -> str | None:
    """Why the plan was held back; None when there is no such plan."""
    from syncengine.adapters.event_log import open_log
    from syncengine.adapters.log_file import check_path
    from syncengine.domain.events import SafetyApproved
    from syncengine.domain.identity import approval_stream
    from syncengine.engine.ports import Append

    check_path(path, read_only=True)  # a log that is not there is not made by this
    async with open_log(path, command="syncengine approve") as opened:
        held = next((it for it in opened.views.held_plans() if it.plan == plan), None)
        if held is None:
            return None
        stream = approval_stream(plan)
        event = SafetyApproved(plan=plan, by=getpass.getuser())
        version = opened.stream_version(stream)
        await opened.append(
            Append(stream_id=stream, after_version=version, events=(event,)), caused_by="syncengine approve"
        )
        return held.reason
