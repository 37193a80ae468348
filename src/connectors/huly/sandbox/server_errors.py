"""What the server says when it refuses: one place for the texts that were recorded.

::

    ServerError                  answered as 500 with the text (observed 5)
     +-- PlatformError           a status of the platform with parameters
     +-- UnknownClassError       the class has no storage
     +-- NotFoundError           answered as 404
    AccessError                  answered as 403 with a body of its own
"""

import json
from typing import Any

_FAILED = "Failed to execute operation"


class ServerError(Exception):
    """The request failed; the real server answers 500 for nearly everything (observed 5)."""

    status = 500

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"message": _FAILED, "error": self.text}


class PlatformError(ServerError):
    """A status of the platform, such as `AccountMismatch`."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = f"platform:status:{code}"
        self.params = params
        super().__init__(f"ERROR: {self.code} {json.dumps(params, separators=(',', ':'))}")

    def status_value(self) -> dict[str, Any]:
        """The form the account service puts under `error`."""
        return {"severity": "ERROR", "code": self.code, "params": self.params}


class UnknownClassError(ServerError):
    """The class named in a query or a transaction does not exist."""

    def __init__(self, class_id: str) -> None:
        super().__init__(f"domain not found: {class_id} ")
        self.class_id = class_id


class NotFoundError(ServerError):
    """Find-all by GET names a class that does not exist (observed 5)."""

    status = 404


class AccessError(Exception):
    """The token is good but not for this workspace: 403 with the given body."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.answer = body


def json_parser_text(text: str) -> str:
    """What the server's JSON parser says about text that is no JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            return "Unexpected end of JSON input"
        if error.msg.startswith("Expecting property name"):
            return f"Expected property name or '}}' in JSON at position {error.pos}"
        return f"Unexpected token '{text[error.pos]}', \"{text}\" is not valid JSON"
    return ""
