"""Opening the connector: right settings, and every wrong one with one clear message."""

import socket

import pytest
from tests.integration.huly.opened import HULY, opened, settings_for

from connectors.huly import connect
from connectors.huly.sandbox import Fault, HulySandbox, SandboxSettings
from syncengine.connector import Services
from syncengine.errors import (
    AuthenticationFailed,
    ConfigurationError,
    EndpointGone,
    PermissionDenied,
    RemoteBusy,
    Unreachable,
)


@pytest.fixture
async def sandbox():
    """A server with one project."""
    async with HulySandbox() as running:
        running.create_project("Mobile", "MOB")
        yield running


def logins(sandbox):
    """How many passwords were sent."""
    return sandbox.requests.operations().get("account login", 0)


async def test_opening_takes_a_handful_of_requests(sandbox):
    """One each for addresses, login, workspace, session, statuses, the two kinds of types, and projects."""
    async with opened(sandbox):
        pass

    assert sandbox.requests.writes == 0
    assert len(sandbox.requests.seen) == 8


async def test_the_first_call_to_the_workspace_is_made_alone(sandbox):
    """Several first ones at once disturb each other on a real server."""
    async with opened(sandbox):
        pass

    operations = [seen.operation for seen in sandbox.requests.seen]
    assert operations[:4] == ["GET /config.json", "account login", "account selectWorkspace", "account"]


async def test_a_token_is_enough(sandbox):
    """A workspace token as Huly's settings show it."""
    async with opened(sandbox, email="", password="", token=sandbox.token) as connector:
        assert len(await connector.discover()) == 2
    assert logins(sandbox) == 0


async def test_addresses_in_the_settings_win(sandbox):
    """For servers that name addresses which only they can reach."""
    more = {
        "accounts_url": sandbox.accounts_url,
        "collaborator_url": sandbox.collaborator_url.replace("http", "ws"),
        "transactor_url": sandbox.transactor_url,
        "url": "http://127.0.0.1:1",
    }
    async with opened(sandbox, **more) as connector:
        assert len(await connector.discover()) == 2


async def test_nobody_at_the_address():
    """The message names it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        settings = settings_for(HulySandbox(), url=url)
        with pytest.raises(Unreachable, match="check the URL"):
            async with connect(settings, Services(endpoint=HULY)):
                pass


async def test_a_web_page_at_the_address(sandbox):
    """The web application answers 200 with its page to any path."""
    with pytest.raises(EndpointGone, match=r"/workbench/demo/config\.json answered 200 with text/html.*`url` must be"):
        async with opened(sandbox, url=f"{sandbox.url}/workbench/demo"):
            pass


@pytest.mark.parametrize(("setting", "part"), [("accounts_url", "accounts_url"), ("transactor_url", "transactor_url")])
async def test_a_web_page_in_place_of_a_service(sandbox, setting, part):
    """Named together with the setting to correct."""
    sandbox.faults.add(Fault(kind="html", path="/_accounts" if setting == "accounts_url" else "/api/v1/account"))
    with pytest.raises(EndpointGone, match=part):
        async with opened(sandbox):
            pass


async def test_a_wrong_password_is_sent_once(sandbox):
    """Five of them lock the account, so this process never sends it again."""
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="wrong.*lock|five wrong passwords lock"):
            async with opened(sandbox, password="not this one"):
                pass

    assert logins(sandbox) == 1
    assert sandbox.account.failed_logins == 1
    async with opened(sandbox) as connector:
        assert await connector.discover()


async def test_a_locked_account(sandbox):
    """The right password is refused too, and the way out is named."""
    sandbox.account.failed_logins = 5
    with pytest.raises(AuthenticationFailed, match=r"locked after five.*one-time code"):
        async with opened(sandbox):
            pass


async def test_a_garbage_token(sandbox):
    """Nothing is tried instead."""
    with pytest.raises(AuthenticationFailed, match="token is not accepted"):
        async with opened(sandbox, email="", password="", token="garbage"):
            pass


async def test_trouble_of_the_account_service_is_no_wrong_password(sandbox):
    """The same password may be sent again later."""
    sandbox.faults.add(Fault(kind="status", status=503, path="/_accounts"))
    with pytest.raises(RemoteBusy):
        async with opened(sandbox):
            pass
    async with opened(sandbox) as connector:
        assert await connector.discover()


async def test_a_workspace_that_does_not_exist(sandbox):
    """Huly offers another one without a word; it is not touched (observed 28)."""
    with pytest.raises(ConfigurationError, match=r"no workspace 'demmo'; Huly offered 'demo' instead.*workspaces: demo"):
        async with opened(sandbox, workspace="demmo"):
            pass
    assert "account" not in sandbox.requests.operations()


async def test_a_workspace_the_account_is_not_a_member_of(sandbox):
    """The message names both ways out, and where the account is a member."""
    sandbox.revoke_membership()
    with pytest.raises(PermissionDenied, match=r"'demo'.*not a member.*invite the account.*has no workspace"):
        async with opened(sandbox):
            pass


async def test_a_guest_may_not_write(sandbox):
    """Better said at once than at the first write."""
    sandbox.grant_membership(role="GUEST")
    with pytest.raises(PermissionDenied, match="role GUEST"):
        async with opened(sandbox):
            pass


async def test_an_unknown_status_name_in_the_settings(sandbox):
    """With the names there are."""
    with pytest.raises(ConfigurationError, match=r"no status 'Reviewing'; it has Backlog, Canceled"):
        async with opened(sandbox, statuses={"Reviewing": "in_review"}):
            pass


async def test_an_unknown_project_in_the_settings(sandbox):
    """With the projects there are."""
    with pytest.raises(ConfigurationError, match=r"no project 'MOBILE'.*it shows MOB"):
        async with opened(sandbox, projects=("MOBILE",)):
            pass


async def test_a_server_of_the_old_line():
    """Version 0.6 speaks otherwise."""
    async with HulySandbox(settings=SandboxSettings(version="0.6.504")) as old:
        with pytest.raises(ConfigurationError, match=r"runs Huly 0\.6\.504.*needs 0\.7"):
            async with opened(old):
                pass
        assert logins(old) == 0
