"""A watched run between two remotes in memory, with persons in front of them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define, frozen

from syncengine.connector import ROOT, ConnectorPlugin, EndpointName, Kind, Services
from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.policy import Policy
from syncengine.runner.settings import EndpointSettings, Settings
from syncengine.testing import Abilities, Faults, MemoryConnector, MemoryRemote
from tests.deploy.alerting import EVERY_S
from tests.deploy.scraped_clock import ScrapedClock
from tests.deploy.watched import Watched, watched

LEFT, RIGHT = EndpointName("office"), EndpointName("hall")
TEXTS = {"title": Prefer(LEFT), "description": Prefer(LEFT)}
POLICY = Policy(rules={Kind("project"): TEXTS, Kind("issue"): TEXTS | {"status": AskAPerson()}})


@frozen(kw_only=True)
class RemoteSettings:
    """The remote itself stands where others have an address."""

    remote: MemoryRemote
    faults: Faults
    clock: ScrapedClock


@asynccontextmanager
async def connect(settings: RemoteSettings, services: Services) -> AsyncIterator[MemoryConnector]:
    """A connector to a remote in memory."""
    yield MemoryConnector(settings.remote, services.endpoint, faults=settings.faults, sleep=settings.clock.sleep)


PLUGIN = ConnectorPlugin(name="memory", settings=RemoteSettings, connect=connect)


@define(kw_only=True)
class MemoryRun:
    """The run, the remotes, what goes wrong with them, and what people do."""

    watched: Watched
    left: MemoryRemote
    right: MemoryRemote
    left_faults: Faults
    right_faults: Faults

    async def minutes(self, number: float) -> None:
        """Let passes go on for this long."""
        await self.watched.minutes(number)

    def issues(self, remote: MemoryRemote) -> dict[str, str]:
        """Ids by title, in the one project there is."""
        return {str(it["title"]): key for key, it in remote.items(self.project(remote)).items()}

    def project(self, remote: MemoryRemote) -> str:
        """The id of the project."""
        return next(iter(remote.items(ROOT)))

    def person_creates(self, remote: MemoryRemote, titles: Iterable[str]) -> None:
        """Somebody makes issues."""
        for title in titles:
            remote.person_creates(self.project(remote), title=title, status="todo")

    def person_edits(self, remote: MemoryRemote, title: str, /, **values: str) -> None:
        """Somebody edits an issue."""
        remote.person_edits(self.project(remote), self.issues(remote)[title], **values)

    def person_deletes(self, remote: MemoryRemote, titles: Iterable[str]) -> None:
        """Somebody deletes issues."""
        for title in titles:
            remote.person_deletes(self.project(remote), self.issues(remote)[title])


@asynccontextmanager
async def memory_run(folder: Path) -> AsyncIterator[MemoryRun]:
    """A run with one project and twelve issues on the left, not begun yet."""
    clock = ScrapedClock(every_s=EVERY_S)
    left, right = (RemoteSettings(remote=_remote(clock), faults=Faults(), clock=clock) for _ in range(2))
    endpoints = {
        name: EndpointSettings(name=name, plugin=PLUGIN, settings=it) for name, it in ((LEFT, left), (RIGHT, right))
    }
    settings = Settings(source="a test", log=folder / "log.db", endpoints=endpoints, policy=POLICY)
    async with watched(settings, clock) as running:
        run = MemoryRun(
            watched=running,
            left=left.remote,
            right=right.remote,
            left_faults=left.faults,
            right_faults=right.faults,
        )
        run.left.person_creates(ROOT, title="P")
        run.person_creates(run.left, [f"issue {number}" for number in range(12)])
        yield run


def _remote(clock: ScrapedClock) -> MemoryRemote:
    return MemoryRemote(Abilities(key_storage="marker", projects=True, natural_keys=("title",)), now=clock.now)
