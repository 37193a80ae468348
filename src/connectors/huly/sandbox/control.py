"""The control route `/_control`: for tests and the demo that run the sandbox in a process of its own.

It answers connections from this machine only. Errors of a call come as 400 with `{"error": text}`.
"""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from attrs import frozen

from connectors.huly.sandbox.fault_middleware import CONTROL_PREFIX, FAULTS, REQUESTS
from connectors.huly.sandbox.faults import Fault
from connectors.huly.sandbox.http_answers import json_answer
from connectors.huly.sandbox.server_errors import ServerError

_THIS_MACHINE = frozenset({"127.0.0.1", "::1"})


@frozen(kw_only=True)
class Controls:
    """What the control route offers.

    Attributes:
        info: addresses, account and workspace.
        calls: the methods that may be called, by name.
    """

    info: Callable[[], dict[str, Any]]
    calls: dict[str, Callable[..., Any]]


CONTROLS = web.AppKey("controls", Controls)


def control_routes() -> list[web.RouteDef]:
    """All control routes."""
    return [
        web.get(f"{CONTROL_PREFIX}/info", _info),
        web.get(f"{CONTROL_PREFIX}/requests", _requests),
        web.delete(f"{CONTROL_PREFIX}/requests", _forget_requests),
        web.get(f"{CONTROL_PREFIX}/faults", _fault_hits),
        web.post(f"{CONTROL_PREFIX}/faults", _plan_fault),
        web.delete(f"{CONTROL_PREFIX}/faults", _clear_faults),
        web.post(f"{CONTROL_PREFIX}/call", _call),
    ]


def _local(request: web.Request) -> None:
    if request.remote not in _THIS_MACHINE:
        raise web.HTTPForbidden(text="the control route is for this machine only")


async def _info(request: web.Request) -> web.StreamResponse:
    _local(request)
    return json_answer(request.app[CONTROLS].info())


async def _requests(request: web.Request) -> web.StreamResponse:
    _local(request)
    return json_answer(request.app[REQUESTS].summary())


async def _forget_requests(request: web.Request) -> web.StreamResponse:
    _local(request)
    request.app[REQUESTS].reset()
    return json_answer({})


async def _fault_hits(request: web.Request) -> web.StreamResponse:
    _local(request)
    return json_answer({"hits": request.app[FAULTS].hits})


async def _plan_fault(request: web.Request) -> web.StreamResponse:
    _local(request)
    try:
        fault = Fault(**json.loads(await request.text()))
    except (TypeError, ValueError) as error:
        return json_answer({"error": str(error)}, status=400)
    request.app[FAULTS].add(fault)
    return json_answer({})


async def _clear_faults(request: web.Request) -> web.StreamResponse:
    _local(request)
    request.app[FAULTS].clear()
    return json_answer({})


async def _call(request: web.Request) -> web.StreamResponse:
    """Calls one method with keyword arguments: `{"method": ..., "params": {...}}`."""
    _local(request)
    try:
        body = json.loads(await request.text())
        method = request.app[CONTROLS].calls[body["method"]]
        return json_answer({"result": _plain(method(**body.get("params", {})))})
    except (TypeError, ValueError, LookupError, ServerError) as error:
        return json_answer({"error": f"{type(error).__name__}: {error}"}, status=400)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.as_plain() if hasattr(value, "as_plain") else value
