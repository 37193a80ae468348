"""`syncengine guarantees`: what is promised for these settings, what is not, and which test shows it."""

import asyncio
from typing import Annotated

import attrs
import typer

from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, settings_of
from syncengine.runner.guarantees import Guarantee, guarantees_of
from syncengine.runner.settings import Settings


def guarantees(
    ctx: Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show what is promised for these endpoints and rules; connects to every endpoint and changes nothing."""
    found = asyncio.run(_guarantees(settings_of(ctx)))
    if as_json:
        show.data([attrs.asdict(it) for it in found])
        return
    rows = [(it.promise, it.about or "all", it.holds, it.detail, it.shown_by) for it in found]
    show.table(("promise", "endpoint", "holds", "why, or when not", "shown by the test"), rows)


async def _guarantees(settings: Settings) -> list[Guarantee]:
    from syncengine.runner.bootstrap import open_for_planning
    from syncengine.runner.log_lines.set_up import set_up_logs

    set_up_logs(level="warning")  # connectors may log as they like; not to standard output, and no secrets
    async with open_for_planning(settings) as sync:
        can = {name: endpoint.connector.capabilities for name, endpoint in sync.endpoints.items()}
        return guarantees_of(can, settings.policy)
