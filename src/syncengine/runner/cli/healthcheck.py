"""`syncengine healthcheck`: asks the running process how it is; loads little, because it is run again and again."""

import http.client
import json
import os
import ssl
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from attrs import frozen

from syncengine.adapters.log_place import notes_of
from syncengine.errors import ConfigurationError, SyncEngineError
from syncengine.redaction import Secret
from syncengine.runner.cli import exit_codes, show
from syncengine.runner.cli.context import Context, choices
from syncengine.runner.server.access import KEY_HEADER
from syncengine.runner.server.served_at import served_at
from syncengine.runner.server.server_section import load_server
from syncengine.runner.short_text import cut

LONGEST_ANSWER = 1_000_000
"""Bytes that are read of an answer."""


class Unanswered(Exception):
    """Nobody answered, or somebody else did; a sentence for people."""


@frozen(kw_only=True)
class Answer:
    """What the running process said."""

    status: int
    data: dict[str, Any]


def healthcheck(
    ctx: Context,
    *,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Where to ask; found by itself on the same computer.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait.")] = 5.0,
    ready: Annotated[bool, typer.Option("--ready", help="Ask whether it has started, and nothing else.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Ask whether it is alive, and nothing else.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help='Leave with 1 for "degraded" too.')] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """
    Ask the running process how it is.

    Leaves with 0 when it is healthy or degraded, and with 1 when it is unhealthy or does not answer. "Degraded" is what a
    remote that is down makes of it; starting again would not help.
    """
    if ready and live:
        raise typer.BadParameter("use either --ready or --live")
    page = "/health/ready" if ready else "/health/live" if live else "/health"
    try:
        answer = _ask_somewhere(choices(ctx).config, url, page, timeout_s=timeout)
    except (Unanswered, SyncEngineError) as trouble:
        if as_json:
            show.data({"status": "unreachable", "reasons": [str(trouble)]})
        else:
            show.complain(f"syncengine: {trouble}")
        raise typer.Exit(exit_codes.PROBLEMS) from trouble
    if as_json:
        show.data(answer.data)
    else:
        _describe(answer)
    raise typer.Exit(exit_codes.OK if _is_well(answer, strict=strict) else exit_codes.PROBLEMS)


def _is_well(answer: Answer, *, strict: bool) -> bool:
    return answer.status == 200 or (not strict and answer.data.get("status") == "degraded")


def _describe(answer: Answer) -> None:
    show.line(cut(str(answer.data.get("status", answer.status))))
    checks = answer.data.get("checks")
    if isinstance(checks, dict):
        wrong = {name: it for name, it in checks.items() if isinstance(it, dict) and not it.get("ok")}
        for name, it in wrong.items():
            show.line(cut(f"{name}: {it.get('reason')}", longest=1000))
    elif answer.status != 200:
        for reason in _reasons(answer):
            show.line(reason)


def _reasons(answer: Answer) -> list[str]:
    reasons = answer.data.get("reasons", [])
    texts = reasons.values() if isinstance(reasons, dict) else reasons if isinstance(reasons, list) else []
    return [cut(str(text), longest=1000) for text in texts]


def _ask_somewhere(config: Path, url: str | None, page: str, *, timeout_s: float) -> Answer:
    """The answer of the first of the places where the process may be listening that takes the call."""
    if url is not None:
        # Without settings there is no key; /health/live and a server of this computer need none.
        key = load_server(config)[1].api_key if config.exists() else None
        return _ask(url, page, key, timeout_s=timeout_s)
    log, settings = load_server(config)
    place = settings.place
    if place is None:
        raise ConfigurationError('there is nobody to ask, because [server] listen is "off" in the settings')
    fixed = [place.url] if place.port else []
    places = [*dict.fromkeys([it for it in (served_at(notes_of(log)), *fixed) if it])]
    trouble = Unanswered(
        f"the process that writes {log} is not running, or does not listen yet; `syncengine run` starts it"
    )
    for it in places:
        try:
            return _ask(it, page, settings.api_key, timeout_s=timeout_s)
        except Unanswered as error:
            trouble = error
    raise trouble


def _ask(url: str, page: str, key: Secret | None, *, timeout_s: float) -> Answer:
    connection = _connection(url, timeout_s)
    headers = {"Accept": "application/json", **({KEY_HEADER: key.reveal()} if key is not None else {})}
    try:
        # By hand and not by `urllib.request`, which would send the key to a proxy that some variable names.
        connection.request("GET", urlsplit(url).path.rstrip("/") + page, headers=headers)
        response = connection.getresponse()
        body = response.read(LONGEST_ANSWER)
        if response.length and len(body) < LONGEST_ANSWER:  # the connection broke off, which a bounded read does not tell
            raise http.client.IncompleteRead(body, response.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unanswered(f"{url} does not answer ({_why(error, timeout_s)}); is `syncengine run` running?") from error
    finally:
        connection.close()
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict) or "status" not in data:
        raise Unanswered(f"{url} answered {response.status}, but not as syncengine does; check --url, or [server] listen")
    return Answer(status=response.status, data=data)


def _connection(url: str, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise Unanswered(f'"{url}" is no place to ask; write it like http://127.0.0.1:9464')
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _why(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing within {timeout_s:g} seconds"
    number = getattr(error, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(error) or type(error).__name__
