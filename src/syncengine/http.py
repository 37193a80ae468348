"""
aiohttp for connectors: one session with sane limits, and one table from "what went wrong" to our errors.

Messages name the server and at most the path: a user name, a password or a query of a URL never gets into one.
"""

import math
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
from syncengine.redaction import redact

KEEP_ALIVE_S = 4.0
"""Shorter than the 5 seconds after which common Node.js servers drop an idle connection."""

READABLE = 4_096
"""Bytes at the beginning of an answer that are shown in messages at most."""

LONGEST_RETRY_AFTER_S = 86_400.0
"""A remote that asks for more seconds than a day has is asked again after a day."""


@frozen(kw_only=True)
class Answer:
    """A whole HTTP answer; `url` is what was asked, without user name, password and query."""

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
        """The beginning of the body as text, for messages: undecodable bytes are replaced and secrets struck out."""
        # Struck out here, because whoever cuts a text in two may cut a secret in two, which nobody finds any more.
        return redact(self.body[:READABLE].decode("utf-8", "replace"))

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


@frozen(kw_only=True)
class Exchange:
    """
    One HTTP request and how it ended, for whoever listens.

    Attributes:
        host, port: of the server; neither path nor query is told.
        status: None when no whole answer came.
        error: the status as text when it is 400 or more, the class of the exception when no whole answer came, else None.
        duration_s: seconds from sending to the end of the answer.
    """

    method: str
    host: str
    port: int
    status: int | None = None
    error: str | None = None
    duration_s: float


Listener = Callable[[Exchange], None]

_listener: ContextVar[Listener | None] = ContextVar("_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Inside, `listener` is told of every request that this task, and tasks started by it, send; the innermost one is."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


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
    started = time.monotonic()
    try:
        answer = await _exchanged(session, method, target, body, all_headers)
    except BaseException as error:
        _tell(method, target, started, error=type(error).__name__)
        if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
            raise _lost(error, method=method, url=target, changes=changes) from error
        raise
    _tell(method, target, started, status=answer.status, error=str(answer.status) if answer.status >= 400 else None)
    return answer


async def _exchanged(
    session: aiohttp.ClientSession, method: str, url: URL, body: bytes | None, headers: Mapping[str, str]
) -> Answer:
    data = None if body is None else BytesIO(body)  # aiohttp wants large bodies as files
    async with session.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
        content = await response.read()
        return Answer(
            status=response.status,
            content_type=response.content_type if "Content-Type" in response.headers else "",
            headers=response.headers,
            body=content,
            url=(url.with_user(None) if url.is_absolute() else url).with_query(None).with_fragment(None),
        )


def _tell(method: str, url: URL, started: float, *, status: int | None = None, error: str | None = None) -> None:
    listener = _listener.get()
    if listener is not None:
        exchange = Exchange(
            method=method,
            host=url.host or "",
            port=url.port or 0,
            status=status,
            error=error,
            duration_s=time.monotonic() - started,
        )
        listener(exchange)


def _lost(error: Exception, *, method: str, url: URL, changes: bool) -> ConnectorError:
    # The two errors below are raised before a byte of the request left this machine.
    never_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL)
    where = url.origin() if url.is_absolute() else url.path
    what = f"{method} {where}: {type(error).__name__} {_shown(str(error))}".rstrip()
    if changes and not never_sent:
        return OutcomeUnknown(f"{what}; the request was sent but no answer came, so it may have been done")
    if isinstance(error, aiohttp.ClientSSLError):
        return Unreachable(f"{what}; check the URL and the server's certificate")
    return Unreachable(f"{what}; check the URL and that the server is running")


_URL = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/?#'\"]*@)?([^\s?#'\"]*)(?:[?#][^\s'\"]*)?", re.IGNORECASE)


def _shown(text: str) -> str:
    """The text with URLs cut down to server and path."""
    return _URL.sub(r"\1\2", text)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """
    Seconds the server asks us to wait, at most `LONGEST_RETRY_AFTER_S`; None when it does not say.

    `Retry-After-ms` wins over `Retry-After`, which holds seconds, or a date that is compared with the server's own clock.
    """
    asked = (
        _number(headers.get("Retry-After-ms"), scale=0.001),
        _number(headers.get("Retry-After")),
        _seconds_until(headers.get("Retry-After"), headers.get("Date")),
    )
    seconds = next((it for it in asked if it is not None), None)
    return None if seconds is None else min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)


def _number(text: str | None, *, scale: float = 1.0) -> float | None:
    try:
        seconds = float(text or "") * scale
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _seconds_until(text: str | None, now: str | None) -> float | None:
    moment = _date(text)
    return None if moment is None else (moment - (_date(now) or datetime.now(UTC))).total_seconds()


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


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
