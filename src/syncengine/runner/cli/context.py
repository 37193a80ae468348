"""What the options before the command say."""

from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from syncengine.adapters.log_place import LogPlace, place_of
from syncengine.domain.identity import EndpointName
from syncengine.errors import LogMisconfigured
from syncengine.runner.cli import show
from syncengine.runner.settings import DEFAULT_FILE, Settings, load_endpoint_names, load_log_place, load_settings

CONFIG_VARIABLE = "SYNCENGINE_CONFIG"

Context = typer.Context


@frozen(kw_only=True)
class Choices:
    """
    The options before the command.

    Attributes:
        config: the settings file.
    """

    config: Path = Path(DEFAULT_FILE)


def choices(ctx: Any) -> Choices:
    """The options that were given."""
    found = ctx.find_object(Choices)
    return found if isinstance(found, Choices) else Choices()


def settings_of(ctx: Any) -> Settings:
    """
    The settings; what should not stay as it is in them is said on standard error.

    Raises:
        SettingsInvalid: they have mistakes.
    """
    settings = load_settings(choices(ctx).config)
    for warning in settings.warnings:
        show.complain(f"warning: {warning}")
    return settings


LogOption = Annotated[
    str | None,
    typer.Option(
        "--log", metavar="PATH", help="The event log, a file or postgresql://...; the one in the settings if not given."
    ),
]
"""The option `--log`."""


def log_place_of(ctx: Any, given: str | None) -> LogPlace:
    """
    Where the log is, by option or by the settings; the passwords of endpoints are not needed.

    Raises:
        SettingsInvalid: the settings cannot be read.
        LogMisconfigured: the option names no log.
    """
    return place_of(given) if given is not None else load_log_place(choices(ctx).config)


def log_file_of(ctx: Any, given: str | None, *, instead: str) -> Path:
    """
    The same for what can only be done with a file.

    Args:
        instead: what to do with a database.

    Raises:
        LogMisconfigured: the log is in a database.
    """
    place = log_place_of(ctx, given)
    if not isinstance(place, Path):
        raise LogMisconfigured(f"the event log {place} is no file; {instead}")
    return place


def endpoints_of(ctx: Any, given: str | None) -> frozenset[EndpointName]:
    """
    The endpoints in the settings; none where the log was given by option and the settings may be others.

    Raises:
        SettingsInvalid: the settings cannot be read.
    """
    return frozenset() if given is not None else load_endpoint_names(choices(ctx).config)
