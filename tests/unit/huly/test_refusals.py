"""What answers of Huly's services mean; the bodies are recorded ones unless said otherwise."""

import json

import pytest
from yarl import URL

from connectors.huly.refusals import (
    DuplicateKey,
    SessionRefused,
    WrongAuthor,
    account_result,
    collaborator_result,
    transactor_result,
)
from syncengine.errors import (
    AuthenticationFailed,
    ConfigurationError,
    EndpointGone,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    RecordInvalid,
    RemoteBusy,
    Unreachable,
)
from syncengine.http import Answer

PAGE = b"<!DOCTYPE html><html><body>Platform</body></html>"


def answer(status, body, *, content_type="application/json", **headers):
    """An answer of some service."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(
        status=status, content_type=content_type, headers=headers, body=content, url=URL("https://huly.example.com/_x/y")
    )


def account_answer(code, **params):
    """An error of the account service."""
    return answer(200, {"error": {"severity": "ERROR", "code": f"platform:status:{code}", "params": params}})


def failed(text):
    """An error of the transactor."""
    return answer(500, {"message": "Failed to execute operation", "error": text})


@pytest.mark.parametrize(
    ("code", "kind", "part"),
    [
        ("AccountNotFound", AuthenticationFailed, "locks the account after five wrong passwords"),
        ("PasswordLoginLocked", AuthenticationFailed, "one-time code"),
        ("PasswordExpired", AuthenticationFailed, "expired"),
        ("AccountNotConfirmed", AuthenticationFailed, "never confirmed"),
        ("Unauthorized", AuthenticationFailed, "token is not accepted"),
        ("TokenExpired", AuthenticationFailed, "token has expired"),
        ("Forbidden", PermissionDenied, "'team'"),
        ("WorkspaceNotFound", ConfigurationError, "'team'"),
        ("WorkspaceArchived", PermissionDenied, "archived"),
        ("BadRequest", EndpointGone, "needs Huly 0.7"),
        ("UnknownMethod", EndpointGone, "needs Huly 0.7"),
        ("WorkspaceMigration", RemoteBusy, "WorkspaceMigration"),
        ("InternalServerError", RemoteBusy, "InternalServerError"),
    ],
)
def test_account_errors_come_with_status_200(code, kind, part):
    """The code in the body decides."""
    with pytest.raises(kind, match=part) as refusal:
        account_result(account_answer(code), workspace="team")
    assert type(refusal.value) is kind


def test_a_good_account_answer_is_its_result():
    """Whatever it is, nothing included."""
    assert account_result(answer(200, {"result": {"token": "t"}}), workspace="team") == {"token": "t"}
    assert account_result(answer(200, {"result": None}), workspace="team") is None


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (200, PAGE, "text/html"),
        (404, PAGE, "text/html"),
        (500, b"Spread syntax requires ...iterable", "text/plain"),
        (200, {"hello": 1}, "application/json"),
        (200, b"<html>", "application/json"),
    ],
)
def test_what_is_no_account_service_is_named(status, body, content_type):
    """With the address that answered."""
    with pytest.raises(EndpointGone, match="huly.example.com/_x/y"):
        account_result(answer(status, body, content_type=content_type), workspace="team")


def test_a_server_of_the_old_line_is_recognised():
    """It cannot read named parameters and answers 500 with plain text (not recorded; platform issue 9313)."""
    with pytest.raises(EndpointGone, match=r"0\.6"):
        account_result(answer(500, b"Spread syntax", content_type="text/plain"), workspace="team")


@pytest.mark.parametrize(
    "text",
    [
        "Not enough or too many segments",
        "Unexpected token 'i', \"i\ufffd\" is not valid JSON",
        "Signature verification failed",
        "Token expired",
        "ERROR: platform:status:Unauthorized {}",
    ],
)
@pytest.mark.parametrize("changes", [True, False])
def test_a_refused_token_comes_as_500(text, changes):
    """Nothing was done, even when it was a write."""
    with pytest.raises(SessionRefused):
        transactor_result(failed(text), changes=changes)


def test_a_token_of_another_workspace_is_refused():
    """With or without the key that names the right one."""
    for body in ({"message": "Invalid workspace"}, {"message": "Invalid workspace", "workspace": "x"}):
        with pytest.raises(SessionRefused):
            transactor_result(answer(403, body), changes=True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('duplicate key value violates unique constraint "task_pkey"', DuplicateKey),
        ('ERROR: platform:status:AccountMismatch {"account":"c274"}', WrongAuthor),
        ("ERROR: platform:status:Forbidden {}", PermissionDenied),
        ("ERROR: platform:status:BadRequest {}", RecordInvalid),
        ("domain not found: tracker:class:Nope ", EndpointGone),
    ],
)
@pytest.mark.parametrize("changes", [True, False])
def test_texts_that_prove_that_nothing_was_done(text, kind, changes):
    """Write or read."""
    with pytest.raises(kind) as refusal:
        transactor_result(failed(text), changes=changes)
    assert type(refusal.value) is kind


@pytest.mark.parametrize("text", ["Workspace is closing", "write CONNECTION_ENDED 127.0.0.1:5432"])
def test_other_errors_of_a_write_leave_its_outcome_unknown(text):
    """Some of them were seen after the write was done (observed 27)."""
    with pytest.raises(OutcomeUnknown, match="may have been done"):
        transactor_result(failed(text), changes=True)
    with pytest.raises(RemoteBusy):
        transactor_result(failed(text), changes=False)


def test_a_session_that_cannot_be_opened_is_passing_trouble():
    """Huly says "upgrading" whatever the reason is."""
    with pytest.raises(RemoteBusy, match="still a member"):
        transactor_result(answer(403, {"message": "Failed to create session", "mode": "upgrading"}), changes=True)
    with pytest.raises(PermissionDenied, match="archived"):
        transactor_result(answer(403, {"message": "Failed to create session", "mode": "archived"}), changes=True)


def test_the_wait_of_a_429_is_obeyed_to_the_millisecond():
    """Only there: good answers carry the header too (observed 26)."""
    body = {"id": -1, "error": {"severity": "ERROR", "code": "platform:status:UnknownError", "params": {}}}
    headers = {"Retry-After": "6", "Retry-After-ms": "5432"}
    with pytest.raises(RateLimited) as refusal:
        transactor_result(answer(429, body, **headers), changes=True)
    assert refusal.value.retry_after_s == pytest.approx(5.432)
    assert transactor_result(answer(200, [], **headers), changes=True) == []


def test_a_web_page_in_place_of_the_transactor_is_named():
    """The proxy lost the path, and the web application answers 200 to everything."""
    with pytest.raises(EndpointGone, match="transactor_url"):
        transactor_result(answer(200, PAGE, content_type="text/html"), changes=True)


def test_an_address_that_moved_is_named():
    """Redirects are not followed: they would turn a POST into a GET."""
    with pytest.raises(EndpointGone, match="https://new.example.com"):
        transactor_result(answer(301, b"", content_type="", Location="https://new.example.com/"), changes=True)


def test_a_proxy_without_its_server_is_passing_trouble():
    """A write may have reached it all the same."""
    with pytest.raises(Unreachable):
        transactor_result(answer(502, PAGE, content_type="text/html"), changes=False)
    with pytest.raises(OutcomeUnknown):
        transactor_result(answer(502, PAGE, content_type="text/html"), changes=True)


def test_answers_of_the_collaborator():
    """Good ones, a refused token, too large a body, something else."""
    assert collaborator_result(answer(200, {}), changes=True) == {}
    with pytest.raises(SessionRefused):
        collaborator_result(answer(401, {"error": "Unauthorized"}), changes=True)
    with pytest.raises(RecordInvalid, match="10,485,760"):
        collaborator_result(answer(413, PAGE, content_type="text/html"), changes=True)
    with pytest.raises(OutcomeUnknown):
        collaborator_result(answer(500, {"error": "no such thing"}), changes=True)
    with pytest.raises(RemoteBusy):
        collaborator_result(answer(500, {"error": "no such thing"}), changes=False)
    with pytest.raises(EndpointGone, match="collaborator_url"):
        collaborator_result(answer(404, PAGE, content_type="text/html"), changes=True)
