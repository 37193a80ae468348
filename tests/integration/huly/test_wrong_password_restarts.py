"""A container engine starts a service with a wrong password again and again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.huly import account, plugin
from connectors.huly.sandbox import HulySandbox
from connectors.huly.settings import HulySettings
from syncengine.adapters.event_log import open_log
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.domain.identity import EndpointName
from syncengine.domain.policy import Policy
from syncengine.errors import AuthenticationFailed
from syncengine.runner.bootstrap import open_sync_on
from syncengine.runner.clock import SystemClock
from syncengine.runner.settings_model import EndpointSettings, Settings


async def start(folder: Path, sandbox: HulySandbox, password: str) -> None:
    """As a new process: whatever the connector itself remembers is gone."""
    account._refused_logins.clear()
    own = HulySettings(
        url=sandbox.url, workspace=sandbox.info()["workspace"], email=sandbox.info()["email"], password=password
    )
    endpoint = EndpointSettings(name=EndpointName("huly"), plugin=plugin, settings=own)
    settings = Settings(source="test", log=folder / "log.db", endpoints={endpoint.name: endpoint}, policy=Policy(rules={}))
    async with (
        open_log(settings.log, now=lambda: datetime.now(UTC)) as log,
        open_sync_on(log, settings, telemetry=Silence(), clock=SystemClock()),
    ):
        pass


async def test_the_account_is_not_locked(tmp_path):
    """Of twenty starts one sends the password; five would have locked the account, for the right one too."""
    async with HulySandbox() as sandbox:
        for _ in range(20):
            with pytest.raises(AuthenticationFailed):
                await start(tmp_path, sandbox, "wrong")
        assert sandbox.account.failed_logins == 1
