"""
A Vibe Kanban 0.0.71 of our own, for tests and demonstrations: same answers, no agents, trouble on demand.

Inside a program: ``async with VibeSandbox() as sandbox: ... sandbox.base_url ...``.
As a process: ``python -m connectors.vibe.sandbox --port 0``, which prints one line of JSON with its address.

The contract tests hold it to the real server, which is right wherever the two differ. Not there: agents (attempts,
processes, images, settings; their paths answer 501), and the real server's losses when clients write at the same time,
unless asked for as a `Fault`.
"""

from connectors.vibe.sandbox.board import DuplicatePathError, ProjectRow, TaskRow
from connectors.vibe.sandbox.bodies import STATUSES
from connectors.vibe.sandbox.faults import Fault, FaultKind, FaultPlan, PlannedFault
from connectors.vibe.sandbox.paths import PathKind
from connectors.vibe.sandbox.request_counts import RequestCounts
from connectors.vibe.sandbox.server import BODY_LIMIT, VibeSandbox

__all__ = [
    "BODY_LIMIT",
    "STATUSES",
    "DuplicatePathError",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "PathKind",
    "PlannedFault",
    "ProjectRow",
    "RequestCounts",
    "TaskRow",
    "VibeSandbox",
]
