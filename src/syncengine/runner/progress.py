"""How far long work is: a bar where the output is a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from syncengine.engine.notes import LinkEnded, Note, PairingStarted, Work

LINES_A_TASK = 10
"""Plain lines about one piece of work."""


class Meter(Protocol):
    """Shows how far several pieces of work are, each known by its title."""

    def set(self, title: str, done: int, total: int) -> None:
        """So much of it is done; the first call shows it, `done == total` ends it."""


class BarMeter:
    """Bars on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def set(self, title: str, done: int, total: int) -> None:
        """Move the bar."""
        if title not in self._tasks:
            self._tasks[title] = self._progress.add_task(title, total=total)
        self._progress.update(self._tasks[title], completed=done, total=total)


class LineMeter:
    """A line at the start, at the end, and a few between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: dict[str, int] = {}

    def set(self, title: str, done: int, total: int) -> None:
        """Write a line when enough happened since the last one."""
        last = self._last.get(title)
        step = max(1, total // LINES_A_TASK)
        if last is None or done < last or done - last >= step or (done == total and done != last):
            self._last[title] = done
            self._stream.write(f"{title}: {done} of {total}\n")
            self._stream.flush()


@contextmanager
def meter(stream: TextIO | None = None) -> Iterator[Meter]:
    """Bars while inside when the stream (standard output when None) is a terminal, else lines."""
    stream = stream or sys.stdout
    if not stream.isatty():
        yield LineMeter(stream)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield BarMeter(progress)


class MeteredTelemetry:
    """Shows how many links of each pairing a pass is through with."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._titles: dict[str, str] = {}
        self._done: dict[str, int] = {}
        self._links: dict[str, int] = {}

    def note(self, note: Note, /) -> None:
        """Move the bar of a pairing."""
        match note:
            case PairingStarted(pairing=pairing, title=title, links=links):
                self._titles[pairing], self._done[pairing], self._links[pairing] = title or pairing, 0, links
            case LinkEnded(pairing=pairing) if pairing in self._links:
                self._done[pairing] += 1
            case _:
                return
        self._meter.set(self._titles[pairing], self._done[pairing], self._links[pairing])

    def within(self, work: Work, /) -> AbstractContextManager[None]:  # noqa: ARG002 - bars know pairings only
        """Nothing to show."""
        return nullcontext()
