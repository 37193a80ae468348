"""Payloads of Huly as values."""

import pytest

from connectors.huly.payloads import Issue, Login, Project, ServerConfig, WorkspaceLogin, read
from syncengine.connector import Secret
from syncengine.errors import EndpointGone
from syncengine.redaction import redact


def test_a_recorded_project_is_read():
    """Keys we do not know are left out, and null counts as missing."""
    raw = {
        "_id": "tracker:project:DefaultProject",
        "name": "Default",
        "type": "tracker:ids:ClassingProjectType",
        "identifier": "TSK",
        "description": None,
        "members": ["c274bdcd"],
        "archived": False,
        "autoJoin": True,
        "sequence": 0,
    }
    assert read(Project, raw, source="x") == Project(
        record_id="tracker:project:DefaultProject",
        name="Default",
        type_id="tracker:ids:ClassingProjectType",
        identifier="TSK",
        members=("c274bdcd",),
    )


def test_an_issue_with_nothing_but_its_title_is_read():
    """Other clients store such ones (recorded: create with title only)."""
    assert read(Issue, {"_id": "i", "space": "p", "title": "bare"}, source="x").status is None
    assert read(Issue, {"_id": "i", "space": "p", "title": 42}, source="x").title == "42"


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (Issue, {"space": "p"}),
        (Issue, {"_id": "i", "space": "p", "title": ["no"]}),
        (Project, []),
        (Project, None),
        (ServerConfig, {"VERSION": "0.7.423"}),
        (WorkspaceLogin, {"token": "t"}),
    ],
)
def test_another_form_is_an_error_that_names_its_source(kind, raw):
    """A server that is none, or of another version."""
    with pytest.raises(EndpointGone, match=r"https://h answered in a form .* needs Huly 0\.7"):
        read(kind, raw, source="https://h")


def test_tokens_are_not_shown():
    """Values end up in messages."""
    login = WorkspaceLogin(account="a", workspace="w", slug="s", endpoint="ws://h", token=Secret("hidden"))
    assert "hidden" not in repr(login)


def test_a_token_is_a_secret_as_soon_as_it_is_read():
    """From then on no message repeats it."""
    login = read(Login, {"account": "a", "token": "hidden-token"}, source="x")
    assert login.token == Secret("hidden-token")
    assert redact("refused: hidden-token") == "refused: ***"
    assert not read(Login, {"account": "a", "token": None}, source="x").token
