"""Which versions of Vibe Kanban this connector speaks to, and how the others are recognised."""

import re
from typing import Any

SUPPORTED = (
    "this connector speaks the local API of Vibe Kanban with one git repository for each project "
    "(made for 0.0.71; 0.0.137 changed the projects, 0.1.15 removed projects and tasks from this API)"
)

_FIRST_WITHOUT_PATH = (0, 0, 137)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def version_in(info: Any) -> str | None:
    """The version of the app in the data of `/api/info`, or None when it does not say."""
    if not isinstance(info, dict):
        return None
    config = info.get("config")
    version = info.get("version") or (config.get("last_app_version") if isinstance(config, dict) else None)
    return version if isinstance(version, str) else None


def is_too_new(version: str | None) -> bool:
    """Whether projects of this version have several repositories; False when the version is not known."""
    numbers = _VERSION.match(version or "")
    return numbers is not None and tuple(int(number) for number in numbers.groups()) >= _FIRST_WITHOUT_PATH
