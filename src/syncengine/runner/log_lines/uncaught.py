"""
What Python itself prints: tracebacks nobody caught, warnings, and log lines before logs are set up. Redacted like the rest.

Tasks of asyncio need nothing here: their uncaught exceptions go to the logger "asyncio".
"""

import logging
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Any

from syncengine.redaction import redact

LOGGER = "uncaught"


def redact_what_is_uncaught() -> None:
    """From now on; a second call changes nothing."""
    sys.excepthook = _tell
    threading.excepthook = _tell_of_thread
    sys.unraisablehook = _tell_of_unraisable
    if warnings.formatwarning is not _format_warning:
        warnings.formatwarning = _format_warning
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_RedactedFormatter())


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None, /, what: str = "uncaught") -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    elif logging.getLogger().handlers:
        logging.getLogger(LOGGER).critical("%s", what, exc_info=(kind, error, trace))
    elif sys.stderr is not None:
        sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _tell_of_thread(args: threading.ExceptHookArgs, /) -> None:
    if args.exc_type is not SystemExit:
        name = args.thread.name if args.thread else "?"
        _tell(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback, what=f"uncaught in thread {name}")


def _tell_of_unraisable(args: "sys.UnraisableHookArgs", /) -> None:
    what = f"{args.err_msg or 'uncaught and ignored in'} {type(args.object).__name__}"
    _tell(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback, what=what)


_format_as_before = warnings.formatwarning


def _format_warning(*args: Any, **kwargs: Any) -> str:
    return redact(_format_as_before(*args, **kwargs))


class _RedactedFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
