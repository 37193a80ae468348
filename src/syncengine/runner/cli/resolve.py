"""`syncengine resolve`: what a person decides about one item that waits."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Literal

import typer

from syncengine.adapters.log_place import LogPlace
from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.link import Link
from syncengine.domain.records import FieldValue
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.asking import put_in
from syncengine.runner.cli.context import Context, LogOption, log_place_of
from syncengine.runner.cli.items import ITEM_HELP, link_of, meant
from syncengine.runner.short_text import cut, fields_in_words


def resolve(
    ctx: Context,
    item: Annotated[str, typer.Argument(help=ITEM_HELP)],
    field: Annotated[str | None, typer.Argument(help="The field in conflict; not needed when it is the only one.")] = None,
    *,
    take: Annotated[str | None, typer.Option(metavar="ENDPOINT", help="Everybody gets the value of this side.")] = None,
    value: Annotated[str | None, typer.Option(metavar="TEXT", help="Everybody gets this text.")] = None,
    keep: Annotated[str | None, typer.Option(metavar="RECORD", help="This copy is the item's record from now on.")] = None,
    as_new: Annotated[str | None, typer.Option(metavar="RECORD", help="This copy is an item of its own.")] = None,
    ignore: Annotated[str | None, typer.Option(metavar="RECORD", help="This copy is left alone.")] = None,
    log: LogOption = None,
) -> None:
    """
    Settle what waits for a person about one item, a conflict or a copied record; without a choice, show what waits.

    Works while a service is running, and when none is. The next pass does it, unless the field was edited meanwhile.
    """
    choices = {"--take": take, "--value": value, "--keep": keep, "--as-new": as_new, "--ignore": ignore}
    given = {name: text for name, text in choices.items() if text is not None}
    if len(given) > 1:
        raise typer.BadParameter(f"give one of {' and '.join(given)}, not both")
    path = log_place_of(ctx, log)
    link = asyncio.run(_link(path, item))
    if link is None:
        raise typer.Exit(exit_codes.SETTINGS)
    for option, text in given.items():
        if option in _VERDICTS:
            _settle_copy(path, link, option, text)
        else:
            _choose(path, link, field, option, text)
    if not given:
        _show(link)


_VERDICTS: Mapping[str, Literal["kept", "new", "ignored"]] = {"--keep": "kept", "--as-new": "new", "--ignore": "ignored"}


def _choose(path: LogPlace, link: Link, field: str | None, option: str, text: str) -> None:
    from syncengine.engine.requests import ChooseValue

    name = _field(link, field)
    among = link.parked[name].versions
    chosen = text if option == "--value" else _version(among, EndpointName(text))
    put_in(path, ChooseValue(link_id=link.link_id, field=name, value=chosen, among=among))
    show.line(f'{link.label}: {name} becomes "{cut(str(chosen))}" everywhere with the next pass')


def _settle_copy(path: LogPlace, link: Link, option: str, text: str) -> None:
    from syncengine.engine.requests import SettleCopy

    meant = [ref for ref in link.copies.known if text in {ref.record_id, str(ref)}]
    if len(meant) != 1:
        known = " or ".join(map(str, link.copies.known)) or "nothing: no record carries its key besides its own"
        raise typer.BadParameter(f"{text} is no copy of {link.label}; {option} takes {known}")
    copy = link.copies.get(meant[0])
    if option == "--ignore" and copy is not None and copy.looks_alike:
        raise typer.BadParameter(f"{text} carries no key to know it by later; use --keep or --as-new")
    request = SettleCopy(link_id=link.link_id, ref=meant[0], verdict=_VERDICTS[option])
    put_in(path, request)
    show.line(f"{link.label}: the next pass will {request}")


async def _link(path: LogPlace, item: str) -> Link | None:
    """The item as the log has it; None when it is not known, which was said."""
    from syncengine.adapters.event_log import open_log

    async with open_log(path, read_only=True) as opened:
        link_id = meant(opened, item)
        return await link_of(opened, link_id) if link_id is not None else None


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
    if not link.parked and not link.copies.waiting:
        show.line(f"nothing of {link.label} waits for a person")
    if link.parked:
        _show_conflicts(link)
    if link.copies.waiting:
        _show_copies(link)


def _show_conflicts(link: Link) -> None:
    rows = [
        (name, str(endpoint), cut(str(value)))
        for name, conflict in sorted(link.parked.items())
        for endpoint, value in sorted(conflict.versions.items())
    ]
    show.table(("field", "where", "value"), rows)
    show.line(f"choose with `syncengine resolve {link.link_id} FIELD --take ENDPOINT`, or with --value TEXT")


def _show_copies(link: Link) -> None:
    own = [(str(side.ref), "the item's record", fields_in_words(side.observed)) for _, side in sorted(link.sides.items())]
    copies = [(str(ref), "a copy", fields_in_words(copy.fields)) for ref, copy in link.copies.waiting.items()]
    show.table(("record", "is", "holds"), own + copies)
    show.line(f"say what a copy is: `syncengine resolve {link.link_id} --keep RECORD`, or --as-new, or --ignore")
