"""
What authors of connectors and conflict rules need for their tests; install the extra `testing`.

- `MemoryRemote` and `MemoryConnector`: a complete remote in memory, with faults and points to crash at.
- `CHECKS`, `Subject`, `run_checks` and the pytest class `ConnectorConformance`: the contract of connectors, checked.
- `check_rule`: the laws of conflict rules; `strategies`: Hypothesis strategies for the models.

Names that need pytest or Hypothesis are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from syncengine.testing.abilities import Abilities, as_given, lossy, stripped, without_backlog
from syncengine.testing.conformance import CHECKS, Check, Result, run_check, run_checks
from syncengine.testing.faults import Fault, Faults, SimulatedCrash, Weather
from syncengine.testing.link_world import LinkWorld
from syncengine.testing.memory_connector import MemoryConnector
from syncengine.testing.memory_remote import MemoryRemote
from syncengine.testing.subject import NotApplicable, Subject
from syncengine.testing.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from syncengine.testing import strategies
    from syncengine.testing.pytest_checks import ConnectorConformance
    from syncengine.testing.rules import RuleBreaksLaw, check_rule, check_rule_on

__all__ = [
    "CHECKS",
    "Abilities",
    "Check",
    "ConnectorConformance",
    "Fault",
    "Faults",
    "LinkWorld",
    "MemoryConnector",
    "MemoryRemote",
    "NotApplicable",
    "Result",
    "RuleBreaksLaw",
    "SimulatedCrash",
    "Subject",
    "VirtualClock",
    "Weather",
    "as_given",
    "check_rule",
    "check_rule_on",
    "lossy",
    "run_check",
    "run_checks",
    "strategies",
    "stripped",
    "without_backlog",
]

_LATE = {
    "ConnectorConformance": "syncengine.testing.pytest_checks",
    "RuleBreaksLaw": "syncengine.testing.rules",
    "check_rule": "syncengine.testing.rules",
    "check_rule_on": "syncengine.testing.rules",
}


def __getattr__(name: str) -> object:
    if name == "strategies":
        return import_module("syncengine.testing.strategies")
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
