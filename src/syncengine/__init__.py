"""
Keeps records in two systems the same, both ways, and never loses or doubles one.

The names here are what a program needs that runs a synchronisation. Authors of connectors need `syncengine.connector`,
`syncengine.errors`, `syncengine.http` and `syncengine.testing`. Everything is loaded when it is first used, so importing
this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syncengine.connector import Connector, ConnectorPlugin
    from syncengine.domain.conflict_rules import (
        AskAPerson,
        ConflictRule,
        FieldConflict,
        FieldVersion,
        LatestWrite,
        MergeText,
        Park,
        Prefer,
        Take,
        UnionOfSets,
    )
    from syncengine.domain.policy import Backoff, Policy, SafetyLimits
    from syncengine.domain.records import FieldValues, Record, RecordRef
    from syncengine.engine.pairings import Pairing
    from syncengine.engine.report import PassReport, Plan
    from syncengine.engine.sync_pass import Engine
    from syncengine.errors import (
        AnotherWriter,
        ConfigurationError,
        ConnectorError,
        EventLogError,
        SafetyStop,
        SettingsInvalid,
        SyncEngineError,
        TransientError,
    )
    from syncengine.runner.bootstrap import open_sync, open_sync_with
    from syncengine.runner.settings import Settings, load_settings
    from syncengine.runner.story import story
    from syncengine.runner.supervisor import run_forever, run_until_quiet
    from syncengine.runner.sync import Sync

__all__ = [
    "AnotherWriter",
    "AskAPerson",
    "Backoff",
    "ConfigurationError",
    "ConflictRule",
    "Connector",
    "ConnectorError",
    "ConnectorPlugin",
    "Engine",
    "EventLogError",
    "FieldConflict",
    "FieldValues",
    "FieldVersion",
    "LatestWrite",
    "MergeText",
    "Pairing",
    "Park",
    "PassReport",
    "Plan",
    "Policy",
    "Prefer",
    "Record",
    "RecordRef",
    "SafetyLimits",
    "SafetyStop",
    "Settings",
    "SettingsInvalid",
    "Sync",
    "SyncEngineError",
    "Take",
    "TransientError",
    "UnionOfSets",
    "load_settings",
    "open_sync",
    "open_sync_with",
    "run_forever",
    "run_until_quiet",
    "story",
]

_HOMES = {
    "connector": ("Connector", "ConnectorPlugin"),
    "domain.conflict_rules": (
        "AskAPerson",
        "ConflictRule",
        "FieldConflict",
        "FieldVersion",
        "LatestWrite",
        "MergeText",
        "Park",
        "Prefer",
        "Take",
        "UnionOfSets",
    ),
    "domain.policy": ("Backoff", "Policy", "SafetyLimits"),
    "domain.records": ("FieldValues", "Record", "RecordRef"),
    "engine.pairings": ("Pairing",),
    "engine.report": ("PassReport", "Plan"),
    "engine.sync_pass": ("Engine",),
    "errors": (
        "AnotherWriter",
        "ConfigurationError",
        "ConnectorError",
        "EventLogError",
        "SafetyStop",
        "SettingsInvalid",
        "SyncEngineError",
        "TransientError",
    ),
    "runner.bootstrap": ("open_sync", "open_sync_with"),
    "runner.settings": ("Settings", "load_settings"),
    "runner.story": ("story",),
    "runner.supervisor": ("run_forever", "run_until_quiet"),
    "runner.sync": ("Sync",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
