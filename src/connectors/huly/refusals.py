"""
What the answers of Huly's services mean, in one place.

Huly tells errors in the body: the account service answers 200 to nearly everything, the transactor 500 (observed 5).
"""

import re
from collections.abc import Mapping
from typing import Any

from syncengine.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectorError,
    EndpointGone,
    OutcomeUnknown,
    PermissionDenied,
    RecordInvalid,
    RemoteBusy,
    SyncEngineError,
)
from syncengine.http import Answer, refuse_unwell
from syncengine.redaction import redact

LARGEST_BODY = 10 * 1024 * 1024
"""Bytes; the collaborator refuses larger requests (surprise 10 of the recordings)."""

_CODE = re.compile(r"platform:status:(\w+)")

_REFUSED_TOKENS = (
    "Not enough or too many segments",
    "Signature verification failed",
    "Token expired",
    "Token not yet active",
    "Algorithm not supported",
    "No token supplied",
    "is not valid JSON",
    "platform:status:Unauthorized",
    "platform:status:TokenExpired",
    "platform:status:TokenNotActive",
)
"""Parts of the transactor's text that speak of the token; the one on JSON means its inside, as we send no bad JSON."""

_LOGIN_REFUSALS: Mapping[str, str] = {
    "AccountNotFound": (
        "the e-mail address or the password is wrong. It is not tried again, because Huly locks the account after five "
        "wrong passwords: check `email` and `password` in the settings"
    ),
    "PasswordLoginLocked": (
        "the account is locked after five wrong passwords, and now the right one is refused too. Log in to Huly once with "
        "a one-time code sent by e-mail, then correct `password` in the settings"
    ),
    "PasswordExpired": "the password has expired; set a new one in Huly and put it into the settings",
    "AccountNotConfirmed": "the e-mail address of the account was never confirmed; follow the link in Huly's e-mail",
    "Unauthorized": "the token is not accepted; put a fresh one into the settings",
    "TokenExpired": "the token has expired; put a fresh one into the settings",
    "TokenNotActive": "the token is not valid yet; check the clocks, or put another one into the settings",
}


class SessionRefused(Exception):
    """The workspace token is not accepted any more; nothing was done."""


class DuplicateKey(RecordInvalid):
    """A document with this id exists already; it was not touched (observed 16)."""


class WrongAuthor(RemoteBusy):
    """Huly did not take us for the author of our own write; nothing was done (observed 8)."""


def account_result(answer: Answer, *, workspace: str) -> Any:
    """
    The result of a method of the account service.

    Raises:
        AuthenticationFailed, PermissionDenied, ConfigurationError, RemoteBusy, EndpointGone: by the code in the body.
    """
    refuse_unwell(answer, changes=False)
    content = _json_of(answer, "the account service of Huly 0.7; check `url` or `accounts_url`")
    error = content.get("error") if isinstance(content, dict) else None
    if isinstance(error, dict):
        raise account_error(_code_of(error), workspace=workspace)
    if not isinstance(content, dict) or "result" not in content:
        raise _gone(answer, "the account service of Huly 0.7; check `url` or `accounts_url`")
    return content["result"]


def account_error(code: str, *, workspace: str) -> SyncEngineError:
    """The error for a code of the account service."""
    if code in _LOGIN_REFUSALS:
        return AuthenticationFailed(_LOGIN_REFUSALS[code])
    match code:
        case "Forbidden":
            return PermissionDenied(
                f"the account may not enter workspace {workspace!r}: it is not a member, or there is no such workspace. "
                "Check `workspace` in the settings, or invite the account in Huly"
            )
        case "WorkspaceNotFound":
            return ConfigurationError(f"Huly has no workspace {workspace!r}; check `workspace` in the settings")
        case "WorkspaceArchived":
            return PermissionDenied(f"workspace {workspace!r} is archived; restore it in Huly first")
        case "BadRequest" | "UnknownMethod":
            return EndpointGone(f"the account service does not understand us ({code}); this connector needs Huly 0.7")
        case _:
            return RemoteBusy(f"the account service could not answer ({code})")


def transactor_result(answer: Answer, *, changes: bool) -> Any:
    """
    The content of a good answer of the transactor.

    Args:
        changes: the request was a write, so an unclear answer leaves its outcome unknown.

    Raises:
        SessionRefused: the token has to be renewed; nothing was done.
        DuplicateKey: the id exists.
        ConnectorError: everything else, by the text in the body.
    """
    refuse_unwell(answer, changes=changes)
    content = _json_of(answer, "Huly's transactor; check `transactor_url`, or the proxy in front of it")
    if answer.status == 200:
        return content
    error = _transactor_error(answer, content if isinstance(content, dict) else {}, changes=changes)
    raise error


def _transactor_error(answer: Answer, content: dict[str, Any], *, changes: bool) -> Exception:
    told = content.get("error")
    text = told if isinstance(told, str) else str(told or content.get("message") or answer.text[:200])
    if answer.status == 403:
        return _forbidden(content)
    if answer.status == 401 or any(part in text for part in _REFUSED_TOKENS):
        return SessionRefused(text)
    for part, kind, advice in _BY_TEXT:
        if part in text:
            return kind(f"{advice} ({text})")
    if changes:
        return OutcomeUnknown(f"Huly answered {answer.status} ({redact(text)[:200]}); the write may have been done")
    return RemoteBusy(f"Huly answered {answer.status} ({redact(text)[:200]})")


_BY_TEXT: tuple[tuple[str, type[ConnectorError], str], ...] = (
    ("duplicate key value", DuplicateKey, "the id exists already"),
    ("domain not found", EndpointGone, "the workspace does not know the tracker; this connector needs Huly 0.7"),
    ("Invalid class name", EndpointGone, "the workspace does not know the tracker; this connector needs Huly 0.7"),
    ("platform:status:AccountMismatch", WrongAuthor, "Huly did not take us for the author of our own write"),
    ("platform:status:Forbidden", PermissionDenied, "the account may not do this; it needs the role USER or higher"),
    ("platform:status:BadRequest", RecordInvalid, "Huly refuses the form of the request"),
)
"""What the transactor's error texts mean, the first that fits; none of these was applied."""


def _forbidden(content: dict[str, Any]) -> Exception:
    mode = content.get("mode")
    if mode == "archived":
        return PermissionDenied("the workspace is archived; restore it in Huly first")
    if mode is not None:
        # Huly says "upgrading" for every session it cannot open, a removed member among them (README, surprise 16).
        return RemoteBusy(
            f"Huly opens no session ({mode}); if this lasts, check that the account is still a member of the workspace"
        )
    return SessionRefused(str(content.get("message")))


def collaborator_result(answer: Answer, *, changes: bool) -> dict[str, Any]:
    """
    The content of a good answer of the collaborator.

    Raises:
        SessionRefused: the token has to be renewed; nothing was done.
        RecordInvalid: the request was too large.
        ConnectorError: everything else.
    """
    refuse_unwell(answer, changes=changes)
    if answer.status == 413:
        raise RecordInvalid(f"the description is too large for Huly; a request may have {LARGEST_BODY:,} bytes")
    content = _json_of(answer, "Huly's collaborator; check `collaborator_url`, or the proxy in front of it")
    if answer.status == 200 and isinstance(content, dict):
        return content
    text = str(content.get("error", "") if isinstance(content, dict) else answer.text[:200])
    if answer.status == 401:
        raise SessionRefused(text)
    if changes:
        raise OutcomeUnknown(f"the collaborator answered {answer.status} ({text}); the text may have been written")
    raise RemoteBusy(f"the collaborator answered {answer.status} ({text})")


def _json_of(answer: Answer, expected: str) -> Any:
    if 300 <= answer.status < 400:
        raise EndpointGone(
            f"{answer.url} sends us on to {answer.headers.get('Location')}; put that address into the settings"
        )
    if not answer.is_json:
        raise _gone(answer, expected)
    return answer.json()


def _gone(answer: Answer, expected: str) -> EndpointGone:
    kind = answer.content_type or "no content type"
    older = "; a server of version 0.6 answers so too" if answer.status == 500 else ""
    return EndpointGone(
        f"{answer.url.origin()}{answer.url.path} answered {answer.status} with {kind}, not as {expected}{older}"
    )


def _code_of(error: dict[str, Any]) -> str:
    return _code_in(str(error.get("code", "")))


def _code_in(text: str) -> str:
    found = _CODE.search(text)
    return found[1] if found else ""
