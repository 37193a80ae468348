"""One error for each way an answer can be bad; the shapes are those of the recordings of 0.0.71."""

import pytest
from yarl import URL

from connectors.vibe.answers import data_of
from syncengine.errors import (
    AuthenticationFailed,
    EndpointGone,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    RecordInvalid,
    RecordNotFound,
    RemoteBusy,
    Unreachable,
)
from syncengine.http import Answer

LOCKED = "DatabaseError: error returned from database: (code: 5) database is locked"
FOREIGN_KEY = "DatabaseError: error returned from database: (code: 787) FOREIGN KEY constraint failed"


def answer(status=200, body="", content_type="application/json"):
    return Answer(
        status=status,
        content_type=content_type,
        headers={},
        body=body.encode(),
        url=URL("http://me:secret@127.0.0.1:1/api/tasks?project_id=x"),
    )


def failed(message):
    return f'{{"success":false,"data":null,"error_data":null,"message":"{message}"}}'


@pytest.mark.parametrize("data", ["null", "[]", '{"id":"x"}', '"OK"'])
def test_data_of_a_good_answer(data):
    """Null is data too: a delete answers it."""
    body = f'{{"success":true,"data":{data},"error_data":null,"message":null}}'

    assert data_of(answer(body=body), changes=True) == {"null": None, "[]": [], '"OK"': "OK"}.get(data, {"id": "x"})


def test_refusal_inside_of_a_200_carries_the_words_of_the_server():
    """Business rules are told this way."""
    with pytest.raises(RecordInvalid, match="The specified path does not exist"):
        data_of(answer(body=failed("The specified path does not exist")), changes=True)


def test_refusal_without_a_reason_says_so():
    """An empty message helps nobody."""
    with pytest.raises(RecordInvalid, match="no reason"):
        data_of(answer(body='{"success":false}'), changes=True)


@pytest.mark.parametrize("changes", [True, False])
def test_web_page_means_wrong_url_or_version(changes):
    """An unknown GET path answers 200 with the web app; the message names what is supported and hides the password."""
    page = answer(body="<!DOCTYPE html>", content_type="text/html")

    with pytest.raises(EndpointGone, match=r"127\.0\.0\.1:1/api/tasks.*text/html.*0\.0\.71.*0\.0\.137") as caught:
        data_of(page, changes=changes)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "{", '{"ok":1}', "[]", '{"success":1,"data":0}'])
def test_json_of_another_shape_proves_nothing_about_a_write(body):
    """A read says that this is another API; a write may have been done all the same."""
    with pytest.raises(EndpointGone):
        data_of(answer(body=body), changes=False)
    with pytest.raises(OutcomeUnknown):
        data_of(answer(body=body), changes=True)


@pytest.mark.parametrize("changes", [True, False])
def test_locked_database_is_certainly_not_stored(changes):
    """So it may be tried again without looking."""
    with pytest.raises(RemoteBusy, match="locked") as caught:
        data_of(answer(500, failed(LOCKED)), changes=changes)

    assert caught.value.retry_after_s == 1.0


def test_missing_project_is_a_broken_reference():
    """The server answers 500 for it."""
    with pytest.raises(RecordNotFound, match="787"):
        data_of(answer(500, failed(FOREIGN_KEY)), changes=True)


@pytest.mark.parametrize(("status", "content_type"), [(500, "application/json"), (500, "text/plain"), (520, "")])
def test_other_failure_leaves_a_write_open_and_a_read_for_later(status, content_type):
    """It does not say what was stored."""
    bad = answer(status, "disk trouble", content_type)

    with pytest.raises(OutcomeUnknown, match="disk trouble"):
        data_of(bad, changes=True)
    with pytest.raises(RemoteBusy, match=r"127\.0\.0\.1.*disk trouble"):
        data_of(bad, changes=False)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_proxy_that_could_not_reach_the_server_leaves_a_write_open(status):
    """The request may have passed; a read may just be made again."""
    with pytest.raises(OutcomeUnknown):
        data_of(answer(status), changes=True)
    with pytest.raises((Unreachable, RemoteBusy)):
        data_of(answer(status), changes=False)


def test_too_many_requests_comes_from_a_proxy():
    """The app itself has no limit."""
    with pytest.raises(RateLimited):
        data_of(answer(429), changes=True)


def test_missing_row_is_told_from_a_missing_api():
    """404 for a task is a fact about the task, 404 for the list of tasks one about the address."""
    with pytest.raises(RecordNotFound):
        data_of(answer(404, content_type=""), changes=True, names_row=True)
    with pytest.raises(EndpointGone):
        data_of(answer(404, content_type=""), changes=True)


@pytest.mark.parametrize("status", [301, 302, 307, 405])
def test_b1_verb_or_path_that_the_server_does_not_have_is_an_error_and_no_log_line(status):
    """Every update of the predecessor failed with 405, and nobody was told."""
    with pytest.raises(EndpointGone, match=str(status)):
        data_of(answer(status, content_type=""), changes=True, names_row=True)


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_b9_permanent_refusal_is_permanent_and_says_why(status):
    """A word the server does not know was sent to it in every cycle, for ever."""
    refusal = answer(status, "status: unknown variant `canceled`", "text/plain")

    with pytest.raises(RecordInvalid, match="unknown variant `canceled`"):
        data_of(refusal, changes=True)


def test_newer_server_that_wants_repositories_is_recognised_by_its_complaint():
    """An empty server of such a version looks like ours until the first project is made."""
    with pytest.raises(EndpointGone, match="0.0.71"):
        data_of(answer(422, "missing field `repositories` at line 1", "text/plain"), changes=True)


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationFailed), (403, PermissionDenied)])
def test_proxy_that_wants_to_know_who_we_are(status, error):
    """Never tried again without a person."""
    with pytest.raises(error, match="proxy"):
        data_of(answer(status), changes=False)


def test_failure_with_broken_json_still_tells_its_text():
    """The content type may lie."""
    with pytest.raises(OutcomeUnknown, match="not json"):
        data_of(answer(500, "not json"), changes=True)


def test_long_messages_are_cut():
    """They go into logs and tables."""
    with pytest.raises(RecordInvalid) as caught:
        data_of(answer(422, "x" * 10_000, "text/plain"), changes=True)

    assert len(str(caught.value)) < 400
