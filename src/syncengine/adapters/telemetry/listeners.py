"""Telemetries for nobody and for several."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from syncengine.engine.notes import Note, Work
from syncengine.engine.ports import Telemetry

_NOTHING = nullcontext()


class Silence:
    """A telemetry for nobody."""

    def note(self, note: Note, /) -> None:
        """Drop it."""

    def within(self, work: Work, /) -> AbstractContextManager[None]:  # noqa: ARG002 - nobody listens
        """Nothing to begin or end."""
        return _NOTHING


class Everybody:
    """Tells several; the works of the first begin first and end last."""

    def __init__(self, *listeners: Telemetry) -> None:
        self._listeners = listeners

    def note(self, note: Note, /) -> None:
        """Tell everyone."""
        for listener in self._listeners:
            listener.note(note)

    @contextmanager
    def within(self, work: Work, /) -> Iterator[None]:
        """Begin and end it for everyone."""
        with ExitStack() as stack:
            for listener in self._listeners:
                stack.enter_context(listener.within(work))
            yield
