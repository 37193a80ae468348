"""The settings file that the demo writes, as a person would."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "syncengine.toml"
LOG = "syncengine.db"
PASSWORD = "huly-password.txt"  # noqa: S105 - the name of a file

_TEXT = """\
# Written by `syncengine demo`. The servers named here lived as long as the demo did. The event log is still there;
# `syncengine status` and `syncengine explain WEB-1`, called in this folder, read it.

[log]
path = "{log}"

[sync]
interval_s = 5

[sync.backoff]
first_s = 0.2
longest_s = 2

# Projects are made in Vibe Kanban only; issues are made on both sides.
[sync.creates]
project = ["vibe"]

# Who wins when a field was changed on both sides. The value that loses stays in the event log.
[sync.rules.project]
name = {{rule = "prefer", endpoint = "huly"}}

[sync.rules.issue]
title = {{rule = "prefer", endpoint = "huly"}}
description = {{rule = "prefer", endpoint = "huly"}}
status = {{rule = "prefer", endpoint = "huly"}}

[endpoints.huly]
connector = "huly"
url = {url}
workspace = {workspace}
email = {email}
password = {{file = "{password}"}}
# For the sandbox only: a real server gets 20 requests a second, which is the default.
requests_per_s = 500

[endpoints.vibe]
connector = "vibe"
url = {vibe_url}
repo_path = {repo_path}
{vibe_lag}"""

_SANDBOX_LAG = """\
# For the sandbox only: seconds until a task is certain to be listed whose create was sent and not answered. The sandbox
# stores a task before it answers; the real server can sit on it for 5 seconds, hence the default of 6.
key_lookup_lag_s = 0.5
"""


def write_settings(folder: Path, *, huly: Mapping[str, Any], vibe_url: str, real_vibe: bool) -> Path:
    """
    Write the settings file, and the password beside it; the path of the file.

    Args:
        huly: what the Huly sandbox says about itself.
        real_vibe: the Vibe server is the real one, which needs its patience.
    """
    path = folder / NAME
    _write_secret(folder / PASSWORD, huly["password"])
    text = _TEXT.format(
        log=LOG,
        password=PASSWORD,
        url=_quoted(huly["front"]),
        workspace=_quoted(huly["workspace"]),
        email=_quoted(huly["email"]),
        vibe_url=_quoted(vibe_url),
        repo_path=_quoted(f"{_literal(folder)}/repos/{{identifier}}"),
        vibe_lag="" if real_vibe else _SANDBOX_LAG,
    )
    path.write_text(text, "utf-8")
    return path


def _literal(folder: Path) -> str:
    """The path as text in which nothing is a placeholder."""
    return str(folder).replace("{", "{{").replace("}", "}}")


def _write_secret(path: Path, secret: str) -> None:
    path.touch(mode=0o600)
    path.write_text(secret, "utf-8")


def _quoted(text: str) -> str:
    """A TOML string; JSON's rules for quotes and backslashes are the same."""
    return json.dumps(text, ensure_ascii=False)
