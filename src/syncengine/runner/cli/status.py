"""`syncengine status`: how things stand, from the log alone."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from syncengine.adapters.log_place import LogPlace
from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, LogOption, log_place_of


def status(
    ctx: Context,
    *,
    log: LogOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show how things stand; works while another process is running, and calls nobody."""
    standing = asyncio.run(_standing(log_place_of(ctx, log)))
    if as_json:
        show.data(standing)
    else:
        _describe(standing)


async def _standing(path: LogPlace) -> dict[str, Any]:
    from syncengine.adapters.event_log import open_log
    from syncengine.runner.standing import standing_of

    async with open_log(path, read_only=True) as log:
        return standing_of(log, datetime.now(UTC))


def _describe(standing: dict[str, Any]) -> None:
    log = standing["log"]
    show.line(f"event log   {log['path']}: {log['events']} events, {log['durability']}")
    show.line(f"written by  {log['held_by'] or 'nobody at the moment'}")
    _describe_last_pass(standing)
    records = ", ".join(f"{name} {number}" for name, number in standing["records"].items()) or "none"
    show.line(f"records     {records}; {standing['links']} items")
    _describe_lists(standing)


def _describe_last_pass(standing: dict[str, Any]) -> None:
    last, skipped = standing["last_pass"], standing["skipped_passes"]
    if last is None:
        show.line("last pass   none yet")
        return
    writes = ", ".join(f"{number} {outcome}" for outcome, number in sorted(last.get("writes", {}).items())) or "no writes"
    changed = last.get("changed", 0)
    show.line(f"last pass   {last['finished_at']:%Y-%m-%d %H:%M:%S} UTC, {last['ago']} ago: {changed} changed, {writes}")
    for problem in last.get("problems", ()):
        show.line(f"            problem: {problem}")
    for line in last.get("left_out", ()):
        show.line(f"left out    {line}")
    if skipped:
        show.line(f"            {skipped} passes were skipped so far because the one before was still running")


def _describe_lists(standing: dict[str, Any]) -> None:
    show.line(f"open writes {len(standing['open_writes'])}; waiting items {len(standing['parked'])}")
    for paused in standing["paused"]:
        show.line(f"paused      {paused['endpoint']}, for {paused['age']}: {paused['reason']}")
    for place in standing["paused_places"]:
        who = f" by {place['by']}" if place["by"] else ""
        show.line(f"paused      {place['what']}{who}, for {place['age']}: {place['reason']}; {place['way_out']}")
    for host in standing["given_up_hosts"]:
        until = "it is tried with single calls until it answers"
        show.line(f"given up    {host['host']}, for {host['age']}: {host['reason']}; {until}")
    for held in standing["held_plans"]:
        show.line(f"held back   plan {held['plan']}, for {held['age']}: {held['reason']}")
    for asked in standing["asked"]:
        show.line(f"asked       {asked['by']} asked to {asked['request']}, {asked['age']} ago; the next pass takes it up")
    if standing["open_writes"]:
        columns = ("item", "where", "open for", "attempts", "state")
        rows = [(it["item"], it["endpoint"], it["age"], str(it["attempts"]), it["state"]) for it in standing["open_writes"]]
        show.table(columns, rows)
    if standing["parked"]:
        rows = [(it["item"], it["subject"], it["age"], it["reason"], it["way_out"]) for it in standing["parked"]]
        show.table(("item", "what", "for", "why", "way out"), rows)
