"""`syncengine resolve`: what a person decides about one item that waits."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.link import Link
from syncengine.domain.records import FieldValue
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.asking import put_in
from syncengine.runner.cli.context import Context, log_path_of
from syncengine.runner.cli.items import ITEM_HELP, meant
from syncengine.runner.short_text import cut


def resolve(
    ctx: Context,
    item: Annotated[str, typer.Argument(help=ITEM_HELP)],
    field: Annotated[str | None, typer.Argument(help="The field in conflict; not needed when it is the only one.")] = None,
    *,
    take: Annotated[str | None, typer.Option(metavar="ENDPOINT", help="Everybody gets the value of this side.")] = None,
    value: Annotated[str | None, typer.Option(metavar="TEXT", help="Everybody gets this text.")] = None,
    log: Annotated[Path | None, typer.Option("--log", help="The event log; the one in the settings if not given.")] = None,
) -> None:
    """
    Settle a conflict of an item that waits for a person; without a choice, show what waits.

    Works while a service is running, and when none is. The next pass does it, unless the field was edited meanwhile.
    """
    if take is not None and value is not None:
        raise typer.BadParameter("give --take or --value, not both")
    raise typer.Exit(asyncio.run(_resolve(log_path_of(ctx, log), item, field, take, value)))


async def _resolve(path: Path, item: str, field: str | None, take: str | None, value: str | None) -> int:
    from syncengine.engine.requests import ChooseValue

    link = await _link(path, item)
    if link is None:
        return exit_codes.SETTINGS
    if take is None and value is None:
        _show(link)
        return exit_codes.OK
    name = _field(link, field)
    among = link.parked[name].versions
    chosen = value if value is not None else _version(among, EndpointName(take or ""))
    put_in(path, ChooseValue(link_id=link.link_id, field=name, value=chosen, among=among))
    show.line(f'{link.label}: {name} becomes "{cut(str(chosen))}" everywhere with the next pass')
    return exit_codes.OK


async def _link(path: Path, item: str) -> Link | None:
    """The item as the log has it; None when it is not known, which was said."""
    from typing import cast

    from syncengine.adapters.event_log import open_log
    from syncengine.domain.events import LinkEvent
    from syncengine.domain.link import replay

    async with open_log(path, read_only=True) as opened:
        link_id = meant(opened, item)
        if link_id is None:
            return None
        recorded = await opened.load(link_id)
        return replay(link_id, (cast("LinkEvent", it.event) for it in recorded))


def _field(link: Link, given: str | None) -> FieldName:
    waiting = sorted(link.parked)
    if not waiting:
        raise typer.BadParameter(f"no conflict of {link.label} waits for a person; see `syncengine explain {link.link_id}`")
    if given is None and len(waiting) == 1:
        return waiting[0]
    if given is None or given not in link.parked:
        raise typer.BadParameter(f"name the field of {link.label} that you mean: {' or '.join(waiting)}")
    return given


def _version(among: Mapping[EndpointName, FieldValue], take: EndpointName) -> FieldValue:
    if take not in among:
        raise typer.BadParameter(f"{take} holds no value in this conflict; take one of {' or '.join(sorted(among))}")
    return among[take]


def _show(link: Link) -> None:
    if not link.parked:
        show.line(f"nothing of {link.label} waits for a person")
        return
    rows = [
        (name, str(endpoint), cut(str(value)))
        for name, conflict in sorted(link.parked.items())
        for endpoint, value in sorted(conflict.versions.items())
    ]
    show.table(("field", "where", "value"), rows)
    show.line(f"choose with `syncengine resolve {link.link_id} FIELD --take ENDPOINT`, or with --value TEXT")
