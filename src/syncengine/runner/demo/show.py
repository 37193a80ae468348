"""What the demo came to, for people: a table, the conflicts, the story of one item, and what to do next."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from rich.box import SIMPLE, SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from syncengine.runner.demo.measure import NAMES, ProjectCount
from syncengine.runner.demo.result import Result
from syncengine.runner.demo.stage import Stage
from syncengine.runner.short_text import short
from syncengine.runner.story import CRASHED

_GOOD, _BAD, _AMENDS = "green", "bold red", "yellow"


_SHOWN_FAULTS = 10


def show_result(stage: Stage, result: Result) -> None:
    """Everything that was found, chapter by chapter."""
    stage.chapter("Both servers, read and compared item by item")
    stage.say(_counts(result))
    stage.blank()
    stage.say(_intents(result))
    if result.conflicts:
        stage.chapter("The conflicts; what was given up is in the log")
        stage.say(_conflicts(result))
    told = result.told
    stage.chapter(f"What happened to {told.label}, in flight during the kill")
    stage.say(_story(result))


def show_verdict(stage: Stage, result: Result) -> None:
    """Whether everything is as it must be."""
    stage.blank()
    if not result.faults:
        stage.say("Nothing doubled, nothing missing, nothing open.", style=f"bold {_GOOD}")
    for fault in result.faults[:_SHOWN_FAULTS]:
        stage.say(f"{fault}.", style=_BAD)
    if len(result.faults) > _SHOWN_FAULTS:
        stage.say(f"And {len(result.faults) - _SHOWN_FAULTS} more; --json lists all.", style=_BAD)
    stage.say(f"{result.seconds:.0f} seconds, on this computer alone.", style="dim")


def show_what_next(stage: Stage, kept: Path | None, *, label: str) -> None:
    """
    Where to go from here.

    Args:
        kept: the folder, when it is still there afterwards.
    """
    stage.blank()
    if kept is not None:
        stage.say("Everything was kept. To look around:")
        for command in (f"cd {quote(str(kept))}", "syncengine status", f"syncengine explain {label}"):
            stage.command(command)
        stage.blank()
    stage.say(
        "Next: `syncengine init` writes a settings file for your own servers, and `syncengine plan` shows what a pass "
        'would do there, without writing anything. "The first sync in ten minutes" (docs/first-sync.md) goes through it.'
    )


def _counts(result: Result) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, show_edge=False, show_footer=True)
    total = _cells(result.measured.total)
    table.add_column("", footer=total[0], style="")
    for title, footer in zip(("people made", *NAMES.values(), "duplicates", "missing"), total[1:], strict=True):
        table.add_column(title, footer=footer, justify="right")
    for count in result.measured.projects:
        table.add_row(*_cells(count))
    return table


def _cells(count: ProjectCount) -> list[Text]:
    held = [Text(str(count.held[side]), style="" if count.held[side] == count.made else _BAD) for side in NAMES]
    return [Text(count.name), Text(str(count.made)), *held, _none_is_good(count.duplicates), _none_is_good(count.missing)]


def _none_is_good(number: int) -> Text:
    return Text(str(number), style=_BAD if number else _GOOD)


def _intents(result: Result) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    settled = result.settled
    table.add_row("intents open when it was killed", str(result.kill.open_intents))
    table.add_row("  settled by looking", str(settled.by_looking))
    table.add_row("intents open now", _none_is_good(result.open_intents))
    table.add_row("conflicts decided", str(len(result.conflicts)))
    return table


def _conflicts(result: Result) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("item", "field", "kept", "given up"):
        table.add_column(title, overflow="fold")
    for conflict in result.conflicts:
        kept = f"{short(conflict.value)} ({NAMES.get(conflict.winner, conflict.winner)})"
        lost = ", ".join(f"{short(value)} ({NAMES.get(side, side)})" for side, value in conflict.given_up.items())
        table.add_row(conflict.item, conflict.field, Text(kept), Text(lost))
    return table


def _story(result: Result) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for time, text in _told(result):
        table.add_row(time, text)
    return table


def _told(result: Result) -> Iterator[tuple[str, Text]]:
    for sentence in result.told.sentences:
        style = _AMENDS if sentence.text.startswith(CRASHED) else ""
        style = _GOOD if sentence.text.startswith("looked on") else style
        yield f"{sentence.at:%H:%M:%S}", Text(sentence.text, style=style)
