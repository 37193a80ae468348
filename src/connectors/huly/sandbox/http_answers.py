"""Answers in the shapes and with the headers of the real services."""

import hashlib
import json
from typing import Any

from aiohttp import web

_KEEP_ALIVE = {"Keep-Alive": "timeout=5, max=1000"}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
</head>
<body>
<pre>{text}</pre>
</body>
</html>
"""


def json_answer(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """An answer without extras, as account service and refusals give it."""
    return web.Response(
        body=dump(body),
        status=status,
        headers={"Content-Type": "application/json", **_KEEP_ALIVE, **(headers or {})},
    )


def data_answer(body: Any, *, headers: dict[str, str], if_none_match: str | None = None) -> web.Response:
    """An answer of the transactor: with a hash of the body, and 304 for who knows it already (observed 6)."""
    data = dump(body)
    etag = hashlib.sha256(data).hexdigest()
    known = if_none_match == etag
    kind = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache"}
    return web.Response(
        body=b"" if known else data,
        status=304 if known else 200,
        headers={**kind, "ETag": etag, **_KEEP_ALIVE, **headers},
    )


def page_answer(text: str, *, status: int, title: str = "Error") -> web.Response:
    """A web page, which is what a wrong path or an oversized body gets."""
    page = _PAGE.format(title=title, text=text)
    return web.Response(text=page, status=status, content_type="text/html", charset="utf-8", headers=_KEEP_ALIVE)


def dump(body: Any) -> bytes:
    """JSON without blanks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
