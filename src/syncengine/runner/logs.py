"""Log lines of the runner: structlog on standard error, as JSON lines or for people. Field values are never in them."""

import sys
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, TextIO
from uuid import UUID

import structlog
from attrs import fields

from syncengine.engine.notes import Note, Work

LogFormat = Literal["console", "json"]
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class LoggedTelemetry:
    """Writes what happens as log lines; those inside a piece of work carry what it is about."""

    def __init__(self, logger: Any = None) -> None:
        """Write to this structlog logger; to the one `set_up_logs` made when None."""
        self._logger = logger or structlog.get_logger()

    def note(self, note: Note, /) -> None:
        """One line."""
        getattr(self._logger, note.level)(note.name, **facts_of(note))

    def within(self, work: Work, /) -> AbstractContextManager[Any]:
        """The facts of this work are on every line written meanwhile, also on those of other libraries."""
        return structlog.contextvars.bound_contextvars(**facts_of(work))


def facts_of(told: Note | Work) -> dict[str, Any]:
    """What a line holds of a note or a work, in the spelling of log lines; nothing that is None."""
    facts = {}
    for attribute in fields(type(told)):
        value = getattr(told, attribute.name)
        if value is not None and not attribute.metadata.get("unlogged"):
            facts[attribute.name] = _plain(value)
    return facts


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return value.hex
        case datetime():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def set_up_logs(form: LogFormat = "console", *, level: str = "info", stream: TextIO | None = None) -> None:
    """
    Log lines go to standard error from now on.

    Args:
        form: "json" for one JSON object a line, "console" for people.
        level: the lowest that is written: "debug", "info", "warning" or "error".
        stream: another place than standard error.
    """
    stream = stream or sys.stderr
    people = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer() if form == "json" else people,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
