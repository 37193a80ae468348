"""
From an HTTP answer to the data in it, or to the error it stands for. Pure.

The order matters, because the server is irregular: status, then content type, then `success`. A refusal by its own
rules is 200 with `success: false`, an unknown GET is 200 with the web page, a locked database and a missing project are
500.
"""

from collections.abc import Mapping
from typing import Any

from connectors.vibe.flavour import SUPPORTED
from syncengine.errors import (
    AuthenticationFailed,
    ConnectorError,
    EndpointGone,
    OutcomeUnknown,
    PermissionDenied,
    RecordInvalid,
    RecordNotFound,
    RemoteBusy,
)
from syncengine.http import Answer, refuse_unwell
from syncengine.redaction import redact

_LOCKED = "database is locked"
_NO_SUCH_REFERENCE = "FOREIGN KEY constraint failed"
_SEVERAL_REPOSITORIES = "missing field `repositories`"
"""What versions from 0.0.137 on answer to our way of making a project."""

_AT_THE_DOOR: Mapping[int, tuple[type[ConnectorError], str]] = {
    401: (AuthenticationFailed, "wants credentials; the app itself never does, so look at the proxy in front of it"),
    403: (PermissionDenied, "forbids this; the app itself never does, so look at the proxy in front of it"),
}
_SHOWN_CHARACTERS = 300


def data_of(answer: Answer, *, changes: bool, names_row: bool = False) -> Any:
    """
    The `data` of a good answer.

    Args:
        changes: the request was a write.
        names_row: the path of the request names one project or task, so 404 means that this one is gone.

    Raises:
        RecordInvalid: refused, with the server's own words.
        RecordNotFound: the row, or the project a write refers to, is not there.
        RemoteBusy: the database is locked and nothing was stored, or a read failed (a lock answers without a word there).
        EndpointGone: a web page, or not the API of a supported version.
        OutcomeUnknown: a write that was answered by an error, or with JSON, that does not say what became of it.
        AuthenticationFailed, PermissionDenied: a proxy in front wants to know who we are.
        RateLimited, Unreachable: as in `syncengine.http`.
    """
    refuse_unwell(answer, changes=changes)
    if not 200 <= answer.status < 300:
        raise _refusal(answer, changes=changes, names_row=names_row)
    if not answer.is_json:
        kind = answer.content_type or "no content type"
        raise EndpointGone(f"{_where(answer)} answered with {kind} instead of JSON: wrong URL or version; {SUPPORTED}")
    return _opened(_envelope(answer, changes=changes), answer, changes=changes)


def _opened(envelope: Any, answer: Answer, *, changes: bool) -> Any:
    match envelope:
        case {"success": True, "data": data}:
            return data
        case {"success": False}:
            raise RecordInvalid(f"the server refused: {envelope.get('message') or 'it gave no reason'}")
        case _:
            raise _unreadable(f"{_where(answer)} answered with JSON of another shape", changes=changes)


def _envelope(answer: Answer, *, changes: bool) -> Any:
    try:
        return answer.json()
    except EndpointGone as error:
        raise _unreadable(str(error), changes=changes) from error


def _unreadable(what: str, *, changes: bool) -> ConnectorError:
    if changes:
        return OutcomeUnknown(f"{what}; the write may have been done")
    return EndpointGone(f"{what}; {SUPPORTED}")


def _refusal(answer: Answer, *, changes: bool, names_row: bool) -> ConnectorError:
    said = _message(answer)
    if answer.status in _AT_THE_DOOR:
        error, reason = _AT_THE_DOOR[answer.status]
        return error(f"{_where(answer)} {reason} ({answer.status})")
    if answer.status == 404 and names_row:
        return RecordNotFound(f"{_where(answer)} is not there")
    if answer.status >= 500:
        return _failure(answer, said, changes=changes)
    if answer.status in {404, 405} or answer.status < 400 or _SEVERAL_REPOSITORIES in said:
        return EndpointGone(f"{_where(answer)} answered {answer.status} ({said}): wrong URL or version; {SUPPORTED}")
    return RecordInvalid(f"the server refused ({answer.status}): {said}")


def _failure(answer: Answer, said: str, *, changes: bool) -> ConnectorError:
    if _LOCKED in said:
        return RemoteBusy("the server's database is locked; nothing was stored", retry_after_s=1.0)
    if _NO_SUCH_REFERENCE in said:
        return RecordNotFound(f"what the request refers to is not there: {said}")
    if changes:
        return OutcomeUnknown(f"{_where(answer)} failed ({answer.status}) without saying what it stored: {said}")
    return RemoteBusy(f"{_where(answer)} failed ({answer.status}): {said}")


def _message(answer: Answer) -> str:
    """What the server says, from its envelope or as plain text."""
    said = answer.text
    if answer.is_json:
        try:
            envelope = answer.json()
        except EndpointGone:
            envelope = None
        if isinstance(envelope, dict) and isinstance(envelope.get("message"), str):
            said = envelope["message"]
    # First struck out, then cut: half of a secret is not found any more.
    return redact(said)[:_SHOWN_CHARACTERS] or "without a word"


def _where(answer: Answer) -> str:
    return f"{answer.url.origin()}{answer.url.path}"
