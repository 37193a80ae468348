"""The REST interface of the transactor."""

import functools
import hashlib
import json
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from aiohttp import web

from connectors.huly.sandbox.find_all import Listing, find_all
from connectors.huly.sandbox.http_answers import data_answer, json_answer
from connectors.huly.sandbox.model import Document, class_transactions
from connectors.huly.sandbox.new_ids import new_id
from connectors.huly.sandbox.rate_limit import RATE_LIMIT_BODY, rate_headers
from connectors.huly.sandbox.server_errors import (
    AccessError,
    NotFoundError,
    ServerError,
    UnknownClassError,
    json_parser_text,
)
from connectors.huly.sandbox.service import Service, Session

SERVICE = web.AppKey("service", Service)
# Seconds between the time stamp and the effect of the write that is being answered.
EXTRA_LAG_S: ContextVar[float] = ContextVar("extra_lag_s", default=0.0)
PREFIX = "/_transactor/api/v1"

_Scoped = Callable[[web.Request, Session], Awaitable[Any]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def transactor_routes() -> list[web.RouteDef]:
    """All routes of the transactor that the sandbox knows."""
    return [
        web.get(f"{PREFIX}/version", _version),
        web.get(f"{PREFIX}/health", _health),
        web.get(f"{PREFIX}/ping/{{workspace}}", _scoped(_ping)),
        web.get(f"{PREFIX}/account/{{workspace}}", _scoped(_account)),
        web.get(f"{PREFIX}/find-all/{{workspace}}", _scoped(_find_all_by_url)),
        web.post(f"{PREFIX}/find-all/{{workspace}}", _scoped(_find_all)),
        web.post(f"{PREFIX}/tx/{{workspace}}", _scoped(_tx)),
        web.get(f"{PREFIX}/load-model/{{workspace}}", _scoped(_load_model)),
        web.get(f"{PREFIX}/search-fulltext/{{workspace}}", _scoped(_search)),
        web.get(f"{PREFIX}/generate-id/{{workspace}}", _scoped(_generate_id)),
        web.post(f"{PREFIX}/ensure-person/{{workspace}}", _scoped(_ensure_person)),
    ]


def _scoped(handler: _Scoped) -> _Handler:
    """A route inside a workspace: session, rate limit, answer, refusals as bodies (observed 5)."""

    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        service = request.app[SERVICE]
        try:
            session = service.open_session(request.headers.get("Authorization"), request.match_info["workspace"])
            headers, refused = _admit(service, session)
            if refused:
                return _refusal(RATE_LIMIT_BODY, 429, headers)
            body = await handler(request, session)
        except AccessError as error:
            return _refusal(error.answer, 403)
        except ServerError as error:
            return _refusal(error.body(), error.status)
        return data_answer(body, headers=headers, if_none_match=request.headers.get("If-None-Match"))

    return answer


def _admit(service: Service, session: Session) -> tuple[dict[str, str], bool]:
    now = service.settings.now_ms()
    admission = service.limits.admit(session.caller.account, now)
    limits = service.limits
    return rate_headers(admission, limit=limits.limit, now_ms=now, window_ms=limits.window_ms), admission.refused


def _refusal(body: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> web.Response:
    return json_answer(body, status=status, headers={"Cache-Control": "no-cache", **(headers or {})})


async def _version(request: web.Request) -> web.StreamResponse:
    return json_answer({"version": request.app[SERVICE].settings.version})


async def _health(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="healthy", content_type="text/html", charset="utf-8")


async def _ping(_request: web.Request, session: Session) -> Any:
    store = session.desk.store
    model_hash = hashlib.sha1(store.uuid.encode(), usedforsecurity=False).hexdigest()
    return {"pong": True, "lastTx": store.last_tx, "lastHash": model_hash}


async def _account(request: web.Request, session: Session) -> Any:
    caller = session.caller
    account = request.app[SERVICE].directory.accounts[caller.account]
    return {
        "uuid": caller.account,
        "socialIds": list(caller.social_ids),
        "primarySocialId": caller.primary_social_id,
        "fullSocialIds": account.social_ids(),
        "role": caller.role,
    }


async def _find_all_by_url(request: web.Request, session: Session) -> Any:
    """Find-all by GET: an unknown class is 404 here, and 500 by POST (observed 5)."""
    query = _read_json(request.query.get("query", "{}"))
    options = _read_json(request.query.get("options", "{}"))
    if "limit" in request.query:
        options["limit"] = int(request.query["limit"])
    try:
        return _list(session, request.query.get("class", ""), query, options).body()
    except UnknownClassError as error:
        raise NotFoundError("Invalid class name is passed. Failed to findAll.") from error


async def _find_all(request: web.Request, session: Session) -> Any:
    body = _read_json(await request.text())
    return _list(session, body.get("_class", ""), body.get("query"), body.get("options")).body()


def _list(session: Session, class_id: str, query: Document | None, options: Document | None) -> Listing:
    return find_all(
        session.desk.store,
        account=session.caller.account,
        class_id=class_id,
        query=query,
        options=options,
    )


async def _tx(request: web.Request, session: Session) -> Any:
    tx = _read_json(await request.text())
    return await session.desk.transactions.apply(session.caller, tx, extra_lag_s=EXTRA_LAG_S.get())


async def _load_model(_request: web.Request, session: Session) -> Any:
    """Only the known classes and whatever is in the model; a real server sends thousands of transactions."""
    store = session.desk.store
    shown = [tx for tx in store.domain("tx").values() if tx.get("objectSpace") == "core:space:Model"]
    return [*class_transactions(store.created_on), *shown]


async def _search(_request: web.Request, _session: Session) -> Any:
    return {"docs": [], "total": 0}


async def _generate_id(request: web.Request, _session: Session) -> Any:
    return {"id": new_id(request.app[SERVICE].settings.now_ms())}


async def _ensure_person(request: web.Request, session: Session) -> Any:
    params = _read_json(await request.text())
    person = request.app[SERVICE].accounts.ensure_person(params)
    local = session.desk.ensure_local_person(
        session.caller, uuid=person["uuid"], social_id=person["socialId"], params=params
    )
    return {**person, "localPerson": local}


def _read_json(text: str) -> Any:
    problem = json_parser_text(text)
    if problem:
        raise ServerError(problem)
    return json.loads(text)
