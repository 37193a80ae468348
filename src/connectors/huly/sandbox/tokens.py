"""Tokens as the real server makes them: HS256 and without an expiry (observed 12)."""

import base64
import hashlib
import hmac
import json
from typing import Any

from connectors.huly.sandbox.server_errors import ServerError, json_parser_text


class TokenError(ServerError):
    """The token cannot be read; the text is what the token library of the server says."""


def make_token(payload: dict[str, Any], *, secret: str) -> str:
    """The token for a payload; the same payload always gives the same token (observed 12)."""
    head = _encode(json.dumps({"typ": "JWT", "alg": "HS256"}, separators=(",", ":")).encode())
    body = _encode(json.dumps(payload, separators=(",", ":")).encode())
    return f"{head}.{body}.{_signature(f'{head}.{body}', secret)}"


def read_token(token: str, *, secret: str) -> dict[str, Any]:
    """The payload of a token.

    Raises:
        TokenError: it does not have three parts, its parts are no JSON, or it was not signed with the secret.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError("Not enough or too many segments")
    head, body, signature = parts
    _decode(head)
    payload = _decode(body)
    if not hmac.compare_digest(signature, _signature(f"{head}.{body}", secret)):
        raise TokenError("Signature verification failed")
    return payload


def _signature(text: str, secret: str) -> str:
    return _encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(part: str) -> dict[str, Any]:
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", errors="replace")
    except ValueError:
        text = ""
    problem = json_parser_text(text)
    if problem:
        raise TokenError(problem)
    value: dict[str, Any] = json.loads(text)
    return value
