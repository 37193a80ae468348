"""The last step of a log line: redacted, as text, into the stream. Nothing here raises: a log line is no reason to stop."""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, Final, TextIO

from syncengine.redaction import is_clean, redact, redacted

FIXED_KEYS: Final = ("timestamp", "level", "logger", "event")
"""Every line has these, and they come first."""

TOLD: Final = "_told"
"""Where a note stands in a line until its facts do."""

_OUR_OWN_WORDS = frozenset({"timestamp", "level", "trace_id", "span_id", "sync_id", "link_id", "intent_id"})
"""What these keys hold was made here and is no secret, even where it happens to have the four digits of one in it."""

_encode = json.JSONEncoder(default=str, separators=(",", ":"), allow_nan=False).encode

Line = Mapping[str, Any]


class Output:
    """Where lines go: a stream, or standard error as it is at the time of each line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = Lock()

    def is_terminal(self) -> bool:
        """Whether a person reads along."""
        with suppress(OSError, ValueError, AttributeError):
            return (self._stream or sys.stderr).isatty()
        return False

    def write(self, line: str) -> None:
        """One line; it is lost when nobody takes it any more."""
        stream = self._stream or sys.stderr
        with self._lock, suppress(OSError, ValueError, AttributeError):
            stream.write(f"{line}\n")
            stream.flush()


class LineLogger:
    """What structlog hands its rendered lines to."""

    def __init__(self, output: Output) -> None:
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = output.write
        self.exception = self.fatal = self.warn = self.log = output.write


class LineHandler(logging.Handler):
    """The same for loggers of the standard library."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """One line; of a record that cannot be formatted, what can be said about it."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a caller's mistake in its arguments, or whatever its objects do
            record.msg = f"{redact(str(record.msg))} (this line could not be formatted: {type(error).__name__})"
            record.args = None
            record.exc_info = record.exc_text = record.stack_info = None
            line = self.format(record)
        self._output.write(line)


def add_trace_ids(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Where a span is current, its ids. Without tracing, nothing is even imported."""
    trace = sys.modules.get("opentelemetry.trace")
    current_span: Callable[[], Any] | None = getattr(trace, "get_current_span", None)
    if current_span is not None:
        context = current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = f"{context.trace_id:032x}"
            line["span_id"] = f"{context.span_id:016x}"
    return line


def as_json(_logger: Any, _method: str, line: Line) -> str:
    """One JSON object, in ASCII and without a line break."""
    ordered = {key: line[key] for key in FIXED_KEYS if key in line} | dict(line)
    try:
        text = _encode(ordered)
        # Rendering first makes the usual line cheap: one look over it instead of one at every text in it.
        return text if is_clean(text) else _encode(_redacted(ordered))
    except Exception as error:  # noqa: BLE001 - whatever the objects of others do when they are asked for their text
        return _encode(_as_far_as_possible(ordered, error))


def _redacted(line: Line) -> dict[str, Any]:
    # The keys of lines are names in code, and those of the schema stay what they are.
    return {key: it if key in _OUR_OWN_WORDS else _redacted_value(key, it) for key, it in line.items()}


def _redacted_value(key: str, value: Any) -> Any:
    (under,) = redacted({key: value}).values()
    return under


def _as_far_as_possible(line: Line, error: Exception) -> dict[str, Any]:
    """The texts and whole numbers of a line that JSON cannot hold otherwise."""
    kept = {key: it for key, it in line.items() if isinstance(it, str | int | None)}
    return _redacted(kept) | {"unreadable": f"parts of this line are left out: {type(error).__name__}"}


def for_people(*, colors: bool) -> Callable[[Any, str, Line], str]:
    """A renderer for a terminal: no control characters of others, exceptions below the line."""
    from structlog.dev import ConsoleRenderer, plain_traceback

    renderer = ConsoleRenderer(colors=colors, exception_formatter=plain_traceback)

    def render(logger: Any, method: str, line: Line) -> str:
        try:
            safe = {key: _printable(it, lines=key in _MANY_LINES) for key, it in _redacted(line).items()}
            return renderer(logger, method, safe)
        except Exception as error:  # noqa: BLE001 - as in `as_json`
            return f"{_as_far_as_possible(line, error)}"

    return render


_MANY_LINES = ("exception", "stack")


def _printable(value: Any, *, lines: bool) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    if not lines:
        value = " ".join(value.split())
    return "".join(it if it.isprintable() or it == "\n" else "\N{REPLACEMENT CHARACTER}" for it in value)
