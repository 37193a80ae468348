"""The Vibe connector keeps the contract of connectors, on the sandbox and on the real server, for tasks and for projects."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.vibe import VibeSettings, connect
from connectors.vibe.real_server import RealVibeServer
from connectors.vibe.sandbox import VibeSandbox
from syncengine.connector import ROOT, ContainerId, EndpointName, FieldValues, Kind, RecordId, Services
from syncengine.testing import ConnectorConformance, Subject
from tests.fixtures.vibe_board import VibeBoard

VIBE = EndpointName("vibe")
STATUSES = ("backlog", "todo", "in_progress", "in_review", "done", "cancelled")
WORDS = {"backlog": "todo", "in_progress": "inprogress", "in_review": "inreview"}
NOT_THERE = "01234567-89ab-cdef-0123-456789abcdef"

Server = VibeSandbox | RealVibeServer


def opening(server: Server, **more: Any) -> Callable:
    """Opens a connector to the server."""
    settings = VibeSettings(url=server.base_url, key_lookup_lag_s=0.0, **more)
    return lambda: connect(settings, Services(endpoint=VIBE))


def task(number: int) -> FieldValues:
    """Values of the n-th task."""
    description = f"Line {number}\n\n  * äöü ☃\n\ttail  \n" * number
    return FieldValues(title=f" Task {number} ", description=description, status=STATUSES[number % 6])


class TestTasks(ConnectorConformance):
    """Tasks of a project."""

    @pytest.fixture
    async def subject(self, vibe_server: Server) -> Any:
        """A project of the server under test."""
        async with VibeBoard(vibe_server.base_url) as board:
            project = await board.create_project("Board", str(vibe_server.root / "repos" / "board"))

            async def person_edits(ref, fields):
                words = {name: WORDS.get(value, value) for name, value in fields.items()}
                key = (await board.call("GET", f"/tasks/{ref.record_id}"))["description"].rpartition("Sync-Key:")
                if "description" in words and key[1]:
                    words["description"] += f"\n\n{key[1]}{key[2]}"
                await board.edit_task(ref.record_id, **words)

            yield Subject(
                open=opening(vibe_server),
                endpoint=VIBE,
                container=ContainerId(project["id"]),
                sample=task,
                person_edits=person_edits,
                missing=RecordId(NOT_THERE),
                missing_container=ContainerId(NOT_THERE),
            )


class TestProjects(ConnectorConformance):
    """Projects of a server."""

    @pytest.fixture
    def subject(self, vibe_server: Server) -> Subject:
        """The server under test."""
        root = vibe_server.root / "repos"
        same = "this check makes several records with one repository path, and those of Vibe's projects are unique"

        def project(number: int) -> FieldValues:
            path = f"{root}/p{number}"
            return FieldValues(name=f"Project {number}", path=path, identifier=f"P{number}", description=f"Path: {path}")

        return Subject(
            open=opening(vibe_server),
            endpoint=VIBE,
            container=ROOT,
            kind=Kind("project"),
            sample=project,
            missing=RecordId(NOT_THERE),
            missing_container=ContainerId(NOT_THERE),
            waivers={
                "update_changes_only_its_fields": same,
                "concurrent_updates_do_not_mix": same,
                "initial_values_are_as_declared": "the path of a new project is computed from its other fields",
                "sync_key_survives_updates": "a project has no text to keep a key in; it is found again by its path",
            },
        )
