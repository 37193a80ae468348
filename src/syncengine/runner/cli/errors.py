"""Every error becomes one message on standard error, which says what to do next, and an exit code."""

import asyncio
import errno
import os
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from syncengine.errors import (
    AnotherWriter,
    AuthenticationFailed,
    ConnectorError,
    EndpointGone,
    PermissionDenied,
    SyncEngineError,
    TransientError,
    Unreachable,
)
from syncengine.runner.cli import exit_codes, show

DEBUG_VARIABLE = "SYNCENGINE_DEBUG"

_HINTS: tuple[tuple[type[SyncEngineError], str], ...] = (
    (AuthenticationFailed, "Check the credentials in [endpoints.{endpoint}]; they were tried once and are not tried again"),
    (PermissionDenied, "Give the account of [endpoints.{endpoint}] that right, or use another account"),
    (EndpointGone, "Check the address in [endpoints.{endpoint}]"),
    (Unreachable, "Check that it is running, and its address in the settings"),
    (TransientError, "Try again later"),
    (AnotherWriter, "`syncengine status` and `syncengine plan` work beside it"),
)

# The classes of the command-line library have moved between its versions; their names have not.
_USAGE_ERROR: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException" and issubclass(kind, Exception)
)


class Commands(TyperGroup):
    """The commands, with one place where their errors end."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except SyncEngineError as error:
            show.complain(message_of(error))
            raise typer.Exit(exit_codes.after_error(error)) from error
        except (KeyboardInterrupt, asyncio.CancelledError) as error:
            show.complain("interrupted; nothing is lost, start again to go on")
            raise typer.Exit(exit_codes.INTERRUPTED) from error
        except (typer.Exit, typer.Abort, _USAGE_ERROR):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # whoever read our output has gone; the command-line library ends quietly then
            show.complain(_bug(error))
            raise typer.Exit(exit_codes.BUG) from error


def message_of(error: SyncEngineError) -> str:
    """What happened, where, and what to do next."""
    also = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), "")
    endpoint = getattr(error, "endpoint", None) if isinstance(error, ConnectorError) else None
    hint = hint.format(endpoint=endpoint or "NAME")
    return f"syncengine: {error}{also}" + (f"\n{hint}." if hint else "")


def _bug(error: Exception) -> str:
    if os.environ.get(DEBUG_VARIABLE):
        return "".join(traceback.format_exception(error)).rstrip()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - a name in a message, no path
    return (
        f"syncengine: this is a bug: {type(error).__name__}: {error} (at {where}). "
        f"What was saved in the event log is safe. Set {DEBUG_VARIABLE}=1 to see where it happened, and please report it"
    )
