"""Front, account service and collaborator."""

import asyncio
import json
from typing import Any

from aiohttp import web

from connectors.huly.sandbox.account_service import UnknownMethodError
from connectors.huly.sandbox.collaborator import CollaboratorError
from connectors.huly.sandbox.http_answers import dump, json_answer, page_answer
from connectors.huly.sandbox.server_errors import PlatformError, ServerError
from connectors.huly.sandbox.service import Session
from connectors.huly.sandbox.transactor_routes import SERVICE

_OTHER_SERVICES = ("REKONI_URL", "TELEGRAM_URL", "GMAIL_URL", "CALENDAR_URL")
_UNSET = (
    "PREVIEW_URL",
    "PUSH_PUBLIC_KEY",
    "GITHUB_APP",
    "GITHUB_CLIENTID",
    "INTERCOM_APP_ID",
    "INTERCOM_API_URL",
    "GITHUB_URL",
    "LIVEKIT_WS",
    "LOVE_ENDPOINT",
    "SIGN_URL",
    "PRINT_URL",
    "PRESENCE_URL",
    "DISABLED_FEATURES",
)


def outer_routes() -> list[web.RouteDef]:
    """Routes outside the transactor; any other page is the web application, with status 200."""
    return [
        web.get("/config.json", _config),
        web.post("/_accounts", _accounts),
        web.post("/_accounts/", _accounts),
        web.post("/_collaborator/rpc/{text_id:.+}", _rich_text),
        web.route("*", "/_collaborator/{rest:.*}", _no_such_page),
        web.route("*", "/_transactor/{rest:.*}", _no_such_page),
        web.get("/files/{workspace}/{name}", _file),
        web.get("/{rest:.*}", _web_application),
        web.route("*", "/{rest:.*}", _no_such_page),
    ]


async def _config(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    base = f"http://{request.host}"
    config = {
        "ACCOUNTS_URL": f"{base}/_accounts",
        "UPLOAD_URL": "/files",
        "FILES_URL": "/files/:workspace/:filename?file=:blobId&workspace=:workspace",
        "MODEL_VERSION": service.settings.version,
        "VERSION": service.settings.version,
        "COLLABORATOR_URL": f"ws://{request.host}/_collaborator",
    }
    others = dict.fromkeys(_OTHER_SERVICES, f"{base}/_other")
    body = {**config, **others, **dict.fromkeys(_UNSET, "")}
    return web.Response(body=dump(body), headers={"Content-Type": "application/json; charset=utf-8"})


async def _accounts(request: web.Request) -> web.StreamResponse:
    """The account service: errors come with status 200, only an unknown method with 404 (observed 5)."""
    token = request.headers.get("Authorization", "").partition(" ")[2] or None
    try:
        call = json.loads(await request.text())
        result = request.app[SERVICE].accounts.call(str(call.get("method")), call.get("params", {}), token)
    except UnknownMethodError as error:
        return json_answer({"error": error.status_value()}, status=404)
    except PlatformError as error:
        return json_answer({"error": error.status_value()})
    except (ValueError, AttributeError, KeyError) as error:
        refused = PlatformError("UnknownError", message=str(error))
        return json_answer({"error": refused.status_value()}, status=400)
    return json_answer({"id": call["id"], "result": result} if "id" in call else {"result": result})


async def _rich_text(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    data = await request.read()
    if len(data) > service.settings.collaborator_body_limit:
        return page_answer("Payload Too Large", status=413)
    try:
        session = service.collaborator_session(request.headers.get("Authorization"))
    except ServerError:
        return _rich_text_answer({"error": "Unauthorized"}, 401)
    try:
        call = json.loads(data or b"{}")
    except ValueError:
        return page_answer("Bad Request", status=400)
    if session is None:
        return await _silence()
    return _called(session, request.match_info["text_id"], call)


def _called(session: Session, text_id: str, call: Any) -> web.StreamResponse:
    try:
        return _rich_text_answer(session.desk.collaborator.call(session.caller, text_id, call), 200)
    except CollaboratorError as error:
        return _rich_text_answer({"error": error.text}, error.status)


def _rich_text_answer(body: Any, status: int) -> web.Response:
    headers = {"Content-Type": "application/json; charset=utf-8", "Keep-Alive": "timeout=5"}
    return web.Response(body=dump(body), status=status, headers=headers)


async def _silence() -> web.StreamResponse:
    """A token without a workspace of its account never gets an answer (recorded: the client gave up)."""
    await asyncio.Event().wait()
    raise web.HTTPInternalServerError


async def _file(request: web.Request) -> web.StreamResponse:
    """A stored blob, for whoever shows a token."""
    service = request.app[SERVICE]
    workspace = service.directory.workspaces.get(request.match_info["workspace"])
    if "Authorization" not in request.headers:
        return web.Response(status=401)
    name = request.query.get("file", request.match_info["name"])
    blob = None if workspace is None else workspace.store.blobs.get(name)
    if blob is None:
        return web.Response(status=404)
    return web.Response(body=blob.text.encode(), headers={"Content-Type": blob.content_type})


async def _web_application(_request: web.Request) -> web.StreamResponse:
    return page_answer("The web application would be here.", status=200, title="Platform")


async def _no_such_page(request: web.Request) -> web.StreamResponse:
    path = request.raw_path.removeprefix("/_collaborator").removeprefix("/_transactor")
    return page_answer(f"Cannot {request.method} {path}", status=404)
