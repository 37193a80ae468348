"""How much is logged and how: by the settings, the environment and the command line."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from attrs import evolve, frozen

from syncengine.errors import SettingsInvalid

Level = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]

LEVEL_VARIABLE = "LOG_LEVEL"


@frozen(kw_only=True)
class LogSettings:
    """
    How much is logged, and how.

    Attributes:
        level: the lowest level that is written; the environment variable LOG_LEVEL wins over it.
        format: one JSON object a line, or lines for people; "auto" writes for people on a terminal and JSON elsewhere.
    """

    level: Level = "info"
    format: LogFormat = "auto"


def chosen_logs(
    settings: LogSettings,
    *,
    level: str | None = None,
    form: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> LogSettings:
    """
    What holds when settings, environment and command line speak: the option, else LOG_LEVEL, else the settings.

    Args:
        level: from the command line.
        form: from the command line.
        environ: environment variables; those of the process when None.

    Raises:
        SettingsInvalid: LOG_LEVEL or an option is no possible word.
    """
    said = (os.environ if environ is None else environ).get(LEVEL_VARIABLE, "").strip()
    if said:
        settings = evolve(settings, level=_one_of(said.lower(), Level, source=LEVEL_VARIABLE))
    if level is not None:
        settings = evolve(settings, level=_one_of(level, Level, source="--log-level"))
    if form is not None:
        settings = evolve(settings, format=_one_of(form, LogFormat, source="--log-format"))
    return settings


def _one_of(word: str, allowed: Any, *, source: str) -> Any:
    words: Sequence[str] = get_args(allowed)
    if word not in words:
        raise SettingsInvalid([f'"{word}" is not possible; use one of {", ".join(words)}'], source=source)
    return word
