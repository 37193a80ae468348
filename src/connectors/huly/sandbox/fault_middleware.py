"""Between the socket and the routes: counts requests, refuses long ones, and lets the planned faults happen."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from aiohttp import web

from connectors.huly.sandbox.faults import Fault, Faults
from connectors.huly.sandbox.http_answers import json_answer, page_answer
from connectors.huly.sandbox.rate_limit import RATE_LIMIT_BODY
from connectors.huly.sandbox.request_log import RequestLog, describe
from connectors.huly.sandbox.transactor_routes import EXTRA_LAG_S, SERVICE

FAULTS = web.AppKey("faults", Faults)
REQUESTS = web.AppKey("requests", RequestLog)
CONTROL_PREFIX = "/_control"

_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def faults_and_counts(request: web.Request, handler: _Next) -> web.StreamResponse:
    """Every request but those of the control route passes here."""
    if request.path.startswith(CONTROL_PREFIX):
        return await handler(request)
    text = await request.text() if request.can_read_body else ""
    seen = describe(request.method, request.path, request.query.get("class"), _parsed(text))
    if len(request.raw_path) > request.app[SERVICE].settings.url_limit:
        answer: web.StreamResponse = web.Response(status=431)
    else:
        answer = await _with_faults(request, handler, request.app[FAULTS].for_request(request.path, text))
    dropped = request.transport is None or request.transport.is_closing()
    request.app[REQUESTS].add(attrs.evolve(seen, status=None if dropped else answer.status))
    return answer


async def _with_faults(request: web.Request, handler: _Next, faults: list[Fault]) -> web.StreamResponse:
    EXTRA_LAG_S.set(sum(fault.delay_s for fault in faults if fault.kind == "late_commit"))
    for fault in (fault for fault in faults if not fault.after_effect):
        refused = await _happen(request, fault)
        if refused is not None:
            return refused
    answer = await handler(request)
    for fault in (fault for fault in faults if fault.after_effect):
        answer = await _happen(request, fault) or answer
    return answer


async def _happen(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    match fault.kind:
        case "drop":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        case "status":
            return _refusal(fault)
        case "html":
            return page_answer("This is a web page.", status=200, title="Platform")
        case "delay":
            await asyncio.sleep(fault.delay_s)
            return None
        case "late_commit":
            return None


def _refusal(fault: Fault) -> web.Response:
    if fault.text:
        return web.Response(text=fault.text, status=fault.status, content_type="text/plain")
    if fault.status == 429:
        wait = {"Retry-After": str(max(1, fault.retry_after_ms // 1000)), "Retry-After-ms": str(fault.retry_after_ms)}
        return json_answer(RATE_LIMIT_BODY, status=429, headers=wait)
    body = {"message": "Failed to execute operation", "error": "Workspace is closing"}
    return json_answer(body, status=fault.status)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
