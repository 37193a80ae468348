"""A watched run between the servers of the first sync, with the settings that `deploy/` gives for a container."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define

from connectors.huly.sandbox import HulySandbox
from connectors.vibe.sandbox import VibeSandbox
from syncengine import load_settings
from tests.deploy.alerting import EVERY_S
from tests.deploy.samples import sample_settings
from tests.deploy.scraped_clock import ScrapedClock
from tests.deploy.watched import Watched, watched

API_KEY = "a-key-that-nobody-else-has-0123456789"


@define(kw_only=True)
class SandboxRun:
    """The run, and the servers."""

    watched: Watched
    huly: HulySandbox
    vibe: VibeSandbox


@asynccontextmanager
async def sandbox_run(folder: Path) -> AsyncIterator[SandboxRun]:
    """A run with one project and twelve issues in Huly, not begun yet."""
    (folder / "repos").mkdir()
    async with HulySandbox() as huly, VibeSandbox(root=folder / "repos") as vibe:
        settings = load_settings(settings_file(folder, huly, vibe))
        async with watched(settings, ScrapedClock(every_s=EVERY_S)) as running:
            huly.create_project(name="Garden", identifier="GARDEN")
            for number in range(12):
                huly.create_issue(project="GARDEN", title=f"issue {number}", status="Todo")
            yield SandboxRun(watched=running, huly=huly, vibe=vibe)


def settings_file(folder: Path, huly: HulySandbox, vibe: VibeSandbox, *, listen: str = "0.0.0.0:0") -> Path:
    """The sample, with the addresses of the servers and a port that is free."""
    text = sample_settings(folder, secrets={"huly_password": huly.password, "api_key": API_KEY})
    for sample, real in (
        ("0.0.0.0:9464", listen),
        ("https://huly.example.com", huly.url),
        ("my-team", huly.slug),
        ("sync@example.com", huly.email),
        ("http://host.docker.internal:8080", vibe.base_url),
        ("/srv/repos/", f"{folder}/repos/"),
    ):
        assert text.count(sample) == 1
        text = text.replace(sample, real)
    path = folder / "syncengine.toml"
    path.write_text(text)
    return path
