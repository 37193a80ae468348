"""
Log lines of the process: structlog on standard error, as one JSON object a line or for people.

The loggers of the standard library, and so those of every other library, go the same way. Each line is redacted last. Field
values of records are never in them. `syncengine.runner.log_lines` has the schema of the lines.
"""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TextIO, cast
from uuid import UUID

import structlog
from attrs import Attribute, fields

from syncengine.engine.notes import Note, Work
from syncengine.runner.log_lines import rendering as log_rendering
from syncengine.runner.log_lines.settings import Level, LogFormat, LogSettings, chosen_logs

__all__ = [
    "OUR_LOGGER",
    "LogFormat",
    "LogSettings",
    "LoggedTelemetry",
    "chosen_logs",
    "facts_of",
    "logged_fields",
    "set_up_logs",
    "take_down_logs",
]

OUR_LOGGER = "syncengine"
"""The logger of what the engine tells; the events of its lines are those of the published schema."""

_NUMBERS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


# -- the engine's notes ----------------------------------------------------------------------------------------------------


class LoggedTelemetry:
    """Writes what happens as log lines; those inside a piece of work carry what it is about."""

    def __init__(self, logger: Any = None) -> None:
        """Write to this structlog logger; to the one `set_up_logs` made when None."""
        self._logger = logger or structlog.get_logger()

    def note(self, note: Note, /) -> None:
        """One line."""
        # Our own set-up asks a note for its facts when the line is really written; another one gets them as they are.
        facts = {log_rendering.TOLD: note} if are_set_up() else facts_of(note)
        getattr(self._logger, note.level)(note.name, **facts)

    def within(self, work: Work, /) -> AbstractContextManager[Any]:
        """The facts of this work are on every line written meanwhile, also on those of other libraries."""
        return structlog.contextvars.bound_contextvars(**facts_of(work))


def facts_of(told: Note | Work) -> dict[str, Any]:
    """What a line holds of a note or a work, in the spelling of log lines; nothing that is None."""
    facts = {}
    for attribute in logged_fields(type(told)):
        value = getattr(told, attribute.name)
        if value is not None:
            facts[attribute.name] = _plain(value)
    return facts


_logged: dict[type[Any], tuple["Attribute[Any]", ...]] = {}


def logged_fields(kind: type[Note | Work]) -> tuple["Attribute[Any]", ...]:
    """The fields of a note or work that log lines show."""
    if kind not in _logged:
        _logged[kind] = tuple(it for it in fields(kind) if not it.metadata.get("unlogged"))
    return _logged[kind]


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return value.hex
        case datetime():
            return value.isoformat()
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value


def _with_facts(_logger: Any, _method: str, line: Any) -> Any:
    """Late, so that a note below the level costs nothing."""
    told = line.pop(log_rendering.TOLD, None)
    if told is not None:
        line["logger"] = OUR_LOGGER
        line.update(facts_of(told))
    return line


# -- setting up ------------------------------------------------------------------------------------------------------------


def set_up_logs(form: LogFormat = "auto", *, level: Level = "info", stream: TextIO | None = None) -> None:
    """
    Log lines of all loggers go to standard error from now on; what an earlier call set up ends.

    Args:
        form: "json" for one JSON object a line, "console" for people, "auto" for what fits the stream.
        level: the lowest that is written: "debug", "info", "warning" or "error".
        stream: another place than standard error.
    """
    take_down_logs()
    output = log_rendering.Output(stream)
    console = form == "console" or (form == "auto" and output.is_terminal())
    render = log_rendering.for_people(colors=output.is_terminal()) if console else log_rendering.as_json
    structlog.configure(
        processors=[*_about_every_line(_level_of_method), _with_facts, render],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        logger_factory=lambda *_: log_rendering.LineLogger(output),
        cache_logger_on_first_use=False,
    )
    handler = log_rendering.LineHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_about_every_line(_level_and_name_of_record),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(_NUMBERS[level])
    logging.captureWarnings(True)


def take_down_logs() -> None:
    """Undo `set_up_logs`; without effect when it was never called."""
    root = logging.getLogger()
    ours = [it for it in root.handlers if isinstance(it, log_rendering.LineHandler)]
    if ours:
        for handler in ours:
            root.removeHandler(handler)
        root.setLevel(logging.WARNING)
        logging.captureWarnings(False)
        structlog.reset_defaults()


def are_set_up() -> bool:
    """Whether `set_up_logs` holds."""
    return any(isinstance(it, log_rendering.LineHandler) for it in logging.getLogger().handlers)


def _about_every_line(level: Any) -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        log_rendering.add_trace_ids,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _level_of_method(_logger: Any, method: str, line: dict[str, Any]) -> dict[str, Any]:
    line["level"] = {"exception": "error", "fatal": "critical", "warn": "warning", "msg": "info"}.get(method, method)
    line.setdefault("logger", "structlog")
    return line


def _level_and_name_of_record(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    record = cast("logging.LogRecord", line["_record"])
    # Libraries may have levels of their own; they become the next one below that everybody knows.
    known = [name for name, number in (*_NUMBERS.items(), ("critical", logging.CRITICAL)) if number <= record.levelno]
    line["level"] = known[-1] if known else "debug"
    line["logger"] = record.name
    return line
