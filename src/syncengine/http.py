"""aiohttp for connectors: one session with sane limits, and one table from "what went wrong" to our errors."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import aiohttp
import orjson
from attrs import frozen
from yarl import URL

from syncengine.errors import (
    ConnectorError,
    EndpointGone,
    OutcomeUnknown,
    RateLimited,
    RemoteBusy,
    Unreachable,
)

KEEP_ALIVE_S = 4.0
"""Shorter than the 5 seconds after which common Node.js servers drop an idle connection."""


@frozen(kw_only=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    body: bytes
    url: URL

    @property
    def is_json(self) -> bool:
        """The server says it is JSON."""
        return self.content_type == "application/json" or self.content_type.endswith("+json")

    @property
    def text(self) -> str:
        """The body as text, for messages; undecodable bytes are replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """
        The body as plain data.

        Raises:
            EndpointGone: the server says JSON or not, but the body is none; most likely a web page.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            where, kind = f"{self.url.origin()}{self.url.path}", self.content_type or "no content type"
            raise EndpointGone(
                f"{where} answered {self.status} with {kind} instead of JSON ({self.text[:60]!r}); "
                "check that the URL is that of the API and not of a web page or proxy"
            ) from error


@asynccontextmanager
async def open_session(
    *, timeout_s: float, headers: Mapping[str, str] | None = None, limit: int = 8
) -> AsyncIterator[aiohttp.ClientSession]:
    """An aiohttp session that drops idle connections early and gives up on a call after `timeout_s` seconds."""
    connector = aiohttp.TCPConnector(limit=limit, keepalive_timeout=KEEP_ALIVE_S)
    timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(10.0, timeout_s))
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session:
        # aiohttp sends PUT and DELETE again by itself when a kept-alive connection breaks; a write is made once. It has no
        # public switch for that.
        session._retry_connection = False  # noqa: SLF001
        yield session


async def send(
    session: aiohttp.ClientSession,
    method: str,
    url: URL | str,
    *,
    changes: bool,
    payload: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """
    Send one request and read the whole answer.

    Args:
        changes: the request changes something over there, so losing the answer makes the outcome unknown.
        payload: plain data, sent as JSON.

    Raises:
        Unreachable: the connection was never made, or (only when nothing is changed) it was lost.
        OutcomeUnknown: a changing request was sent and its answer did not arrive whole or in time.
    """
    body = None if payload is None else orjson.dumps(payload)
    all_headers = {**(headers or {}), **({"Content-Type": "application/json"} if body is not None else {})}
    target = URL(url) if isinstance(url, str) else url
    try:
        data = None if body is None else BytesIO(body)  # aiohttp wants large bodies as files
        async with session.request(method, target, data=data, headers=all_headers, allow_redirects=False) as response:
            content = await response.read()
            return Answer(
                status=response.status,
                content_type=response.content_type if "Content-Type" in response.headers else "",
                headers=response.headers,
                body=content,
                url=target,
            )
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _lost(error, method=method, url=target, changes=changes) from error


def _lost(error: Exception, *, method: str, url: URL, changes: bool) -> ConnectorError:
    # The two errors below are raised before a byte of the request left this machine.
    never_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL)
    what = f"{method} {url.origin() if url.is_absolute() else url}: {type(error).__name__} {error}".rstrip()
    if changes and not never_sent:
        return OutcomeUnknown(f"{what}; the request was sent but no answer came, so it may have been done")
    return Unreachable(f"{what}; check the URL and that the server is running")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait: `Retry-After-ms` wins over `Retry-After` in seconds; dates are not read."""
    for name, scale in (("Retry-After-ms", 0.001), ("Retry-After", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    return None


def refuse_unwell(answer: Answer, *, changes: bool) -> None:
    """
    Raise for answers that mean the same from any server: overload and proxies that could not reach theirs.

    Raises:
        RateLimited: 429; nothing was done.
        RemoteBusy: 503 to a read.
        Unreachable: 502 or 504 to a read.
        OutcomeUnknown: 502, 503 or 504 to a request that changes something.
    """
    if answer.status == 429:
        raise RateLimited("too many requests (429)", retry_after_s=retry_after_s(answer.headers))
    if answer.status in {502, 503, 504}:
        if changes:
            raise OutcomeUnknown(f"{answer.status} from {answer.url.origin()}; the request may have been done")
        unwell = RemoteBusy if answer.status == 503 else Unreachable
        raise unwell(f"{answer.status} from {answer.url.origin()}", retry_after_s=retry_after_s(answer.headers))
