"""Where the demo is shown while it goes on: chapters, sentences, bars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from attrs import define, field
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from syncengine.runner.progress import meter

WIDEST = 100
"""Characters; longer lines are hard to read, however wide the terminal is."""

INDENT = 3

OnProgress = Callable[[int], None]


@define
class Stage:
    """Shows on this stream; shows nothing when there is none."""

    _stream: TextIO | None
    _chapters: int = field(default=0, init=False)
    _console: Console = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        self._console.width = min(WIDEST, self._console.width)

    def chapter(self, title: str) -> None:
        """A new part begins."""
        self._chapters += 1
        self.blank()
        self._print(Text.assemble((f"{self._chapters:<{INDENT}}", "bold cyan"), (title, "bold")))

    def say(self, text: str | RenderableType, style: str = "") -> None:
        """A sentence, or anything else that can be shown, of the current part."""
        shown = Text(text, style=style) if isinstance(text, str) else text
        self._print(Padding(shown, (0, 0, 0, INDENT)))

    def count(self, *counts: tuple[int, str]) -> None:
        """Numbers, and what they are numbers of, one below the other."""
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(justify="right")
        table.add_column(overflow="fold")
        for number, what in counts:
            table.add_row(str(number), Text(what))
        self.say(table)

    def command(self, text: str) -> None:
        """A line to copy: never wrapped, however long."""
        if self._stream is not None:
            self._stream.write(f"{' ' * (2 * INDENT)}{text}\n")

    def blank(self) -> None:
        """An empty line."""
        self._print("")

    @contextmanager
    def progress(self, title: str, total: int, *, done: int = 0) -> Iterator[OnProgress]:
        """While inside, how far some work is."""
        if self._stream is None:
            yield lambda _: None
            return
        with meter(self._stream) as shown:
            text = f"{' ' * INDENT}{title}"
            shown.set(text, done, total)
            yield lambda now: shown.set(text, now, total)

    def _print(self, shown: RenderableType) -> None:
        if self._stream is None:
            return
        with self._console.capture() as captured:
            self._console.print(shown)
        # Blanks that only fill a line up would be in the way of whoever copies the text.
        lines = captured.get().splitlines()
        self._stream.write("".join(f"{line.rstrip()}\n" for line in lines))
        self._stream.flush()
