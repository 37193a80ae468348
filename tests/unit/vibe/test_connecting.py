"""Connecting says at once and clearly when the URL or the version is wrong."""

import socket

import pytest
from aiohttp import web

from connectors.vibe import VibeSettings, plugin
from connectors.vibe.flavour import is_too_new, version_in
from syncengine.connector import EndpointName, Services
from syncengine.errors import AuthenticationFailed, EndpointGone, Unreachable
from tests.unit.vibe.scripted_server import ok, scripted

SERVICES = Services(endpoint=EndpointName("vibe"))
PROJECT = {"id": "66806ffd-d127-40e1-a195-62f915fe5700", "name": "Demo", "git_repo_path": "/srv/demo"}


async def connect(url):
    async with plugin.connect(VibeSettings(url=url), SERVICES) as connector:
        return connector


def free_port():
    """A port that nobody listens on while the socket is held."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder


async def test_supported_server_is_connected():
    """Health and projects are enough when there are projects."""
    async with scripted({"GET /api/health": ok("OK"), "GET /api/projects": ok([PROJECT])}) as server:
        connector = await connect(server.base_url + "/api/")

    assert [path for _method, path, _headers in server.requests] == ["/api/health", "/api/projects"]
    assert connector.capabilities.key_storage == "marker"


async def test_no_origin_header_is_sent():
    """Later versions refuse strangers by it."""
    async with scripted({"GET /api/health": ok("OK"), "GET /api/projects": ok([PROJECT])}) as server:
        await connect(server.base_url)

    assert server.requests
    assert not any("Origin" in headers for _method, _path, headers in server.requests)


async def test_nobody_at_the_url_is_unreachable_with_the_url():
    """The person sees which address was tried."""
    with free_port() as holder:
        url = f"http://127.0.0.1:{holder.getsockname()[1]}"
        with pytest.raises(Unreachable, match=url):
            await connect(url)


async def test_url_of_the_web_app_is_told_from_the_api():
    """A 200 with a page, as from any other web server."""
    async with scripted({}) as server:
        with pytest.raises(EndpointGone, match=rf"{server.base_url}.*text/html.*wrong URL or version"):
            await connect(server.base_url)


async def test_another_api_is_told():
    """JSON with a health path of its own."""
    async with scripted({"GET /api/health": web.json_response({"status": "ok"})}) as server:
        with pytest.raises(EndpointGone, match="another shape"):
            await connect(server.base_url)


@pytest.mark.parametrize("status", [404, 405, 302, 400])
async def test_anything_but_a_good_answer_to_the_health_check_is_another_server(status):
    """Whatever it is, it is not Vibe Kanban."""
    async with scripted({"GET /api/health": web.Response(status=status)}) as server:
        with pytest.raises(EndpointGone, match=str(status)):
            await connect(server.base_url)


async def test_version_without_projects_is_recognised():
    """From 0.1.15 on there is a health check, but the projects are a page."""
    async with scripted({"GET /api/health": ok("OK")}) as server:
        with pytest.raises(EndpointGone, match=r"/api/projects.*0\.1\.15"):
            await connect(server.base_url)


async def test_version_with_several_repositories_is_recognised():
    """From 0.0.137 on projects have no path."""
    several = {"GET /api/health": ok("OK"), "GET /api/projects": ok([{"id": "x", "name": "Demo"}])}
    async with scripted(several) as server:
        with pytest.raises(EndpointGone, match=r"without git_repo_path.*0\.0\.71.*0\.0\.137"):
            await connect(server.base_url)


@pytest.mark.parametrize("info", [{"version": "0.1.14"}, {"config": {"last_app_version": "0.0.137"}}])
async def test_empty_server_of_a_newer_version_is_recognised_by_its_number(info):
    """There is no project to look at."""
    empty = {"GET /api/health": ok("OK"), "GET /api/projects": ok([]), "GET /api/info": ok(info)}
    async with scripted(empty) as server:
        with pytest.raises(EndpointGone, match=r"Vibe Kanban 0\.\d"):
            await connect(server.base_url)


@pytest.mark.parametrize("info", [{"config": {"last_app_version": "0.0.71"}}, {"config": None}, {}, None, []])
async def test_empty_server_that_does_not_say_its_version_is_given_a_chance(info):
    """The first project made there will tell."""
    empty = {"GET /api/health": ok("OK"), "GET /api/projects": ok([]), "GET /api/info": ok(info)}
    async with scripted(empty) as server:
        assert await connect(server.base_url)


async def test_proxy_that_wants_credentials_is_told_as_such():
    """Not as a wrong URL."""
    async with scripted({"GET /api/health": web.Response(status=401)}) as server:
        with pytest.raises(AuthenticationFailed):
            await connect(server.base_url)


async def test_message_about_a_wrong_url_does_not_show_its_password():
    """Messages end up in logs."""
    async with scripted({}) as server:
        url = server.base_url.replace("//", "//me:secret@")
        with pytest.raises(EndpointGone) as caught:
            await connect(url)

    assert "secret" not in str(caught.value)
    assert server.base_url in str(caught.value)


@pytest.mark.parametrize(
    ("version", "too_new"),
    [
        ("0.0.71", False),
        ("0.0.136", False),
        ("0.0.137", True),
        ("0.1.0", True),
        ("1.0.0-rc1", True),
        (None, False),
        ("x", False),
    ],
)
def test_versions_are_compared_as_numbers(version, too_new):
    """0.0.71 comes before 0.0.137."""
    assert is_too_new(version) is too_new


def test_version_is_found_where_either_generation_puts_it():
    """At the top, or in the configuration."""
    assert version_in({"version": "0.1.30", "config": {"last_app_version": "0.0.1"}}) == "0.1.30"
    assert version_in({"config": {"last_app_version": "0.0.71"}}) == "0.0.71"
    assert version_in({"config": {"last_app_version": 71}}) is None
