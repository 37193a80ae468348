"""`syncengine plan`: what a pass would do now, and why."""

import asyncio
from typing import Annotated, Any

import typer

from syncengine.domain.events import ConflictParked, LinkClosed, Write, WritesIntended
from syncengine.domain.losses import EVERYTHING
from syncengine.engine.report import Plan, PlannedStep
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, settings_of
from syncengine.runner.settings import Settings
from syncengine.runner.short_text import cut, fields_in_words, listed, short


def plan(
    ctx: Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """
    Show what a pass would write and why; writes nothing anywhere.

    It may be used while another process is running. What belongs to a project that has to be made first is not planned yet.
    """
    planned = asyncio.run(_planned(settings_of(ctx)))
    if as_json:
        show.data(plan_as_data(planned))
    else:
        _describe(planned)
    raise typer.Exit(exit_codes.PROBLEMS if planned.problems else exit_codes.OK)


async def _planned(settings: Settings) -> Plan:
    from syncengine.runner.bootstrap import open_for_planning
    from syncengine.runner.log_lines.set_up import set_up_logs

    set_up_logs(level="warning")  # connectors may log as they like; not to standard output, and no secrets
    async with open_for_planning(settings) as sync:
        return await sync.engine.plan()


def plan_as_data(planned: Plan) -> dict[str, Any]:
    """A plan as plain data."""
    return {
        "steps": [row for step in planned.steps for row in _rows(step)],
        "open_writes": [
            {"intent_id": it.intent_id, "link_id": str(it.link_id), "endpoint": it.endpoint, "since": it.since}
            for it in planned.open_writes
        ],
        "listed": dict(planned.listed),
        "problems": list(planned.problems),
    }


def _rows(step: PlannedStep) -> list[dict[str, Any]]:
    item = {"item": _name_of(step), "link_id": str(step.link.link_id), "kind": step.pairing.kind, "in": str(step.pairing)}
    match step.decision:
        case ConflictParked() as parked:
            why = f"{parked.field}: {parked.reason}"
            return [{**item, "action": "wait", "endpoint": None, "fields": dict(parked.versions), "why": why}]
        case LinkClosed(reason=reason):
            return [{**item, "action": "close", "endpoint": None, "fields": {}, "why": reason}]
        case WritesIntended(writes=()) as agreed:
            return [{**item, "action": "agree", "endpoint": None, "fields": {}, "why": _why(agreed, None)}]
        case decision:
            return [
                {
                    **item,
                    "action": write.operation.value,
                    "endpoint": write.endpoint,
                    "fields": dict(write.fields),
                    "why": _why(decision, write),
                }
                for write in decision.writes
            ]


def _why(decision: WritesIntended, write: Write | None) -> str:
    """The reasons of the fields that are written, equal ones together; of all fields when nothing is written."""
    if decision.moot and not decision.reasons:
        return "what waited needs nothing any more"
    if EVERYTHING in decision.reasons:
        return decision.reasons[EVERYTHING]
    shared: dict[str, list[str]] = {}
    for name, reason in sorted(decision.reasons.items()):
        if write is None or name in write.fields:
            shared.setdefault(reason, []).append(name)
    return "; ".join(f"{listed(names)} {reason}" for reason, names in shared.items())


def _name_of(step: PlannedStep) -> str:
    """What people call it: its label, else its title, else the id of its link."""
    sides = [side for _, side in sorted(step.link.sides.items())]
    labels = [side.label for side in sides if side.label]
    titles = [side.observed.get("title", side.observed.get("name")) for side in sides]
    return next((str(name) for name in (*labels, *titles) if name), str(step.link.link_id))


def _describe(planned: Plan) -> None:
    rows = [row for step in planned.steps for row in _rows(step)]
    shown = [row for row in rows if row["action"] != "agree"]
    if shown:
        show.table(("item", "what", "where", "fields", "why"), [_cells(row) for row in shown])
    quiet = len(rows) - len(shown)
    read = listed(f"{number} on {name}" for name, number in sorted(planned.listed.items())) or "nothing"
    also = f"; {quiet} to be noted as the same without a write" if quiet else ""
    show.line(f"read {read}; planned: {len(shown)}{also}. Nothing was written.")
    if planned.open_writes:
        show.line(f"before that, {len(planned.open_writes)} writes without an outcome would be settled by looking")
    for problem in planned.problems:
        show.complain(f"problem: {problem}")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if row["action"] == "wait":
        versions = listed(f"{name}: {short(value, longest=30)}" for name, value in sorted(row["fields"].items()))
        return (cut(row["item"]), "wait for a person", row["in"], versions, row["why"])
    return (cut(row["item"]), row["action"], row["endpoint"], fields_in_words(row["fields"]), row["why"])
