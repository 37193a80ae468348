"""What the options before the command say."""

from pathlib import Path
from typing import Any

import typer
from attrs import frozen

from syncengine.domain.identity import EndpointName
from syncengine.runner.cli import show
from syncengine.runner.settings import DEFAULT_FILE, Settings, load_endpoint_names, load_log_path, load_settings

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


def log_path_of(ctx: Any, given: Path | None) -> Path:
    """
    Where the log is, by option or by the settings; no passwords are needed.

    Raises:
        SettingsInvalid: the settings cannot be read.
    """
    return given if given is not None else load_log_path(choices(ctx).config)


def endpoints_of(ctx: Any, given: Path | None) -> frozenset[EndpointName]:
    """
    The endpoints in the settings; none where the log was given by option and the settings may be others.

    Raises:
        SettingsInvalid: the settings cannot be read.
    """
    return frozenset() if given is not None else load_endpoint_names(choices(ctx).config)
