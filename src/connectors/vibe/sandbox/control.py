"""
The control routes: what the process next door sets and reads on a sandbox. The real server has none of them.

====== ========================= ==============================================================================
GET    ``/_control/faults``      the faults in force, with ``seen`` and ``hit``
POST   ``/_control/faults``      adds one: ``kind``, and of `Fault` any of the other fields
DELETE ``/_control/faults``      ends all
GET    ``/_control/requests``    ``by_kind``, ``total``, ``most_writes_at_once``, ``overlapping_writes``
DELETE ``/_control/requests``    counts from zero again
GET    ``/_control/projects``    all projects, newest first
POST   ``/_control/projects``    a person's new project: ``name``, ``git_repo_path``, ``use_existing_repo``
GET    ``/_control/tasks``       the tasks of ``?project=ID``, newest first
POST   ``/_control/tasks``       a person's new task: ``project``, ``title``, ``description``, ``status``
PUT    ``/_control/tasks/ID``    a person's edit: ``title``, ``description``, ``status``
DELETE ``/_control/tasks/ID``    a person's deletion
====== ========================= ==============================================================================

Answers are plain JSON with status 200; a mistake gets status 400 and ``{"error": "..."}``, an unknown route 404.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import attrs

from connectors.vibe.sandbox.api import Call
from connectors.vibe.sandbox.board import DuplicatePathError, project_json, task_json
from connectors.vibe.sandbox.faults import Fault, FaultPlan, PlannedFault
from connectors.vibe.sandbox.persons import Persons
from connectors.vibe.sandbox.replies import Reply, encoded
from connectors.vibe.sandbox.request_counts import RequestCounts

PREFIX = "/_control/"
"""How the paths of all control routes begin."""


@attrs.frozen
class Control:
    """Answers calls to the control routes."""

    faults: FaultPlan
    requests: RequestCounts
    persons: Persons

    def answer(self, call: Call) -> Reply:
        """Carries out one call."""
        what, _, item = call.path.removeprefix(PREFIX).partition("/")
        route = self._routes(item).get((call.method, what, bool(item)))
        if route is None:
            return _reply(404, {"error": f"The sandbox has no control route {call.method} {call.path}."})
        try:
            return _reply(200, route(_given(call)))
        except DuplicatePathError:
            return _reply(400, {"error": "Another project has this git_repo_path."})
        except (ValueError, TypeError) as error:
            return _reply(400, {"error": str(error)})

    def _routes(self, item: str) -> dict[tuple[str, str, bool], Callable[[dict[str, Any]], Any]]:
        persons = self.persons
        return {
            ("GET", "faults", False): lambda _: [_fault_json(planned) for planned in self.faults.planned],
            ("POST", "faults", False): lambda given: _fault_json(self.faults.add(Fault(**given))),
            ("DELETE", "faults", False): lambda _: self.faults.clear(),
            ("GET", "requests", False): lambda _: self._counts(),
            ("DELETE", "requests", False): lambda _: self.requests.reset(),
            ("GET", "projects", False): lambda _: [project_json(project) for project in persons.projects()],
            ("POST", "projects", False): lambda given: project_json(persons.create_project(**given)),
            ("GET", "tasks", False): lambda given: [task_json(task) for task in persons.tasks(**given)],
            ("POST", "tasks", False): lambda given: task_json(persons.create_task(**given)),
            ("PUT", "tasks", True): lambda given: task_json(persons.edit_task(item, **given)),
            ("DELETE", "tasks", True): lambda _: persons.delete_task(item),
        }

    def _counts(self) -> dict[str, Any]:
        return {
            "by_kind": self.requests.by_kind(),
            "total": self.requests.count(),
            "most_writes_at_once": self.requests.most_writes_at_once,
            "overlapping_writes": self.requests.overlapping_writes,
        }


def _given(call: Call) -> dict[str, Any]:
    if call.method not in ("POST", "PUT"):
        return {name: values[-1] for name, values in parse_qs(call.query).items()}
    given = json.loads(call.body or b"{}")
    if not isinstance(given, dict):
        raise TypeError("The body must be a JSON object.")
    return given


def _fault_json(planned: PlannedFault) -> dict[str, Any]:
    return {**attrs.asdict(planned.fault), "seen": planned.seen, "hit": planned.hit}


def _reply(status: int, data: Any) -> Reply:
    return Reply(status, "application/json", encoded(data))
