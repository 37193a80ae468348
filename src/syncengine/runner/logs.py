"""Log lines of the runner: structlog on standard error, as JSON lines or for people. Field values are never in them."""

import sys
from typing import Any, Literal, TextIO

import structlog

from syncengine.engine.ports import Telemetry

LogFormat = Literal["console", "json"]
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_LEVEL_OF = {
    "endpoint.close_failed": "warning",
    "endpoint.connected": "info",
    "endpoint.not_connected": "warning",
    "pass.problem": "warning",
    "pass.skipped": "warning",
    "pass.ended": "info",
    "write.ended": "info",
    "write.judged": "info",
}
"""Everything else that is noted happens too often for anything above "debug"."""


class Silence:
    """A telemetry for nobody."""

    def note(self, event: str, /, **facts: object) -> None:
        """Drop it."""


class Everybody:
    """Tells several."""

    def __init__(self, *listeners: Telemetry) -> None:
        self._listeners = listeners

    def note(self, event: str, /, **facts: object) -> None:
        """Tell everyone."""
        for listener in self._listeners:
            listener.note(event, **facts)


class LoggedTelemetry:
    """Writes what happens as log lines; those of a pass carry its `sync_id`."""

    def __init__(self, logger: Any = None) -> None:
        """Write to this structlog logger; to the one `set_up_logs` made when None."""
        self._logger = logger or structlog.get_logger()
        self._sync_id: str | None = None

    def note(self, event: str, /, **facts: object) -> None:
        """One line."""
        if event == "pass.started":
            self._sync_id = str(facts.get("sync_id"))
        if self._sync_id is not None:
            facts.setdefault("sync_id", self._sync_id)
        getattr(self._logger, _LEVEL_OF.get(event, "debug"))(event, **facts)
        if event in {"pass.ended", "pass.quiet"}:
            self._sync_id = None


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
