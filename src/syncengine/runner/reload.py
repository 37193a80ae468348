"""Settings that are read again while everything runs: what may change, what may not, and putting it to use."""

from collections.abc import Callable

import attrs
from attrs import field, frozen

from syncengine.engine.notes import ReloadRefused, SettingsReloaded
from syncengine.errors import SettingsInvalid, SyncEngineError
from syncengine.runner.rule_coverage import problems_of_policy
from syncengine.runner.settings import EndpointSettings, Settings
from syncengine.runner.sync import Sync

_ONLY_AT_START = {
    "log": "[log] path",
    "server": "[server]",
    "traces": "[traces]",
}
"""Settings that are used once, when the process starts."""


@frozen(kw_only=True)
class Changes:
    """
    What is different in settings that were read again.

    Attributes:
        usable: names of the settings that are put to use.
        refused: one sentence for each one that is not.
        endpoints: the endpoints whose connection is opened again.
    """

    usable: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    endpoints: tuple[EndpointSettings, ...] = field(default=(), repr=False)


def changes_between(old: Settings, new: Settings) -> Changes:
    """What is different, and what of it can be used without a restart; pure."""
    different = [
        it.name
        for it in attrs.fields(Settings)
        if it.name not in {"source", "warnings", "endpoints"} and getattr(old, it.name) != getattr(new, it.name)
    ]
    refused = [
        f"{_ONLY_AT_START[name]} is used at start only; restart to change it"
        for name in different
        if name in _ONLY_AT_START
    ]
    usable = [name for name in different if name not in _ONLY_AT_START]
    again = []
    for name in sorted({*old.endpoints, *new.endpoints}):
        before, after = old.endpoints.get(name), new.endpoints.get(name)
        if before is None or after is None:
            what = "was added" if before is None else "was taken away"
            refused.append(f"[endpoints.{name}] {what}; restart to use that")
        elif before.plugin is not after.plugin and before.plugin != after.plugin:
            refused.append(f"[endpoints.{name}] has another connector; restart to use that")
        elif before != after:
            usable.append(f"endpoints.{name}")
            again.append(after)
    return Changes(usable=tuple(usable), refused=tuple(refused), endpoints=tuple(again))


class Reloader:
    """Reads the settings again and puts to use what can be used; the old ones stay where the new ones are mistaken."""

    def __init__(
        self,
        settings: Settings,
        *,
        load: Callable[[], Settings],
        sync: Sync,
        on_change: Callable[[Settings], None] = lambda _settings: None,
    ) -> None:
        """
        Start with the settings in use.

        Args:
            load: reads them again; may raise `SettingsInvalid`.
            on_change: told what is in use from now on, for parts that the engine knows nothing about.
        """
        self.settings = settings
        self._load = load
        self._sync = sync
        self._keepers = sync.keepers
        self._on_change = on_change

    async def __call__(self) -> float:
        """Read them again, between two passes; the interval in seconds from now on."""
        try:
            new = self._load()
            self._require_fitting(new)
        except SyncEngineError as error:
            self._sync.telemetry.note(ReloadRefused(reason=str(error)))
            return self.settings.interval_s
        changes = changes_between(self.settings, new)
        for reason in changes.refused:
            self._sync.telemetry.note(ReloadRefused(reason=reason))
        await self._use(new, changes)
        self._sync.telemetry.note(SettingsReloaded(changed=changes.usable))
        return self.settings.interval_s

    async def _use(self, new: Settings, changes: Changes) -> None:
        kept = {it.name: getattr(self.settings, it.name) for it in attrs.fields(Settings) if it.name in _ONLY_AT_START}
        again = {endpoint.name: endpoint for endpoint in changes.endpoints}
        endpoints = {name: again.get(name, old) for name, old in self.settings.endpoints.items()}
        self.settings = attrs.evolve(new, endpoints=endpoints, **kept)
        self._sync.engine.use(policy=new.policy, pairings=new.pairings)
        for endpoint in changes.endpoints:
            await self._keepers[endpoint.name].reopen(endpoint)
        self._on_change(self.settings)

    def _require_fitting(self, new: Settings) -> None:
        open_now = {name: it.connector.capabilities for name, it in self._keepers.items() if it.connector is not None}
        problems = problems_of_policy(new.policy, open_now, new.pairings, everybody=len(open_now) == len(self._keepers))
        if problems:
            raise SettingsInvalid(problems, source=new.source)
