"""`syncengine init`: writes a settings file to fill in."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from syncengine.errors import ConfigurationError
from syncengine.runner.cli import show
from syncengine.runner.cli.context import Context, choices


def init(
    ctx: Context,
    path: Annotated[Path | None, typer.Argument(help="The file to write; the one named by --config if not given.")] = None,
) -> None:
    """Write a settings file with comments; an existing file is never touched."""
    target = path or choices(ctx).config
    template = files("syncengine.runner.cli").joinpath("settings_template.toml").read_text("utf-8")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(template)
    except FileExistsError as error:
        message = f"{target} is there already and was not touched; name another file: `syncengine init PATH`"
        raise ConfigurationError(message) from error
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}; name another file") from error
    show.line(f"wrote {target}. Fill in the addresses and set the variables it names, then try `syncengine plan`.")
