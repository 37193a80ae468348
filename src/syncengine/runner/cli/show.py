"""What commands print: lines and tables for people, JSON for programs. No secret is in any of it."""

import json
import sys
from collections.abc import Sequence

import typer

from syncengine.redaction import redact, redacted
from syncengine.runner.short_text import as_json

PLAIN_WIDTH = 160
"""Characters of a table's line where the output is no terminal."""


def line(text: str = "") -> None:
    """One line on standard output."""
    typer.echo(redact(text))


def complain(text: str) -> None:
    """One message on standard error."""
    typer.echo(redact(text), err=True)


def data(value: object) -> None:
    """Plain data on standard output, as JSON."""
    typer.echo(as_json(redacted(value)))


def data_line(value: object) -> None:
    """The same in one line."""
    typer.echo(json.dumps(json.loads(as_json(redacted(value))), ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output; texts are shown as they are."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    shown = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*map(redact, row))  # before long cells are broken into lines
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)
    with console.capture() as printed:
        console.print(shown)
    typer.echo("\n".join(row.rstrip() for row in printed.get().strip("\n").splitlines()))
