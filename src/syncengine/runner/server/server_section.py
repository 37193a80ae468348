"""Only what is needed to find a running process: where its log is, where its server listens, and the key for it."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncengine.adapters.log_place import LogPlace
from syncengine.errors import SettingsInvalid
from syncengine.redaction import Secret
from syncengine.runner.problems import Misfits
from syncengine.runner.secret_values import SecretReader
from syncengine.runner.server.access import DEFAULT_LISTEN, ServerSettings
from syncengine.runner.settings import load_log_place


def load_server(path: Path, environ: Mapping[str, str] | None = None) -> tuple[LogPlace, ServerSettings]:
    """
    Where the log is, and the section [server]; no connector is loaded and no other secret is read.

    Raises:
        SettingsInvalid: the file cannot be read, or says something strange about one of them.
    """
    log = load_log_place(path)
    section = tomllib.loads(path.read_text("utf-8")).get("server", {})
    reader = SecretReader(folder=path.parent, environ=os.environ if environ is None else environ)
    try:
        return log, _structured(section, reader)
    except Misfits as error:
        raise SettingsInvalid([f"server.api_key: {error}"], source=str(path)) from error


def _structured(section: Any, reader: SecretReader) -> ServerSettings:
    table = section if isinstance(section, Mapping) else {}
    listen, key = table.get("listen", DEFAULT_LISTEN), table.get("api_key")
    said = reader.read(key) if isinstance(key, Mapping) else key
    return ServerSettings(listen=str(listen), api_key=None if said is None else Secret(str(said)))
