"""The Huly connector keeps the contract of connectors, for issues and for projects."""

import pytest

from connectors.huly.sandbox import HulySandbox
from connectors.huly.sandbox.settings import SandboxSettings
from syncengine.connector import ROOT, ContainerId, FieldValues, Kind, RecordId
from syncengine.testing import ConnectorConformance, Subject
from tests.integration.huly.opened import HULY, opened

STATUSES = ("backlog", "todo", "in_progress", "done", "cancelled")
NOT_THERE = "0123456789abcdef01234567"


@pytest.fixture
async def huly():
    """A sandbox with one project."""
    async with HulySandbox(settings=SandboxSettings(rate_limit=1_000_000)) as sandbox:
        sandbox.create_project("Board", "BRD")
        yield sandbox


def issue(number: int) -> FieldValues:
    """Values of the n-th issue; the text uses what Markdown has."""
    description = f"Paragraph {number} with **bold** and `code`.\n\n- one\n- two äöü ☃" if number else ""
    return FieldValues(title=f"Issue {number}", description=description, status=STATUSES[number % 5])


class TestIssues(ConnectorConformance):
    """Issues in a project."""

    @pytest.fixture
    def subject(self, huly: HulySandbox) -> Subject:
        """The project of the sandbox."""

        async def person_edits(ref, fields):
            words = {
                "backlog": "Backlog",
                "todo": "Todo",
                "in_progress": "In Progress",
                "done": "Done",
                "cancelled": "Canceled",
            }
            plain = {name: words[value] if name == "status" else value for name, value in fields.items()}
            if "description" in plain:
                huly.set_description(ref.record_id, plain.pop("description"))
            if plain:
                huly.edit_issue(ref.record_id, **plain)

        return Subject(
            open=lambda: opened(huly),
            endpoint=HULY,
            container=ContainerId(huly.projects()[0].id),
            sample=issue,
            person_edits=person_edits,
            count_writes=lambda: huly.requests.writes,
            missing=RecordId(NOT_THERE),
            missing_container=ContainerId(NOT_THERE),
        )


class TestProjects(ConnectorConformance):
    """Projects in a workspace."""

    @pytest.fixture
    def subject(self, huly: HulySandbox) -> Subject:
        """The workspace of the sandbox."""
        same = "this check makes several records with one identifier, and those of Huly's projects are unique"
        return Subject(
            open=lambda: opened(huly),
            endpoint=HULY,
            container=ROOT,
            kind=Kind("project"),
            sample=lambda n: FieldValues(name=f"Project {n}", description=f"About {n}.", identifier=f"PRJ{n}"),
            count_writes=lambda: huly.requests.writes,
            missing=RecordId(NOT_THERE),
            missing_container=ContainerId(NOT_THERE),
            waivers={
                "update_changes_only_its_fields": same,
                "texts_survive": same,
                "concurrent_updates_do_not_mix": same,
            },
        )
