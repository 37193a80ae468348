"""
The server for health and metrics: five pages that can only be read.

| path | answer |
| --- | --- |
| /health | 200 when healthy, else 503 with the reasons |
| /health/live | 200 as long as the event loop turns; looks at nothing else, and needs no key |
| /health/ready | 200 when the start is over and this process can write the log, else 503 |
| /metrics | the numbers, for Prometheus |
| / | this list |
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import orjson
from aiohttp import web
from attrs import frozen

from syncengine.errors import ConfigurationError
from syncengine.runner.health.health import Check, Health
from syncengine.runner.server.access import KEY_HEADER, Place, ServerSettings, may_ask
from syncengine.runner.server.patient_connection import PatientServer
from syncengine.runner.server.served_at import noted

__all__ = ["Exposition", "Place", "ServerSettings", "serving"]

ANSWER_WITHIN_S = 5.0
"""Seconds an answer may take to be made; whoever asks for health should not wait for a disk that hangs."""

CLOSE_WITHIN_S = 2.0
"""Seconds that answers under way get when the server ends."""

INDEX = """\
syncengine

/health        how it is, with reasons
/health/live   whether the process is alive
/health/ready  whether it has started
/metrics       numbers for Prometheus
"""


class Exposition(Protocol):
    """Whoever has the metrics; may be asked from any thread."""

    @property
    def content_type(self) -> str:
        """Of what `exposition` gives."""

    def exposition(self) -> bytes:
        """All metrics as they are now."""


@asynccontextmanager
async def serving(
    settings: ServerSettings, *, health: Callable[[], Health], metrics: Exposition, log: Path | None = None
) -> AsyncIterator[Place | None]:
    """
    While inside, health and metrics can be asked for; the place that was chosen, None when the settings say "off".

    Args:
        health: how it is now; called in a thread of its own.
        log: the event log; a note beside it tells `syncengine healthcheck` where to ask.

    Raises:
        ConfigurationError: the server cannot listen there; names the setting.
    """
    place = settings.place
    if place is None:
        yield None
        return
    with ExitStack() as stack:
        asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="syncengine-health")
        stack.callback(asker.shutdown, wait=False, cancel_futures=True)
        pages = _Pages(settings=settings, health=health, metrics=metrics, asker=asker)
        runner = web.ServerRunner(PatientServer(pages.answer), handle_signals=False, shutdown_timeout=CLOSE_WITHIN_S)
        await runner.setup()
        try:
            chosen = await _listen(runner, place)
            if log is not None:
                stack.enter_context(noted(log, chosen.url))
            yield chosen
        finally:
            await runner.cleanup()


async def _listen(runner: web.ServerRunner, place: Place) -> Place:
    try:
        await web.TCPSite(runner, place.host, place.port, backlog=32).start()
    except OSError as error:
        no_such_address = "this computer has no such address; use one of its own, or 127.0.0.1"
        why = {
            errno.EADDRINUSE: "another program listens there already; stop it, or choose another port",
            errno.EADDRNOTAVAIL: no_such_address,
            0: no_such_address,  # Python 3.13 passes such addresses over, and then has none left
            errno.EACCES: "this user may not use that port; choose one above 1023",
        }.get(error.errno or 0, f"it is not possible ({error.strerror or error}); choose another place")
        raise ConfigurationError(f'[server] listen = "{place}": {why}') from error
    host, port = runner.addresses[0][:2]
    return Place(host, port)


@frozen(kw_only=True)
class _Pages:
    """What is answered."""

    settings: ServerSettings
    health: Callable[[], Health]
    metrics: Exposition
    asker: ThreadPoolExecutor

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """The answer to any request; never raises, and says nothing about the inside when something breaks."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._pages()[request.path]()
        except TimeoutError:
            return _said(503, f"no answer within {ANSWER_WITHIN_S:g} seconds; check the disk of the event log", "unhealthy")
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asks gets an answer
            return _said(500, f"a bug in this program ({type(error).__name__}); please report it", "unhealthy")

    def _refusal(self, request: web.BaseRequest) -> web.Response | None:
        if request.path != "/health/live" and not may_ask(self.settings.api_key, request.headers.get(KEY_HEADER)):
            return _said(401, f"the header {KEY_HEADER} has to hold the key that [server] api_key in the settings names")
        if request.method not in {"GET", "HEAD"}:
            return _said(405, "nothing can be changed here; use GET", Allow="GET, HEAD")
        if request.body_exists:
            return _closing(_said(413, "send the request without a body"))
        if request.path not in self._pages():
            return _said(404, "there is no such page; / lists those there are")
        return None

    def _pages(self) -> Mapping[str, Callable[[], Awaitable[web.Response]]]:
        return {
            "/": self._index,
            "/health": self._health,
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/metrics": self._metrics,
        }

    async def _index(self) -> web.Response:
        return web.Response(text=INDEX)

    async def _live(self) -> web.Response:
        return _json(200, {"status": "alive"})

    async def _health(self) -> web.Response:
        health = await self._in_thread(self.health)
        return _json(200 if health.status == "healthy" else 503, as_data(health))

    async def _ready(self) -> web.Response:
        health = await self._in_thread(self.health)
        why = {it.name: it.reason for it in health.checks if it.name in {"last_pass", "log", "lease"} and not it.ok}
        return _json(200, {"status": "ready"}) if health.ready else _json(503, {"status": "not ready", "reasons": why})

    async def _metrics(self) -> web.Response:
        body = await self._in_thread(self.metrics.exposition)
        return web.Response(body=body, headers={"Content-Type": self.metrics.content_type})

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        # Reading the log is short, but a disk that hangs must not stop the passes.
        return await asyncio.get_running_loop().run_in_executor(self.asker, work)


def as_data(health: Health) -> dict[str, Any]:
    """Health as `/health` and `syncengine healthcheck --json` show it."""
    return {
        "status": health.status,
        "ready": health.ready,
        "reasons": list(health.reasons),
        "checks": {it.name: _check_as_data(it) for it in health.checks},
        "version": _version(),
        "uptime_s": round(health.uptime_s, 1),
    }


def _check_as_data(it: Check) -> dict[str, Any]:
    return {"ok": it.ok, "status": it.status, "reason": it.reason, "since": it.since and it.since.isoformat()}


def _version() -> str:
    try:
        return version("eventsourced-syncengine")
    except PackageNotFoundError:
        return "unknown"


def _said(status: int, reason: str, state: str | None = None, **headers: str) -> web.Response:
    """An answer that is no page: what is wrong, and what to do."""
    error = HTTPStatus(status).phrase
    return _json(status, {"status": state or "error", "error": error, "reasons": [reason]}, headers)


def _json(status: int, data: Any, headers: dict[str, str] | None = None) -> web.Response:
    content = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(status=status, body=orjson.dumps(data, option=orjson.OPT_INDENT_2), headers=content)


def _closing(response: web.Response) -> web.Response:
    response.force_close()
    return response
