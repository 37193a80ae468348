"""The files of `deploy/`, read, and made fit for a test's own folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.fixtures.installed_wheel import ROOT

DEPLOY = ROOT / "deploy"
IN_CONTAINER = {"secrets": "/run/secrets", "state": "/var/lib/syncengine"}


def sample_settings(folder: Path, *, secrets: Mapping[str, str]) -> str:
    """The settings for a container, with a folder of ours in place of those of the container, and these secrets in files."""
    text = (DEPLOY / "syncengine.toml").read_text("utf-8")
    for name, place in IN_CONTAINER.items():
        assert f'"{place}/' in text
        text = text.replace(f'"{place}/', f'"{folder / name}/')
        (folder / name).mkdir()
    for name, value in secrets.items():
        (folder / "secrets" / name).write_text(f"{value}\n")
    return text


def compose() -> dict[str, Any]:
    """`compose.yaml`."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def unit() -> dict[str, dict[str, list[str]]]:
    """The settings of `syncengine.service` by section; a key may be there several times."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in (DEPLOY / "syncengine.service").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


def span_s(text: str) -> float:
    """Seconds of a duration as compose and systemd write it: "45s", "2m", "3min", or a plain number of seconds."""
    number, word = re.fullmatch(r"(\d+)\s*([a-z]*)", text).groups()
    return int(number) * {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}[word]
